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

const organizationName = 'store.organization'

/**
 * Under one address another org may stand one day: a sandbox that was refreshed is one, and carries the identifiers and even the record ids of the
 * org that it was copied from. The first that is met is remembered. @throws Fault `misconfigured` for any other.
 */
export async function assertOrganization(
  store: Pick<Store, 'getValue' | 'setValue'>,
  met: { readonly id: string; readonly crm: string },
  now: Instant,
): Promise<void> {
  const stored = await store.getValue<string>(organizationName)
  if (stored === null) await store.setValue(organizationName, met.id, { expect: null, now })
  if (stored === null || stored.value === met.id) return
  throw new Fault('misconfigured', `${met.crm} is another org (${met.id}) than the one that this store was made for (${stored.value}).`, {
    remedy: 'A sandbox that was refreshed needs another store; or start once with --adopt: then every deal of this store is compared and written with this org.',
  })
}

/** The same at a start, which the store remembers from then on. `adopt`: a person has read what taking over means; the ledger tells of it. */
export async function assertIdentity(
  store: Pick<Store, 'getValue' | 'setValue' | 'dropValue' | 'addAudit'>,
  identity: StoreIdentity,
  options: { readonly adopt: boolean; readonly now: Instant },
): Promise<void> {
  const known = options.adopt ? 'new' : await checkIdentity(store, identity)
  if (options.adopt) await takeOver(store, identity, options.now)
  if (known === 'new') await store.setValue(valueName, identity, { expect: 'any', now: options.now })
}

const described = ({ partnerTenant, crm }: StoreIdentity): string => `partner tenant ${partnerTenant} and CRM ${crm}`

async function takeOver(store: Pick<Store, 'getValue' | 'dropValue' | 'addAudit'>, identity: StoreIdentity, now: Instant): Promise<void> {
  const before = (await store.getValue<StoreIdentity>(valueName))?.value ?? null
  await store.dropValue(organizationName)
  if (before === null || same(before, identity)) return
  const detail = `adopted: made for ${described(before)}, works from now on with ${described(identity)}`
  await store.addAudit([{ link: null, at: now, by: '--adopt', run: null, event: { kind: 'setting', name: 'store', detail } }], now)
}
