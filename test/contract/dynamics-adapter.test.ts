import { describe, expect, it } from 'vitest'
import { dynamicsAdapter, type DynamicsAdapter } from '../../src/adapters/dynamics/adapter.js'
import { guidOf } from '../../src/adapters/guid.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import type { CreateChange, PatchChange, StepChange } from '../../src/core/change.js'
import type { Projection } from '../../src/core/deal.js'
import { Fault } from '../../src/core/fault.js'
import { EMPTY_MAPPING } from '../../src/core/mapping-document.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import type { Present, TouchedPage } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'
import { origin } from '../../src/sandbox/dataverse/test-kit.js'
import { environment, never, type Environment } from '../support/dynamics-environment.js'

/** One suite over the three environments a customer may have: none of the fields until they are installed, Microsoft's, or ours. */
interface Desk {
  readonly made: Environment
  readonly adapter: DynamicsAdapter
  /** Addresses of all calls so far. */
  readonly calls: readonly string[]
}

async function desk(mode: 'none' | 'microsoft' | 'cosell', checkMarkInName = false): Promise<Desk> {
  const made = environment({ customFields: mode })
  if (mode === 'none') await made.installer().apply({ existing: 'alter', onProgress: () => undefined, signal: never })
  const settings = { mapping: effectiveMapping(DYNAMICS_PROFILE, EMPTY_MAPPING), owner: 'kim@fabrikam.example', checkMarkInName }
  const calls: string[] = []
  const adapter = dynamicsAdapter({
    url: origin,
    send: (request) => {
      calls.push(request.url)
      return made.send(request)
    },
    clock: made.clock,
    settings: () => settings,
    customerGuard: (_key, work) => work(),
  })
  await adapter.prepare({ signal: never })
  return { made, adapter, calls }
}

const deal: Projection = {
  name: 'Contract deal',
  status: 'Active/Accepted',
  'details.dealValue': 125_000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-09-30',
  'details.notes': 'Two lines\nof notes',
  'details.requirements.solutions': [
    { id: 'SOL-11111-AAA', name: 'First' },
    { id: 'SOL-22222-BBB', name: 'Second' },
  ],
  'consent.consentToShareReferralWithMicrosoftSellers': true,
  'inviteContext.assistanceRequestCode': 'ProofOfConceptOrDemo',
  'customerProfile.name': 'Fabrikam GmbH',
  'customerProfile.address.addressLine1': 'Lindenallee 7',
  'customerProfile.address.city': 'Hamburg',
  'customerProfile.address.country': 'DE',
  'trackingInfo.microsoftMsxId': '7-ABC',
}

const referral = '5a1c0e52-3b44-4f11-a316-000d3a4b1101'
const creation = (adapter: DynamicsAdapter, more: Partial<CreateChange> = {}): CreateChange => ({
  kind: 'create',
  side: 'crm',
  as: 'opportunity',
  marker: guidOf(`referral:${referral}`),
  deal: adapter.canonical(deal, 'opportunity'),
  stamp: { otherId: referral, sync: true, link: 'https://partner.microsoft.com/x', audit: 'first line', status: 'in-sync', problem: null },
  ...more,
})
const patch = (ref: EndRef, expected: Present['version'], set: Projection): PatchChange => ({
  kind: 'patch',
  side: 'crm',
  ref,
  expect: expected,
  set,
  stamp: {},
})
const step = (ref: EndRef, expected: Present['version'], take: StepChange['take']): StepChange => ({
  ...patch(ref, expected, {}),
  kind: 'step',
  take,
  reason: null,
})

