/**
 * A call to the Referrals API that is refused. People acting through the simulator's methods meet the same refusals,
 * so that the portal can do nothing the rules forbid.
 */
export class Refused extends Error {
  readonly status: number
  readonly code: string
  readonly target: string
  readonly inner: { readonly code: string; readonly message: string } | null

  constructor(refused: { status: number; code: string; message: string; target?: string; inner?: { code: string; message: string } }) {
    super(refused.message.slice(0, 1_024)) // The documented longest message.
    this.status = refused.status
    this.code = refused.code
    this.target = refused.target ?? 'referral'
    this.inner = refused.inner ?? null
  }
}

export const invalid = (message: string, target = 'referral', inner?: { code: string; message: string }): Refused =>
  new Refused({ status: 400, code: 'invalidRequest', message, target, ...(inner === undefined ? {} : { inner }) })

export const notFound = (id: string): Refused =>
  new Refused({ status: 404, code: 'itemNotFound', message: `The referral '${id}' was not found.`, target: 'referralId' })

export const denied = (message: string, inner?: { code: string; message: string }): Refused =>
  new Refused({ status: 403, code: 'accessDenied', message, ...(inner === undefined ? {} : { inner }) })

/** A call to the webhook or profile API that is refused. */
export class PlatformRefused extends Error {
  readonly status: number
  readonly code: number
  readonly source: string

  constructor(refused: { status: number; code: number; message: string; source?: string }) {
    super(refused.message)
    this.status = refused.status
    this.code = refused.code
    this.source = refused.source ?? 'PartnerFD'
  }
}

/** The gateway's own refusal: too many requests, in the one shape documented for it. */
export class Throttled extends Error {
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super(`Rate limit is exceeded. Try again in ${retryAfterSeconds} seconds.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}
