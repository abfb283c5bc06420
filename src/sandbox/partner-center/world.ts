import type { SandboxClock } from '../clock.js'
import type { SimRequest } from '../http.js'
import type { SandboxRng } from '../rng.js'
import type { Organization } from './model.js'
import type { PartnerCenterOptions } from './options.js'
import type { Store } from './store.js'

/** What every part of the simulator shares. */
export interface World {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly options: PartnerCenterOptions
  readonly organization: Organization
  readonly store: Store
  /** Referrals outside the caller's location scope. */
  readonly hidden: Set<string>
  /** The origin callers use, from the request or as it was last seen. */
  baseOf(request: SimRequest | null): string
}

export const publicHost = 'https://api.partner.microsoft.com'
export const platformHost = 'https://api.partnercenter.microsoft.com'

export function baseFinder(options: PartnerCenterOptions): (request: SimRequest | null) => string {
  let seen = 'http://localhost'
  return (request) => {
    const host = request?.headers['host']
    if (host !== undefined) seen = `http://${host}`
    return (options.publicBase ?? seen).replace(/\/+$/, '')
  }
}
