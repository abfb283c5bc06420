import type { Check } from '../core/ports.js'
import type { Engine } from './engine.js'
import { planAll, planOne } from './planning.js'
import { findDeal } from './find-deal.js'
import type { MappingDesk, MappingView } from './views.js'

/** A mapping beside the one in force: nothing of it is written anywhere. */
export interface Draft {
  readonly engine: Engine
  readonly view: MappingView
  checks(signal: AbortSignal): Promise<readonly Check[]>
}
/** `text` is a mapping document (YAML); null: the mapping in force. @throws Fault `misconfigured` naming what is wrong in it. */
export type DraftOf = (text: string | null) => Draft

export function mappingDesk(draftOf: DraftOf): MappingDesk {
  return {
    show: () => Promise.resolve(draftOf(null).view),
    columns: (signal) => draftOf(null).engine.adapters.crm.describe({ signal }),
    check: async (text, signal) => draftOf(text).checks(signal),
    plan: async (text, deals, signal) => planAll(draftOf(text).engine, deals, signal),
    async try(deal, text, signal) {
      const { engine, view } = draftOf(text)
      const link = await findDeal(engine, deal)
      const item = await planOne(engine, link, signal)
      const kind = link.ends.crm?.kind === 'lead' ? 'lead' : 'opportunity'
      const reads = { wide: true, signal }
      const [partner, crm] = await Promise.all([
        link.ends.partner === null ? null : engine.adapters.partner.read(link.ends.partner, reads),
        link.ends.crm === null ? null : engine.adapters.crm.read(link.ends.crm, reads),
      ])
      const shows = (reading: typeof partner): Readonly<Record<string, unknown>> => (reading?.kind === 'present' ? reading.deal : {})
      const rows = view.rows
        .filter((row) => row.kind === kind)
        .map((row) => ({ field: row.field, row, partner: shows(partner)[row.field] ?? null, crm: shows(crm)[row.field] ?? null }))
      return { item, rows }
    },
  }
}
