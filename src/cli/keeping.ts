import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { checkBackup, countInLedger, eraseFromLedger, heldDeals, openStores, restoreBackup, rotateSecrets, sealedSecrets, storeUrl, tenantOf, writeBackup } from '../assemble.js'
import type { LoadedConfig } from '../config/index.js'
import { Fault } from '../core/fault.js'
import { EXIT } from './app.js'
import { foretell, isDryRun, takesDryRun } from './dry-run.js'
import { counted, printJson } from './print.js'
import type { Run } from './run.js'

/** The store and the sealing key are the same for every tenant: any of them says where they are. */
function someOf([first]: readonly LoadedConfig[]): LoadedConfig {
  if (first === undefined) throw new Fault('bug', 'No tenant was loaded.', { remedy: 'Please report this.' })
  return first
}

/** `backup`, `restore`, `secrets`: the store as a whole, with every tenant in it. */
export function keepingCommands(program: Command, run: Run): void {
  program
    .command('backup <file>')
    .description('write the whole store to a file; a running service works on')
    .option('--yes', 'overwrite the file')
    .action(
      run.plain(async ({ world, tenants, json, usage }, options, [file = '']) => {
        if (existsSync(file) && options['yes'] !== true) return usage(`${file} exists; give --yes to overwrite it.`)
        const summary = await writeBackup(storeUrl(someOf(await tenants()).config), file, world.now())
        if (json) printJson(world.io, { file, ...summary })
        else world.io.out(`${file}: ${sentence(summary.rows)}\n`)
        world.io.err('The sealing key is not in it: keep that elsewhere (see sealKey, sealKeyFile).\n')
        return EXIT.done
      }),
    )
  restoreCommand(program, run)
  secretsCommand(program, run)
}

function restoreCommand(program: Command, run: Run): void {
  takesDryRun(program.command('restore <file>'))
    .description('put a backup into the store of this configuration, all or nothing; no service may be using it')
    .option('--yes', 'replace what the store holds')
    .action(
      run.plain(async ({ world, tenants, json }, options, [file = '']) => {
        const backup = await checkBackup(file)
        const all = await tenants()
        if (isDryRun(options)) {
          const held = await heldDeals(storeUrl(someOf(all).config))
          const but = held > 0 && options['yes'] !== true ? [`The store holds ${counted(held, 'deal')}: --yes replaces them.`] : []
          const would = `restore ${sentence(backup.rows)} as of ${backup.madeAt}${held === 0 ? '' : `, in the place of ${counted(held, 'deal')}`}`
          return foretell(world.io, json, { would: but.length === 0 ? [would] : [], but, details: { file, ...backup, held } })
        }
        const stores = await openStores({ url: storeUrl(someOf(all).config), now: world.now }, all.map(({ config }) => tenantOf(config)))
        const [store] = stores.values()
        if (store === undefined) return EXIT.done
        try {
          const summary = await restoreBackup(store.database, file, {
            over: options['yes'] === true ? 'replace' : 'empty',
            now: world.now(),
          })
          const verdicts = await Promise.all([...stores.values()].map((one) => one.verifyAudit()))
          const broken = verdicts.flatMap((verdict) => verdict.broken)
          if (json) printJson(world.io, { file, ...summary, ledger: broken.length === 0 ? 'unbroken' : 'broken' })
          else
            world.io.out(
              `Restored ${sentence(summary.rows)} as of ${summary.madeAt}. The ledger is ${broken.length === 0 ? 'unbroken' : 'broken: run "cosell audit verify"'}.\n`,
            )
          world.io.err('Next: start the service, then "cosell sync" takes up what happened since.\n')
          return broken.length === 0 ? EXIT.done : EXIT.attention
        } finally {
          for (const one of stores.values()) await one.close()
        }
      }),
    )
}

function secretsCommand(program: Command, run: Run): void {
  const secrets = program.command('secrets').description('the sealing key')
  takesDryRun(secrets.command('rotate'))
    .description('seal every stored token with a new key; a running service works on')
    .action(
      run.plain(async ({ world, tenants, json }, options) => {
        const { config: loaded } = someOf(await tenants())
        if (isDryRun(options)) {
          const resealed = await sealedSecrets(storeUrl(loaded))
          const key = loaded.seal.kind === 'given' ? 'the key of sealKey' : 'a new key'
          return foretell(world.io, json, { would: [`seal ${counted(resealed, 'stored secret')} with ${key}`], details: { resealed } })
        }
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
  takesDryRun(audit.command('erase <email>'))
    .description('empty every ledger entry that speaks of this person; the chain stays whole')
    .option('--yes', 'it cannot be taken back')
    .action(
      run.plain(async ({ world, config, json, usage }, options, [email = '']) => {
        if (!/^[^\s@%]{1,120}@[^\s@%]{1,120}$/.test(email)) return usage('Give one e-mail address.')
        if (isDryRun(options)) {
          const { config: held } = await config()
          const erased = await countInLedger(storeUrl(held), tenantOf(held), email)
          return foretell(world.io, json, { would: erased === 0 ? [] : [`empty ${counted(erased, 'ledger entry', 'ledger entries')}`], details: { erased } })
        }
        if (options['yes'] !== true) return usage('What is erased cannot be brought back; give --yes.')
        const { config: loaded } = await config()
        const { erased, file } = await eraseFromLedger(storeUrl(loaded), tenantOf(loaded), email)
        if (json) printJson(world.io, { erased, file })
        else world.io.out(`${counted(erased, 'ledger entry was', 'ledger entries were')} emptied.\n`)
        if (file === 'traces')
          world.io.err(
            'Free places of the database may still hold traces: run it once more while no service uses an embedded store, or VACUUM FULL on PostgreSQL. Backups made before hold everything.\n',
          )
        return EXIT.done
      }),
    )
}

const sentence = (rows: Readonly<Record<string, number>>): string =>
  [
    counted(rows['link'] ?? 0, 'deal'),
    counted(rows['audit'] ?? 0, 'ledger entry', 'ledger entries'),
    counted(rows['event'] ?? 0, 'event'),
  ].join(', ')
