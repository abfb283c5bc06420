import { handClock, type HandClock } from '../clock.js'
import type { SimResponse, SimSend } from '../http.js'
import { seededRng } from '../rng.js'
import { dataverse, standardApplicationId, type Dataverse, type DataverseGiven } from './index.js'

/** What the tests of this folder share: an environment on a hand-turned clock, and tokens that need no Entra ID. */
export const startMs = Date.parse('2026-05-04T09:15:30Z')
export const origin = 'https://contoso.crm.dynamics.example'

export type JsonObject = Record<string, unknown>

export interface Answered {
  readonly status: number
  readonly json: JsonObject
  readonly text: string
  readonly headers: SimResponse['headers']
  readonly drop: boolean
  /** Code and message of an error. */
  readonly error: { readonly code: string; readonly message: string }
}

export interface Delivered {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonObject
  readonly text: string
}

export interface Kit {
  readonly clock: HandClock
  readonly simulator: Dataverse
  readonly delivered: Delivered[]
  /** What the webhook's receiver answers; may throw. */
  receiver: (delivered: Delivered) => number
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
  /** Lets promises and due jobs of the clock run out. */
  settle(advanceMs?: number): Promise<void>
}

export function kit(given: Partial<DataverseGiven> = {}): Kit {
  const clock = handClock(startMs)
  const delivered: Delivered[] = []
  const send: SimSend = (url, { headers, body }) => {
    const text = body.toString()
    const item: Delivered = { url, headers, text, body: JSON.parse(text) as JsonObject } // the simulator writes objects
    delivered.push(item)
    try {
      return Promise.resolve({ status: made.receiver(item) })
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
  }
  const simulator = dataverse({
    clock,
    rng: seededRng(7),
    send,
    origin,
    verifyToken: (authorization, audience) => {
      if (audience !== origin) return { ok: false, reason: 'audience' }
      if (authorization === undefined || !authorization.startsWith('Bearer ')) return { ok: false, reason: 'missing' }
      return { ok: true, claims: { appid: authorization.slice('Bearer '.length), idtyp: 'app' } }
    },
    ...given,
  })
  const made: Kit = {
    clock,
    simulator,
    delivered,
    receiver: () => 200,
    call: (method, path, body, headers = {}) => request(simulator, { method, path, body, headers }),
    async settle(advanceMs = 60_000) {
      for (let round = 0; round < 20; round++) {
        clock.advance(advanceMs / 20)
        for (let turn = 0; turn < 5; turn++) await Promise.resolve()
      }
    },
  }
  return made
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly headers: Record<string, string>
}

export async function request(simulator: Dataverse, { method, path, body, headers }: Sent): Promise<Answered> {
  const short = path.replace(/^https?:\/\/[^/]+/, '').replace(/^\/api\/data\/v9\.2\//, '')
  const isText = typeof body === 'string'
  const answer = await simulator.handle({
    method,
    path: `/api/data/v9.2/${short}`,
    headers: {
      authorization: `Bearer ${standardApplicationId}`,
      ...(body === undefined || isText ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      ...headers,
    },
    body: Buffer.from(body === undefined ? '' : isText ? body : JSON.stringify(body)),
  })
  const text = answer.body.toString()
  const isJson = text.startsWith('{')
  const json = isJson ? (JSON.parse(text) as JsonObject) : {} // an object, as its first sign says
  const error = json['error'] as { code: string; message: string } | undefined // the shape is what tests look at
  return {
    status: answer.status,
    json,
    text,
    headers: answer.headers,
    drop: answer.drop === true,
    error: error ?? { code: '', message: '' },
  }
}

export const valuesOf = (answer: Answered): JsonObject[] => (answer.json['value'] ?? []) as JsonObject[] // lists hold objects

export const label = (text: string): JsonObject => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.Label',
  LocalizedLabels: [{ '@odata.type': 'Microsoft.Dynamics.CRM.LocalizedLabel', Label: text, LanguageCode: 1033 }],
})

export const textColumn = (schemaName: string, maxLength = 100, more: JsonObject = {}): JsonObject => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata',
  AttributeType: 'String',
  AttributeTypeName: { Value: 'StringType' },
  SchemaName: schemaName,
  MaxLength: maxLength,
  FormatName: { Value: 'Text' },
  RequiredLevel: { Value: 'None', CanBeChanged: true, ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings' },
  DisplayName: label(schemaName),
  ...more,
})

/** A publisher with the prefix `xco` and a solution of it. */
export async function publisher(made: Kit): Promise<void> {
  const created = await made.call(
    'POST',
    'publishers',
    { uniquename: 'xcopublisher', friendlyname: 'Xco', customizationprefix: 'xco', customizationoptionvalueprefix: 41250 },
    { prefer: 'return=representation' },
  )
  await made.call('POST', 'solutions', {
    uniquename: 'xcoConnector',
    friendlyname: 'Xco connector',
    version: '1.0.0.0',
    'publisherid@odata.bind': `/publishers(${String(created.json['publisherid'])})`,
  })
}
