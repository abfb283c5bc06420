import { pick, FIELD_NAMES, type Base, type Field } from '../core/deal.js'
import type { Intent, Link } from '../core/link.js'
import type { Engine } from './engine.js'
import type { MappedRows } from './mapped-rows.js'

const nameOf = (id: string): string => `mapping.rows.${id}`

/** Kept, so that a deal that was last agreed on under these rows can later be compared with others. */
export async function rememberRows({ store, clock }: Pick<Engine, 'store' | 'clock'>, mapped: MappedRows): Promise<void> {
  await store.setValue(nameOf(mapped.id), mapped.rows, { expect: null, now: clock.now() })
}

/**
 * Under a changed mapping a field may show another column, or a stage another meaning: what was agreed about it before says nothing now. Its
 * base is dropped, so that the two sides meet there anew: equal is adopted, empty is filled, and nothing is taken for a person's edit.
 */
export async function remapped(engine: Pick<Engine, 'store' | 'policy'>, link: Link): Promise<Link> {
  const { mapping } = engine.policy()
  const known = link.mapping ?? null // A deal of an earlier version of this program says nothing; it was made under these rows or is at rest.
  if (mapping === null || known === mapping.id) return link
  if (known === null) return { ...link, mapping: mapping.id }
  const before = (await engine.store.getValue<MappedRows['rows']>(nameOf(known)))?.value ?? {}
  const kind = link.ends.crm?.kind === 'lead' ? 'lead' : 'opportunity'
  const same = FIELD_NAMES.filter((field: Field) => before[`${kind}.${field}`] === mapping.rows[`${kind}.${field}`])
  const kept = ({ partner, crm }: Base): Base => ({ partner: pick(partner, same), crm: pick(crm, same) })
  const of = (intent: Intent): Intent => ({ ...intent, agreed: kept(intent.agreed) })
  return {
    ...link,
    mapping: mapping.id,
    rejected: null, // It was refused under the old rows.
    base: link.base === null ? null : kept(link.base),
    // What a write under way was to agree on was seen through the old rows too.
    intents: link.intents.map(of),
    ...(link.givenUp === undefined ? {} : { givenUp: link.givenUp.map(of) }),
  }
}
