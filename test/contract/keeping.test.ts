import { createHash } from 'node:crypto'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newLink } from '../../src/core/link.js'
import { asLinkId, type EndRef } from '../../src/core/ref.js'
import { runProgram } from '../../src/cli/program.js'
import type { CliWorld } from '../../src/cli/app.js'
import { addKey } from '../../src/store/seal.js'
import { NOT_CARRIED, TABLES } from '../../src/store/schema.js'
import { checkBackup, openStore, restoreBackup, rotateSecrets, sealOf, writeBackup, type OpenStore } from '../../src/store/index.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'

const at = Date.UTC(2026, 10, 1)
const now = (): number => at
const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'cosell-keep-'))
  folders.push(made)
  return made
}
let postgres: PrivatePostgres
beforeAll(() => {
  postgres = startPostgres()
})
afterAll(() => {
  postgres.stop()
  for (const made of folders) rmSync(made, { recursive: true, force: true })
})

const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const deals = 2_500 // More than two pages of a backup.

async function filled(url: string, deals = 20): Promise<OpenStore> {
  const store = await openStore({ url, now })
  for (let index = 0; index < deals; index += 1) {
    const id = asLinkId(`D-${index}`)
    const audit = [{ link: id, at, by: 'test', run: null, event: { kind: 'hinted' as const, source: 'sweep' } }]
    await store.add(
      { ...newLink(id, at, { partner: referral(`R-${index}`), crm: null }), name: `Deal ${index} "Größe" 客户` },
      audit as never,
      at,
    ) // any kind of entry will do here
  }
  await store.acceptEvents(
    [
      {
        source: 'partner-center',
        eventKey: 'e-1',
        name: 'referral-updated',
        hints: [{ ref: referral('R-7'), engagementId: null, wide: false }],
        urgency: 1,
      },
    ],
    at,
  )
  await store.setValue('switch', { on: true }, { expect: null, now: at })
  return store
}

async function content(store: OpenStore): Promise<unknown> {
  const ids = await store.list({ limit: 10_000, after: null })
  return { ids, ledger: await store.verifyAudit(), value: await store.getValue('switch'), depth: await store.queue.depth(at) }
}

