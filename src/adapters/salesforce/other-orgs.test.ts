import { describe, expect, it, test } from 'vitest'
import { euroDeal, origin, salesforceDesk, signal, type SalesforceDesk } from '../../../test/support/salesforce-desk.js'
import type { CreateChange } from '../../core/change.js'
import { EMPTY_MAPPING } from '../../core/mapping-document.js'
import type { Transport } from '../../remote/transport.js'
import { SalesforceApi } from './api.js'
import { salesforceInstaller } from './install/installer.js'
import { asRecordId, isRow, rowsOf, type Row } from './row.js'

/** Orgs answer in more ways than one: whatever the documentation permits must do no harm. */
const person = (email: string) => ({ email, firstName: 'A', lastName: 'B', phone: null })
const opportunity = { Name: 'Deal', StageName: 'Qualification', CloseDate: '2027-03-31' }
const refOf = (id: string) => ({ side: 'crm', kind: 'opportunity', id }) as const

/** The org's answers to calls whose address matches come changed. */
const answering =
  (matching: RegExp, change: (body: Row) => Row) =>
  (transport: Transport): Transport =>
  async (request) => {
    const answer = await transport(request)
    const body: unknown = matching.test(decodeURIComponent(request.url)) ? JSON.parse(answer.body.toString('utf8')) : null
    return isRow(body) ? { ...answer, body: Buffer.from(JSON.stringify(change(body))) } : answer
  }
const eachRow =
  (change: (row: Row) => readonly Row[]) =>
  (body: Row): Row => ({ ...body, records: rowsOf(body, 'records').flatMap(change) })

describe('what sharing hides from the connector', () => {
  const hiding = answering(
    /FROM Opportunity WHERE/,
    eachRow((row) => {
      const roles = isRow(row['OpportunityContactRoles']) ? row['OpportunityContactRoles'] : {}
      const hidden = rowsOf(row, 'OpportunityContactRoles').map((role) => ({ ...role, Contact: null }))
      return [{ ...row, Account: null, Owner: null, OpportunityContactRoles: { ...roles, records: hidden } }]
    }),
  )
  it('[R12] says nothing of the deal: taken for empty, it would be emptied on the other side', async () => {
    const desk = salesforceDesk({ between: hiding })
    const ref = await desk.create({ ...euroDeal, 'customerProfile.team': [person('eva@fabrikam.example')], team: [person('kim@fabrikam.example')] })
    const { deal, unreadable } = await desk.present(ref)
    expect(unreadable).toEqual([])
    expect(deal).toMatchObject({ name: 'Data estate', 'details.dealValue': 1_000 })
    expect(Object.keys(deal).filter((field) => field === 'team' || field.startsWith('customerProfile.'))).toEqual([])
  })
  it('is told from what is not there: an opportunity without account and contact says so', async () => {
    const desk = salesforceDesk({ between: hiding })
    const { deal } = await desk.present(refOf(desk.org.people.create('Opportunity', opportunity)))
    expect(deal).toMatchObject({ 'customerProfile.name': null, 'customerProfile.team': [] })
  })
})

describe('a field that is hidden for a while', () => {
  const hiddenFor = 11 * 60_000 // The fields are read again every ten minutes.
  it('[R12] is left alone meanwhile, and what was written there is found when it shows again', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create({ ...euroDeal, 'details.dealValue': 1_000 }, { stamp: { sync: true } })
    const told = async (cursor: string | null) => {
      desk.hand.advance(hiddenFor)
      const { records, ...next } = await desk.feed(cursor)
      return { ...next, ids: records.flatMap((record) => (record.ref.kind === 'opportunity' ? [record.ref.id] : [])) }
    }
    const { cursor } = await told(await told(null).then((first) => first.cursor))
    desk.org.options.hidden.add('Opportunity.Amount')
    const hidden = await told(cursor)
    desk.org.people.edit('Opportunity', ref.id, { Amount: 77_000 })
    const edited = await told(hidden.cursor)
    expect((await desk.present(ref)).deal).not.toHaveProperty('details.dealValue')
    expect((await told(edited.cursor)).ids).toEqual([])
    desk.org.options.hidden.delete('Opportunity.Amount')
    const shown = await told(edited.cursor)
    expect(shown.ids).toEqual([ref.id])
    expect((await told(shown.cursor)).ids).toEqual([])
    expect((await desk.present(ref)).deal).toMatchObject({ 'details.dealValue': 77_000 })
  })
  it.each(['Contact.Phone', 'Contact.Email', 'Lead.Phone', 'Lead.MasterRecordId'])('does not stop everything else: %s', async (field) => {
    const desk = salesforceDesk()
    const contact = { 'customerProfile.team': [person('eva@fabrikam.example')] }
    const deal = await desk.create({ ...euroDeal, ...contact }, { stamp: { sync: true } })
    const lead = await desk.create({ ...euroDeal, ...contact, status: 'New/Received' }, { as: 'lead', stamp: { sync: true } })
    desk.org.options.hidden.add(field)
    desk.hand.advance(hiddenFor)
    expect((await desk.feed(null)).records.map(({ ref }) => ref.id).sort()).toEqual([lead.id, deal.id].sort())
    const shown = [await desk.present(deal), await desk.present(lead)]
    // A phone that is hidden must not look like one that somebody took out.
    const isHidden = (object: string): boolean => field.startsWith(`${object}.`) && !field.endsWith('Id')
    expect(shown.map((each) => each.deal['customerProfile.team']?.[0]?.email)).toEqual(
      ['Contact', 'Lead'].map((object) => (isHidden(object) ? undefined : 'eva@fabrikam.example')),
    )
  })
})

