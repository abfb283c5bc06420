import { Fault } from '../core/fault.js'
import type { Store } from '../core/ports.js'
import type { Instant } from '../core/ref.js'

/** The two systems a store was made for. */
export interface StoreIdentity {
  readonly partnerTenant: string
  readonly crm: string
}

const valueName = 'store.identity'
const same = (a: StoreIdentity, b: StoreIdentity): boolean =>
  a.partnerTenant.toLowerCase() === b.partnerTenant.toLowerCase() && a.crm.toLowerCase() === b.crm.toLowerCase()

/**
 * A store belongs to one partner tenant and one CRM. A copy of it in a sandbox must not write to the live partner account.
 * @returns whether the store remembers these systems already. @throws Fault `misconfigured` when it was made for others.
 */
export async function checkIdentity(store: Pick<Store, 'getValue'>, identity: StoreIdentity): Promise<'known' | 'new'> {
  const stored = await store.getValue<StoreIdentity>(valueName)
  if (stored === null) return 'new'
  if (same(stored.value, identity)) return 'known'
  throw new Fault(
    'misconfigured',
    `This store was made for partner tenant ${stored.value.partnerTenant} and CRM ${stored.value.crm}; the configuration names ${identity.partnerTenant} and ${identity.crm}.`,
    {
      remedy:
        'Use another store, or start once with --adopt: then every deal of this store is compared and written with the systems now configured.',
    },
  )
}

/** The same at a start, which the store remembers from then on. `adopt`: a person has read what taking over means. */
export async function assertIdentity(
  store: Pick<Store, 'getValue' | 'setValue'>,
  identity: StoreIdentity,
  options: { readonly adopt: boolean; readonly now: Instant },
): Promise<void> {
  const known = options.adopt ? 'new' : await checkIdentity(store, identity)
  if (known === 'new') await store.setValue(valueName, identity, { expect: 'any', now: options.now })
}
