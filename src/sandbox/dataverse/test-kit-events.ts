import type { DataverseGiven } from './index.js'
import { kit, publisher, valuesOf, type JsonObject, type Kit } from './test-kit.js'

/** An environment with a webhook registered, for the tests of events. */
export const hook = 'https://cosell.fabrikam.example/hooks/dataverse/3f6a'

interface Wish {
  readonly message: string
  readonly table: string
  readonly more: JsonObject
}

export async function endpoint(made: Kit, more: JsonObject = {}): Promise<string> {
  const created = await made.call(
    'POST',
    'serviceendpoints',
    {
      name: 'hook',
      url: hook,
      contract: 8,
      authtype: 5,
      authvalue: '<settings><setting name="x-xco-secret" value="k3J"/></settings>',
      connectionmode: 1,
      messageformat: 2,
      userclaim: 1,
      ...more,
    },
    { prefer: 'return=representation' },
  )
  return String(created.json['serviceendpointid'] ?? created.error.code)
}

export async function step(made: Kit, endpointId: string, wish: Wish): Promise<string> {
  const url = `sdkmessagefilters?$select=sdkmessagefilterid,_sdkmessageid_value&$filter=primaryobjecttypecode eq '${wish.table}' and sdkmessageid/name eq '${wish.message}'`
  const [filter] = valuesOf(await made.call('GET', url))
  const created = await made.call(
    'POST',
    'sdkmessageprocessingsteps',
    {
      name: `${wish.message} of ${wish.table}`,
      stage: 40,
      mode: 1,
      rank: 1,
      supporteddeployment: 0,
      asyncautodelete: true,
      'sdkmessageid@odata.bind': `/sdkmessages(${String(filter?.['_sdkmessageid_value'])})`,
      'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${String(filter?.['sdkmessagefilterid'])})`,
      'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpointId})`,
      ...wish.more,
    },
    { prefer: 'return=representation' },
  )
  return String(created.json['sdkmessageprocessingstepid'] ?? created.error.message)
}

export async function listening(
  messages: readonly string[],
  given: Partial<DataverseGiven> & { table?: string; more?: JsonObject } = {},
): Promise<Kit & { steps: string[] }> {
  const made = kit(given)
  await publisher(made)
  const endpointId = await endpoint(made)
  const steps: string[] = []
  for (const message of messages)
    steps.push(await step(made, endpointId, { message, table: given.table ?? 'opportunity', more: given.more ?? {} }))
  return Object.assign(made, { steps })
}