describe('an amount', () => {
  it('with more digits than its field keeps is known for what the org will show, not for an edit', async () => {
    const desk = salesforceDesk({ currencies: ['EUR', 'KWD'] })
    const dinars = { ...euroDeal, 'details.currency': 'KWD', 'details.dealValue': 100.125 }
    const { deal } = await desk.present(await desk.create(dinars))
    expect(deal['details.dealValue']).toBe(100.13)
    expect(desk.adapter.canonical(dinars, 'opportunity')['details.dealValue']).toBe(100.13)
  })
})

describe('the stages of another org', () => {
  const stagesOf = (change: (row: Row) => readonly Row[]): SalesforceDesk =>
    salesforceDesk({ between: answering(/FROM OpportunityStage/, eachRow(change)) })
  const isOnHold = (row: Row): boolean => row['ApiName'] === 'On Hold'

  it('[R8] a deal that still shows the stage of waiting deals waits, also where nobody may choose that stage any more', async () => {
    const desk = stagesOf((row) => (isOnHold(row) ? [] : [row]))
    const { deal } = await desk.present(refOf(desk.org.people.create('Opportunity', { ...opportunity, StageName: 'On Hold' })))
    expect(deal.status).toBe('New/Received')
  })
  it('[R8] one of the name that was expected, but an end, is no stage for deals that wait', async () => {
    const desk = stagesOf((row) => [isOnHold(row) ? { ...row, IsClosed: true } : row])
    const ref = await desk.create({ ...euroDeal, status: 'New/Received' })
    expect(desk.org.read('Opportunity', ref.id)).toMatchObject({ StageName: 'Prospecting' })
  })
})

