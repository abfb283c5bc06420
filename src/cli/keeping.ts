import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { checkBackup, eraseFromLedger, openStore, restoreBackup, rotateSecrets, storeUrl, writeBackup } from '../assemble.js'
import { EXIT } from './app.js'
import { printJson } from './print.js'
import type { Run } from './run.js'

/** `backup`, `restore`, `secrets`: the store as a whole. */
export function keepingCommands(program: Command, run: Run): void {
  program
    .command('backup <file>')
    .description('write the whole store to a file; a running service works on')
    .option('--yes', 'overwrite the file')
    .action(
      run.plain(async ({ world, config, json, usage }, options, [file = '']) => {
        if (existsSync(file) && options['yes'] !== true) return usage(`${file} exists; give --yes to overwrite it.`)
        const summary = await writeBackup(storeUrl((await config()).config), file, world.now())
        if (json) printJson(world.io, { file, ...summary })
        else world.io.out(`${file}: ${sentence(summary.rows)}\n`)
        world.io.err('The sealing key is not in it: keep that elsewhere (see sealKey, sealKeyFile).\n')
        return EXIT.done
      }),
    )
  program
    .command('restore <file>')
    .description('put a backup into the store of this configuration, all or nothing; no service may be using it')
    .option('--yes', 'replace what the store holds')
    .action(
      run.plain(async ({ world, config, json }, options, [file = '']) => {
        await checkBackup(file)
        const store = await openStore({ url: storeUrl((await config()).config), now: world.now })
        try {
          const summary = await restoreBackup(store.database, file, {
            over: options['yes'] === true ? 'replace' : 'empty',
            now: world.now(),
          })
          const { broken } = await store.verifyAudit()
          if (json) printJson(world.io, { file, ...summary, ledger: broken.length === 0 ? 'unbroken' : 'broken' })
          else
            world.io.out(
              `Restored ${sentence(summary.rows)} as of ${summary.madeAt}. The ledger is ${broken.length === 0 ? 'unbroken' : 'broken: run "cosell audit verify"'}.\n`,
            )
          world.io.err('Next: start the service, then "cosell sync" takes up what happened since.\n')
          return broken.length === 0 ? EXIT.done : EXIT.attention
        } finally {
          await store.close()
        }
      }),
    )
  const secrets = program.command('secrets').description('the sealing key')
  secrets
    .command('rotate')
    .description('seal every stored token with a new key; a running service works on')
    .action(
      run.plain(async ({ world, config, json }) => {
        const { config: loaded } = await config()
        const rotation = await rotateSecrets(storeUrl(loaded), loaded.seal, world.now())
        if (json) printJson(world.io, rotation)
        else world.io.out(`${rotation.resealed} stored secrets are sealed with key ${rotation.keyId}.\n`)
        if (loaded.seal.kind === 'given') world.io.err('The key is sealKey of the configuration; sealKeyPrevious is no longer needed.\n')
        return EXIT.done
      }),
    )
}

/** `audit erase`: the right of a person to be forgotten. */
export function eraseCommand(audit: Command, run: Run): void {
  audit
    .command('erase <email>')
    .description('empty every ledger entry that speaks of this person; the chain stays whole')
    .option('--yes', 'it cannot be taken back')
    .action(
      run.plain(async ({ world, config, json, usage }, options, [email = '']) => {
        if (!/^[^\s@%]{1,120}@[^\s@%]{1,120}$/.test(email)) return usage('Give one e-mail address.')
        if (options['yes'] !== true) return usage('What is erased cannot be brought back; give --yes.')
        const erased = await eraseFromLedger(storeUrl((await config()).config), email)
        if (json) printJson(world.io, { erased })
        else world.io.out(`${erased} ledger entries were emptied.\n`)
        return EXIT.done
      }),
    )
}

const sentence = (rows: Readonly<Record<string, number>>): string =>
  `${rows['link'] ?? 0} deals, ${rows['audit'] ?? 0} ledger entries, ${rows['event'] ?? 0} events`
