import type { Projection } from '../core/deal.js'
import { Fault, GIVEN_TEXT } from '../core/fault.js'
import type { Check, Reading } from '../core/ports.js'
import type { Engine } from './engine.js'
import { planAll, planOne } from './planning.js'
import { findDeal } from './find-deal.js'
import type { MappingDesk, MappingRowView, MappingTrialRow, MappingView, PlanItem } from './views.js'

/** What a conversion makes of a value for the CRM, or why it does not. */
export type InColumn = { readonly value: unknown } | { readonly problem: string }
/** A mapping beside the one in force: nothing of it is written anywhere. */
export interface Draft {
  readonly engine: Engine
  readonly view: MappingView
  /** What the row's column would be given for a value of Partner Center. */
  inColumn(row: Pick<MappingRowView, 'kind' | 'field'>, value: unknown): InColumn
  checks(signal: AbortSignal): Promise<readonly Check[]>
}
/** `text` is a mapping document (YAML); null: the mapping in force. @throws Fault `misconfigured` naming what is wrong in it. */
export type DraftOf = (text: string | null) => Draft

/** `accept` takes the CRM's columns for what they should be. */
export function mappingDesk(draftOf: DraftOf, accept: MappingDesk['accept']): MappingDesk {
  return {
    accept,
    show: () => Promise.resolve(draftOf(null).view),
    columns: (signal) => draftOf(null).engine.adapters.crm.describe({ signal }, 'asked'),
    check: async (text, signal) => draftOf(text).checks(signal),
    async plan(text, deals, signal, watch) {
      const draft = draftOf(text)
      await assertFits(draft, signal)
      return planAll(draft.engine, deals, signal, watch)
    },
    async try(deal, text, signal) {
      const draft = draftOf(text)
      const { engine, view } = draft
      const link = await findDeal(engine, deal)
      const item = await planOne(engine, link, signal)
      const kind = link.ends.crm?.kind === 'lead' ? 'lead' : 'opportunity'
      const reads = { wide: true, signal }
      const [partner, crm] = await Promise.all([
        link.ends.partner === null ? null : engine.adapters.partner.read(link.ends.partner, reads),
        link.ends.crm === null ? null : engine.adapters.crm.read(link.ends.crm, reads),
      ])
      const failing = text === null ? [] : (await draft.checks(signal)).filter(({ status }) => status === 'fail')
      const seen = { partner, crm, asPartner: engine.adapters.partner.canonical(dealIn(crm), 'referral'), failing }
      const rows = view.rows.filter((row) => row.kind === kind).map((row) => trialRow(draft, row, { item, ...seen }))
      return { item, rows }
    },
  }
}

const dealIn = (reading: Reading | null): Projection => (reading?.kind === 'present' ? reading.deal : {})
const at = (deal: Projection, field: string): unknown => (deal as Readonly<Record<string, unknown>>)[field] ?? null // a row names its field as text

/** A row that has no column rests in every plan, and the plan would say that nothing happens. @throws Fault `misconfigured` naming each. */
async function assertFits(draft: Draft, signal: AbortSignal): Promise<void> {
  const failing = (await draft.checks(signal)).filter(({ status }) => status === 'fail')
  if (failing.length === 0) return
  const lines = failing.map(({ name, detail, remedy }) => `\n  ${name}: ${detail} ${remedy ?? ''}`)
  throw new Fault('misconfigured', `The mapping does not fit this CRM, so that a plan by it would be wrong:${lines.join('')}`, {
    code: GIVEN_TEXT,
    remedy: 'Correct these; "cosell mapping check --mapping FILE" tests it without changing anything.',
  })
}

interface Seen {
  readonly item: PlanItem
  readonly partner: Reading | null
  readonly crm: Reading | null
  /** The CRM's deal as Partner Center would show it. */
  readonly asPartner: Projection
  /** What does not fit, of a draft. */
  readonly failing: readonly Check[]
}
function trialRow(draft: Draft, row: MappingRowView, { item, partner, crm, asPartner, failing }: Seen): MappingTrialRow {
  const { field } = row
  const now = { partner: at(dealIn(partner), field), crm: at(dealIn(crm), field) }
  const held = draft.inColumn(row, now.partner)
  const unreadable = crm?.kind === 'present' ? crm.unreadable.find((one) => one.field === field) : undefined
  const written = item.changes.flatMap(({ side, fields }) =>
    fields.filter((one) => one.field === field).map(({ after }) => [side, after] as const),
  )
  return {
    field,
    row,
    ...now,
    toCrm: { before: now.partner, after: 'value' in held ? held.value : null },
    toPartner: { before: unreadable?.shows ?? now.crm, after: unreadable === undefined ? at(asPartner, field) : null },
    sync: Object.fromEntries(written),
    problem: failing.find(({ name }) => name.endsWith(`: ${field}`))?.detail ?? unreadable?.text ?? ('problem' in held ? held.problem : null),
  }
}
