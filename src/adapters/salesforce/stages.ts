import type { StageRow, StageTable, StageValues } from '../../core/mapping-stages.js'
import { SALESFORCE_PROFILE } from './profile.js'
import type { OrgStage, Schema } from './schema.js'

/**
 * The stage table with the org's own stages where the delivered ones are missing, or play another part: for "on hold" the first open stage, for
 * "active" the next open one, for won and lost the org's first such stage. Rows that a person wrote stay as they are.
 * A delivered stage that is no longer chosen from still means on a record what it meant: whoever took it for another one would answer for everybody.
 */
export function stageTableOf(schema: Schema, table: StageTable, kind: 'opportunity' | 'lead'): StageTable {
  if (schema.readAt === null) return table
  const builtIn = kind === 'opportunity' ? SALESFORCE_PROFILE.stages.rows : SALESFORCE_PROFILE.leadStages.rows
  const replace = kind === 'opportunity' ? opportunityStage : leadStatus
  const inOrg = (row: StageRow): StageRow => {
    const crm = replace(schema, table, row)
    const also = kind === 'opportunity' ? stillWaiting(schema, table, row) : crm === row.crm ? [] : stillEnded(row)
    return crm === row.crm && also.length === 0 ? row : { ...row, crm, also: [...row.also, ...also] }
  }
  return { ...table, rows: table.rows.map((row) => (builtIn.includes(row) ? inOrg(row) : row)) }
}

/** Stages that deals wait in although others are put into another one now: the delivered one, and those that were chosen before the org had others. */
function stillWaiting({ stages, heldBefore }: Schema, table: StageTable, { pattern, crm }: StageRow): readonly StageValues[] {
  if (pattern !== 'New/*') return []
  const delivered = crm['StageName']
  const elsewhere = new Set(table.rows.filter((other) => other.crm !== crm).map((other) => other.crm['StageName']))
  const gone = stages.some(({ value }) => value === delivered) ? [] : [delivered]
  const waiting = [...gone, ...heldBefore.filter((stage) => !elsewhere.has(stage))]
  return waiting.flatMap((stage) => (stage === undefined ? [] : [{ StageName: stage, IsClosed: false }]))
}
/** The delivered end of a lead says so on records that still show it. */
const stillEnded = ({ pattern, crm: { Status: status } }: StageRow): readonly StageValues[] =>
  pattern === 'Closed/*' && status !== undefined ? [{ Status: status, IsConverted: false }] : []

/** The stage that was chosen in this org for deals that wait; null where it is the delivered one, or a person named it. */
export function heldStageOf(schema: Schema, table: StageTable): string | null {
  const row = table.rows.find((one) => one.pattern === 'New/*' && SALESFORCE_PROFILE.stages.rows.includes(one))
  const chosen = row === undefined ? undefined : opportunityStage(schema, table, row)['StageName']
  return typeof chosen !== 'string' || chosen === row?.crm['StageName'] ? null : chosen
}

function opportunityStage(schema: Schema, table: StageTable, row: StageRow): StageValues {
  const plays = ({ closed, won }: OrgStage): boolean =>
    row.pattern === 'Closed/Won' ? closed && won : row.pattern === 'Closed/*' ? closed && !won : !closed
  if (schema.stages.some((stage) => stage.value === row.crm['StageName'] && plays(stage))) return row.crm
  const suiting = schema.stages.filter(plays)
  const taken = new Set(table.rows.filter((other) => other !== row).map(({ crm }) => crm['StageName']))
  const free = suiting.filter(({ value }) => !taken.has(value))
  // The choice stands while the org has that stage: another first one would be an answer to everything that waits.
  const kept = schema.heldBefore.findLast((stage) => free.some(({ value }) => value === stage))
  const held = free.find(({ value }) => value === kept) ?? free[0] ?? suiting[0]
  const found =
    row.pattern === 'New/*'
      ? held
      : row.pattern === 'Active/Accepted'
        ? (free.find(({ value }) => value !== held?.value && !schema.heldBefore.includes(value)) ?? suiting.at(-1))
        : suiting[0]
  return found === undefined ? row.crm : { StageName: found.value }
}

/** A status of leads does not say whether it is an end. Only one whose words say so is taken for it: a wrong one would decline referrals that a seller works on. */
const SAYS_END = /\b(?:closed|unqualified|disqualified|not (?:converted|qualified|interested)|lost|rejected|declined|dead|junk)\b/i

function leadStatus(schema: Schema, _table: StageTable, row: StageRow): StageValues {
  const becomes = row.pattern === 'Active/Accepted' || row.pattern === 'Closed/Won'
  const suiting = schema.leadStatuses.filter(({ converted }) => converted === becomes)
  if (suiting.some(({ value }) => value === row.crm['Status'])) return row.crm
  const found = row.pattern === 'Closed/*' ? suiting.findLast(({ value }) => SAYS_END.test(value)) : suiting[0]
  return found === undefined ? row.crm : { Status: found.value }
}
