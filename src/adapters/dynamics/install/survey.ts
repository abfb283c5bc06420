import { isFault } from '../../../core/fault.js'
import { labelKey } from '../../../core/conversions.js'
import { flagOf, idOf, labelIn, numberOf, query, quoted, rowOf, rowsOf, textOf, type Row } from '../row.js'
import { DEAL_TABLES, LOCAL_SOLUTION, logicalName, PREFIX, SOLUTION, SOLUTION_DETAILS, SOLUTIONS, TRACKED_TABLES } from './blueprint.js'
import type { MetadataApi } from './metadata-api.js'
import { surveyRoles, type RoleSurvey, type SolutionTables } from './survey-roles.js'
import { surveySecurity, type SecuritySurvey } from './survey-security.js'

export interface ColumnSurvey {
  readonly name: string
  readonly type: string
  readonly label: string
  readonly maxLength: number | null
  readonly secured: 'secured' | 'open'
  /** Values of a choice column of the table's own; null for others. */
  readonly options: readonly number[] | null
}
export interface KeySurvey {
  readonly id: string
  readonly name: string
  readonly columns: readonly string[]
  readonly status: string
}
export interface TableSurvey {
  readonly name: string
  readonly schemaName: string
  readonly set: string
  readonly primaryId: string
  readonly primaryName: string | null
  readonly objectCode: number | null
  /** `on-paper`: the definition says so, but the table is not published yet and answers no delta. */
  readonly tracking: 'on' | 'on-paper' | 'off' | 'impossible'
  readonly columns: ReadonlyMap<string, ColumnSurvey>
  readonly keys: readonly KeySurvey[]
}
export interface Lookup {
  readonly relationshipId: string | null
  readonly relationship: string
  readonly column: string
}
export interface FormSurvey {
  readonly id: string
  readonly name: string
  readonly xml: string
}
export interface ViewSurvey {
  readonly id: string
  readonly name: string
  readonly isDefault: 'default' | 'other'
  readonly layoutXml: string
  readonly fetchXml: string
}

/** Everything the installer must know of an environment before it says what is missing. */
export interface Survey {
  readonly language: number
  readonly publisherId: string | null
  /** The unmanaged solution that takes up what is added. */
  readonly solution: { readonly uniqueName: string; readonly name: string; readonly version: string; readonly state: 'present' | 'missing' }
  readonly tables: ReadonlyMap<string, TableSurvey>
  readonly solutions: { readonly table: TableSurvey; readonly lookup: Lookup | null } | null
  readonly details: TableSurvey | null
  readonly forms: ReadonlyMap<string, readonly FormSurvey[]>
  readonly views: ReadonlyMap<string, readonly ViewSurvey[]>
  readonly resources: ReadonlyMap<string, { readonly id: string; readonly content: string }>
  /** Null where the environment offers no column security. */
  readonly security: SecuritySurvey | null
  /** Null where the environment does not show its roles. */
  readonly roles: RoleSurvey | null
}

/** Parts of a survey that are read apart, so that a stage is checked by reading what it can have changed. */
export const PARTS = ['solution', 'columns', 'tracking', 'keys', 'resources', 'forms', 'views', 'security', 'roles'] as const
export type Part = (typeof PARTS)[number]
export interface Prior {
  readonly survey: Survey
  /** What may have changed since. */
  readonly stale: ReadonlySet<Part>
}

const definition = (table: string): string => `EntityDefinitions(LogicalName='${table}')`

/** Reads the environment; with a prior survey, only what may have changed since. */
export async function survey(api: MetadataApi, signal: AbortSignal, prior: Prior | null = null): Promise<Survey> {
  const held = (part: Part): Survey | null => (prior === null || prior.stale.has(part) ? null : prior.survey)
  const tables = new Map<string, TableSurvey>()
  for (const name of TRACKED_TABLES) {
    const found = await surveyTable(api, name, signal, {
      prior,
      columns: name === 'opportunity' || name === 'lead' ? 'wanted' : 'unwanted',
    })
    if (found !== null) tables.set(name, found)
  }
  const { solutions, details } = await surveySolutionTables(api, signal, prior)
  const shown = [...DEAL_TABLES.filter((name) => tables.has(name)), ...[solutions?.table, details].flatMap((table) => table?.name ?? [])]
  return {
    language: prior?.survey.language ?? (await languageOf(api, signal)),
    publisherId: (held('solution') ?? { publisherId: await publisherOf(api, signal) }).publisherId,
    solution: held('solution')?.solution ?? (await solutionOf(api, signal)),
    tables,
    solutions,
    details,
    forms: held('forms')?.forms ?? (await surveyForms(api, shown, signal)),
    views: held('views')?.views ?? (await surveyViews(api, shown, signal)),
    resources: held('resources')?.resources ?? (await surveyResources(api, signal)),
    security: prior !== null && !prior.stale.has('security') ? prior.survey.security : await surveySecurity(api, signal),
    roles: prior !== null && !prior.stale.has('roles') ? prior.survey.roles : await surveyRoles(api, namesOf(solutions, details), signal),
  }
}