describe('the stage that was chosen for deals that wait, in an org that has none of the name', () => {
  const stage = (name: string): Row => ({ ApiName: name, MasterLabel: name, SortOrder: 0, IsClosed: false, IsWon: false })
  /** What an administrator does to the stages of the org: `now` lists them anew, and records show what `shown` says. */
  const administered = (memory: string[] = []) => {
    const admin = { now: (rows: readonly Row[]): readonly Row[] => rows, shown: (name: unknown): unknown => name, outage: false }
    const lists = answering(/FROM OpportunityStage/, (body) => ({ ...body, records: admin.outage ? 'none' : admin.now(rowsOf(body, 'records')) }))
    const records = answering(/FROM Opportunity WHERE/, eachRow((row) => ['StageName' in row ? { ...row, StageName: admin.shown(row['StageName']) } : row]))
    const stageMemory = { read: () => Promise.resolve(memory), add: (name: string) => Promise.resolve(void memory.push(name)) }
    return { admin, desk: salesforceDesk({ options: { stages: 'delivered' }, between: (transport) => lists(records(transport)), stageMemory }) }
  }
  const waiting = async (desk: SalesforceDesk) => desk.create({ ...euroDeal, status: 'New/Received' }, { stamp: { sync: true } })
  const statusOf = async (desk: SalesforceDesk, ref: Awaited<ReturnType<typeof waiting>>) => (await desk.present(ref)).deal.status
  const later = 11 * 60_000

  it.each([
    ['another first stage', (rows: readonly Row[]) => [stage('Lead In'), ...rows]],
    ['the very stage that was missing', (rows: readonly Row[]) => [...rows, stage('On Hold')]],
    ['no such stage any more', (rows: readonly Row[]) => rows.filter((row) => row['ApiName'] !== 'Prospecting')],
  ])('[R8] waits still when the org has %s: nobody answered', async (_what, now) => {
    const { admin, desk } = administered()
    const ref = await waiting(desk)
    expect(desk.org.read('Opportunity', ref.id)).toMatchObject({ StageName: 'Prospecting' })
    admin.now = now
    desk.hand.advance(later)
    expect(await statusOf(desk, ref)).toBe('New/Received')
  })
  it('[R8] is remembered beyond a restart', async () => {
    const memory: string[] = []
    await waiting(administered(memory).desk)
    expect(memory).toEqual(['Prospecting'])
    const { admin, desk } = administered(memory)
    admin.now = (rows) => [stage('Lead In'), ...rows]
    expect(await statusOf(desk, refOf(desk.org.people.create('Opportunity', { ...opportunity, StageName: 'Prospecting' })))).toBe('New/Received')
    expect(memory).toEqual(['Prospecting'])
  })
  it('[R8] is known again under a new name before anything is concluded from it', async () => {
    const { admin, desk } = administered()
    const ref = await waiting(desk)
    desk.hand.advance(5_000)
    const { cursor } = await desk.feed(null)
    const renamed = (name: unknown): unknown => (name === 'Prospecting' ? 'Discovery' : name)
    admin.shown = renamed
    admin.now = (rows) => rows.map((row) => ({ ...row, ApiName: renamed(row['ApiName']) }))
    desk.org.people.edit('Opportunity', ref.id, { NextStep: 'Renamed' })
    desk.hand.advance(5_000)
    const { records } = await desk.feed(cursor)
    expect(records.find((record) => record.ref.id === ref.id)).toMatchObject({ reading: null })
    admin.outage = true
    expect(await desk.read(ref)).toMatchObject({ kind: 'unreachable' })
    admin.outage = false
    expect(await statusOf(desk, ref)).toBe('New/Received')
  })
})

describe('the stage that a mapping names for deals that wait, where the org has it no more', () => {
  it('[R8] makes no answer of whatever open stage a record shows: it may be its new name', async () => {
    const paused = (row: Row): Row => ({ ...row, ...('ApiName' in row ? { ApiName: 'Paused' } : { StageName: 'Paused' }) })
    const isHeld = (row: Row): boolean => row['ApiName'] === 'On Hold' || row['StageName'] === 'On Hold'
    const renamed = answering(/FROM Opportunity(?:Stage)? WHERE/, eachRow((row) => [isHeld(row) ? paused(row) : row]))
    const mapping = { ...EMPTY_MAPPING, stages: { 'New/*': { StageName: 'On Hold' } } }
    const shown = async (desk: SalesforceDesk) => desk.present(refOf(desk.org.people.create('Opportunity', { ...opportunity, StageName: 'On Hold' })))
    expect(await shown(salesforceDesk({ mapping }))).not.toHaveProperty('unanswered')
    expect(await shown(salesforceDesk({ mapping, between: renamed }))).toMatchObject({
      deal: { status: 'Active/Accepted' },
      unanswered: expect.stringContaining('"On Hold"') as string,
    })
    // Where nobody named one, the org's own is taken, and other open stages are answers.
    expect(await shown(salesforceDesk({ between: renamed }))).not.toHaveProperty('unanswered')
  })
})

describe('the lead statuses of another org', () => {
  const named = (names: Readonly<Record<string, string>>): SalesforceDesk =>
    salesforceDesk({
      between: answering(
        /FROM LeadStatus/,
        eachRow((row) => {
          const name = names[String(row['ApiName'])]
          return name === undefined ? [] : [{ ...row, ApiName: name, MasterLabel: name }]
        }),
      ),
    })
  const endOf = async (desk: SalesforceDesk): Promise<string> => {
    const checks = await desk.run(desk.adapter.checks({ signal }))
    return checks.find(({ name }) => name === 'CRM lead stages')?.detail ?? ''
  }
  it('[R8] none of which says that it is an end: a status that leads are worked in declines no referral, and a person is asked', async () => {
    const desk = named({ 'Open - Not Contacted': 'New', 'Working - Contacted': 'Nurturing', 'Closed - Converted': 'Qualified' })
    expect(await endOf(desk)).toContain('Closed/*: the CRM has no status')
    const closed = desk.create({ ...euroDeal, status: 'Closed/Declined', 'customerProfile.team': [person('eva@fabrikam.example')] }, { as: 'lead' })
    await expect(closed).rejects.toMatchObject({ kind: 'misconfigured', remedy: expect.stringContaining('"leadStages"') as string })
  })
  it('one that says so is the end', async () => {
    const desk = named({ 'Open - Not Contacted': 'New', 'Closed - Not Converted': 'Unqualified', 'Working - Contacted': 'Nurturing', 'Closed - Converted': 'Qualified' })
    expect(await endOf(desk)).toContain('Closed/* is "Unqualified"')
  })
})

