import type { MappedKind } from '../core/mapping.js'
import { decodeStage, type StagePattern, type StageRow, type StageTable, type StageValues } from '../core/mapping-stages.js'
import type { Check } from '../core/ports.js'
import type { Stage } from '../core/stage.js'

/** `won` of a lead: it was qualified, and is a lead no more. */
export type StatusState = 'open' | 'won' | 'lost'
/** A status that a record can show in this CRM: its values by column, as the table of stages names them. */
export interface Status {
  readonly values: StageValues
  readonly words: string
  readonly state: StatusState
}

/** What states a referral's status may lead to. A lead's open and disqualified statuses are not told apart by every CRM. */
const LEADS_TO: { readonly [K in MappedKind]: (pattern: StagePattern) => readonly StatusState[] } = {
  opportunity: (pattern) => (pattern === 'Closed/Won' ? ['won'] : pattern.startsWith('Closed') ? ['lost'] : ['open']),
  lead: (pattern) =>
    pattern.startsWith('New') ? ['open'] : pattern === 'Closed/Won' || pattern.startsWith('Active') ? ['won', 'open'] : ['lost', 'open'],
}
const stateOf = (stage: Stage): StatusState => (stage === 'Closed/Won' ? 'won' : stage.startsWith('Closed') ? 'lost' : 'open')

/**
 * Whether the table of stages is whole and legal, both ways: every stage of a referral leads to a status that is there and of the right
 * state, and every status of the CRM means a stage, so that no record stops at it.
 */
export function stageChecks(kind: MappedKind, table: StageTable, statuses: readonly Status[]): Check[] {
  const name = kind === 'lead' ? 'CRM lead stages' : 'CRM stages'
  const check = (status: Check['status'], detail: string, remedy: string | null): Check => ({ name, status, detail, remedy })
  const wrong = table.rows.flatMap((row) => wrongRow(kind, row, statuses))
  const read = statuses.map((status) => ({ status, ...meaning(table, status) }))
  const crossed = kind === 'lead' ? [] : read.flatMap(({ status, stage }) => (stage === null || stateOf(stage) === status.state ? [] : [{ status, stage }]))
  const unread = read.filter(({ stage }) => stage === null)
  const checks: Check[] = []
  if (wrong.length > 0) checks.push(check('fail', wrong.join(' '), `Correct "${table.section}" of the mapping, or add the status in the CRM. It has ${list(table, statuses)}.`))
  if (crossed.length > 0) {
    const said = crossed.map(({ status, stage }) => `"${status.words}" is ${status.state} in the CRM and would read as ${stage}.`)
    checks.push(check('fail', said.join(' '), `Correct "${table.section}" of the mapping.`))
  }
  if (unread.length > 0) {
    const said = unread.map(({ status }) => `"${status.words}"`).join(', ')
    const [first] = unread
    checks.push(check('warn', `The CRM also knows ${said}, and no row says what that means: a record that shows it stops.`, first?.remedy ?? null))
  }
  if (checks.length > 0) return checks
  const words = table.rows.map(({ pattern, crm }) => `${pattern} is "${statuses.find((status) => shows(crm, status))?.words ?? textOf(crm)}"`)
  return [check('pass', `Every status has its counterpart: ${words.join('; ')}.`, null)]
}

const same = (a: unknown, b: unknown): boolean => String(a).toLowerCase() === String(b).toLowerCase()
const shows = (crm: StageValues, { values }: Status): boolean =>
  Object.entries(crm).every(([column, value]) => !(column in values) || same(values[column], value))

function wrongRow(kind: MappedKind, { pattern, crm }: StageRow, statuses: readonly Status[]): string[] {
  const found = statuses.find((status) => shows(crm, status))
  if (found === undefined) return [`${pattern}: the CRM has no status ${textOf(crm)}.`]
  const allowed = LEADS_TO[kind](pattern)
  return allowed.includes(found.state) ? [] : [`${pattern} leads to "${found.words}", which is ${found.state} and must be ${allowed.join(' or ')}.`]
}

function meaning(table: StageTable, { values, words, state }: Status): { readonly stage: Stage | null; readonly remedy: string | null } {
  const read = decodeStage(table, values, { isOpen: state === 'open', text: words })
  return 'stage' in read ? { stage: read.stage, remedy: null } : { stage: null, remedy: read.unreadable.remedy }
}

const textOf = (crm: StageValues): string =>
  Object.entries(crm)
    .map(([column, value]) => `${column}: ${String(value)}`)
    .join(', ')
const list = (table: StageTable, statuses: readonly Status[]): string => {
  const columns = new Set(table.rows.flatMap(({ crm }) => Object.keys(crm)))
  const said = ({ values }: Status): StageValues => Object.fromEntries(Object.entries(values).filter(([column]) => columns.has(column)))
  const most = 20 // Enough to find the one that was meant.
  return statuses
    .slice(0, most)
    .map((status) => `"${status.words}" (${textOf(said(status))})`)
    .join(', ')
}