describe('[R53] a backup carries the store whole', () => {
  it('from a file that a service works on into PostgreSQL and back, and nothing is lost on the way', async () => {
    const [first, third] = [folder(), folder()]
    const original = await filled(first, deals)
    const one = join(folder(), 'one.backup')
    const summary = await writeBackup(first, one, at)
    expect(summary.rows).toMatchObject({ link: deals, audit: deals + 1, event: 1 })

    const second = await openStore({ url: postgres.url, now })
    await restoreBackup(second.database, one, { over: 'empty', now: at })
    expect(await content(second)).toEqual(await content(original))
    const two = join(folder(), 'two.backup')
    await writeBackup(postgres.url, two, at)
    const last = await openStore({ url: third, now })
    await restoreBackup(last.database, two, { over: 'empty', now: at })
    expect(await content(last)).toEqual(await content(original))
    // The ledger goes on where it ended, also after the database counted the entries anew.
    await second.addAudit([{ link: asLinkId('D-1'), at, by: 'test', run: null, event: { kind: 'hinted', source: 'sweep' } } as never], at) // any kind of entry will do here
    expect(await second.verifyAudit()).toMatchObject({ entries: deals + 2, broken: [] })
    for (const store of [original, second, last]) await store.close()
  }, 60_000)

  it('does not touch a store that holds deals unless a person says so, nor one that somebody works on', async () => {
    const [source, target] = [folder(), folder()]
    await (await filled(source)).close()
    const file = join(folder(), 'x.backup')
    await writeBackup(source, file, at)
    const store = await openStore({ url: target, now })
    await store.add(newLink(asLinkId('mine'), at, { partner: referral('R-mine'), crm: null }), [], at)
    await expect(restoreBackup(store.database, file, { over: 'empty', now: at })).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('1 deals') as string,
    })
    expect(await store.load(asLinkId('mine'))).not.toBeNull()
    await store.queue.mark([{ link: asLinkId('mine'), dueAt: at, urgency: 1, wide: false, because: 'test' }], at)
    await store.queue.take({ limit: 1, leaseMs: 60_000, now: at })
    await expect(restoreBackup(store.database, file, { over: 'replace', now: at })).rejects.toMatchObject({
      message: expect.stringContaining('working on this store') as string,
    })
    await restoreBackup(store.database, file, { over: 'replace', now: at + 61_000 })
    expect(await store.load(asLinkId('mine'))).toBeNull()
    expect(await store.load(asLinkId('D-3'))).not.toBeNull()
    await store.close()
  })

  it('is refused when it was cut short or altered, before anything is touched', async () => {
    const source = folder()
    await (await filled(source)).close()
    const whole = join(folder(), 'whole')
    await writeBackup(source, whole, at)
    const text = gunzipSync(readFileSync(whole)).toString()
    const lines = text.split('\n')
    const bad: Record<string, Buffer> = {
      'a line is missing': gzipSync(lines.toSpliced(5, 1).join('\n')),
      'its end is missing': gzipSync(lines.slice(0, -2).join('\n')),
      'a value was changed': gzipSync(text.replace('Deal 7 ', 'Deal 8 ')),
      'a foreign table': gzipSync(text.replace('"table":"value"', '"table":"schema_version"')),
      'no backup': gzipSync('{"hello":1}\n'),
      'not even gzip': Buffer.from('hello'),
    }
    for (const [what, bytes] of Object.entries(bad)) {
      const file = join(folder(), 'bad')
      writeFileSync(file, bytes)
      await expect(checkBackup(file), what).rejects.toMatchObject({ kind: 'misconfigured' })
    }
    truncateSync(whole, 1_000)
    await expect(checkBackup(whole)).rejects.toMatchObject({ kind: 'misconfigured' })
    await expect(checkBackup(join(folder(), 'nothing'))).rejects.toMatchObject({ kind: 'misconfigured' })
  })

  it('that is not there is a missing file, not a damaged backup', async () => {
    const file = join(folder(), 'nowhere.gz')
    await expect(checkBackup(file)).rejects.toMatchObject({ kind: 'misconfigured', message: `There is no file ${file}.` })
  })

  it('of an earlier schema is searched as one of this: what stands beside the documents is read from them', async () => {
    const source = folder()
    const store = await openStore({ url: source, now })
    const id = asLinkId('D-due')
    const due = '2026-12-01T00:00:00Z'
    const name = `Ä${'x'.repeat(600)}`
    const link = { ...newLink(id, at, { partner: referral('R-due'), crm: null }), name, stage: 'New/Pending' as const }
    await store.add({ ...link, base: { partner: { expirationDateTime: due }, crm: {} } }, [], at)
    const ran = { kind: 'ran', because: 'test', outcome: 'again', writes: 0, ms: 1, attempt: 1, fault: 'network', message: 'no', settingsVersion: 1 }
    await store.addAudit([{ link: id, at, by: 'test', run: 'run-1', event: ran } as never], at) // as a pass writes it
    await store.close()
    const whole = join(folder(), 'whole')
    await writeBackup(source, whole, at)
    // As the program of schema 2 wrote it: without the columns that came later, and with the whole name to search by.
    const later: Readonly<Record<string, readonly string[]>> = { link: ['answer_due'], audit: ['outcome'], dirty: ['trace'] }
    const lines = gunzipSync(readFileSync(whole)).toString().trimEnd().split('\n').slice(0, -1)
    const counts: Record<string, number> = Object.fromEntries(TABLES.map((table) => [table.name, 0]))
    const old = lines.map((line) => {
      const value = JSON.parse(line) as { schema?: number; table?: string; row?: Record<string, unknown> } // written above
      if (value.schema !== undefined) value.schema = 2
      if (value.table !== undefined) counts[value.table] = (counts[value.table] ?? 0) + 1
      for (const column of later[value.table ?? ''] ?? []) delete value.row?.[column]
      if (value.table === 'link' && value.row !== undefined) value.row['name_lower'] = name.toLowerCase()
      return `${JSON.stringify(value)}\n`
    })
    const sha256 = createHash('sha256').update(old.join('')).digest('hex')
    const file = join(folder(), 'old')
    writeFileSync(file, gzipSync(`${old.join('')}${JSON.stringify({ end: true, rows: counts, sha256 })}\n`))
    for (const url of [folder(), postgres.url]) {
      const restored = await openStore({ url, now })
      await restoreBackup(restored.database, file, { over: 'replace', now: at })
      const rows = await restored.database.db.selectFrom('link').select(['answer_due', 'waits_for', 'name_lower']).execute()
      expect(rows).toEqual([{ answer_due: due, waits_for: 'us', name_lower: name.toLowerCase().slice(0, 400) }])
      expect((await restored.audit({ outcomes: ['again'], limit: 10, after: null })).records).toHaveLength(1)
      await restored.close()
    }
  }, 60_000)

  it('knows every table there is', async () => {
    const store = await openStore({ url: folder(), now })
    const tables = await store.database.db.introspection.getTables()
    expect(
      tables
        .map(({ name }) => name)
        .filter((name) => !NOT_CARRIED.includes(name))
        .sort(),
    ).toEqual(TABLES.map(({ name }) => name).sort())
    await store.close()
  })
})

