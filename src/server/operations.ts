import { z } from 'zod'
import { LINK_STATES } from '../core/link.js'
import type { Administration, NoticeView } from '../engine/administration.js'
import type { PlanDocument, Service } from '../engine/views.js'

export type Role = 'viewer' | 'operator' | 'admin'

/** What the server offers: the deals, and the installation itself. */
export interface Offered extends Service {
  readonly administration: Administration
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

const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
const limit = z.coerce.number().int().min(1).max(1_000).default(100)
const deal = z.string().min(1).max(200).describe("The deal's id, its referral id or its CRM id.")
const take = z.enum(['accept', 'decline', 'win', 'lose', 'share'])
const intention = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('order'), take, reason: z.string().max(500).nullable().default(null) }),
  z.strictObject({ kind: z.literal('resolve'), field: z.string().max(200), keep: z.enum(['partner', 'crm']) }),
  z.strictObject({ kind: z.literal('sync') }),
])
const after = z.string().max(200).nullish()
/** A mapping document as YAML; null: the one in force. */
const draft = z.string().max(1_000_000).nullable().default(null)

function operation<Shape extends z.ZodRawShape>(given: {
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
function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never // the same object without its undefined members
}

export const OPERATIONS: readonly Operation[] = [
  operation({
    name: 'deals',
    method: 'GET',
    path: '/deals',
    role: 'viewer',
    summary: 'Lists deals.',
    input: {
      state: z.enum(LINK_STATES).optional(),
      kind: z.enum(['opportunity', 'lead']).optional(),
      reason: z.string().max(60).optional(),
      search: z.string().max(200).optional(),
      waitsFor: z.enum(['us', 'microsoft']).optional(),
      limit,
      after,
    },
    run: (service, input) => service.deals({ ...given(input), after: input.after ?? null }),
  }),
  operation({
    name: 'deal',
    method: 'GET',
    path: '/deals/:deal',
    role: 'viewer',
    summary: 'Shows one deal; with live=true both systems are read now.',
    input: { deal, live: flag.default(false) },
    run: (service, input) => service.deal(input.deal, { live: input.live }),
  }),
  operation({
    name: 'order',
    method: 'POST',
    path: '/deals/:deal/order',
    role: 'operator',
    summary: 'Accepts, declines, wins, loses or shares a deal.',
    input: { deal, take: z.enum(['accept', 'decline', 'win', 'lose', 'share']), reason: z.string().max(500).nullable().default(null) },
    run: (service, input, { by }) => service.order(input.deal, { take: input.take, reason: input.reason, by }),
  }),
  operation({
    name: 'hold',
    method: 'POST',
    path: '/deals/:deal/hold',
    role: 'operator',
    summary: 'Leaves a deal alone, or takes it up again.',
    input: { deal, on: z.boolean() },
    run: (service, input, { by }) => service.hold(input.deal, { on: input.on, by }),
  }),
  operation({
    name: 'link',
    method: 'POST',
    path: '/links',
    role: 'operator',
    summary: 'Connects a referral and a CRM record.',
    input: { referral: deal, crm: deal },
    run: (service, input, { by }) => service.link({ ...input, by }),
  }),
  operation({
    name: 'match',
    method: 'POST',
    path: '/links/match',
    role: 'operator',
    summary: 'Proposes pairs of unlinked referrals and opportunities with a score; writes nothing.',
    input: {},
    run: (service, _input, { signal }) => service.match(signal),
  }),
  operation({
    name: 'unlink',
    method: 'POST',
    path: '/deals/:deal/unlink',
    role: 'operator',
    summary: 'Ends the connection of two records.',
    input: { deal },
    run: (service, input, { by }) => service.unlink(input.deal, { by }),
  }),
  operation({
    name: 'conflicts',
    method: 'GET',
    path: '/conflicts',
    role: 'viewer',
    summary: "Lists what waits for a person's choice.",
    input: {},
    run: async (service) => ({ conflicts: await service.conflicts() }),
  }),
  operation({
    name: 'resolve',
    method: 'POST',
    path: '/deals/:deal/resolve',
    role: 'operator',
    summary: 'Decides a held field.',
    input: { deal, field: z.string().max(200), keep: z.enum(['partner', 'crm']) },
    run: (service, input, { by }) => service.resolve(input.deal, { field: input.field, keep: input.keep, by }),
  }),
  operation({
    name: 'runs',
    method: 'GET',
    path: '/runs',
    role: 'viewer',
    summary: 'Lists what was done, newest first.',
    input: { deal: deal.optional(), failedOnly: flag.default(false), limit, after },
    run: (service, input) => service.runs({ ...given(input), after: input.after ?? null }),
  }),
  operation({
    name: 'run',
    method: 'GET',
    path: '/runs/:id',
    role: 'viewer',
    summary: 'Shows one run with everything it did.',
    input: { id: deal },
    run: (service, input) => service.run(input.id),
  }),
  operation({
    name: 'retry',
    method: 'POST',
    path: '/retry',
    role: 'operator',
    summary: 'Works a deal again, or all that failed.',
    input: { deal: deal.optional(), all: z.literal(true).optional() },
    run: async (service, input, { by }) => ({
      retried: await service.retry(input.deal === undefined ? { all: true, by } : { deal: input.deal, by }),
    }),
  }),
  operation({
    name: 'sync',
    method: 'POST',
    path: '/sync',
    role: 'operator',
    summary: 'Sweeps both sides and works until nothing due is left.',
    input: { deals: z.array(deal).max(1_000).default([]), release: z.boolean().default(false) },
    run: (service, input, { by, signal }) => service.sync({ ...input, by, signal }),
  }),
  operation({
    name: 'plan',
    method: 'POST',
    path: '/plan',
    role: 'viewer',
    summary: 'Says what a sync would write; writes nothing.',
    input: { deals: z.array(deal).max(1_000).default([]) },
    run: (service, input, { signal }) => service.plan({ ...input, signal }),
  }),
  operation({
    name: 'apply',
    method: 'POST',
    path: '/apply',
    role: 'operator',
    summary: 'Carries out exactly the given plan.',
    input: { plan: z.looseObject({ version: z.literal(1), items: z.array(z.unknown()).max(200_000) }) },
    run: (service, input, { by, signal }) => service.apply(input.plan as unknown as PlanDocument, { by, signal }), // every change is planned again and compared before it is done
  }),
  operation({
    name: 'audit',
    method: 'GET',
    path: '/audit',
    role: 'viewer',
    summary: 'Reads the ledger, newest first.',
    input: { deal: deal.optional(), since: z.coerce.number().int().optional(), limit, after },
    run: (service, input) => service.audit({ ...given(input), after: input.after ?? null }),
  }),
  operation({
    name: 'verifyAudit',
    method: 'GET',
    path: '/audit/verification',
    role: 'viewer',
    summary: 'Proves that the ledger is unbroken.',
    input: {},
    run: (service) => service.verifyAudit(),
  }),
  operation({
    name: 'flows',
    method: 'GET',
    path: '/flows',
    role: 'viewer',
    summary: 'Shows the flow switches.',
    input: {},
    run: async (service) => ({ flows: await service.flows() }),
  }),
  operation({
    name: 'setFlow',
    method: 'PUT',
    path: '/flows/:flow',
    role: 'admin',
    summary: 'Sets a flow switch.',
    input: { flow: z.enum(['partnerToCrm', 'crmToPartner', 'all']), value: z.enum(['on', 'observe', 'off']) },
    run: async (service, input, { by }) => ({ flows: await service.setFlow(input.flow, input.value, by) }),
  }),
  operation({
    name: 'overview',
    method: 'GET',
    path: '/overview',
    role: 'viewer',
    summary: 'Is it on time, what needs a person, what is due.',
    input: {},
    run: (service) => service.overview(),
  }),
  operation({
    name: 'activity',
    method: 'GET',
    path: '/activity',
    role: 'viewer',
    summary: 'What was written in the last day, hour by hour, and how fast.',
    input: {},
    run: (service) => service.activity(),
  }),
  operation({
    name: 'issues',
    method: 'GET',
    path: '/issues',
    role: 'viewer',
    summary: 'What keeps deals from being in sync, by cause.',
    input: {},
    run: async (service) => ({ issues: await service.issues() }),
  }),
  operation({
    name: 'preview',
    method: 'POST',
    path: '/deals/:deal/preview',
    role: 'viewer',
    summary: 'Says what an order or a decision would write; writes nothing.',
    input: { deal, intention },
    run: (service, input, { signal }) => service.preview(input.deal, input.intention, signal),
  }),
  operation({
    name: 'checks',
    method: 'GET',
    path: '/checks',
    role: 'operator',
    summary: 'Checks every prerequisite.',
    input: {},
    run: async (service, _input, { signal }) => ({ checks: await service.checks(signal) }),
  }),
  operation({
    name: 'mapping',
    method: 'GET',
    path: '/mapping',
    role: 'viewer',
    summary: 'The effective mapping: rows, constants and stages.',
    input: {},
    run: (service) => service.mapping.show(),
  }),
  operation({
    name: 'checkMapping',
    method: 'POST',
    path: '/mapping/check',
    role: 'operator',
    summary: 'Checks a mapping against the live CRM; without a text the one in force.',
    input: { text: draft },
    run: async (service, input, { signal }) => ({ checks: await service.mapping.check(input.text, signal) }),
  }),
  operation({
    name: 'tryMapping',
    method: 'POST',
    path: '/mapping/try',
    role: 'operator',
    summary: 'What a mapping makes of one deal; writes nothing.',
    input: { deal, text: draft },
    run: (service, input, { signal }) => service.mapping.try(input.deal, input.text, signal),
  }),
  operation({
    name: 'planMapping',
    method: 'POST',
    path: '/mapping/plan',
    role: 'operator',
    summary: 'What a drafted mapping would write on the whole estate; writes nothing.',
    input: { text: z.string().max(1_000_000), deals: z.array(deal).max(1_000).default([]) },
    run: (service, input, { signal }) => service.mapping.plan(input.text, input.deals, signal),
  }),
  operation({
    name: 'webhook',
    method: 'GET',
    path: '/webhook',
    role: 'operator',
    summary: "Shows Partner Center's webhook registration, and whose it is.",
    input: {},
    run: (service, _input, { signal }) => service.administration.webhook(signal),
  }),
  operation({
    name: 'registerWebhook',
    method: 'POST',
    path: '/webhook/register',
    role: 'admin',
    summary: "Registers this installation; displaces somebody else's address only with overwrite.",
    input: { overwrite: z.boolean().default(false) },
    run: (service, input, call) => service.administration.registerWebhook({ overwrite: input.overwrite ? 'yes' : 'no', ...call }),
  }),
  operation({
    name: 'restoreWebhook',
    method: 'POST',
    path: '/webhook/restore',
    role: 'admin',
    summary: 'Puts back what a registration displaced.',
    input: {},
    run: async (service, _input, call) => ({ now: await service.administration.restoreWebhook(call) }),
  }),
  operation({
    name: 'testWebhook',
    method: 'POST',
    path: '/webhook/test',
    role: 'operator',
    summary: 'Has Partner Center send a test event and tells what came of it.',
    input: {},
    run: (service, _input, { signal }) => service.administration.testWebhook(signal),
  }),
  operation({
    name: 'connections',
    method: 'GET',
    path: '/connections',
    role: 'operator',
    summary: 'Shows each connection: who is signed in, until when, what is wrong.',
    input: {},
    run: async ({ administration }, _input, { signal }) => ({
      connections: await Promise.all([administration.connection('partner-center', signal), administration.connection('crm', signal)]),
    }),
  }),
  operation({
    name: 'beginSignIn',
    method: 'POST',
    path: '/connections/partner-center/sign-in',
    role: 'admin',
    summary: 'Begins a sign-in to Partner Center by device code; the service waits for the person.',
    input: {},
    run: (service, _input, { by }) => service.administration.beginSignIn(by),
  }),
  operation({
    name: 'notices',
    method: 'GET',
    path: '/notices',
    role: 'viewer',
    summary: 'What a person should know now: answers due, connections and webhook in trouble.',
    input: {},
    run: async (service) => ({ notices: await service.notices() }),
  }),
]

/** Path parameters of an operation. */
export const parametersOf = ({ path }: Operation): string[] => [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '')