async function look({ adapter }: Desk, ref: EndRef): Promise<Present> {
  const reading = await adapter.read(ref, { wide: false, signal: never })
  if (reading.kind !== 'present') throw new Error(JSON.stringify(reading))
  return reading
}
interface Walked {
  readonly ids: readonly string[]
  readonly cursor: string | null
  readonly wholeOf: readonly string[]
}
async function round({ adapter }: Desk, cursor: string | null, only: { since?: number; openOnly?: boolean } = {}): Promise<Walked> {
  const pages: TouchedPage[] = []
  for await (const page of adapter.touched({ cursor, since: null, openOnly: false, ...only, signal: never })) pages.push(page)
  const ids = pages.flatMap(({ records }) => records.map(({ ref }) => ref.id))
  return { ids, cursor: pages.at(-1)?.cursor ?? null, wholeOf: pages.at(-1)?.wholeOf ?? [] }
}
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(
    () => new Error('it went through'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof Fault) return error
  throw error
}

describe.each(['none', 'microsoft', 'cosell'] as const)('Dynamics 365 that came with fields of kind %s', (mode) => {
  it('is ready: no check fails', async () => {
    const { adapter } = await desk(mode)
    const checks = await adapter.checks({ signal: never })
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
  })

  it('goes by the columns it knows for a look that nobody asked for, and reads them anew when it is told to', async () => {
    const { adapter, calls } = await desk(mode)
    const called = async (): Promise<number> => {
      const before = calls.length
      await adapter.checks({ signal: never })
      return calls.length - before
    }
    const settled = await called()
    expect(await called()).toBe(settled)
    adapter.outdate()
    expect(await called()).toBeGreaterThan(settled)
  })

  it('shows what was written, as `canonical` foretold it, with switch, identifier and audit', async () => {
    const here = await desk(mode)
    const change = creation(here.adapter)
    const { ref } = await here.adapter.create(change, { signal: never })
    const seen = await look(here, ref)
    expect(seen).toMatchObject({ otherId: referral, sync: true, auditText: 'first line' })
    for (const [field, value] of Object.entries(change.deal)) {
      if (field === 'team' || value === undefined) continue
      expect(seen.deal[field as keyof Projection], field).toEqual(value) // its keys are fields
    }
  })

  it('takes a repeated create for the same record, and finds it by the referral', async () => {
    const here = await desk(mode)
    const first = await here.adapter.create(creation(here.adapter), { signal: never })
    const again = await here.adapter.create(creation(here.adapter), { signal: never }).catch(() => null)
    if (again !== null) expect(again.ref).toEqual(first.ref)
    expect(here.made.kit.simulator.find('opportunity', { name: 'Contract deal' })).toHaveLength(1)
    expect(await here.adapter.find({ as: 'opportunity', value: referral, notBefore: null }, { signal: never })).toEqual([first.ref])
  })

  it('refuses a patch planned on a version that has moved', async () => {
    const here = await desk(mode)
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    const seen = await look(here, ref)
    here.made.kit.simulator.people.edit('opportunity', ref.id, { description: 'a seller was quicker' })
    expect((await faultOf(here.adapter.write(patch(ref, seen.version, { 'details.notes': 'ours' }), { signal: never }))).kind).toBe('stale')
    expect((await look(here, ref)).deal['details.notes']).toBe('a seller was quicker')
  })

  it('replaces the list of solutions: what is left out goes, what is new comes', async () => {
    const here = await desk(mode)
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    const seen = await look(here, ref)
    const wanted = [
      { id: 'SOL-22222-BBB', name: 'Second' },
      { id: 'SOL-33333-CCC', name: 'Third' },
    ]
    await here.adapter.write(patch(ref, seen.version, { 'details.requirements.solutions': wanted }), { signal: never })
    const ids = (await look(here, ref)).deal['details.requirements.solutions']?.map(({ id }) => id)
    expect([...(ids ?? [])].sort()).toEqual(['SOL-22222-BBB', 'SOL-33333-CCC'])
  })

  it('closes as won, and takes no write any more', async () => {
    const here = await desk(mode)
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    const seen = await look(here, ref)
    await here.adapter.write(step(ref, seen.version, 'win'), { signal: never })
    expect(await look(here, ref)).toMatchObject({ sealed: true, deal: { status: 'Closed/Won' } })
  })

  it('tells of every edit by its feed, and does not repeat it', async () => {
    const here = await desk(mode)
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    const start = await round(here, null)
    here.made.kit.simulator.people.edit('opportunity', ref.id, { description: 'edited' })
    const next = await round(here, start.cursor)
    expect(next.ids).toContain(ref.id)
    expect((await round(here, next.cursor)).ids).not.toContain(ref.id)
  })
})

