import type { MappedKind, MappingRows } from './mapping-row.js'
import { encodeStage, readsAs, type StageRow, type StageTable } from './mapping-stages.js'
import { STAGES } from './stage.js'

/** What is wrong with a mapping as a whole, row for row in words; each row may be fine by itself. */
export interface MappingFlaw {
  readonly where: string
  readonly why: string
  readonly remedy: string
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
  return [
    {
      where: `${table.section} > ${row.pattern}`,
      why: `the same CRM values already mean ${earlier.pattern}, so a record that shows them could be either.`,
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
