// Runs in a process of its own: the simulators, with a webhook that only the benchmark sends.
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { startSandbox } from '../src/sandbox/index.js'
import { webhookSigner } from '../src/sandbox/signing.js'
import type { Setup } from '../test/support/fleet.js'
import { answering } from '../test/support/forked.js'
import { clockMs } from './clock.js'
import { deskOf, type Crm } from './desk.js'

export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
export interface Call {
  readonly system: 'partner' | 'crm'
  readonly method: string
  readonly path: string
  /** When it was answered, on the machine's steady clock. */
  readonly atMs: number
}
/** When an opportunity was first changed since the last reset, on the machine's steady clock. */
export interface Write {
  readonly opportunityId: string
  readonly atMs: number
}

export interface Questions {
  setup(): Setup
  /** Every call of both APIs takes this much longer. */
  latency(ms: number): void
  /** So many of all calls of both APIs fail with 500. */
  failing(rate: number): void
  /** Private deals of the partner, each with a solution and a customer. */
  make(count: number): readonly string[]
  /** Deals of the past, without events; whether the CRM knows the people of their teams as users. */
  seed(wish: { readonly count: number; readonly known: boolean }): void
  /** So many open deals of those that were seeded. */
  referrals(count: number): readonly string[]
  opportunities(referralIds: readonly string[]): readonly string[]
  editReferrals(edit: { readonly ids: readonly string[]; readonly value: number }): void
  editOpportunities(edit: { readonly ids: readonly string[]; readonly value: number }): void
  /** Signed deliveries that say that these referrals changed. */
  deliveries(ids: readonly string[]): readonly Delivery[]
  calls(): readonly Call[]
  /** Answered when so many opportunities were changed: asked before, so that nothing is asked while something is measured. */
  written(count: number): Promise<readonly Write[]>
  /** Those that were carried out so far. */
  writes(): readonly Write[]
  reset(): void
}

const crm: Crm = process.argv[2] === 'salesforce' ? 'salesforce' : 'dynamics'
const sandbox = await startSandbox({ port: 0, seed: 20_261_124, customFields: 'cosell' })
const { partnerCenter } = sandbox
const desk = deskOf(sandbox, crm)
const signer = webhookSigner()
let moments = 0

// Heard at the socket, so that nothing of it depends on what the simulators keep.
let calls: Call[] = []
let writes = new Map<string, Write>()
interface Awaited {
  readonly count: number
  readonly resolve: (writes: readonly Write[]) => void
}
let awaited: Awaited = { count: Number.NaN, resolve: () => undefined }
const changed = (opportunityId: string): void => {
  if (writes.has(opportunityId)) return
  writes.set(opportunityId, { opportunityId, atMs: clockMs() })
  if (writes.size === awaited.count) awaited.resolve([...writes.values()])
}
desk.onChange(changed)
const systems = new Map<number, Call['system']>([
  [Number(new URL(sandbox.urls.partnerCenter).port), 'partner'],
  [Number(new URL(desk.url).port), 'crm'],
])
subscribe('http.server.response.finish', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse } // documented in Node's diagnostics_channel
  const system = systems.get(request.socket.localPort ?? 0)
  if (system === undefined || (request.url ?? '').startsWith('/cert/')) return // a certificate is fetched once a day, and is no call of the API
  const call = { system, method: request.method ?? '', path: request.url ?? '', status: response.statusCode, atMs: clockMs() }
  calls.push(call)
  const opportunityId = system === 'crm' ? desk.changedBy(call) : null
  if (opportunityId !== null) changed(opportunityId)
})

answering<Questions>({
  setup: () => ({ urls: sandbox.urls, credentials: sandbox.credentials, trustAnchors: sandbox.trustAnchors }),
  latency(ms) {
    for (const { faults } of [partnerCenter, desk]) faults.set(ms === 0 ? [] : [{ kind: 'slow', rate: 1, amount: ms }])
  },
  failing(rate) {
    for (const { faults } of [partnerCenter, desk]) faults.set(rate === 0 ? [] : [{ kind: 'server-error', rate }])
  },
  make: (count) =>
    Array.from({ length: count }, (_, index) => partnerCenter.portal.create('private', { name: `Deal ${index}`, details: { currency: 'USD' } }).own.id),
  seed({ count, known }) {
    partnerCenter.seed(count)
    for (const { details, team } of partnerCenter.referrals()) {
      if (details?.currency != null) desk.currency(details.currency)
      if (known) for (const { email, firstName, lastName } of team ?? []) desk.user({ email: email ?? '', firstName: firstName ?? '', lastName: lastName ?? '' })
    }
  },
  referrals: (count) => [...partnerCenter.referrals()].filter(({ status }) => status === 'Active').slice(0, count).map(({ id }) => id),
  opportunities: (referralIds) => desk.opportunities(referralIds),
  editReferrals({ ids, value }) {
    for (const [index, id] of ids.entries()) partnerCenter.portal.edit(id, { dealValue: value + index })
  },
  editOpportunities({ ids, value }) {
    for (const [index, id] of ids.entries()) desk.edit(id, value + index)
  },
  deliveries: (ids) =>
    ids.map((id) => {
      moments += 1
      const body = JSON.stringify({
        EventName: 'referral-updated',
        ResourceUri: `https://api.partnercenter.microsoft.com/engagements/v1/referrals/${id}`,
        ResourceName: 'referral',
        AuditUri: null,
        ResourceChangeUtcDate: `2026-08-03T09:21:05.${String(moments).padStart(7, '0')}+00:00`,
      })
      const headers = {
        'content-type': 'application/json',
        authorization: `Signature ${signer.sign(Buffer.from(body))}`,
        'x-ms-certificate-url': `${sandbox.urls.partnerCenter}/cert/${signer.certificateName}.cer`,
        'x-ms-signature-algorithm': signer.algorithm,
      }
      return { headers, body }
    }),
  calls: () => calls,
  written: (count) => new Promise((resolve) => (awaited = { count, resolve })),
  writes: () => [...writes.values()],
  reset() {
    calls = []
    writes = new Map()
    // What the simulators themselves remember would only grow.
    partnerCenter.calls.reset()
    desk.forget()
  },
})