const namesOf = (solutions: Survey['solutions'], details: TableSurvey | null): SolutionTables => ({
  solutions: solutions?.table.schemaName ?? SOLUTIONS.schemaName,
  details: details?.schemaName ?? SOLUTION_DETAILS.schemaName,
})

async function languageOf(api: MetadataApi, signal: AbortSignal): Promise<number> {
  const [organization] = await api.list(`organizations${query({ $select: 'name,languagecode' })}`, 'the organization', signal)
  return numberOf(organization ?? {}, 'languagecode') ?? 1033
}

export async function surveySolutionTables(
  api: MetadataApi,
  signal: AbortSignal,
  prior: Prior | null,
): Promise<Pick<Survey, 'solutions' | 'details'>> {
  const touched = (['columns', 'tracking', 'keys'] as const).some((part) => prior === null || prior.stale.has(part))
  if (!touched && prior !== null) return { solutions: prior.survey.solutions, details: prior.survey.details }
  const custom = await api.list(
    `EntityDefinitions${query({ $select: 'LogicalName,DisplayName,DisplayCollectionName', $filter: 'IsCustomEntity eq true' })}`,
    'the custom tables',
    signal,
  )
  const solutionsName = customTable(custom, logicalName(SOLUTIONS.schemaName), ['Microsoft Solutions', 'Microsoft Solution'])
  const detailsName = customTable(custom, logicalName(SOLUTION_DETAILS.schemaName), [
    'Microsoft Solution Details',
    'Microsoft Solution Detail',
  ])
  const solutions = solutionsName === null ? null : await surveyTable(api, solutionsName, signal, { prior, columns: 'wanted' })
  return {
    solutions: solutions === null ? null : { table: solutions, lookup: await lookupOf(api, solutions.name, signal) },
    details: detailsName === null ? null : await surveyTable(api, detailsName, signal, { prior, columns: 'wanted' }),
  }
}

async function surveyResources(api: MetadataApi, signal: AbortSignal): Promise<Survey['resources']> {
  const rows = await api.list(
    `webresourceset${query({ $select: 'webresourceid,name,content', $filter: `startswith(name,${quoted(`${PREFIX}_/`)})` })}`,
    'the web resources',
    signal,
  )
  const named = rows.flatMap((row): [string, { id: string; content: string }][] => {
    const [id, name] = [idOf(row, 'webresourceid'), textOf(row, 'name')]
    return id === null || name === null ? [] : [[name, { id, content: textOf(row, 'content') ?? '' }]]
  })
  return new Map(named)
}

async function publisherOf(api: MetadataApi, signal: AbortSignal): Promise<string | null> {
  const select = 'publisherid,uniquename,customizationprefix'
  const path = `publishers${query({ $select: select, $filter: `customizationprefix eq ${quoted(PREFIX)}` })}`
  const [found] = await api.list(path, 'the publisher', signal)
  return found === undefined ? null : idOf(found, 'publisherid')
}

async function solutionOf(api: MetadataApi, signal: AbortSignal): Promise<Survey['solution']> {
  const names = [SOLUTION.uniqueName, LOCAL_SOLUTION.uniqueName]
  const filter = names.map((name) => `uniquename eq ${quoted(name)}`).join(' or ')
  const rows = await api.list(
    `solutions${query({ $select: 'solutionid,uniquename,ismanaged', $filter: filter })}`,
    'the solution of the connector',
    signal,
  )
  const named = (name: string): Row | undefined => rows.find((row) => textOf(row, 'uniquename') === name)
  const main = named(SOLUTION.uniqueName)
  const wanted = main !== undefined && flagOf(main, 'ismanaged') === true ? LOCAL_SOLUTION : SOLUTION
  return { ...wanted, state: named(wanted.uniqueName) === undefined ? 'missing' : 'present' }
}

function customTable(rows: readonly Row[], own: string, labels: readonly string[]): string | null {
  const wanted = new Set(labels.map(labelKey))
  const labelled = (row: Row): boolean =>
    [labelIn(row, 'DisplayCollectionName'), labelIn(row, 'DisplayName')].some((label) => label !== null && wanted.has(labelKey(label)))
  const names = rows.map((row) => textOf(row, 'LogicalName') ?? '')
  const microsoft = rows.findIndex((row, at) => (names[at] ?? '').startsWith('msft_') && labelled(row))
  return names[microsoft] ?? names.find((name) => name === own) ?? null
}

