import { CODE_LABELS, codeOf, isEmptyCode, labelKey, labelOf, stripCheckMark, type Scalar } from './conversions.js'
import { FIELD_NAMES, FIELDS, isListField, type Field } from './deal.js'
import { compileExpression } from './expression.js'
import { Fault } from './fault.js'
import type { MappingDocument, RowDocument } from './mapping-document.js'
import { rowFlaws, stageFlaws } from './mapping-flaws.js'
import type { MappedKind, MappingRow, MappingRows, RowWhen } from './mapping-row.js'
import { mergeStages, type StageTable } from './mapping-stages.js'
import { defaultFieldPolicy, type FieldPolicy, type Flow, type Policy } from './policy.js'
import { assertNever } from './ref.js'

export type { MappedKind, MappingRow, MappingRows, RowFlow, RowWhen } from './mapping-row.js'

/** What one CRM starts with. The rows are written like those of a mapping document. */
export interface Profile {
  readonly crm: string
  readonly opportunity: { readonly [F in Field]?: RowDocument }
  readonly lead: { readonly [F in Field]?: RowDocument }
  readonly stages: StageTable
  readonly leadStages: StageTable
}

/** Profile and document together: what the connector works by. */
export interface Mapping {
  readonly crm: string
  readonly opportunity: MappingRows
  readonly lead: MappingRows
  readonly defaults: { readonly [K in MappedKind]: Readonly<Record<string, Scalar>> }
  readonly stages: { readonly [K in MappedKind]: StageTable }
}

/** @throws Fault `misconfigured` when a row asks for what a field cannot do, or an expression does not compile. */
export function effectiveMapping(profile: Profile, document: MappingDocument): Mapping {
  const mapping: Mapping = {
    crm: profile.crm,
    opportunity: mergeRows(profile.opportunity, document.opportunity, 'opportunity'),
    lead: mergeRows(profile.lead, document.lead, 'lead'),
    defaults: { opportunity: document.defaults?.opportunity ?? {}, lead: document.defaults?.lead ?? {} },
    stages: { opportunity: mergeStages(profile.stages, document.stages), lead: mergeStages(profile.leadStages, document.leadStages) },
  }
  const [flaw] = [
    ...(['opportunity', 'lead'] as const).flatMap((kind) => rowFlaws(kind, mapping[kind], mapping.stages[kind])),
    ...(document.stages === undefined ? [] : stageFlaws(mapping.stages.opportunity, new Set(Object.keys(document.stages)))),
  ]
  if (flaw !== undefined) throw new Fault('misconfigured', `The mapping row ${flaw.where} cannot work: ${flaw.why}`, { remedy: flaw.remedy })
  return mapping
}

function mergeRows(
  builtIn: { readonly [F in Field]?: RowDocument },
  given: Readonly<Record<string, RowDocument>> | undefined,
  kind: MappedKind,
): MappingRows {
  const rows: { [F in Field]?: MappingRow } = {}
  for (const field of FIELD_NAMES) {
    const own = given?.[field]
    const row = own ?? builtIn[field]
    if (row !== undefined) rows[field] = readRow(field, row, { kind, origin: own === undefined ? 'built-in' : 'document' })
  }
  return rows
}

function readRow(field: Field, row: RowDocument, from: { readonly kind: MappedKind; readonly origin: MappingRow['origin'] }): MappingRow {
  const where = `${from.kind} > ${field}`
  const refuse = (why: string, remedy: string): Fault =>
    new Fault('misconfigured', `The mapping row ${where} cannot work: ${why}`, { remedy })
  if (row.wins === 'union' && !isListField(field)) throw refuse('"union" joins lists, and this field is none.', 'Use partner, crm or hold.')
  if (row.flow === 'to-partner' && FIELDS[field].partner === 'read') {
    throw refuse('Partner Center only shows this field and never takes it.', 'Use "flow: to-crm", or leave the flow out.')
  }
  if (row.values !== undefined) {
    const shown = Object.values(row.values).map((value) => labelKey(String(value)))
    if (new Set(shown).size !== shown.length)
      throw refuse('two of its values lead to the same CRM value, so the way back is not clear.', 'Give each its own CRM value.')
  }
  return {
    field,
    crm: row.crm,
    flow: row.flow ?? 'both',
    when: row.when ?? 'usual',
    wins: row.wins ?? null,
    values: row.values ?? null,
    toPartner: row.toPartner === undefined ? null : compileExpression(row.toPartner, `${where} > toPartner`),
    toCrm: row.toCrm === undefined ? null : compileExpression(row.toCrm, `${where} > toCrm`),
    origin: from.origin,
  }
}

