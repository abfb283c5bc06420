import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { cosellOn, type Said } from '../support/commands.js'
import { installation, type Installation } from '../support/installation.js'

/** Every command that changes something says beforehand what it would do, and then changes nothing. */
let here: Installation
let folder: string
const ids = { inbound: '', shared: '', loose: '', conflict: '', referral: '' }
const theirs = { url: 'https://theirs.example/hook', events: ['referral-created'] }

const cosell = (...argv: string[]): Promise<Said> => cosellOn(here, argv)

beforeAll(async () => {
  here = await installation({ customFields: 'cosell', server: { publicUrl: 'https://cosell.example' } })
  folder = mkdtempSync(join(tmpdir(), 'cosell-dry-run-'))
  const euro = { details: { currency: 'EUR' } }
  const made = (name: string): string => here.sandbox.partnerCenter.portal.create('private', { name, ...euro }).own.id
  ids.inbound = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }).own.id
  const [shared, conflict, loose] = [made('Shared'), made('Two minds'), made('Loose')]
  await here.sync()
  await here.sync()
  const crmIdOf = (id: string): string => String(here.opportunitiesOf(id)[0]?.['opportunityid'])
  here.sandbox.partnerCenter.portal.edit(conflict, { notes: 'Theirs' })
  here.seller.edit('opportunity', crmIdOf(conflict), { description: 'Ours' })
  await here.sync()
  await cosell('deals', 'unlink', loose)
  Object.assign(ids, { shared, conflict, referral: loose, loose: crmIdOf(loose) })
  here.sandbox.partnerCenter.webhook.set(theirs)
  await cosell('plan', '--out', join(folder, 'plan.json'))
  await cosell('backup', join(folder, 'whole.backup'))
  await cosell('config', 'export', '--out', join(folder, 'settings.yaml'))
  await cosell('flows', 'observe', 'partnerToCrm')
  await cosell('flows', 'on', 'partnerToCrm')
  writeFileSync(join(folder, 'solutions.csv'), 'Solution Identifier,Solution Name\nSOL-77777-NEW,A new one\n')
}, 60_000)
afterAll(async () => {
  await here.close()
  rmSync(folder, { recursive: true, force: true })
})

/** All that could have been changed: both systems, the webhook, the ledger, the deals. */
async function standing(): Promise<object> {
  const { db } = here.app.store.database
  const count = async (table: 'audit' | 'link' | 'dirty'): Promise<unknown> => db.selectFrom(table).select((eb) => eb.fn.countAll().as('n')).executeTakeFirst()
  const values = await db.selectFrom('value').select(['name', 'value']).where('name', 'not like', 'token.%').orderBy('name').execute()
  return {
    writes: here.writes(),
    webhook: here.sandbox.partnerCenter.webhook.current(),
    ledger: await count('audit'),
    links: await db.selectFrom('link').selectAll().orderBy('id').execute(),
    queue: await count('dirty'),
    values,
  }
}

const commands: readonly (readonly [argv: () => readonly string[], said: string, code?: number])[] = [
  [() => ['sync'], 'to create'],
  [() => ['apply', join(folder, 'plan.json')], 'Nothing to do'],
  [() => ['conflicts', 'resolve', ids.conflict, 'details.notes', '--keep', 'crm'], 'details.notes: Theirs -> Ours'],
  [() => ['runs', 'retry', ids.shared], 'would try Shared again'],
  [() => ['runs', 'retry', '--all'], 'Nothing to do'],
  [() => ['flows', 'off', 'all'], 'would turn partnerToCrm from on to off'],
  [() => ['flows', 'on', 'all'], 'Nothing to do'],
  [() => ['flows', 'observe', 'crmToPartner'], 'would turn crmToPartner from on to observe'],
  [() => ['deals', 'accept', ids.inbound], 'accept the referral'],
  [() => ['deals', 'decline', ids.inbound, '--reason', '3'], 'decline the referral'],
  [() => ['deals', 'win', ids.shared], 'win the referral'],
  [() => ['deals', 'lose', ids.shared, '--reason', 'Too dear'], 'lose the referral'],
  [() => ['deals', 'share', ids.shared], 'share the referral'],
  [() => ['deals', 'hold', ids.shared], 'would leave Shared alone'],
  [() => ['deals', 'hold', ids.shared, '--release'], 'Nothing to do'],
  [() => ['deals', 'link', '--referral', ids.referral, '--crm', ids.loose], ''],
  [() => ['deals', 'link', '--match', '--yes'], 'pair'],
  [() => ['deals', 'unlink', ids.shared], 'would end the connection of referral'],
  [() => ['install', 'apply'], '', 1],
  [() => ['install', 'apply', '--yes'], 'would alter Column Audit of opportunity: protect by column security'],
  [() => ['install', 'remove'], 'would remove'],
  [() => ['webhook', 'register'], '', 1],
  [() => ['webhook', 'register', '--overwrite'], 'instead of https://theirs.example/hook'],
  [() => ['webhook', 'register', 'crm'], 'https://cosell.example/hooks/dynamics'],
  [() => ['webhook', 'remove', 'crm'], 'would remove'],
  [() => ['webhook', 'restore'], '', 1],
  [() => ['solutions', 'import', join(folder, 'solutions.csv')], 'would add SOL-77777-NEW: A new one'],
  [() => ['mapping', 'accept'], 'would take'],
  [() => ['config', 'promote', '--from', join(folder, 'settings.yaml')], 'The same as version'],
  [() => ['config', 'rollback', '1'], 'The same as version'],
  [() => ['config', 'approve', '1'], 'The same as version'],
  [() => ['restore', join(folder, 'whole.backup')], '', 1],
  [() => ['restore', join(folder, 'whole.backup'), '--yes'], 'would restore'],
  [() => ['secrets', 'rotate'], 'with a new key'],
  [() => ['audit', 'erase', 'mara@nordwind.example'], 'Nothing to do'],
]