describe('[R53] rotating the sealing key', () => {
  it('seals everything anew while the service holds the store, and a service that runs sees it', async () => {
    const url = folder()
    const source = { kind: 'file', path: join(url, 'seal.key') } as const
    const store = await openStore({ url, now })
    const running = sealOf(source)
    const before = running.close('refresh-1')
    await store.setValue('token.partner-center', { sealed: before, seed: running.close('seed-1') }, { expect: null, now: at })
    const { keyId, resealed } = await rotateSecrets(url, source, at)
    expect(resealed).toBe(2)
    const stored = await store.getValue<{ sealed: string; seed: string }>('token.partner-center')
    expect(stored?.value.sealed).toContain(keyId)
    expect([running.open(stored?.value.sealed ?? ''), running.open(stored?.value.seed ?? '')]).toEqual(['refresh-1', 'seed-1'])
    // A process that sealed with the old key just before still has what it wrote.
    expect(running.open(before)).toBe('refresh-1')
    await rotateSecrets(url, source, at)
    expect(() => running.open(before)).toThrow(/key that is not known here/)
    await store.close()
  })

  it('may be cut short and done again, and nothing is lost with the key that was forgotten', async () => {
    const url = folder()
    const source = { kind: 'file', path: join(url, 'seal.key') } as const
    const store = await openStore({ url, now })
    await store.setValue('token.crm', { sealed: sealOf(source).close('refresh-3') }, { expect: null, now: at })
    // Killed after the new key was written and before anything was sealed with it, twice.
    addKey(source.path)
    addKey(source.path)
    await rotateSecrets(url, source, at)
    const stored = await store.getValue<{ sealed: string }>('token.crm')
    expect(sealOf(source).open(stored?.value.sealed ?? '')).toBe('refresh-3')
    expect(readFileSync(source.path, 'utf8').trim().split('\n')).toHaveLength(2)
    await store.close()
  })

  it('under load, by two at once, loses no token and refuses the second', async () => {
    const url = folder()
    const source = { kind: 'file', path: join(url, 'seal.key') } as const
    const store = await openStore({ url, now })
    const seal = sealOf(source)
    for (let index = 0; index < 40; index += 1)
      await store.setValue(`token.${index}`, { sealed: seal.close(`0.${index}`) }, { expect: null, now: at })
    let turning = true
    const renewals = (async () => {
      for (let round = 1; turning; round += 1) {
        for (let index = 0; index < 40; index += 7) {
          const stored = await store.getValue<{ sealed: string }>(`token.${index}`)
          const value = { sealed: seal.close(`${round}.${seal.open(stored?.value.sealed ?? '').split('.')[1] ?? ''}`) }
          await store.setValue(`token.${index}`, value, { expect: stored?.revision ?? null, now: at })
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    const both = await Promise.allSettled([rotateSecrets(url, source, at), rotateSecrets(url, source, at)])
    for (let more = 0; more < 3; more += 1) await rotateSecrets(url, source, at)
    turning = false
    await renewals
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (let index = 0; index < 40; index += 1) {
      const stored = await store.getValue<{ sealed: string }>(`token.${index}`)
      expect(seal.open(stored?.value.sealed ?? '')).toMatch(new RegExp(`^\\d+\\.${index}$`))
    }
    await store.close()
  })

  it('makes one key for processes that start together', async () => {
    const path = join(folder(), 'state', 'seal.key')
    const script = `import { sealOf } from ${JSON.stringify(new URL('../../src/store/seal.ts', import.meta.url).href)}; console.log(sealOf({ kind: 'file', path: ${JSON.stringify(path)} }).keyId())`
    const start = (): Promise<string> =>
      new Promise((resolve, reject) =>
        execFile(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], (error, out) =>
          error === null ? resolve(out.trim()) : reject(new Error(error.message)),
        ),
      )
    const ids = await Promise.all([start(), start(), start(), start()])
    expect(new Set(ids).size).toBe(1)
  })

  it('takes the new key and the one before it from the configuration', async () => {
    const url = folder()
    const store = await openStore({ url, now })
    const old = { kind: 'given', key: 'o'.repeat(40), previous: null } as const
    await store.setValue('token.crm', { sealed: sealOf(old).close('refresh-2') }, { expect: null, now: at })
    await expect(rotateSecrets(url, { kind: 'given', key: 'n'.repeat(40), previous: null }, at)).rejects.toMatchObject({
      kind: 'misconfigured',
    })
    await rotateSecrets(url, { kind: 'given', key: 'n'.repeat(40), previous: 'o'.repeat(40) }, at)
    const stored = await store.getValue<{ sealed: string }>('token.crm')
    expect(sealOf({ kind: 'given', key: 'n'.repeat(40), previous: null }).open(stored?.value.sealed ?? '')).toBe('refresh-2')
    await store.close()
  })
})

const stores = [
  ['a SQLite file', folder],
  ['PostgreSQL', () => postgres.url],
] as const
describe.each(stores)('[R52] the ledger in %s', (_name, url) => {
  const said = (store: OpenStore, id: string, name: string, when: number) =>
    store.addAudit([{ link: asLinkId(id), at: when, by: 'test', run: null, event: { kind: 'ordered', what: 'note', detail: name } }], when)
  it('shows that its newest entries were cut off, which no chain can show, and that a checkpoint was altered', async () => {
    const later = at + 3_600_000
    const store = await openStore({ url: url(), now, tenant: 'checkpoints' })
    const seal = sealOf({ kind: 'given', key: 'k'.repeat(40), previous: null })
    for (let index = 0; index < 30; index += 1) await said(store, `D-${index % 5}`, `entry ${index}`, at)
    await store.checkpoint(seal, later)
    for (let index = 0; index < 10; index += 1) await said(store, 'D-1', `more ${index}`, later)
    await store.checkpoint(seal, later + 3_600_000)
    await store.checkpoint(seal, later + 7_200_000)
    expect(await store.verifyAudit()).toMatchObject({ broken: [] })
    expect(await store.listValues('checkpoint.')).toHaveLength(2)
    const { db } = store.database
    const newest = await db
      .selectFrom('audit')
      .select(['id'])
      .where('tenant', '=', 'checkpoints')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    await db.deleteFrom('audit').where('id', '=', newest.id).execute()
    expect((await store.verifyAudit()).broken).toEqual([{ link: null, sequence: 2, why: expect.stringContaining('removed') as string }])
    const [first] = await store.listValues('checkpoint.')
    await store.setValue('checkpoint.000000001', { ...(first?.value as object), entries: 29 }, { expect: 'any', now: later }) // its own value, altered
    expect((await store.verifyAudit()).broken).toEqual([
      { link: null, sequence: 1, why: expect.stringContaining('signed checkpoint') as string },
    ])
    await store.close()
  })

  it('forgets a person, and what is old, without breaking its chains', async () => {
    const store = await openStore({ url: url(), now, tenant: 'erasure' })
    const seal = sealOf({ kind: 'given', key: 'k'.repeat(40), previous: null })
    await said(store, 'D-1', 'wrote to Mara.Vogt@nordwind.example', at)
    await said(store, 'D-1', 'wrote to mara_vogt@nordwind.example', at)
    await said(store, 'D-2', 'old', at)
    await said(store, 'D-2', 'new', at + 10_000)
    await store.checkpoint(seal, at + 3_600_000)
    expect(await store.erasePerson('mara.vogt@nordwind.example')).toBe(1)
    await store.tidy(at + 3_600_000, 3_600_000 - 5_000)
    const { records } = await store.audit({ limit: 10, after: null })
    expect(records.map(({ event }) => (event?.kind === 'ordered' ? event.detail : null))).toEqual(['new', null, null, null])
    expect(await store.verifyAudit()).toMatchObject({ entries: 4, broken: [] })
    await store.close()
  })
})

describe('completion', () => {
  const printed = async (shell: string): Promise<{ code: number; out: string }> => {
    let out = ''
    const io = {
      out: (text: string) => void (out += text),
      err: () => undefined,
      outIsTty: false,
      errIsTty: false,
      inIsTty: false,
      color: false,
    }
    const code = await runProgram(['completion', shell], { io, version: '1' } as unknown as CliWorld) // it needs nothing else of the world
    return { code, out }
  }
  it('completes commands, their sub-commands and options in bash', async () => {
    const { out } = await printed('bash')
    const file = join(folder(), 'cosell.bash')
    writeFileSync(file, out)
    const complete = (...words: string[]): string =>
      execFileSync('bash', [
        '-c',
        `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cosell; echo "\${COMPREPLY[*]}"`,
        file,
        'cosell',
        ...words,
      ]).toString()
    expect(complete('dea').trim()).toBe('deals')
    expect(complete('deals', 'ac').trim()).toBe('accept')
    expect(complete('--config', 'x.yaml', 'deals', 'ac').trim()).toBe('accept') // The value of an option is no command.
    expect(complete('deals', 'decline', 'DEAL', '--re').trim()).toContain('--reason')
  })
  it.each(['zsh', 'fish', 'powershell'])('prints a script for %s that names the commands', async (shell) => {
    const { code, out } = await printed(shell)
    expect(code).toBe(0)
    for (const word of ['deals', 'backup', 'observe', '--json'])
      expect(out).toContain(shell === 'fish' && word === '--json' ? '-l json' : word)
  })
  it('serves zsh both ways: read by source, and found in fpath, where its first reading is its first use', async () => {
    expect((await printed('zsh')).out).toContain('if [[ "${funcstack[1]}" == _cosell ]]; then _cosell "$@"; else compdef _cosell cosell; fi')
  })
  it('says which shells there are', async () => {
    expect((await printed('tcsh')).code).toBe(2)
  })
})