/** Per field: who wins and which way it flows, for records of one kind. A field without a row stays where it is. */
export function fieldPolicies(mapping: Mapping, kind: MappedKind = 'opportunity'): Policy['fields'] {
  const rows = kind === 'opportunity' ? mapping.opportunity : mapping.lead
  const entries = FIELD_NAMES.map((field): [Field, FieldPolicy] => [field, rowPolicy(field, rows[field])])
  return Object.fromEntries(entries) as { [F in Field]: FieldPolicy } // one entry per field by construction
}

function rowPolicy(field: Field, row: MappingRow | undefined): FieldPolicy {
  const usual = defaultFieldPolicy(field)
  if (row === undefined) return { ...usual, into: { crm: 'never', partner: 'never' }, restore: false }
  const crm = row.flow === 'to-partner' ? 'never' : narrow(usual.into.crm, row.when, 'crm')
  const partner = row.flow === 'to-crm' ? 'never' : narrow(usual.into.partner, row.when, 'partner')
  return { rule: row.wins ?? usual.rule, into: { crm, partner }, restore: usual.restore || row.flow !== 'both' }
}

/** What a CRM takes is ours to say, so `both` widens it; what Partner Center takes is not. */
function narrow(usual: Flow, when: RowWhen, into: 'crm' | 'partner'): Flow {
  switch (when) {
    case 'usual':
      return usual
    case 'both':
      return into === 'crm' ? 'always' : usual
    case 'create':
      return usual === 'always' || usual === 'create' ? 'create' : 'never'
    case 'update':
      return into === 'crm' || usual === 'always' ? 'update' : 'never'
    default:
      return assertNever(when)
  }
}

/** The value a CRM column should hold for a referral's value, before the column's own type and limits. */
export function toCrmValue(row: MappingRow, value: Scalar): Scalar {
  if (row.values !== null && value !== null) {
    const listed = lookUp(row.values, value)
    if (listed !== undefined) return listed
  }
  if (row.toCrm !== null) return row.toCrm.evaluate(value)
  if (typeof value !== 'string') return value
  if (row.field === 'name') return stripCheckMark(value)
  if (FIELDS[row.field].kind !== 'choice' || row.values !== null) return value
  // A code that has no label of its own stays as it is, so that the way back finds it.
  const code = codeOf(value)
  return isEmptyCode(value) ? null : Object.hasOwn(CODE_LABELS, code) ? labelOf(code) : value
}

/** The referral's value for what a CRM column holds. For a choice column, `shown` is the label. */
export function toPartnerValue(row: MappingRow, shown: Scalar): Scalar {
  if (row.values !== null && shown !== null) {
    const key = labelKey(String(shown))
    const listed = Object.entries(row.values).find(([, value]) => labelKey(String(value)) === key)
    if (listed !== undefined) return listed[0]
  }
  if (row.toPartner !== null) return row.toPartner.evaluate(shown)
  if (typeof shown !== 'string') return shown
  if (row.field === 'name') return stripCheckMark(shown)
  if (FIELDS[row.field].kind !== 'choice' || row.values !== null) return shown
  return isEmptyCode(shown) ? null : codeOf(shown)
}

function lookUp(values: Readonly<Record<string, string | number | boolean>>, value: Scalar): string | number | boolean | undefined {
  const text = String(value)
  if (Object.hasOwn(values, text)) return values[text]
  const key = labelKey(text)
  const match = Object.keys(values).find((name) => labelKey(name) === key)
  return match === undefined ? undefined : values[match]
}

/** Fields of a row set that are kept on a related record, by the relation's name. */
export const relationOf = (row: MappingRow): string | null => (row.crm.includes('.') ? (row.crm.split('.')[0] ?? null) : null)
export const columnOf = (row: MappingRow): string => row.crm.slice(row.crm.indexOf('.') + 1)
