import type { SandboxClock } from './clock.js'
import type { FaultRule } from './faults.js'
import type { SimResponse } from './http.js'

/** The three faults whose answer has the documented shape of the system that is simulated. */
export type Refused = { readonly kind: 'throttle' | 'unavailable'; readonly retryAfterSeconds: number } | { readonly kind: 'server-error' }

export interface Work {
  readonly clock: SandboxClock
  readonly carryOut: () => Promise<SimResponse> | SimResponse
  readonly refuse: (refused: Refused) => SimResponse
}

const cut: SimResponse = { status: 0, headers: {}, body: '', drop: true }
const gatewayPage = '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>'

/** What a gateway in maintenance shows instead of the service, and calls a success. */
export const maintenancePage = '<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>'

/** What a gateway shows that will not let a request through, or that lost its way back. */
export const refusalPage = ({ amount = 400 }: FaultRule): SimResponse => ({
  status: amount,
  headers: { 'content-type': 'text/html' },
  body: `<html><head><title>${amount} Refused</title></head><body><h1>Your request was blocked.</h1></body></html>`,
})

/** Answers one request under the fault that was drawn for it, if any. */
export async function withFault(rule: FaultRule | undefined, deps: Work): Promise<SimResponse> {
  if (rule === undefined) return deps.carryOut()
  switch (rule.kind) {
    case 'throttle':
    case 'unavailable':
      return deps.refuse({ kind: rule.kind, retryAfterSeconds: rule.amount ?? 10 })
    case 'server-error':
      return deps.refuse({ kind: 'server-error' })
    case 'bad-gateway-html':
      return { status: 502, headers: { 'content-type': 'text/html' }, body: gatewayPage }
    case 'page-instead':
      return { status: 200, headers: { 'content-type': 'text/html' }, body: maintenancePage }
    case 'page-refusal':
      return refusalPage(rule)
    case 'drop-before':
      return cut
    case 'drop-after':
      await deps.carryOut()
      return cut
    case 'slow': {
      const answer = await deps.carryOut()
      await new Promise<void>((resolve) => deps.clock.at(deps.clock.now() + (rule.amount ?? 1_000), resolve))
      return answer
    }
    default:
      return assertNever(rule.kind)
  }
}

function assertNever(value: never): never {
  throw new Error(`Not a kind of fault: ${String(value)}`)
}