interface TableChoice {
  readonly prior: Prior | null
  /** Tables that are only tracked need no list of their columns. */
  readonly columns: 'wanted' | 'unwanted'
}

async function surveyTable(
  api: MetadataApi,
  name: string,
  signal: AbortSignal,
  { prior, columns }: TableChoice,
): Promise<TableSurvey | null> {
  const all = prior === null ? [] : [...prior.survey.tables.values(), prior.survey.solutions?.table, prior.survey.details]
  const held = all.find((table) => table?.name === name) ?? null
  const keeps = (part: Part): boolean => held !== null && prior !== null && !prior.stale.has(part)
  const head = held !== null && keeps('tracking') ? held : await surveyHead(api, name, signal)
  if (head === null) return null
  return {
    name,
    schemaName: head.schemaName,
    set: head.set,
    primaryId: head.primaryId,
    primaryName: head.primaryName,
    objectCode: head.objectCode,
    tracking: head.tracking,
    columns: held !== null && keeps('columns') ? held.columns : columns === 'wanted' ? await surveyColumns(api, name, signal) : new Map(),
    keys: held !== null && keeps('keys') ? held.keys : columns === 'wanted' ? await surveyKeys(api, name, signal) : [],
  }
}

type Head = Omit<TableSurvey, 'columns' | 'keys'>

async function surveyHead(api: MetadataApi, name: string, signal: AbortSignal): Promise<Head | null> {
  const members =
    'MetadataId,LogicalName,SchemaName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,ObjectTypeCode,ChangeTrackingEnabled,CanChangeTrackingBeEnabled'
  const head = await api.get(`${definition(name)}${query({ $select: members })}`, `table ${name}`, signal)
  if (head === null) return null
  const set = textOf(head, 'EntitySetName') ?? `${name}s`
  const primaryId = textOf(head, 'PrimaryIdAttribute') ?? `${name}id`
  return {
    name,
    schemaName: textOf(head, 'SchemaName') ?? name,
    set,
    primaryId,
    primaryName: textOf(head, 'PrimaryNameAttribute'),
    objectCode: numberOf(head, 'ObjectTypeCode'),
    tracking: await trackingOf(api, { head, name, set, primaryId }, signal),
  }
}

async function surveyColumns(api: MetadataApi, name: string, signal: AbortSignal): Promise<TableSurvey['columns']> {
  const choices = await api.list(
    `${definition(name)}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata${query({ $select: 'LogicalName', $expand: 'OptionSet' })}`,
    `the choices of table ${name}`,
    signal,
  )
  const options = new Map(choices.map((row): [string, readonly number[]] => [textOf(row, 'LogicalName') ?? '', valuesIn(row)]))
  // All members: the lengths of texts come with the plain list, whether a column is secured as well.
  const rows = await api.list(`${definition(name)}/Attributes`, `the columns of table ${name}`, signal)
  const lengths = await lengthsOf(api, name, rows, signal)
  return new Map(
    rows.map((row): [string, ColumnSurvey] => {
      const column = textOf(row, 'LogicalName') ?? ''
      const secured = flagOf(row, 'IsSecured') === true ? 'secured' : 'open'
      const [type, maxLength] = [textOf(row, 'AttributeType') ?? '', numberOf(row, 'MaxLength') ?? lengths.get(column) ?? null]
      return [
        column,
        { name: column, type, maxLength, secured, label: labelIn(row, 'DisplayName') ?? column, options: options.get(column) ?? null },
      ]
    }),
  )
}

