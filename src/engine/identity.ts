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
 * @throws Fault `misconfigured` when the store was made for other systems and `adopt` was not given.
 */
export async function assertIdentity(
  store: Store,
  identity: StoreIdentity,
  options: { readonly adopt: boolean; readonly now: Instant },
): Promise<void> {
  const stored = await store.getValue<StoreIdentity>(valueName)
  if (stored !== null && same(stored.value, identity)) return
  if (stored !== null && !options.adopt) {
    throw new Fault(
      'misconfigured',
      `This store was made for partner tenant ${stored.value.partnerTenant} and CRM ${stored.value.crm}; the configuration names ${identity.partnerTenant} and ${identity.crm}.`,
      {
        remedy:
          'Use another store, or start once with --adopt: then every deal of this store is compared and written with the systems now configured.',
      },
    )
  }
  await store.setValue(valueName, identity, { expect: 'any', now: options.now })
}
