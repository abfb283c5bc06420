import { sameValue, VISIBILITY, type Field, type Projection } from './deal.js'
import { advance, type Intent, type Link } from './link.js'
import type { Readings } from './ports.js'
import { FIELD_NAMES, pick } from './deal.js'
import { stageAfter } from './stage.js'

/**
 * Folds writes whose answer never arrived into the base where the target now shows what was written, field by field.
 * What is not shown did not happen, or was overwritten by a person since: its base stays and the next plan looks afresh. While the record has
 * not moved since it was planned, such a write may still arrive, from a process that was stopped before it sent it: its intent stays too, so
 * that it is known as ours then. Once the record has moved, the write is refused for its version.
 * Creates are not settled here: they are searched for by their marker.
 */
export function settle(link: Link, now: Readings): { readonly link: Link; readonly happened: readonly Intent[] } {
  let base = link.base
  const happened: Intent[] = []
  const left: Intent[] = []
  let orders = link.orders
  for (const intent of link.intents) {
    const { change } = intent
    if (change.kind === 'create') {
      left.push(intent)
      continue
    }
    const target = now[change.side]
    if (target.kind !== 'present') {
      // Not seen: keep the intent until the target can be looked at.
      left.push(intent)
      continue
    }
    const fields = shownFields(intent, target.deal)
    if (fields.length === 0) {
      if (change.expect !== null && change.expect === target.version) left.push(intent)
      continue
    }
    base = advance(base, { partner: pick(intent.agreed.partner, fields), crm: pick(intent.agreed.crm, fields) })
    happened.push(intent)
    if (change.kind === 'step' && change.side === 'partner') orders = orders.filter((order) => order.take !== change.take)
  }
  return { link: { ...link, base, intents: left, orders }, happened }
}

/** The fields of an intent that its target shows as written. */
function shownFields({ change, agreed }: Intent, deal: Projection): Field[] {
  if (change.kind === 'create') return []
  const set = FIELD_NAMES.filter((field) => field in change.set && sameValue(deal[field], change.set[field]))
  if (change.kind === 'patch') return set
  if (change.take === 'share') return deal[VISIBILITY] === true ? [...set, VISIBILITY] : set
  const after = change.side === 'crm' ? agreed.crm.status : stageAfter(change.take)
  return after !== undefined && after !== null && deal.status === after ? [...set, 'status'] : set
}