describe('--dry-run', () => {
  test.each(commands.map(([argv, said, code = 0]) => ({ words: String(argv).replace(/^\(\) => /, ''), argv, said, code })))('$words', async ({ argv, said, code }) => {
    const before = await standing()
    const told = await cosell(...argv(), '--dry-run')
    expect([told.code, told.err]).toEqual([code, expect.any(String)])
    expect(told.out).toContain(said)
    const asJson = await cosell(...argv(), '--dry-run', '--json')
    if (argv().includes('--match')) JSON.parse(asJson.out)
    else {
      const document = JSON.parse(asJson.out) as object
      const lines = expect.any(Array) as string[]
      expect(document).toMatchObject('item' in document || 'items' in document ? { dryRun: true } : { dryRun: true, would: lines, but: lines })
    }
    expect(asJson.code).toBe(code)
    expect(await standing()).toEqual({ ...before, writes: [] })
  })

  it('tells what would be forgotten of a person, and what a plan that has aged would be refused for', async () => {
    await here.app.store.addAudit([{ link: null, at: 1, by: 'x', run: null, event: { kind: 'ordered', what: 'sync', detail: 'told kim@nordwind.example' } }], 1)
    expect((await cosell('audit', 'erase', 'kim@nordwind.example', '--dry-run')).out).toBe('would empty 1 ledger entry\n')
    const id = here.completeOpportunity('Planned')
    here.share(id)
    await cosell('plan', '--out', join(folder, 'share.json'))
    here.writes()
    const told = await cosell('apply', join(folder, 'share.json'), '--dry-run')
    expect([told.code, told.out]).toEqual([0, 'would apply 1 of 1 deal\n'])
    here.seller.edit('opportunity', id, { description: 'Edited after the plan' })
    expect(await cosell('apply', join(folder, 'share.json'), '--dry-run')).toMatchObject({ code: 1, err: expect.stringContaining('has changed in the CRM') as string })
    expect(here.ownReferrals(id)).toEqual([])
  })
})

/** What takes no `--dry-run`: it only looks, only writes a file that it names, runs until it is stopped, or is a test by itself. */
const WITHOUT = [
  'start', 'demo', 'sandbox', 'audit', 'flows list', 'flows report', 'config versions', 'config export', 'config diff', 'config schema', 'config show', 'init', 'doctor', 'version',
  'plan', 'conflicts list', 'runs list', 'runs show', 'deals list', 'deals show', 'webhook show', 'webhook test', 'connect', 'auth status', 'install plan', 'install package',
  'solutions list', 'taxonomy list', 'taxonomy export', 'mapping show', 'mapping check', 'mapping try', 'mapping schema', 'backup', 'trigger', 'completion',
]

test('is taken by every command that changes something: none is left out', async () => {
  const { out } = await cosell('completion', 'bash')
  const lines = [...out.matchAll(/^ {6}"([^"]+)"\) words="([^"]*)"/gm)].map(([, path = '', words = '']) => ({ path, words: words.split(' ') }))
  const nouns = new Set(lines.flatMap(({ path }) => (path.includes(' ') ? [path.split(' ')[0] ?? ''] : [])))
  const leaves = lines.filter(({ path }) => path !== '' && (!nouns.has(path) || path === 'audit'))
  const without = leaves.filter(({ words }) => !words.includes('--dry-run')).map(({ path }) => path)
  expect(without.sort()).toEqual([...WITHOUT].sort())
  const tried = new Set(commands.map(([argv]) => argv().slice(0, 2).join(' ')))
  const offered = leaves.filter(({ words }) => words.includes('--dry-run')).map(({ path }) => path)
  expect(offered.filter((path) => ![...tried].some((one) => one === path || one.split(' ')[0] === path))).toEqual([])
})