describe('a slow CRM', () => {
  it('gets fewer records in a call, so that each call is answered while it is waited for', async () => {
    const { made } = await desk('cosell')
    let batches: number[] = []
    const send: typeof made.send = async (request) => {
      const writes = String(request.body).split('PATCH ').length - 1
      if (request.url.endsWith('$batch') && writes > 0) {
        batches.push(writes)
        made.kit.clock.advance(writes * 250)
      }
      return made.send(request)
    }
    const settings = { mapping: effectiveMapping(DYNAMICS_PROFILE, EMPTY_MAPPING), owner: null, checkMarkInName: false }
    const guard = <T>(_key: string, work: () => Promise<T>): Promise<T> => work()
    const adapter = dynamicsAdapter({ url: origin, send, clock: made.clock, settings: () => settings, customerGuard: guard })
    const ids = Array.from({ length: 60 }, (_, at) => made.kit.simulator.people.opportunity({ name: `Deal ${at}` }))
    const refs = ids.map((id): EndRef => ({ side: 'crm', kind: 'opportunity', id }))
    const writeAll = async (notes: string): Promise<void> => {
      const seen = (await adapter.readMany(refs, { wide: false, signal: never })) as Present[] // all of them are there
      const changes = seen.map(({ ref, version }) => patch(ref, version, { 'details.notes': notes }))
      const answers = await adapter.writeMany(changes, { signal: never })
      expect(answers.filter((answer) => answer instanceof Fault)).toEqual([])
    }
    await writeAll('once')
    expect(batches).toEqual([60])
    batches = []
    await writeAll('twice')
    expect(batches).toEqual([32, 28])
  })
})

