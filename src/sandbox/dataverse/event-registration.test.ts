import { describe, expect, test } from 'vitest'
import { endpoint, hook, listening, step } from './test-kit-events.js'
import { kit, valuesOf } from './test-kit.js'

describe('registering', () => {
  test.each([
    ['an http URL', { url: 'http://cosell.fabrikam.example/x' }],
    ['no authvalue', { authvalue: null }],
    ['settings that are no XML', { authvalue: '<settings>' }],
    ['a setting without a value', { authvalue: '<settings><setting name="x"/></settings>' }],
    ['a header name with a blank', { authvalue: '<settings><setting name="x y" value="1"/></settings>' }],
    ['an authtype of buses', { authtype: 2 }],
  ])('an endpoint with %s is refused', async (_, more) => {
    const made = kit()
    expect(await endpoint(made, more)).toMatch(/^0x/)
  })

  test('the secret is never read back', async () => {
    const made = kit()
    const id = await endpoint(made)
    expect((await made.call('GET', `serviceendpoints(${id})`)).text).not.toContain('k3J')
    expect((await made.call('GET', `serviceendpoints(${id})?$select=isauthvalueset`)).json['isauthvalueset']).toBe(true)
    expect((await made.call('GET', `serviceendpoints(${id})?$select=authvalue`)).status).toBe(400)
  })

  test('keys and query strings join the URL', async () => {
    for (const [authtype, authvalue, expected] of [
      [4, 'k 1', `${hook}?code=k%201`],
      [6, '<settings><setting name="s" value="1"/></settings>', `${hook}?s=1`],
    ] as const) {
      const made = kit()
      await step(made, await endpoint(made, { authtype, authvalue }), { message: 'Create', table: 'lead', more: {} })
      made.simulator.people.lead()
      await made.settle()
      expect(made.delivered[0]?.url).toBe(expected)
    }
  })

  test.each([
    ['another stage than post-operation', { stage: 20 }],
    ['synchronous mode', { mode: 0 }],
    ['a filtering attribute that does not exist', { filteringattributes: 'foo' }],
    ['a configuration', { configuration: 'x' }],
    ['rank zero', { rank: 0 }],
    ['no handler', { 'eventhandler_serviceendpoint@odata.bind': undefined }],
  ])('a step with %s is refused', async (_, more) => {
    const made = kit()
    const id = await step(made, await endpoint(made), { message: 'Update', table: 'opportunity', more })
    expect(id).not.toMatch(/^[0-9a-f-]{36}$/)
  })

  test('pre-images of Create and post-images of Delete do not exist', async () => {
    const made = await listening(['Create', 'Delete'])
    const image = async (stepId: string | undefined, imagetype: number, messagepropertyname: string): Promise<number> =>
      (
        await made.call('POST', 'sdkmessageprocessingstepimages', {
          name: 'i',
          entityalias: 'i',
          imagetype,
          messagepropertyname,
          'sdkmessageprocessingstepid@odata.bind': `/sdkmessageprocessingsteps(${stepId ?? ''})`,
        })
      ).status
    expect(await image(made.steps[0], 0, 'id')).toBe(400)
    expect(await image(made.steps[0], 1, 'Target')).toBe(400)
    expect(await image(made.steps[1], 1, 'Target')).toBe(400)
    expect(await image(made.steps[1], 0, 'Target')).toBe(204)
  })

  test('a disabled step is silent; an endpoint goes only after its steps', async () => {
    const made = await listening(['Update'])
    const id = made.simulator.people.opportunity()
    const url = `sdkmessageprocessingsteps(${made.steps[0] ?? ''})`
    await made.call('PATCH', url, { statecode: 1, statuscode: 2 })
    made.simulator.people.edit('opportunity', id, { name: 'x' })
    await made.settle()
    expect(made.delivered).toEqual([])
    const endpointId = String(made.simulator.find('serviceendpoint')[0]?.['serviceendpointid'])
    const steps = await made.call('GET', `serviceendpoints(${endpointId})/serviceendpoint_sdkmessageprocessingstep?$select=name,statecode`)
    expect(valuesOf(steps)).toMatchObject([{ statecode: 1 }])
    expect((await made.call('DELETE', `serviceendpoints(${endpointId})`)).status).toBe(405)
    expect((await made.call('DELETE', url)).status).toBe(204)
    expect((await made.call('DELETE', `serviceendpoints(${endpointId})`)).status).toBe(204)
  })

  test('Upsert is no message to subscribe to', async () => {
    const url = "sdkmessagefilters?$filter=primaryobjecttypecode eq 'opportunity' and sdkmessageid/name eq 'Upsert'"
    expect(valuesOf(await kit().call('GET', url))).toEqual([])
  })
})
