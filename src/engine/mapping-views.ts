import type { Check, RemoteSchema } from '../core/ports.js'
import type { PlanDocument, PlanItem, PlanWatch } from './plan-views.js'

/** One row of the effective mapping, for people. */
export interface MappingRowView {
  readonly kind: 'opportunity' | 'lead'
  readonly field: string
  readonly crm: string
  readonly flow: string
  readonly when: string
  readonly wins: string | null
  readonly values: Readonly<Record<string, string | number | boolean>> | null
  readonly toPartner: string | null
  readonly toCrm: string | null
  readonly origin: 'built-in' | 'document'
  /** What the row comes to together with what its field can do at all: what the deal's own rules are. */
  readonly effect: {
    /** Written `always`, only with a new record (`create`), only after (`update`), or `never`. */
    readonly intoCrm: 'always' | 'create' | 'update' | 'never'
    readonly intoPartner: 'always' | 'create' | 'update' | 'never'
    /** Both sides changed it: who wins, or `hold` for a person. */
    readonly rule: string
    /** An edit on the receiving side is undone and recorded. */
    readonly restores: boolean
  }
}
export interface MappingView {
  readonly crm: string
  readonly rows: readonly MappingRowView[]
  /** Fields without which Partner Center takes no deal. */
  readonly required: readonly string[]
  readonly defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** IANA name of the zone in which people read dates; null: UTC. */
  readonly timeZone: string | null
  readonly stages: readonly {
    readonly kind: 'opportunity' | 'lead'
    readonly stage: string
    readonly crm: Readonly<Record<string, string | number | boolean>>
    readonly otherOpen: boolean
  }[]
}

/** What a mapping does to one deal: every field in both directions, and what a sync would write, each change with the row that causes it. */
export interface MappingTrial {
  readonly item: PlanItem
  readonly rows: readonly MappingTrialRow[]
}
export interface MappingTrialRow {
  readonly field: string
  readonly row: MappingRowView | null
  /** What the two sides show now. */
  readonly partner: unknown
  readonly crm: unknown
  /** Partner Center's value, and what the CRM would hold for it. */
  readonly toCrm: { readonly before: unknown; readonly after: unknown }
  /** The CRM's value, and what Partner Center would show for it. */
  readonly toPartner: { readonly before: unknown; readonly after: unknown }
  /** What a sync would write to each side; a side it leaves alone is absent. */
  readonly sync: { readonly partner?: unknown; readonly crm?: unknown }
  /** Why a value cannot be read or converted. */
  readonly problem: string | null
}

export interface MappingDesk {
  show(): Promise<MappingView>
  /** The CRM's own columns, for those who write rows. */
  columns(signal: AbortSignal): Promise<RemoteSchema>
  /** The CRM's columns are as they should be: ends the notice about their change. `by` names the person for the ledger. */
  accept(by: string): Promise<void>
  check(text: string | null, signal: AbortSignal): Promise<readonly Check[]>
  try(deal: string, text: string | null, signal: AbortSignal): Promise<MappingTrial>
  plan(text: string, deals: readonly string[], signal: AbortSignal, watch?: PlanWatch): Promise<PlanDocument>
}
