import { FIELD_NAMES, FIELDS, type Field } from '../core/deal.js'
import type { MappedKind, Mapping, MappingRow } from '../core/mapping.js'
import type { StageRow } from '../core/mapping-stages.js'

export interface MappedField {
  readonly field: Field
  /** Null: this CRM keeps the field nowhere. */
  readonly crm: string | null
  readonly flow: MappingRow['flow'] | null
  readonly when: MappingRow['when'] | null
  readonly wins: MappingRow['wins']
  readonly values: MappingRow['values']
  readonly toPartner: string | null
  readonly toCrm: string | null
  readonly origin: MappingRow['origin'] | null
  /** When Partner Center takes the field. */
  readonly partnerTakes: (typeof FIELDS)[Field]['partner']
}
export interface MappedStage {
  readonly referral: string
  readonly crm: Readonly<Record<string, string | number | boolean>>
  readonly otherOpen: boolean
}
interface MappedSection {
  readonly kind: MappedKind
  readonly fields: readonly MappedField[]
  readonly stages: readonly MappedStage[]
  readonly defaults: Readonly<Record<string, unknown>>
}

/** The mapping in force as people read it, fields that are mapped nowhere included. */
export interface MappingView {
  readonly crm: string
  readonly sections: readonly MappedSection[]
}

const KINDS: readonly MappedKind[] = ['opportunity', 'lead']

export function mappingView(mapping: Mapping): MappingView {
  return {
    crm: mapping.crm,
    sections: KINDS.map((kind) => ({
      kind,
      fields: FIELD_NAMES.map((field) => fieldOf(field, mapping[kind][field])),
      stages: mapping.stages[kind].rows.map(stageOf),
      defaults: mapping.defaults[kind],
    })),
  }
}

const fieldOf = (field: Field, row: MappingRow | undefined): MappedField => ({
  field,
  crm: row?.crm ?? null,
  flow: row?.flow ?? null,
  when: row?.when ?? null,
  wins: row?.wins ?? null,
  values: row?.values ?? null,
  toPartner: row?.toPartner?.source ?? null,
  toCrm: row?.toCrm?.source ?? null,
  origin: row?.origin ?? null,
  partnerTakes: FIELDS[field].partner,
})

const stageOf = ({ pattern, crm, otherOpen }: StageRow): MappedStage => ({ referral: pattern, crm, otherOpen })
