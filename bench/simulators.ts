// Runs in a process of its own: the simulators, with a webhook that only the benchmark sends.
import { startSandbox } from '../src/sandbox/index.js'
import { webhookSigner } from '../src/sandbox/signing.js'
import type { Setup } from '../test/support/fleet.js'
import { answering } from '../test/support/forked.js'

export interface Delivery {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
export interface Call {
  readonly system: 'partner' | 'crm'
  readonly method: string
  readonly path: string
  readonly atMs: number
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
  reset(): void
}

const sandbox = await startSandbox({ port: 0, seed: 20_261_124, customFields: 'cosell' })
const { partnerCenter, dynamics } = sandbox
// What is measured is the connector, not how fast a tenant lets it go.
Object.assign(dynamics.options, { requestLimit: null })
const signer = webhookSigner()
let moments = 0

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
  seed: (count) => void partnerCenter.seed(count),
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
  calls: () => [
    ...partnerCenter.calls.list().map(({ method, path, atMs }) => ({ system: 'partner' as const, method, path, atMs })),
    ...dynamics.calls.list().map(({ method, path, atMs }) => ({ system: 'crm' as const, method, path, atMs })),
  ],
  reset() {
    partnerCenter.calls.reset()
    dynamics.calls.reset()
  },
})
