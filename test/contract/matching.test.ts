import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { administer } from '../../src/administer.js'
import type { ObserveReport } from '../../src/assemble.js'
import type { CliWorld } from '../../src/cli/app.js'
import { runProgram } from '../../src/cli/program.js'
import { realClock } from '../../src/clock.js'
import { installation, type Installation } from '../support/installation.js'
import { salesforceInstallation } from '../support/salesforce-installation.js'

interface Proposal {
  readonly pairs: readonly {
    readonly referralId: string
    readonly crmId: string
    readonly score: number
    readonly doubts: readonly string[]
  }[]
  readonly linked: readonly {
    readonly referralId: string
    readonly crmId: string
    readonly state: string | null
    readonly failed: string | null
  }[]
  readonly leftovers: readonly { readonly side: string; readonly id: string; readonly why: string }[]
}

/** Two systems that were filled by hand, side by side, before the connector came. */
describe('bulk onboarding', () => {
  let made: Installation
  const ids: Record<string, string> = {}

  beforeAll(async () => {
    made = await installation({ sync: { flows: { partnerToCrm: 'observe', crmToPartner: 'observe' } } })
    const refer = (name: string): string =>
      made.sandbox.partnerCenter.portal.create('private', {
        name,
        customerProfile: { name: `${name} GmbH`, address: { postalCode: '20095' } },
        details: { currency: 'EUR', dealValue: 70_000, closingDateTime: '2027-03-31T00:00:00Z' },
      }).own.id
    const money = { estimatedvalue: 70_000, estimatedclosedate: '2027-04-05' }
    ids['r-north'] = refer('Northwind data move')
    ids['c-north'] = made.completeOpportunity('Northwind data move', money)
    ids['r-twin'] = refer('Tailspin telephony')
    ids['c-twin-1'] = made.completeOpportunity('Tailspin telephony', money)
    ids['c-twin-2'] = made.completeOpportunity('Tailspin telephony', money)
    ids['r-alone'] = refer('Zebra Ω')
    ids['c-alone'] = made.completeOpportunity('Something else entirely')
    await made.sync()
  })
  afterAll(() => made.close())

  const cosell = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', '']
    const io = { outIsTty: false, errIsTty: false, inIsTty: false, color: false }
    const world: CliWorld = {
      io: { ...io, out: (text) => void (out += text), err: (text) => void (err += text) },
      loadConfig: () => Promise.resolve(made.load()),
      loadTenants: () => Promise.resolve([made.load()]),
      connect: () => Promise.resolve({ service: made.app.service, via: 'own', close: () => Promise.resolve() }),
      settingsAhead: () => Promise.resolve(null),
      administer: ({ config }) => administer(config, { clock: realClock, plant: () => undefined }),
      start: () => Promise.resolve(),
      demo: () => Promise.resolve(),
      sandbox: () => Promise.resolve(),
      now: () => realClock.now(),
      signal: new AbortController().signal,
      user: 'tester',
      version: 'test',
    }
    const code = await runProgram(argv, world)
    return { code, out, err }
  }
  const match = async (...argv: string[]): Promise<Proposal> =>
    JSON.parse((await cosell('deals', 'link', '--match', '--json', ...argv)).out) as Proposal // what a script would read

  it('proposes what belongs together and writes nothing', async () => {
    made.writes()
    const { pairs, linked } = await match()
    const of = (id: string | undefined) => pairs.filter(({ referralId }) => referralId === id)
    expect(of(ids['r-north'])).toMatchObject([{ crmId: ids['c-north'], doubts: [] }])
    expect(of(ids['r-north'])[0]?.score).toBeGreaterThan(0.8)
    expect(of(ids['r-twin']).map(({ doubts }) => doubts)).toEqual([['ambiguous'], ['ambiguous']])
    expect(of(ids['r-alone'])).toEqual([])
    expect(linked).toEqual([])
    expect(made.writes()).toEqual([])
    const { out, err, code } = await cosell('deals', 'link', '--match')
    expect(code).toBe(0)
    expect(out).toContain('another record is as likely')
    expect(err).toContain('--yes')
  })

  it('refuses a score that is none, and half a pair', async () => {
    expect((await cosell('deals', 'link', '--match', '--above', 'x')).code).toBe(2)
    expect((await cosell('deals', 'link', '--referral', 'r')).code).toBe(2)
  })

  it('tells beside them what observe mode would have done, and what somebody else did meanwhile', async () => {
    const report = async () => JSON.parse((await cosell('flows', 'report', '--json')).out) as ObserveReport // what a script would read
    const of = (found: ObserveReport) => found.rows.filter(({ referralId }) => referralId === ids['r-alone'])
    expect(of(await report())).toContainEqual(
      expect.objectContaining({ side: 'crm', kind: 'create', field: 'name', ours: 'Zebra Ω', theirs: null, outcome: 'not-done' }),
    )
    made.seller.opportunity({ name: 'Zebra Omega', cosell_referralidentifier: ids['r-alone'], estimatedvalue: 70_000 })
    await made.sync()
    const after = await report()
    expect(of(after)).toContainEqual(expect.objectContaining({ field: 'name', theirs: 'Zebra Omega', outcome: 'different' }))
    expect(after.totals.agreed).toBeGreaterThan(0)
    const { out, code } = await cosell('flows', 'report')
    expect(code).toBe(0)
    expect(out).toMatch(/different +Zebra/)
    expect((await cosell('flows', 'report', '--since', 'soon')).code).toBe(2)
  })

  it('links what is beyond doubt with --yes, never the ambiguous, and lists what is left of both sides', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cosell-matching-')), 'left.csv')
    const { code, out } = await cosell('deals', 'link', '--match', '--above', '0.8', '--yes', '--csv', file, '--json')
    expect(code).toBe(1)
    const report = JSON.parse(out) as Proposal // what a script would read
    expect(report.linked).toMatchObject([{ referralId: ids['r-north'], crmId: ids['c-north'], failed: null }])
    const why = new Map(report.leftovers.map(({ id, why: text }) => [id, text]))
    expect(why.get(ids['r-twin'] ?? '')).toBe('another record is as likely')
    expect(why.get(ids['c-alone'] ?? '')).toBe('no candidate')
    expect(why.has(ids['c-north'] ?? '')).toBe(false)
    const rows = readFileSync(file, 'utf8').split('\r\n')
    expect(rows[0]).toBe('"record","id","name","customer","postalCode","value","currency","closes","why","candidates"')
    expect(rows.filter((row) => row.startsWith('"opportunity"') && row.includes('Tailspin'))).toHaveLength(2)
  })

  it('does not offer again what is linked', async () => {
    const { pairs } = await match('--apply', '0.8')
    expect(pairs.some(({ referralId }) => referralId === ids['r-north'])).toBe(false)
  })

  it('writes the pairs that were linked while it only observed as soon as the flows are on', async () => {
    const twins = made.sandbox.dynamics.size('opportunity')
    expect(made.opportunity(ids['c-north'] ?? '')['cosell_referralidentifier'] ?? null).toBeNull()
    await made.app.service.hold(ids['r-twin'] ?? '', { on: true, by: 'test' })
    await cosell('flows', 'on', 'all')
    await made.sync()
    expect(made.sandbox.partnerCenter.referral(ids['r-north'] ?? '')?.externalReferenceId).toBe(ids['c-north'])
    expect(made.opportunity(ids['c-north'] ?? '')['cosell_referralidentifier']).toBe(ids['r-north'])
    expect(made.opportunitiesOf(ids['r-twin'] ?? '')).toEqual([])
    expect(made.sandbox.dynamics.size('opportunity')).toBe(twins)
  })

  it('is offered over the API too', async () => {
    const { pairs } = await made.app.service.match(new AbortController().signal)
    expect(pairs.some(({ referral }) => referral.id === ids['r-twin'])).toBe(true)
  })
})

it('looks at opportunities of Salesforce that nobody shares', async () => {
  const made = await salesforceInstallation({ sync: { flows: { partnerToCrm: 'observe', crmToPartner: 'observe' } } })
  try {
    const name = 'Northwind'
    const { own } = made.sandbox.partnerCenter.portal.create('private', {
      name,
      customerProfile: { name: `${name} GmbH`, address: { postalCode: '20095' } },
      details: { currency: 'EUR', dealValue: 50_000 },
    })
    const id = made.completeOpportunity(name)
    const { pairs } = await made.app.service.match(new AbortController().signal)
    expect(pairs.some(({ referral, opportunity }) => referral.id === own.id && opportunity.id === id)).toBe(true)
  } finally {
    await made.close()
  }
})
