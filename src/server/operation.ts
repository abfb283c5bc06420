import { z } from 'zod'
import type { Administration, NoticeView, Upkeep } from '../engine/administration.js'
import type { Service } from '../engine/views.js'

export type Role = 'viewer' | 'operator' | 'admin'

/** What the server offers: the deals, and the installation itself. */
export interface Offered extends Service {
  readonly administration: Administration
  readonly upkeep: Upkeep
  notices(): Promise<NoticeView[]>
}

/** One thing that people and scripts can do over HTTP. The server's routes, the CLI's client and the OpenAPI page come from this one table. */
export interface Operation {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Under `/api/v1`; `:name` is a path parameter. */
  readonly path: string
  readonly role: Role
  readonly summary: string
  /** Everything the operation takes: path parameters, query (GET) or body members. */
  readonly input: z.ZodObject
  readonly run: (
    service: Offered,
    input: Record<string, unknown>,
    call: { readonly by: string; readonly signal: AbortSignal },
  ) => Promise<unknown>
}

export const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
export const limit = z.coerce.number().int().min(1).max(1_000).default(100)
const named = 'A deal is named by its id, its referral id or its CRM id, in 1 to 200 characters.'
export const deal = z.string().min(1, named).max(200, named).describe("The deal's id, its referral id or its CRM id.")
export const take = z.enum(['accept', 'decline', 'win', 'lose', 'share'])
export const intention = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('order'), take, reason: z.string().max(500).nullable().default(null) }),
  z.strictObject({ kind: z.literal('resolve'), field: z.string().max(200), keep: z.enum(['partner', 'crm']) }),
  z.strictObject({ kind: z.literal('sync') }),
  z.strictObject({ kind: z.literal('link'), referral: z.string().min(1).max(200), crm: z.string().min(1).max(200) }),
])
const version = z.string().max(1_000).nullable()
/** A plan as it was written, as far as it is used: every change is planned again and compared before it is done. */
export const plan = z.looseObject({
  version: z.literal(1),
  items: z
    .array(
      z.looseObject({
        deal: z.string().max(200).nullable(),
        changes: z.array(z.looseObject({ change: z.looseObject({ kind: z.enum(['create', 'patch', 'step']), stamp: z.looseObject({}) }) })).max(100),
        saw: z.looseObject({ partner: version, crm: version }),
      }),
    )
    .max(200_000),
})
export const after = z.string().max(200).nullish()
/** A mapping document as YAML; null: the one in force. */
export const draft = z.string().max(1_000_000).nullable().default(null)

export function operation<Shape extends z.ZodRawShape>(given: {
  readonly name: string
  readonly method: Operation['method']
  readonly path: string
  readonly role: Role
  readonly summary: string
  readonly input: Shape
  readonly run: (
    service: Offered,
    input: z.output<z.ZodObject<Shape>>,
    call: { readonly by: string; readonly signal: AbortSignal },
  ) => Promise<unknown>
}): Operation {
  const input = z.strictObject(given.input)
  return { ...given, input, run: (service, raw, call) => given.run(service, input.parse(raw), call) } // parsed by the very schema that types it
}

/** Leaves out what was not given, so that "absent" and "undefined" stay one thing. */
export function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never // the same object without its undefined members
}
