import { Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Instant } from '../core/ref.js'
import type { Intention } from './views.js'

/** The deal as it is right after a person said so: for the order itself, and to see beforehand what it would write. */
export function intended(link: Link, intention: Exclude<Intention, { kind: 'link' }>, { by, at }: { readonly by: string; readonly at: Instant }): Link {
  switch (intention.kind) {
    case 'sync':
      return link
    case 'order': {
      const order = { take: intention.take, reason: intention.reason, by, at }
      const approvals = [...new Set([...link.approvals, `partner:${intention.take}`, `crm:${intention.take}`])]
      return { ...link, orders: [...link.orders.filter(({ take }) => take !== intention.take), order], approvals, rejected: null }
    }
    case 'resolve': {
      const conflict = link.conflicts.find(({ field }) => field === intention.field)
      if (conflict === undefined) {
        const open = link.conflicts.map((item) => item.field).join(', ')
        throw new Fault('missing', `Deal ${link.id} has no open conflict on "${intention.field}".`, {
          remedy: open === '' ? 'See "cosell conflicts list" for those there are.' : `Open: ${open}.`,
        })
      }
      const decision = { field: conflict.field, keep: intention.keep, saw: conflict.saw, by, at }
      return { ...link, decisions: [...link.decisions.filter(({ field }) => field !== conflict.field), decision] }
    }
  }
}
