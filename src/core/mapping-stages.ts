import type { Scalar } from './conversions.js'
import type { Unreadable } from './ports.js'
import { STAGES, type Stage } from './stage.js'

/** CRM values of one stage, for example `{ statecode: 0, statuscode: 2 }` or `{ StageName: 'On Hold' }`. */
export type StageValues = Readonly<Record<string, string | number | boolean>>
/** A status of the referral, or a group of them such as `Closed/*`. */
export type StagePattern = Stage | `${'New' | 'Active' | 'Closed'}/*`

export interface StageRow {
  readonly pattern: StagePattern
  readonly crm: StageValues
  /** Any other open CRM stage reads as this one. */
  readonly otherOpen: boolean
  /** Further CRM values that read as this stage and are never written. */
  readonly also: readonly StageValues[]
}

/** Rows in order of precedence. `section` is the document's key, for messages. */
export interface StageTable {
  readonly section: 'stages' | 'leadStages'
  readonly rows: readonly StageRow[]
}

export const stageRow = (pattern: StagePattern, crm: StageValues, also: readonly StageValues[] = []): StageRow => ({
  pattern,
  crm,
  otherOpen: false,
  also,
})

const isGroup = (pattern: StagePattern): boolean => pattern.endsWith('/*')
const covers = (pattern: StagePattern, stage: Stage): boolean =>
  pattern === stage || (isGroup(pattern) && stage.startsWith(pattern.slice(0, -1)))

/** What a group reads as: the state in which nothing is decided that the CRM does not say. */
const GROUP_READS_AS: Readonly<Record<string, Stage>> = {
  'New/*': 'New/Received',
  'Active/*': 'Active/Accepted',
  'Closed/*': 'Closed/Lost',
}
export const readsAs = (pattern: StagePattern): Stage =>
  STAGES.find((stage) => stage === pattern) ?? GROUP_READS_AS[pattern] ?? 'New/Received'

/** The CRM values to write for a stage: its own row, else its group's. Null: the table has no row for it. */
export function encodeStage(table: StageTable, stage: Stage): StageValues | null {
  const row = table.rows.find(({ pattern }) => pattern === stage) ?? table.rows.find(({ pattern }) => covers(pattern, stage))
  return row?.crm ?? null
}

const sameScalar = (a: Scalar | undefined, b: Scalar): boolean =>
  a === b || (a !== undefined && a !== null && b !== null && String(a).toLowerCase() === String(b).toLowerCase())
const shows = (values: StageValues, shown: Readonly<Record<string, Scalar>>): boolean =>
  Object.entries(values).every(([column, value]) => sameScalar(shown[column], value))

/** The stage that CRM values mean: the first row with these values, else the row marked `otherOpen`, else unreadable, never a guess. */
export function decodeStage(
  table: StageTable,
  shown: Readonly<Record<string, Scalar>>,
  look: { readonly isOpen: boolean; readonly text: string },
): { readonly stage: Stage } | { readonly unreadable: Unreadable } {
  const row =
    table.rows.find(({ crm }) => shows(crm, shown)) ??
    table.rows.find(({ also }) => also.some((values) => shows(values, shown))) ??
    (look.isOpen ? table.rows.find(({ otherOpen }) => otherOpen) : undefined)
  if (row !== undefined) return { stage: readsAs(row.pattern) }
  const values = Object.entries(shown)
    .map(([column, value]) => `${column}: ${String(value)}`)
    .join(', ')
  const example = look.isOpen ? 'Active/Accepted' : 'Closed/Lost'
  return {
    unreadable: {
      field: 'status',
      shows: look.text,
      text: `The record's status "${look.text}" (${values}) has no meaning in the mapping.`,
      remedy: `Add a row such as "${example}: { ${values} }" under "${table.section}" of the mapping, then sync again.`,
    },
  }
}

/** A document's rows replace built-in ones of the same name in place; new ones come first, so that they are preferred. */
export function mergeStages(
  builtIn: StageTable,
  rows: Readonly<Record<string, StageValues & { readonly otherOpen?: boolean | undefined }>> | undefined,
): StageTable {
  const given = Object.entries(rows ?? {}).map(([pattern, { otherOpen, ...crm }]): StageRow => ({
    pattern: pattern as StagePattern, // checked when the document was read
    crm,
    otherOpen: otherOpen === true,
    also: [],
  }))
  const byPattern = new Map(given.map((row) => [row.pattern, row]))
  const added = given.filter((row) => !builtIn.rows.some(({ pattern }) => pattern === row.pattern))
  return { section: builtIn.section, rows: [...added, ...builtIn.rows.map((row) => byPattern.get(row.pattern) ?? row)] }
}
