import { describe, expect, test } from 'vitest'
import { hook, listening } from './test-kit-events.js'
import { standardApplicationId, userId, type DataverseGiven } from './index.js'
import { valuesOf, type JsonObject } from './test-kit.js'

const attributes = (body: JsonObject, key = 'Target'): Record<string, unknown> => {
  const inputs = body['InputParameters'] as { key: string; value: { Attributes: { key: string; value: unknown }[] } }[] // the shape under test
  return Object.fromEntries(inputs.find((input) => input.key === key)?.value.Attributes.map((item) => [item.key, item.value]) ?? [])
}

describe('deliveries', () => {
  test('an update arrives with the documented headers and body', async () => {
    const made = await listening(['Update'])
    const id = made.simulator.people.opportunity({ estimatedvalue: 1 })
    made.simulator.people.edit('opportunity', id, { estimatedvalue: 192_500, statuscode: 2 }, { as: 'ravi@fabrikam.example' })
    await made.settle()
    expect(made.delivered).toHaveLength(1)
    const [{ url, headers, body, text } = { url: '', headers: {}, body: {}, text: '' }] = made.delivered
    expect(url).toBe(hook)
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-xco-secret': 'k3J',
      'x-ms-dynamics-organization': 'contoso.crm.dynamics.example',
      'x-ms-dynamics-entity-name': 'opportunity',
      'x-ms-dynamics-request-name': 'Update',
    })
    expect(body).toMatchObject({
      MessageName: 'Update',
      PrimaryEntityName: 'opportunity',
      PrimaryEntityId: id,
      SecondaryEntityName: 'none',
      Stage: 40,
      Mode: 1,
      Depth: 1,
      InitiatingUserId: userId('ravi@fabrikam.example'),
      UserId: userId('ravi@fabrikam.example'),
      OperationCreatedOn: `/Date(${Date.parse('2026-05-04T09:15:30Z')}+0000)/`,
      OwningExtension: { Id: made.steps[0], LogicalName: 'sdkmessageprocessingstep' },
      PreEntityImages: [],
      PostEntityImages: [{ key: 'AsynchronousStepPrimaryName' }],
    })
    expect(attributes(body)).toMatchObject({
      estimatedvalue: { __type: 'Money:http://schemas.microsoft.com/xrm/2011/Contracts', Value: 192_500 },
      statuscode: { __type: 'OptionSetValue:http://schemas.microsoft.com/xrm/2011/Contracts', Value: 2 },
      opportunityid: id,
      modifiedon: `/Date(${Date.parse('2026-05-04T09:15:30Z')})/`,
      modifiedby: { Id: userId('ravi@fabrikam.example'), LogicalName: 'systemuser' },
      modifiedonbehalfby: null,
    })
    const parent = body['ParentContext'] as JsonObject // the shape under test
    expect(parent['Stage']).toBe(30)
    expect(Object.keys(attributes(parent)).sort()).toEqual(['estimatedvalue', 'statuscode'])
    expect(text).toContain('\\/Date(')
  })

  test('create, delete, win, lose and qualify carry what belongs to them', async () => {
    const made = await listening(['Create', 'Delete', 'WinOpportunity', 'LoseOpportunity'])
    const id = made.simulator.people.opportunity({ name: 'A', estimatedclosedate: '2026-09-30' })
    made.simulator.people.win(id, { actualRevenue: 9 })
    made.simulator.people.reopen('opportunity', id)
    made.simulator.people.lose(id)
    made.simulator.people.delete('opportunity', id)
    await made.settle()
    expect(made.delivered.map(({ body }) => body['MessageName'])).toEqual(['Create', 'WinOpportunity', 'LoseOpportunity', 'Delete'])
    const [created, won, , deleted] = made.delivered.map(({ body }) => body)
    expect(attributes(created ?? {})).toMatchObject({
      name: 'A',
      estimatedclosedate: `/Date(${Date.parse('2026-09-30')})/`,
      statecode: { Value: 0 },
    })
    expect(created?.['OutputParameters']).toEqual([{ key: 'id', value: id }])
    expect(won).toMatchObject({ PrimaryEntityName: 'opportunity', PrimaryEntityId: '00000000-0000-0000-0000-000000000000' })
    expect(attributes(won ?? {}, 'OpportunityClose')).toMatchObject({
      opportunityid: { Id: id, LogicalName: 'opportunity' },
      actualrevenue: { Value: 9 },
    })
    expect(deleted).toMatchObject({
      PrimaryEntityId: id,
      PostEntityImages: [],
      InputParameters: [{ key: 'Target', value: { Id: id, LogicalName: 'opportunity' } }],
    })
  })

  test('winning raises Update as well, unless the environment is told otherwise', async () => {
    for (const [closeRaisesUpdate, expected] of [
      ['yes', ['Update', 'WinOpportunity']],
      ['no', ['WinOpportunity']],
    ] as const) {
      const made = await listening(['Update', 'WinOpportunity'], { options: { closeRaisesUpdate, closePrimaryEntityId: 'opportunity' } })
      const id = made.simulator.people.opportunity()
      made.simulator.people.win(id)
      await made.settle()
      expect(made.delivered.map(({ body }) => body['MessageName']).sort()).toEqual(expected)
      expect(made.delivered.every(({ body }) => body['PrimaryEntityId'] === id)).toBe(true)
    }
  })

  test('qualifying is told on the lead', async () => {
    const made = await listening(['QualifyLead'], { table: 'lead' })
    const lead = made.simulator.people.lead()
    const { opportunityId } = made.simulator.people.qualify(lead)
    await made.settle()
    expect(made.delivered[0]?.body).toMatchObject({ PrimaryEntityName: 'lead', PrimaryEntityId: lead })
    expect(made.delivered[0]?.text).toContain(String(opportunityId))
  })

  test('filtering looks at the columns sent, not at their values', async () => {
    const made = await listening(['Update'], { more: { filteringattributes: 'name,estimatedvalue' } })
    const id = made.simulator.people.opportunity({ name: 'A' })
    made.simulator.people.edit('opportunity', id, { description: 'x' })
    made.simulator.people.edit('opportunity', id, { name: 'A' })
    await made.settle()
    expect(made.delivered).toHaveLength(1)
  })

  test('a bulk call raises one event per row; a rolled back one raises none, also not with the next success', async () => {
    const made = await listening(['Create'])
    const target = { '@odata.type': 'Microsoft.Dynamics.CRM.opportunity', name: 'A' }
    const url = 'opportunities/Microsoft.Dynamics.CRM.CreateMultiple'
    await made.call('POST', url, { Targets: [target, { ...target, need: 99 }] })
    await made.call('POST', url, { Targets: [target, target] })
    await made.settle()
    expect(made.delivered).toHaveLength(2)
  })

  test('images carry the columns asked for, before and after', async () => {
    const made = await listening(['Update'])
    const image = (imagetype: number, alias: string): Promise<unknown> =>
      made.call('POST', 'sdkmessageprocessingstepimages', {
        name: alias,
        entityalias: alias,
        imagetype,
        messagepropertyname: 'Target',
        attributes: 'name,statecode',
        'sdkmessageprocessingstepid@odata.bind': `/sdkmessageprocessingsteps(${made.steps[0] ?? ''})`,
      })
    await image(0, 'pre')
    await image(1, 'post')
    const id = made.simulator.people.opportunity({ name: 'old' })
    made.simulator.people.edit('opportunity', id, { name: 'new' })
    await made.settle()
    const names = (key: string): unknown[] => {
      const images = made.delivered[0]?.body[key] as { key: string; value: { Attributes: { key: string; value: unknown }[] } }[] // the shape under test
      return images
        .filter((item) => item.key === 'pre' || item.key === 'post')
        .map((item) => item.value.Attributes.find((held) => held.key === 'name')?.value)
    }
    expect([names('PreEntityImages'), names('PostEntityImages')]).toEqual([['old'], ['new']])
  })

  test('the tag of a writer shows up, and bypassed steps stay silent', async () => {
    const made = await listening(['Update'])
    const id = made.simulator.people.opportunity()
    await made.call('PATCH', `opportunities(${id})?tag=xco-7`, { name: 'tagged' })
    await made.call('PATCH', `opportunities(${id})`, { name: 'b' }, { 'mscrm.bypassbusinesslogicexecutionstepids': made.steps[0] ?? '' })
    await made.call('PATCH', `opportunities(${id})`, { name: 'c' }, { 'mscrm.bypassbusinesslogicexecution': 'CustomSync,CustomAsync' })
    await made.call('PATCH', `opportunities(${id})`, { name: 'd' }, { 'mscrm.bypassbusinesslogicexecution': 'CustomSync' })
    await made.call('PATCH', `opportunities(${id})`, { name: 'e' }, { 'mscrm.bypassbusinesslogicexecutionstepids': id })
    await made.settle()
    expect(made.delivered.map(({ body }) => attributes(body)['name'])).toEqual(['tagged', 'd', 'e'])
    expect(made.delivered[0]?.body['SharedVariables']).toContainEqual({ key: 'tag', value: 'xco-7' })
    expect(made.delivered[0]?.body['InitiatingUserId']).toBe(made.simulator.applicationUser(standardApplicationId))
  })

  test('a body above the limit loses its four large members', async () => {
    const made = await listening(['Update'], { options: { eventSizeMax: 2_000 } })
    const id = made.simulator.people.opportunity()
    made.simulator.people.edit('opportunity', id, { description: 'x'.repeat(2_000) })
    await made.settle()
    expect(made.delivered[0]?.headers['x-ms-dynamics-msg-size-exceeded']).toBe('true')
    expect(Object.keys(made.delivered[0]?.body ?? {})).not.toContain('InputParameters')
    expect(made.delivered[0]?.body).toMatchObject({ PrimaryEntityId: id, MessageName: 'Update' })
  })

  test('dates, slashes and the place of the tag come in every form that was seen', async () => {
    const forms = { plain: '/Date(', 'with-offset': '+0000)/', boxed: 'DateTime:#System', iso: '2026-05-04T09:15:30Z' } as const
    for (const eventDates of ['plain', 'with-offset', 'boxed', 'iso'] as const) {
      const made = await listening(['Update'], {
        options: { eventDates, eventSlashes: 'bare', eventTag: 'parent-context', eventRequestId: 'absent' },
      })
      const id = made.simulator.people.opportunity()
      await made.call('PATCH', `opportunities(${id})?tag=t`, { name: 'x' })
      await made.settle()
      expect(JSON.stringify(attributes(made.delivered[0]?.body ?? {})['modifiedon'])).toContain(forms[eventDates])
      expect(JSON.stringify(made.delivered[0]?.body['SharedVariables'])).not.toContain('tag')
      expect(JSON.stringify(made.delivered[0]?.body['ParentContext'])).toContain('"tag"')
      expect(made.delivered[0]?.headers['x-request-id']).toBeUndefined()
      expect(made.delivered[0]?.text).not.toContain('\\/')
    }
  })
})

