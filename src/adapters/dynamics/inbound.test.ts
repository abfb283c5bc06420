import { describe, expect, test } from 'vitest'
import { dynamicsInbound } from './inbound.js'

const key = 'a-long-random-secret'
const inbound = dynamicsInbound({ key, solutionTable: () => 'cosell_microsoftsolution' })
const opportunity = '7a1c0e52-3b44-ef11-a316-000d3a4b1101'
const operation = '41ad9f60-8f47-f111-bfe3-00224802d001'
const step = '90d2f1aa-8e47-f111-bfe3-00224802d001'
const zero = '00000000-0000-0000-0000-000000000000'

const event = (more: object): object => ({
  MessageName: 'Update',
  PrimaryEntityName: 'opportunity',
  PrimaryEntityId: opportunity,
  OperationId: operation,
  OwningExtension: { Id: step, LogicalName: 'sdkmessageprocessingstep' },
  InputParameters: [],
  OutputParameters: [],
  ...more,
})
const receive = (body: unknown, options: { url?: string; headers?: Record<string, string> } = {}) =>
  inbound.receive({
    headers: options.headers ?? { 'x-cosell-key': key },
    url: options.url ?? '/hooks/dynamics',
    body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  })
const hintsOf = async (body: unknown): Promise<string[]> => {
  const answer = await receive(body)
  if (answer.kind !== 'accepted') throw new Error(answer.detail)
  return answer.events.flatMap(({ hints }) => hints.map(({ ref }) => `${ref.kind} ${ref.id}`))
}
const reference = (logicalName: string, id: string): object => ({ __type: 'EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts', Id: id, LogicalName: logicalName, KeyAttributes: [] })
const entity = (logicalName: string, id: string, attributes: Record<string, unknown>): object => ({
  LogicalName: logicalName,
  Id: id,
  Attributes: Object.entries(attributes).map(([name, value]) => ({ key: name, value })),
})

