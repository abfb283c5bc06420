import type { StageRow, StageTable, StageValues } from '../../core/mapping-stages.js'
import { SALESFORCE_PROFILE } from './profile.js'
import type { Schema } from './schema.js'

/**
 * The stage table with the org's own stages where the delivered ones are missing: for "on hold" the first open stage, for "active" the
 * next open one, for won and lost the org's first such stage. Rows that a person wrote stay as they are.
 */
export function stageTableOf(schema: Schema, table: StageTable, kind: 'opportunity' | 'lead'): StageTable {
  if (schema.readAt === null) return table
  const builtIn = kind === 'opportunity' ? SALESFORCE_PROFILE.stages.rows : SALESFORCE_PROFILE.leadStages.rows
  const replace = kind === 'opportunity' ? opportunityStage : leadStatus
  return { ...table, rows: table.rows.map((row) => (builtIn.includes(row) ? { ...row, crm: replace(schema, table, row) } : row)) }
}

function opportunityStage(schema: Schema, table: StageTable, row: StageRow): StageValues {
  if (schema.stages.some(({ value }) => value === row.crm['StageName'])) return row.crm
  const open = schema.stages.filter(({ closed }) => !closed)
  const taken = new Set(table.rows.filter((other) => other !== row).map(({ crm }) => crm['StageName']))
  const held = open.find(({ value }) => !taken.has(value)) ?? open[0]
  const found =
    row.pattern === 'New/*'
      ? held
      : row.pattern === 'Active/Accepted'
        ? (open.find(({ value }) => !taken.has(value) && value !== held?.value) ?? open.at(-1))
        : row.pattern === 'Closed/Won'
          ? schema.stages.find(({ closed, won }) => closed && won)
          : schema.stages.find(({ closed, won }) => closed && !won)
  return found === undefined ? row.crm : { StageName: found.value }
}

function leadStatus(schema: Schema, _table: StageTable, row: StageRow): StageValues {
  if (schema.leadStatuses.some(({ value }) => value === row.crm['Status'])) return row.crm
  const statuses = schema.leadStatuses
  const found =
    row.pattern === 'New/*'
      ? statuses.find(({ converted }) => !converted)
      : row.pattern === 'Closed/*'
        ? statuses.findLast(({ converted }) => !converted)
        : statuses.find(({ converted }) => converted)
  return found === undefined ? row.crm : { Status: found.value }
}
