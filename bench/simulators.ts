// Runs in a process of its own: the simulators, with a webhook that only the benchmark sends.
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { startSandbox } from '../src/sandbox/index.js'
import { webhookSigner } from '../src/sandbox/signing.js'
import type { Setup } from '../test/support/fleet.js'
import { answering } from '../test/support/forked.js'
import { clockMs } from './clock.js'

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
/** Changes of CRM records that were carried out since the last reset. */
export interface Writes {
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export interface Questions {
  setup(): Setup
  /** Every call of both APIs takes this much longer. */
  latency(ms: number): void
  /** Private deals of the partner, each with a solution and a customer. */
  make(count: number): readonly string[]
  /** Deals of the past, without events. */
  seed(count: number): void
  opportunities(referralIds: readonly string[]): readonly string[]
  editReferrals(edit: { readonly ids: readonly string[]; readonly value: number }): void
  editOpportunities(edit: { readonly ids: readonly string[]; readonly value: number }): void
  /** Signed deliveries that say that these referrals changed. */
  deliveries(ids: readonly string[]): readonly Delivery[]
  calls(): readonly Call[]
  /** Answered when so many changes were carried out: asked before, so that nothing is asked while something is measured. */
  written(count: number): Promise<Writes>
  reset(): void
}

const sandbox = await startSandbox({ port: 0, seed: 20_261_124, customFields: 'cosell' })
const { partnerCenter, dynamics } = sandbox
// What is measured is the connector, not how fast a tenant lets it go.
Object.assign(dynamics.options, { requestLimit: null })
const signer = webhookSigner()
let moments = 0

// Heard at the socket, so that nothing of it depends on what the simulators keep.
let calls: Call[] = []
let writes: Call[] = []
let awaited: { readonly count: number; readonly resolve: (writes: Writes) => void } = { count: Number.NaN, resolve: () => undefined }
const systems = new Map<number, Call['system']>([
  [Number(new URL(sandbox.urls.partnerCenter).port), 'partner'],
  [Number(new URL(sandbox.urls.dynamics).port), 'crm'],
])
subscribe('http.server.response.finish', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse } // documented in Node's diagnostics_channel
  const system = systems.get(request.socket.localPort ?? 0)
  if (system === undefined || (request.url ?? '').startsWith('/cert/')) return // a certificate is fetched once a day, and is no call of the API
  const call: Call = { system, method: request.method ?? '', path: request.url ?? '', atMs: clockMs() }
  calls.push(call)
  if (system !== 'crm' || call.method !== 'PATCH' || response.statusCode >= 300) return
  writes.push(call)
  if (writes.length !== awaited.count) return
  awaited.resolve({ count: writes.length, firstAtMs: writes[0]?.atMs ?? Number.NaN, lastAtMs: call.atMs })
})

answering<Questions>({
  setup: () => ({ urls: sandbox.urls, credentials: sandbox.credentials, trustAnchors: sandbox.trustAnchors }),
  latency(ms) {
    for (const system of [partnerCenter, dynamics]) {
      if (ms === 0) system.faults.clear()
      else system.faults.set([{ kind: 'slow', rate: 1, amount: ms }])
    }
  },
  make: (count) =>
    Array.from({ length: count }, (_, index) => partnerCenter.portal.create('private', { name: `Deal ${index}`, details: { currency: 'USD' } }).own.id),
  seed(count) {
    partnerCenter.seed(count)
    // A currency that the CRM lacks stops a deal, which is another matter than how many are carried over.
    const known = new Set(dynamics.find('transactioncurrency').map((row) => row['isocurrencycode']))
    for (const { details } of partnerCenter.referrals()) {
      const code = details?.currency
      if (code == null || known.has(code)) continue
      known.add(code)
      dynamics.people.create('transactioncurrency', { isocurrencycode: code, currencyname: code, currencysymbol: code, currencyprecision: 2, exchangerate: 1 })
    }
  },
  opportunities(referralIds) {
    const byReferral = new Map(dynamics.find('opportunity').map((row) => [row['cosell_referralidentifier'], String(row['opportunityid'])]))
    return referralIds.map((id) => byReferral.get(id) ?? '')
  },
  editReferrals({ ids, value }) {
    for (const [index, id] of ids.entries()) partnerCenter.portal.edit(id, { dealValue: value + index })
  },
  editOpportunities({ ids, value }) {
    for (const [index, id] of ids.entries()) dynamics.people.edit('opportunity', id, { estimatedvalue: value + index })
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
  reset() {
    calls = []
    writes = []
    // What the simulators themselves remember would only grow.
    partnerCenter.calls.reset()
    dynamics.calls.reset()
  },
})