describe('the change feed', () => {
  it('says of which kinds a round listed every deal: the first one does, one that goes on does not, one whose position was forgotten does', async () => {
    const here = await desk('cosell')
    await here.adapter.create(creation(here.adapter), { signal: never })
    const first = await round(here, null)
    expect([...first.wholeOf].sort()).toEqual(['lead', 'opportunity'])
    expect((await round(here, first.cursor)).wholeOf).toEqual([])
    expect((await round(here, null, { openOnly: true })).wholeOf).toEqual([])
    expect((await round(here, null, { since: 0 })).wholeOf).toEqual([])
    const forgotten = (first.cursor ?? '').replaceAll(/deltatoken=[^"&]+/g, 'deltatoken=nonsense')
    expect([...(await round(here, forgotten)).wholeOf].sort()).toEqual(['lead', 'opportunity'])
  })

  it('lists every deal once a week, whatever it believes to know', async () => {
    const here = await desk('cosell')
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    const day = 24 * 3_600_000
    let { cursor } = await round(here, null)
    here.made.kit.clock.advance(6 * day)
    const quiet = await round(here, cursor)
    expect(quiet.ids).toEqual([])
    here.made.kit.clock.advance(day)
    cursor = quiet.cursor
    const full = await round(here, cursor)
    expect(full.ids).toContain(ref.id)
    expect((await round(here, full.cursor)).ids).toEqual([])
  })
})

describe('what the documentation leaves open', () => {
  it('does not keep a closed deal from being reopened together with an edit', async () => {
    const here = await desk('cosell')
    here.made.kit.simulator.options.reopening = 'alone'
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    await here.adapter.write(step(ref, (await look(here, ref)).version, 'lose'), { signal: never })
    const closed = await look(here, ref)
    const change: StepChange = { ...step(ref, closed.version, 'reopen'), set: { 'details.notes': 'Back again' } }
    await here.adapter.write(change, { signal: never })
    expect(await look(here, ref)).toMatchObject({ sealed: false, deal: { status: 'Active/Accepted', 'details.notes': 'Back again' } })
    expect((await faultOf(here.adapter.write(change, { signal: never }))).kind).toBe('stale')
  })

  it('does not hide solutions of a deal that shows them page by page', async () => {
    const here = await desk('cosell')
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    here.made.kit.simulator.options.expandedRowsMax = 1
    const one = await look(here, ref)
    const [many] = await here.adapter.readMany([ref], { wide: false, signal: never })
    const both = ['SOL-11111-AAA', 'SOL-22222-BBB']
    expect(one.deal['details.requirements.solutions']?.map(({ id }) => id).sort()).toEqual(both)
    expect(many).toEqual(one)
  })

  it('does not lose a lead that a seller qualified, where only the opportunity names it', async () => {
    const here = await desk('cosell')
    here.made.kit.simulator.options.qualifiedLead = 'named-by-opportunity'
    const { people } = here.made.kit.simulator
    const id = people.lead({ subject: 'A lead', companyname: 'Fabrikam', lastname: 'Lee', cosell_syncwithpartnercenter: true })
    const { opportunityId: opportunity } = people.qualify(id)
    const ref = { side: 'crm', kind: 'lead', id } as const
    const to = { side: 'crm', kind: 'opportunity', id: opportunity }
    expect(await here.adapter.read(ref, { wide: false, signal: never })).toEqual({ kind: 'moved', ref, to })
    expect(await here.adapter.readMany([ref], { wide: false, signal: never })).toEqual([{ kind: 'moved', ref, to }])
  })
})

describe('a reason that a seller chose', () => {
  it.each(['none', 'cosell'] as const)('is the one that Microsoft reads, unless they wrote words of their own (%s)', async (mode) => {
    const here = await desk(mode)
    const { people } = here.made.kit.simulator
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    people.edit('opportunity', ref.id, { cosell_declinereason: 412_500_002 })
    expect((await look(here, ref)).deal.statusReason).toBe('Customer chose another vendor')
    people.edit('opportunity', ref.id, { cosell_closingreason: 'They built it themselves' })
    expect((await look(here, ref)).deal.statusReason).toBe('They built it themselves')
  })
})

describe('a deal whose revenue is the sum of its products', () => {
  it('takes no amount from Partner Center; one that a seller estimates does', async () => {
    const here = await desk('cosell')
    const { kit } = here.made
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    kit.simulator.people.edit('opportunity', ref.id, { isrevenuesystemcalculated: true })
    expect((await look(here, ref)).locked).toEqual([])
    const line = { productdescription: 'Seats', isproductoverridden: true, quantity: 10, priceperunit: 250 }
    const made = await kit.call('POST', 'opportunityproducts', { ...line, 'opportunityid@odata.bind': `/opportunities(${ref.id})` })
    expect(made.status).toBe(204)
    expect(await look(here, ref)).toMatchObject({ locked: ['details.dealValue'], deal: { 'details.dealValue': 2_500 } })
    kit.simulator.people.edit('opportunity', ref.id, { isrevenuesystemcalculated: false })
    expect((await look(here, ref)).locked).toEqual([])
  })
})

describe('the name of a deal', () => {
  it('carries the check mark where that is asked for, and it is never part of what is read', async () => {
    const here = await desk('none', true)
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    expect(here.made.kit.simulator.read('opportunity', ref.id)?.['name']).toMatch(/^✔ Contract deal$/)
    expect((await look(here, ref)).deal.name).toBe('Contract deal')
  })

  it('stays as it is where nobody asked', async () => {
    const here = await desk('none')
    const { ref } = await here.adapter.create(creation(here.adapter), { signal: never })
    expect(here.made.kit.simulator.read('opportunity', ref.id)?.['name']).toBe('Contract deal')
  })
})