describe('an event of Dynamics 365', () => {
  test.each([
    ['header', { headers: { 'x-cosell-key': key } }],
    ['query', { headers: {}, url: `/hooks/dynamics?code=${key}` }],
    ['last part of the path', { headers: {}, url: `/hooks/dynamics/${key}` }],
  ])('is accepted with the key as %s', async (_, options) => {
    expect((await receive(event({}), options)).kind).toBe('accepted')
  })

  test.each([
    ['no key', { headers: {} }],
    ['a wrong key', { headers: { 'x-cosell-key': `${key}x` } }],
    ['an empty key', { headers: { 'x-cosell-key': '' } }],
  ])('is refused with %s, before the body is looked at', async (_, options) => {
    expect(await receive('not even JSON', options)).toMatchObject({ kind: 'refused', status: 401 })
  })

  test('is refused when no key is configured, whatever is sent', async () => {
    const open = dynamicsInbound({ key: null, solutionTable: () => null })
    expect(await open.receive({ headers: { 'x-cosell-key': '' }, url: '/', body: Buffer.from('{}') })).toMatchObject({ kind: 'refused', status: 401 })
  })

  test('says which record to look at, and by what a repeat is told', async () => {
    const answer = await receive(event({}))
    expect(answer).toEqual({
      kind: 'accepted',
      events: [{ eventKey: `${operation}:${step}`, name: 'opportunity Update', hints: [{ ref: { side: 'crm', kind: 'opportunity', id: opportunity }, engagementId: null, wide: false }] }],
      reply: null,
    })
  })

  test('names a record in upper case or braces by its canonical id', async () => {
    expect(await hintsOf(event({ PrimaryEntityName: 'Lead', PrimaryEntityId: `{${opportunity.toUpperCase()}}` }))).toEqual([`lead ${opportunity}`])
  })

  test('of a won opportunity names it inside the closing row', async () => {
    const close = entity('opportunityclose', zero, { opportunityid: reference('opportunity', opportunity) })
    const body = event({ MessageName: 'WinOpportunity', PrimaryEntityId: zero, InputParameters: [{ key: 'OpportunityClose', value: close }, { key: 'Status', value: { Value: 3 } }] })
    expect(await hintsOf(body)).toEqual([`opportunity ${opportunity}`])
  })

  test('of a new solution row names the row and its opportunity', async () => {
    const row = '11111111-2222-4333-8444-555555555555'
    const target = entity('cosell_microsoftsolution', row, { cosell_opportunityid: reference('opportunity', opportunity), cosell_name: 'x' })
    const body = event({ MessageName: 'Create', PrimaryEntityName: 'cosell_microsoftsolution', PrimaryEntityId: row, InputParameters: [{ key: 'Target', value: target }] })
    expect(await hintsOf(body)).toEqual([`solution ${row}`, `opportunity ${opportunity}`])
  })

  test('of an opportunity does not name its account: that has events of its own', async () => {
    const target = entity('opportunity', opportunity, { parentaccountid: reference('account', operation) })
    expect(await hintsOf(event({ InputParameters: [{ key: 'Target', value: target }] }))).toEqual([`opportunity ${opportunity}`])
  })

  test('of a qualified lead names the lead and what was made of it', async () => {
    const lead = '99999999-2222-4333-8444-555555555555'
    const body = event({
      MessageName: 'QualifyLead',
      PrimaryEntityName: 'lead',
      PrimaryEntityId: zero,
      InputParameters: [{ key: 'LeadId', value: reference('lead', lead) }],
      OutputParameters: [{ key: 'CreatedEntities', value: [reference('opportunity', opportunity)] }],
    })
    expect(await hintsOf(body)).toEqual([`lead ${lead}`, `opportunity ${opportunity}`])
  })

  test('of a table that does not concern us is accepted and leads nowhere', async () => {
    expect(await hintsOf(event({ PrimaryEntityName: 'task' }))).toEqual([])
  })

  test('that was cut off in the middle still names its record', async () => {
    const cut = JSON.stringify(event({ PrimaryEntityId: opportunity })).slice(0, -40)
    const answer = await receive(cut, { headers: { 'x-cosell-key': key, 'x-ms-dynamics-entity-name': 'opportunity', 'x-ms-dynamics-request-name': 'Update', 'x-ms-dynamics-msg-size-exceeded': 'true' } })
    expect(answer).toMatchObject({ kind: 'accepted', events: [{ eventKey: null, hints: [{ ref: { id: opportunity } }] }] })
  })

  test('whose body leaves out what it is about is known by its headers', async () => {
    const { PrimaryEntityName: _name, MessageName: _message, ...rest } = event({}) as Record<string, unknown>
    const answer = await receive(rest, { headers: { 'x-cosell-key': key, 'x-ms-dynamics-entity-name': 'opportunity', 'x-ms-dynamics-request-name': 'Update' } })
    expect(answer).toMatchObject({ kind: 'accepted', events: [{ hints: [{ ref: { kind: 'opportunity', id: opportunity } }] }] })
  })

  test('without the large members is still an event', async () => {
    const { InputParameters: _in, OutputParameters: _out, ...rest } = event({}) as Record<string, unknown>
    expect(await hintsOf(rest)).toEqual([`opportunity ${opportunity}`])
  })

  test.each(['', '[]', 'null', '{"a":1}', '{"PrimaryEntityName":5,"MessageName":{}}', '{"__proto__":{"MessageName":"x"}}'])('that is no event (%s) is refused as malformed', async (body) => {
    expect(await receive(body)).toMatchObject({ kind: 'refused', status: 400 })
  })

  test('larger than one MiB is refused', async () => {
    expect(await receive(Buffer.alloc(1_048_577, 32))).toMatchObject({ kind: 'refused', status: 413 })
  })

  test('with deep nesting does no harm', async () => {
    let nested: unknown = reference('opportunity', operation)
    for (let depth = 0; depth < 500; depth++) nested = { Attributes: [{ key: 'x', value: nested }] }
    expect(await hintsOf(event({ InputParameters: [{ key: 'Target', value: nested }] }))).toEqual([`opportunity ${opportunity}`])
  })
})