/** Lengths of texts, asked for by type where the plain list leaves them out. */
async function lengthsOf(api: MetadataApi, name: string, rows: readonly Row[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const lengths = new Map<string, number>()
  for (const type of ['String', 'Memo']) {
    if (!rows.some((row) => textOf(row, 'AttributeType') === type && numberOf(row, 'MaxLength') === null)) continue
    const path = `${definition(name)}/Attributes/Microsoft.Dynamics.CRM.${type}AttributeMetadata${query({ $select: 'LogicalName,MaxLength' })}`
    for (const row of await api.list(path, `the texts of table ${name}`, signal)) {
      const length = numberOf(row, 'MaxLength')
      if (length !== null) lengths.set(textOf(row, 'LogicalName') ?? '', length)
    }
  }
  return lengths
}

async function surveyKeys(api: MetadataApi, name: string, signal: AbortSignal): Promise<TableSurvey['keys']> {
  const select = 'MetadataId,SchemaName,LogicalName,KeyAttributes,EntityKeyIndexStatus'
  const rows = await api.list(`${definition(name)}/Keys${query({ $select: select })}`, `the keys of table ${name}`, signal)
  return rows.map((row) => ({
    id: idOf(row, 'MetadataId') ?? '',
    name: textOf(row, 'LogicalName') ?? '',
    columns: Array.isArray(row['KeyAttributes']) ? row['KeyAttributes'].map(String) : [],
    status: textOf(row, 'EntityKeyIndexStatus') ?? '',
  }))
}

const valuesIn = (row: Row): readonly number[] =>
  rowsOf(rowOf(row, 'OptionSet') ?? {}, 'Options').flatMap((option) => numberOf(option, 'Value') ?? [])

interface Tracked {
  readonly head: Row
  readonly name: string
  readonly set: string
  readonly primaryId: string
}

/** A definition may say that changes are tracked before it is published; only a delta round proves it. */
async function trackingOf(
  api: MetadataApi,
  { head, name, set, primaryId }: Tracked,
  signal: AbortSignal,
): Promise<TableSurvey['tracking']> {
  if (flagOf(head, 'ChangeTrackingEnabled') !== true) {
    const can = rowOf(head, 'CanChangeTrackingBeEnabled')
    return can !== null && flagOf(can, 'Value') === false ? 'impossible' : 'off'
  }
  try {
    const url = `${set}${query({ $select: primaryId })}`
    await api.first(url, `changes of table ${name}`, signal, { Prefer: 'odata.track-changes,odata.maxpagesize=1' })
    return 'on'
  } catch (error) {
    if (isFault(error) && error.code === '0x80072491') return 'on-paper'
    if (isFault(error) && (error.kind === 'rejected' || error.kind === 'forbidden')) return 'on' // The role may not read it; that is the doctor's matter.
    throw error
  }
}

async function lookupOf(api: MetadataApi, table: string, signal: AbortSignal): Promise<Lookup | null> {
  const rows = await api.list(
    `${definition(table)}/ManyToOneRelationships${query({ $select: 'MetadataId,SchemaName,ReferencingAttribute,ReferencedEntity' })}`,
    `the relations of table ${table}`,
    signal,
  )
  const row = rows.find((candidate) => textOf(candidate, 'ReferencedEntity') === 'opportunity')
  const [relationship, column] = [row && textOf(row, 'SchemaName'), row && textOf(row, 'ReferencingAttribute')]
  return row && relationship && column ? { relationshipId: idOf(row, 'MetadataId'), relationship, column } : null
}

async function surveyForms(api: MetadataApi, tables: readonly string[], signal: AbortSignal): Promise<Survey['forms']> {
  const found = new Map<string, readonly FormSurvey[]>()
  for (const table of tables) {
    const filter = `objecttypecode eq ${quoted(table)} and type eq 2 and formactivationstate eq 1`
    const rows = await api.list(
      `systemforms${query({ $select: 'formid,name,formxml', $filter: filter })}`,
      `the forms of table ${table}`,
      signal,
    )
    const forms = rows.flatMap((row): FormSurvey[] => {
      const [id, xml] = [idOf(row, 'formid'), textOf(row, 'formxml')]
      return id === null || xml === null ? [] : [{ id, xml, name: textOf(row, 'name') ?? id }]
    })
    found.set(table, forms)
  }
  return found
}

async function surveyViews(api: MetadataApi, tables: readonly string[], signal: AbortSignal): Promise<Survey['views']> {
  const found = new Map<string, readonly ViewSurvey[]>()
  for (const table of tables) {
    const filter = `returnedtypecode eq ${quoted(table)} and querytype eq 0 and statecode eq 0`
    const rows = await api.list(
      `savedqueries${query({ $select: 'savedqueryid,name,isdefault,layoutxml,fetchxml', $filter: filter })}`,
      `the views of table ${table}`,
      signal,
    )
    const views = rows.flatMap((row): ViewSurvey[] => {
      const id = idOf(row, 'savedqueryid')
      if (id === null) return []
      const isDefault = flagOf(row, 'isdefault') === true ? 'default' : 'other'
      return [
        {
          id,
          isDefault,
          name: textOf(row, 'name') ?? id,
          layoutXml: textOf(row, 'layoutxml') ?? '',
          fetchXml: textOf(row, 'fetchxml') ?? '',
        },
      ]
    })
    found.set(table, views)
  }
  return found
}
