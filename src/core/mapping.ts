import { CODE_LABELS, codeOf, isEmptyCode, labelKey, labelOf, stripCheckMark, type Scalar } from './conversions.js'
import { iso2 } from './countries.js'
import { currencyCode } from './currencies.js'
import { FIELD_NAMES, FIELDS, type Field, type ValueKind } from './deal.js'
import { compileExpression, refusedPrefix, type ValueType, type Wanted } from './expression.js'
import { isFault } from './fault.js'
import { noLine, type LineOf, type MappingDocument, type RowDocument } from './mapping-document.js'
import { refusalOf, rowFlaws, rowLimits, stageFlaws, type MappingFlaw } from './mapping-flaws.js'
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
  /** Words in place of a column that stand for a related record, a pair of columns, or a list. */
  readonly places: readonly string[]
}

/** Profile and document together: what the connector works by. */
export interface Mapping {
  readonly crm: string
  readonly opportunity: MappingRows
  readonly lead: MappingRows
  readonly defaults: { readonly [K in MappedKind | 'account' | 'contact']: Readonly<Record<string, Scalar>> }
  readonly stages: { readonly [K in MappedKind]: StageTable }
  /** IANA name of the zone in which people read dates. Null: UTC. */
  readonly timeZone: string | null
}

/** @throws Fault `misconfigured` naming everything that cannot work: what a field cannot do, an expression that does not compile, rows that disagree. */
export function effectiveMapping(profile: Profile, document: MappingDocument, lineOf: LineOf = noLine): Mapping {
  const flaws: MappingFlaw[] = []
  const mapping: Mapping = {
    crm: profile.crm,
    opportunity: mergeRows(profile, document, { kind: 'opportunity', flaws }),
    lead: mergeRows(profile, document, { kind: 'lead', flaws }),
    defaults: {
      opportunity: document.defaults?.opportunity ?? {},
      lead: document.defaults?.lead ?? {},
      account: document.defaults?.account ?? {},
      contact: document.defaults?.contact ?? {},
    },
    stages: { opportunity: mergeStages(profile.stages, document.stages), lead: mergeStages(profile.leadStages, document.leadStages) },
    timeZone: document.timeZone ?? null,
  }
  for (const kind of ['opportunity', 'lead'] as const) {
    flaws.push(...rowFlaws(kind, mapping[kind], mapping.stages[kind]))
    const given = kind === 'opportunity' ? document.stages : document.leadStages
    if (given !== undefined) flaws.push(...stageFlaws(mapping.stages[kind], new Set(Object.keys(given))))
  }
  if (flaws.length > 0) throw refusalOf(flaws, lineOf)
  return mapping
}

function mergeRows(
  profile: Profile,
  document: MappingDocument,
  { kind, flaws }: { readonly kind: MappedKind; readonly flaws: MappingFlaw[] },
): MappingRows {
  const rows: { [F in Field]?: MappingRow } = {}
  const given: Readonly<Record<string, RowDocument>> = document[kind] ?? {}
  for (const field of FIELD_NAMES) {
    const own = given[field]
    const row = own ?? profile[kind][field]
    if (row === undefined) continue
    const read = readRow(field, row, { where: `${kind} > ${field}`, origin: own === undefined ? 'built-in' : 'document', places: profile.places })
    if (Array.isArray(read)) flaws.push(...read)
    else rows[field] = read
  }
  return rows
}

type RowReading = MappingRow | MappingFlaw[]
function readRow(
  field: Field,
  row: RowDocument,
  from: { readonly where: string; readonly origin: MappingRow['origin']; readonly places: readonly string[] },
): RowReading {
  const flaws = rowLimits(field, row, from)
  const { expressions, refused } = compiled(field, row, from.where)
  if (flaws.length + refused.length > 0) return [...flaws, ...refused]
  return {
    field,
    crm: row.crm,
    flow: row.flow ?? 'both',
    when: row.when ?? 'usual',
    wins: row.wins ?? null,
    values: row.values ?? null,
    toPartner: expressions.toPartner,
    toCrm: expressions.toCrm,
    origin: from.origin,
  }
}

/** Both expressions of a row, each held to what its direction carries. */
function compiled(field: Field, row: RowDocument, where: string): { expressions: Pick<MappingRow, Direction>; refused: MappingFlaw[] } {
  const { kind } = FIELDS[field]
  const refused: MappingFlaw[] = []
  const compile = (direction: Direction, wanted: Wanted): MappingRow[Direction] => {
    const source = row[direction]
    if (source === undefined) return null
    try {
      return compileExpression(source, `${where} > ${direction}`, wanted)
    } catch (error) {
      if (!isFault(error)) throw error
      const at = `${where} > ${direction}`
      refused.push({ where: at, why: error.message.replace(refusedPrefix(at), ''), remedy: error.remedy })
      return null
    }
  }
  const expressions = { toPartner: compile('toPartner', { gives: PARTNER_TAKES[kind] }), toCrm: compile('toCrm', { value: [VALUE_AS[kind]] }) }
  return { expressions, refused }
}
type Direction = 'toPartner' | 'toCrm'

/** How an expression sees a field's value: lists as their text, one person or solution a line. */
export const VALUE_AS: { readonly [K in ValueKind]: ValueType } = {
  text: 'string',
  choice: 'string',
  currency: 'string',
  date: 'string',
  instant: 'string',
  money: 'double',
  flag: 'bool',
  stage: 'string',
  people: 'string',
  solutions: 'string',
}
const anything = ['string', 'int', 'uint', 'double', 'bool']
/** What an expression may give for a field. A text may be a number in letters. */
export const PARTNER_TAKES: { readonly [K in ValueKind]: readonly string[] } = {
  text: anything,
  choice: anything,
  currency: ['string'],
  date: ['string'],
  instant: ['string'],
  money: ['double', 'int', 'uint', 'string'],
  flag: ['bool', 'string'],
  stage: [],
  people: ['string'],
  solutions: ['string'],
}

/** The half of a policy that the rows say, for both kinds of record. */
export const rowPolicies = (mapping: Mapping): Pick<Policy, 'fields' | 'leadFields'> => ({
  fields: fieldPolicies(mapping, 'opportunity'),
  leadFields: fieldPolicies(mapping, 'lead'),
})

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
  const spell = SPELLINGS[row.field]
  if (spell !== undefined) return spell(shown)
  if (FIELDS[row.field].kind !== 'choice' || row.values !== null) return shown
  return isEmptyCode(shown) ? null : codeOf(shown)
}

/** Fields that Partner Center takes in one spelling and CRMs keep in several: as a code, a name, or a row of a table. */
const SPELLINGS: { readonly [F in Field]?: (text: string) => string } = {
  'customerProfile.address.country': iso2,
  'details.currency': currencyCode,
}
/** Whether two words of a field mean the same beyond their spelling; undefined where spelling is all there is. */
export function sameWords(field: Field): ((a: string, b: string) => boolean) | undefined {
  const spell = SPELLINGS[field]
  return spell === undefined ? undefined : (a, b) => spell(a) === spell(b)
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