describe('failing receivers', () => {
  test.each([
    [503, 2, '0x80050201'],
    [500, 1, '0x80050201'],
    [404, 1, '0x80050201'],
  ])('an answer of %i leads to %i attempts and a failed system job', async (status, attempts, code) => {
    const made = await listening(['Update'])
    made.receiver = () => status
    const id = made.simulator.people.opportunity()
    made.simulator.people.edit('opportunity', id, { name: 'x' })
    await made.settle()
    expect(made.delivered).toHaveLength(attempts)
    const url = `asyncoperations?$select=statuscode,message,errorcode&$filter=statuscode eq 31 and _owningextensionid_value eq ${made.steps[0] ?? ''}`
    const jobs = valuesOf(await made.call('GET', url))
    expect(jobs).toMatchObject([{ statuscode: 31, errorcode: Number.parseInt(code, 16) | 0 }])
    expect(made.simulator.events.pending()).toBe(0)
  })

  test('a receiver that is back for the second attempt hears the event', async () => {
    const made = await listening(['Update'])
    made.receiver = () => (made.delivered.length === 1 ? 502 : 204)
    const id = made.simulator.people.opportunity()
    made.simulator.people.edit('opportunity', id, { name: 'x' })
    await made.settle()
    expect(made.simulator.events.list().map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 502],
      [2, 204],
    ])
    expect(made.simulator.size('asyncoperation')).toBe(0)
  })

  test('a timeout and a lost connection have their own codes, and a failed job can be run again', async () => {
    const made = await listening(['Update'])
    made.receiver = () => {
      throw Object.assign(new Error('too slow'), { name: 'TimeoutError' })
    }
    const id = made.simulator.people.opportunity()
    made.simulator.people.edit('opportunity', id, { name: 'x' })
    await made.settle()
    const [job] = made.simulator.find('asyncoperation')
    expect(job?.['errorcode']).toBe(Number.parseInt('0x80050202', 16) | 0)
    made.receiver = () => 200
    expect(
      (await made.call('PATCH', `asyncoperations(${String(job?.['asyncoperationid'])})`, { statecode: 0, statuscode: 0 })).status,
    ).toBe(204)
    expect((await made.call('PATCH', `asyncoperations(${String(job?.['asyncoperationid'])})`, { message: 'x' })).status).toBe(400)
    await made.settle()
    expect(made.simulator.events.list().map(({ status }) => status)).toEqual([null, 200])
  })

  test('events get lost, come twice and overtake each other as often as asked', async () => {
    const run = async (options: NonNullable<DataverseGiven['options']>): Promise<unknown[]> => {
      const made = await listening(['Update'], { options })
      const id = made.simulator.people.opportunity()
      for (let number = 0; number < 10; number++) made.simulator.people.edit('opportunity', id, { closeprobability: number })
      await made.settle()
      return made.delivered.map(({ body }) => attributes(body)['closeprobability'])
    }
    const order = Array.from({ length: 10 }, (_, number) => number)
    expect(await run({})).toEqual(order)
    expect(await run({ eventLossRate: 1 })).toEqual([])
    expect(await run({ eventDuplicateRate: 1 })).toEqual(order.flatMap((number) => [number, number]))
    const mixed = await run({ eventJitterMs: 5_000 })
    expect(mixed).not.toEqual(order)
    expect([...mixed].sort()).toEqual(order)
  })
})
