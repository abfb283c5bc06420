import { labelKey } from './conversions.js'
import { FIELDS, isListField, type Field } from './deal.js'
import { Fault } from './fault.js'
import type { LineOf, RowDocument } from './mapping-document.js'
import type { MappedKind, MappingRows } from './mapping-row.js'
import { encodeStage, readsAs, type StageRow, type StageTable } from './mapping-stages.js'
import { STAGES } from './stage.js'

/** What is wrong with a mapping as a whole, row for row in words; each row may be fine by itself. */
export interface MappingFlaw {
  readonly where: string
  readonly why: string
  readonly remedy: string
}

/** Everything that is wrong at once: one sentence for one flaw, a line each for several. */
export function refusalOf(flaws: readonly MappingFlaw[], lineOf: LineOf): Fault {
  const place = ({ where }: MappingFlaw): string => {
    const line = lineOf(where.split(' > '))
    return line === null ? where : `${where} (line ${line})`
  }
  const [only] = flaws
  if (only !== undefined && flaws.length === 1)
    return new Fault('misconfigured', `The mapping row ${place(only)} cannot work: ${only.why}`, { remedy: only.remedy })
  const lines = flaws.map((flaw) => `\n  ${place(flaw)}: ${flaw.why} ${flaw.remedy}`)
  return new Fault('misconfigured', `The mapping cannot work for ${flaws.length} reasons:${lines.join('')}`, {
    remedy: 'Correct these rows; "cosell mapping check" tests the mapping without changing anything.',
  })
}

/** What one row asks of its field that the field cannot do. */
export function rowLimits(
  field: Field,
  row: RowDocument,
  { where, places }: { readonly where: string; readonly places: readonly string[] },
): MappingFlaw[] {
  const flaws: MappingFlaw[] = []
  const flaw = (why: string, remedy: string): void => void flaws.push({ where, why, remedy })
  const isPlace = places.includes(row.crm)
  if (FIELDS[field].kind === 'stage' && !isPlace)
    flaw(`the status is not kept in one column such as ${row.crm}.`, 'Leave this row out, and say under "stages" what each status shows.')
  if (row.wins === 'union' && !isListField(field)) flaw('"union" joins lists, and this field is none.', 'Use partner, crm or hold.')
  if (row.flow === 'to-partner' && FIELDS[field].partner === 'read')
    flaw('Partner Center only shows this field and never takes it.', 'Use "flow: to-crm", or leave the flow out.')
  if (isPlace && (row.toCrm ?? row.toPartner ?? row.values) !== undefined)
    flaw(`"${row.crm}" stands for more than one column, and no expression or "values" applies to it.`, 'Leave them out, or name a column.')
  const shown = Object.values(row.values ?? {}).map((value) => labelKey(String(value)))
  if (new Set(shown).size !== shown.length)
    flaw('two of its values lead to the same CRM value, so the way back is not clear.', 'Give each its own CRM value.')
  return flaws
}

/** Two rows that write one column would undo each other for ever, and a row on a stage's column would pass a door unseen. */
export function rowFlaws(kind: MappedKind, rows: MappingRows, stages: StageTable): MappingFlaw[] {
  const stageColumns = new Set(stages.rows.flatMap(({ crm }) => Object.keys(crm)).map(lower))
  const writing = Object.values(rows).filter(({ flow }) => flow !== 'to-partner')
  const given = writing.filter(({ origin }) => origin === 'document')
  return given.flatMap((row) => {
    const where = `${kind} > ${row.field}`
    if (stageColumns.has(lower(row.crm)))
      return [{ where, why: `column ${row.crm} holds the stage.`, remedy: `Say what its values mean under "${stages.section}".` }]
    const other = writing.find(({ field, crm }) => field !== row.field && lower(crm) === lower(row.crm))
    if (other === undefined) return []
    const remedy = 'Give one of them another column, or "flow: to-partner".'
    return [{ where, why: `${other.field} writes column ${row.crm} too.`, remedy }]
  })
}

/** Every stage of a referral must lead to CRM values, and no values may mean two different stages. */
export function stageFlaws(table: StageTable, given: ReadonlySet<string>): MappingFlaw[] {
  const missing = STAGES.filter((stage) => encodeStage(table, stage) === null)
  const gaps = missing.map((stage) => ({
    where: `${table.section} > ${stage}`,
    why: 'no row says what the CRM shows then.',
    remedy: `Add a row for it, or for its group such as "${stage.split('/')[0] ?? 'Closed'}/*".`,
  }))
  return [...gaps, ...table.rows.flatMap((row, index) => clash(table, row, index, given))]
}

function clash(table: StageTable, row: StageRow, index: number, given: ReadonlySet<string>): MappingFlaw[] {
  const earlier = table.rows.slice(0, index).find((other) => sameValues(other, row) && meaningOf(other) !== meaningOf(row))
  // The delivered tables may say one thing for two stages where the CRM knows no difference.
  if (earlier === undefined || (!given.has(row.pattern) && !given.has(earlier.pattern))) return []
  // The row that a person wrote is the one to correct.
  const [mine, other] = given.has(row.pattern) ? [row, earlier] : [earlier, row]
  return [
    {
      where: `${table.section} > ${mine.pattern}`,
      why: `the same CRM values already mean ${other.pattern}, so a record that shows them could be either.`,
      remedy: 'Give each its own values.',
    },
  ]
}

/** Ways to be lost may share their values: the first row of them is what a record reads as. Open, accepted, won and lost may not. */
const meaningOf = ({ pattern }: StageRow): string => (pattern === 'Closed/Won' ? 'won' : (readsAs(pattern).split('/')[0] ?? ''))

const lower = (text: string): string => text.toLowerCase()
const sameValues = (a: StageRow, b: StageRow): boolean => textOf(a) === textOf(b)
const textOf = ({ crm }: StageRow): string =>
  Object.entries(crm)
    .map(([column, value]) => `${lower(column)}=${lower(String(value))}`)
    .sort()
    .join('&')