describe('the contact of a deal', () => {
  it('is the one that came last, also where the org leaves two of them primary', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create({ ...euroDeal, 'customerProfile.team': [person('eva@fabrikam.example')] })
    const emails = async () => (await desk.present(ref)).deal['customerProfile.team']?.map(({ email }) => email)
    desk.hand.advance(5_000)
    await desk.patch(ref, { 'customerProfile.team': [person('noa@fabrikam.example')] })
    expect(await emails()).toEqual(['noa@fabrikam.example'])
    expect(desk.org.find('OpportunityContactRole', { OpportunityId: ref.id })).toHaveLength(2)
  })
})

describe('an installation', () => {
  it('in an org that does not tell who has a permission set gives it all the same, and again it harms nobody', async () => {
    const refusal = Buffer.from('[{"errorCode":"INVALID_TYPE","message":"sObject type is not supported"}]')
    const desk = salesforceDesk({
      installed: 'none',
      between: (transport) => (request) =>
        /FROM%20PermissionSetAssignment/.test(request.url) ? Promise.resolve({ status: 400, headers: {}, body: refusal }) : transport(request),
    })
    const api = new SalesforceApi({ url: origin, send: desk.send, session: desk.session, clock: desk.clock })
    const installer = salesforceInstaller({ api, clock: desk.clock })
    const apply = () => desk.run(installer.apply({ existing: 'leave', onProgress: () => undefined, signal }))
    const first = await apply()
    expect(first.items.filter(({ state }) => state === 'missing')).toEqual([])
    expect(first.done).toContain("assigned Co-sell Connector Sync to the connector's user")
    expect((await apply()).done).toEqual([])
  })
})

describe('a session that ends while a call of many parts is worked', () => {
  const ended = [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }]
  const refusedPart = (part: Row): Row => ({ ...part, httpStatusCode: 401, body: ended })
  const once = (matching: RegExp, change: (body: Row) => Row) => {
    let left = 1
    return answering(matching, (body) => ((left -= 1) < 0 ? body : change(body)))
  }
  it('is renewed once, and the parts are sent again: nothing of them was done', async () => {
    const between = once(/composite$/, (body) => ({ compositeResponse: rowsOf(body, 'compositeResponse').map(refusedPart) }))
    const desk = salesforceDesk({ between })
    const id = desk.org.people.create('Opportunity', opportunity)
    await desk.patch(refOf(id), { 'details.notes': 'Told once' })
    expect(desk.org.read('Opportunity', id)).toMatchObject({ Description: 'Told once' })
    expect(desk.org.sessions.count()).toBe(2)
  })
  it('costs of many new deals only those that it refused a second call', async () => {
    const between = once(/composite\/graph$/, (body) => {
      const [first = {}, ...others] = rowsOf(body, 'graphs')
      const answer = isRow(first['graphResponse']) ? first['graphResponse'] : {}
      const refused = { compositeResponse: rowsOf(answer, 'compositeResponse').map(refusedPart) }
      return { graphs: [{ ...first, isSuccessful: false, graphResponse: refused }, ...others] }
    })
    const desk = salesforceDesk({ between })
    const changes = [1, 2, 3].map(
      (index): CreateChange => ({ kind: 'create', side: 'crm', as: 'opportunity', marker: `ref-${index}`, deal: { ...euroDeal, name: `Deal ${index}` }, stamp: {} }),
    )
    const receipts = await desk.run(desk.adapter.writeMany(changes, { signal }))
    expect(receipts.filter((receipt) => receipt instanceof Error)).toEqual([])
    expect(desk.calls.filter((call) => call.includes('composite/graph'))).toHaveLength(2)
  })
})

describe('a record id', () => {
  test.each([
    ['0065g00000QrStU', '0065g00000QrStUAAV'],
    ['0065g00000QrStUAAV', '0065g00000QrStUAAV'],
    ['0065g00000qrstuaav', '0065g00000QrStUAAV'],
    // The org's own word: corrected, it would name nobody.
    ['0065g00000QrStUAAA', '0065g00000QrStUAAA'],
    // Capitals where there are digits.
    ['006000000000001zzz', null],
    ['7f0c2a51-0000', null],
  ])('%s is %s', (given, expected) => {
    expect(asRecordId(given)).toBe(expected)
  })
})
