import { isFault } from '../../../core/fault.js'
import type { Clock } from '../../../core/ports.js'
import type { SalesforceApi } from '../api.js'
import { discover } from '../discover.js'
import { idOf } from '../row.js'
import { fieldIn, type Schema } from '../schema.js'
import { soql, quoted } from '../soql.js'
import { FIELDS, SOLUTION, SYNC_SET, type BlueprintField } from './blueprint.js'
import { layoutsToShow, type Layout } from './layouts.js'
import { viewsThere } from './views.js'

/** How an org stands: which of our fields its connector sees, and the permission set that shows them. */
export interface Survey {
  readonly schema: Schema
  readonly missing: readonly BlueprintField[]
  /** Our fields that are there or will be made. Where a field of Microsoft's package or of its guide serves, ours is not made, and nothing may name it. */
  readonly ours: readonly BlueprintField[]
  readonly setId: string | null
  /** Null where the org does not tell who has it. */
  readonly assigned: boolean | null
  /** Our list views that are there; null where the org does not tell. */
  readonly views: ReadonlySet<string> | null
  /** The page layouts of opportunities and leads; null where they cannot be read. */
  readonly layouts: readonly Layout[] | null
}

export async function survey(api: SalesforceApi, clock: Clock, signal: AbortSignal): Promise<Survey> {
  const schema = await discover(api, { now: clock.now(), signal })
  const isThere = (field: BlueprintField): boolean => {
    if (field.object !== SOLUTION) return fieldIn(schema, field.object, field.name) !== null
    const { solutions } = schema
    // A package of Microsoft's brings an object of its own, which is used as it is.
    return solutions !== null && (solutions.name !== SOLUTION || field.name !== 'Cosell_Key__c' || solutions.key !== null)
  }
  const missing = FIELDS.filter((field) => (field.object === 'Lead' && schema.objects.Lead === null ? false : !isThere(field))).map((field) =>
    readingWhatIsThere(field, schema),
  )
  const made = new Set(missing.map(({ object, name }) => `${object}.${name}`))
  const ours = FIELDS.filter((field) => made.has(`${field.object}.${field.name}`) || nameHere(field, schema) === field.name)
  const setId = await firstId(api, soql({ fields: ['Id'], from: 'PermissionSet', where: [`Name = ${quoted(SYNC_SET.name)}`] }), signal)
  const userId = schema.self?.userId ?? null
  const where = [`AssigneeId = ${quoted(userId ?? '')}`, `PermissionSetId = ${quoted(setId ?? '')}`]
  const assignment = soql({ fields: ['Id'], from: 'PermissionSetAssignment', where })
  const assigned = setId !== null && userId !== null && (await isAssigned(api, assignment, signal))
  return { schema, missing, ours, setId, assigned, views: await viewsThere(api, signal), layouts: await layoutsToShow(api, signal) }
}
/** The field of the org that plays this part, by its name. Of an object that is ours every field is. */
function nameHere({ object, name }: BlueprintField, schema: Schema): string | null {
  if (object === SOLUTION) return schema.solutions?.name === SOLUTION ? name : null
  return fieldIn(schema, object, name)?.name ?? null
}

/** A formula reads the fields that serve in this org, under the names they have here. */
function readingWhatIsThere(field: BlueprintField, schema: Schema): BlueprintField {
  const { formula } = field.definition
  if (typeof formula !== 'string' || field.object === SOLUTION) return field
  const { object } = field
  const named = formula.replaceAll(/\bCosell_\w+__c\b/g, (name) => fieldIn(schema, object, name)?.name ?? name)
  return { ...field, definition: { ...field.definition, formula: named } }
}

async function isAssigned(api: SalesforceApi, statement: string, signal: AbortSignal): Promise<boolean | null> {
  try {
    return (await firstId(api, statement, signal)) !== null
  } catch (error) {
    if (isFault(error) && (error.kind === 'misconfigured' || error.kind === 'forbidden' || error.kind === 'rejected')) return null
    throw error
  }
}

async function firstId(api: SalesforceApi, statement: string, signal: AbortSignal): Promise<string | null> {
  const { rows } = await api.query({ soql: statement, deleted: false, what: 'the permission sets of the org' }, signal)
  return rows[0] === undefined ? null : idOf(rows[0], 'Id')
}
