import { inTransaction } from '../src/store/database.js'
import { openStore } from '../src/store/index.js'
import type { AuditEntry } from '../src/core/audit.js'
import { newLink, type Link, type LinkState } from '../src/core/link.js'
import { asLinkId } from '../src/core/ref.js'
import { columnsOf } from '../src/store/links.js'

const rowsAtOnce = 200
const minuteMs = 60_000
const CUSTOMERS = ['Adventure Works', 'Contoso', 'Fabrikam', 'Lamna Healthcare', 'Northwind', 'Relecloud', 'Tailspin Toys', 'Wingtip Logistics']
const PROJECTS = ['analytics rollout', 'cloud migration', 'contact centre', 'data platform', 'ERP renewal', 'IoT pilot', 'security review']
/** One in ten needs a person, one in fifty is under way, the rest is at rest. */
const stateOf = (index: number): LinkState =>
  index % 10 === 3 ? 'needs-attention' : index % 50 === 7 ? 'pending' : index % 500 === 11 ? 'stopped' : 'in-sync'

/** The id of the deal of that number. */
export const seededId = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`

/** A deal as a first sync leaves it, with as many fields as a real one shows. */
function dealAt(index: number, at: number): Link {
  const id = seededId(index)
  const name = `${CUSTOMERS[index % CUSTOMERS.length] ?? ''} ${index} - ${PROJECTS[index % PROJECTS.length] ?? ''}`
  const shown = {
    name,
    'details.dealValue': 10_000 + index,
    'details.currency': 'EUR',
    'details.closingDateTime': '2027-03-31',
    'details.notes': 'Wants a managed reporting platform, with a first phase before the summer and a second one after it.',
    'customerProfile.name': CUSTOMERS[index % CUSTOMERS.length] ?? '',
    'customerProfile.address.city': 'Berlin',
    'customerProfile.address.country': 'DE',
  }
  const link = newLink(asLinkId(id), at, {
    partner: { side: 'partner', kind: 'referral', id: `ref-${id}` },
    crm: { side: 'crm', kind: 'opportunity', id: `crm-${id}` },
  })
  const state = stateOf(index)
  const reason = state === 'needs-attention' ? ({ code: 'conflict', text: 'Both sides changed the deal value.', remedy: 'Choose.' } as const) : null
  return { ...link, name, state, reason, engagementId: `eng-${id}`, stage: 'Active/Accepted', lastSyncedAt: at, base: { partner: shown, crm: shown } }
}

function entriesOf(link: Link): AuditEntry[] {
  const about = { link: link.id, at: link.createdAt, by: 'cosell', run: `run-${link.id}` }
  const stopped = link.state === 'stopped'
  const outcome = stopped ? ({ outcome: 'stopped', fault: 'rejected' } as const) : ({ outcome: 'settled', fault: null } as const)
  return [
    { ...about, event: { kind: 'linked', ends: link.ends, how: 'by marker' } },
    { ...about, event: { kind: 'state', state: link.state, reason: link.reason } },
    { ...about, event: { kind: 'ran', because: 'sweep of crm', writes: 1, ms: 40, attempt: 1, message: null, ...outcome } },
  ]
}

/** Fills an empty store with deals and three ledger entries each, the way a first sync would, only faster: rows in bulk, without a lease each. */
export async function seedStore(url: string, deals: number): Promise<void> {
  const now = Date.UTC(2026, 10, 1)
  const store = await openStore({ url, now: () => now })
  try {
    for (let start = 0; start < deals; start += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, deals - start)
      const links = Array.from({ length: count }, (_, index) => dealAt(start + index, now - (deals - start - index) * minuteMs))
      await inTransaction(store.database, async (trx) => {
        await trx
          .insertInto('link')
          .values(links.map((link) => ({ tenant: 'default', id: link.id, created_at: link.createdAt, ...columnsOf(link, now) })))
          .execute()
      })
      await store.addAudit(
        links.flatMap((link) => entriesOf(link)),
        now,
      )
    }
  } finally {
    await store.close()
  }
}
