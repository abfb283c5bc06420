import { isFault } from '../../../core/fault.js'
import { idOf, query, quoted, textOf, type Row } from '../row.js'
import {
  DEAL_COLUMNS,
  DEAL_TABLES,
  LOCAL_SOLUTION,
  logicalName,
  PREFIX,
  PUBLISHER,
  READ_PROFILE,
  REFERRAL_KEY,
  SECTION,
  SOLUTION,
  SOLUTION_DETAILS,
  SOLUTION_LOOKUP,
  SOLUTIONS,
  VIEW_NAME,
  WRITE_PROFILE,
} from './blueprint.js'
import { CONNECTOR_ROLE, SELLER_ROLE } from './survey-roles.js'
import { withoutSection } from './forms.js'
import type { MetadataApi } from './metadata-api.js'
import { WEB_RESOURCES } from './resources.js'
import { surveyEvents, removeEvents } from './steps-events.js'
import { iconColumns } from './steps-shown.js'
import { redefine } from './steps-tables.js'
import { present, wanted, type Desk, type Stage, type Step } from './step.js'
import type { Survey, TableSurvey } from './survey.js'
import { showsIcon, textOfView, viewOfText, withoutIcon } from './views.js'

/**
 * The way back, in the order in which nothing is needed any more by what stands above it.
 * Source: learn.microsoft.com "Remove customizations", "Delete a column" (read 2023-10): what is in use cannot be deleted.
 */
export const REMOVAL_STAGES: readonly Stage[] = ['events', 'forms', 'views', 'keys', 'columns', 'security', 'lookups', 'tables', 'solution']

export interface RemovalWish {
  readonly data: 'keep' | 'delete'
}

/** One step for each thing of ours that is still there, and one without work for each that stays. */
export async function removalSteps(api: MetadataApi, survey: Survey, wish: RemovalWish, signal: AbortSignal): Promise<Step[]> {
  const solutions = await ownSolutions(api, signal)
  // What a managed solution brought cannot be taken out of it piece by piece.
  const managed = solutions.some(({ uniqueName, managed: isManaged }) => uniqueName === SOLUTION.uniqueName && isManaged)
  return [
    ...(await eventRemoval(api, signal)),
    ...formRemoval(survey),
    ...viewRemoval(survey, managed),
    ...(managed ? [] : [...keyRemoval(survey), ...resourceRemoval(survey), ...columnRemoval(survey, wish), ...tableRemoval(survey, wish)]),
    ...(wish.data === 'keep' ? unprotect(survey) : []),
    ...profileRemoval(survey),
    ...roleRemoval(survey, wish),
    ...(await solutionRemoval(api, { solutions, wish, managed }, signal)),
    ...trackingNotes(survey),
  ]
}

const take = (stage: Stage, id: string, what: string, make: Step['make'] & {}, publish: Partial<Step['publish']> = {}): Step =>
  wanted(stage, { id, what, state: 'differs', change: 'take away', make, publish })
const keep = (stage: Stage, id: string, what: string, note: string): Step => present(stage, id, what, note)

/** Deletes one component. What is gone already is gone as asked. */
async function erase({ api, signal }: Desk, path: string, what: string): Promise<void> {
  try {
    await api.write({ method: 'DELETE', path, body: null, what, solution: null }, signal)
  } catch (error) {
    if (!isFault(error) || (error.kind !== 'missing' && error.status !== 404)) throw error
  }
}

async function eventRemoval(api: MetadataApi, signal: AbortSignal): Promise<Step[]> {
  const { endpoint, steps } = await surveyEvents(api, signal)
  if (endpoint === null) return []
  const what = `Webhook to ${endpoint.url} with ${steps.length} events`
  return [take('events', 'webhook', what, async (desk) => void (await removeEvents(desk.api, desk.signal)))]
}

/** Forms of our own tables go with their tables. */
function formRemoval(survey: Survey): Step[] {
  return DEAL_TABLES.flatMap((name) =>
    (survey.forms.get(name) ?? []).flatMap((form) => {
      const cut = withoutSection(form.xml, SECTION.name)
      if (cut === form.xml) return []
      const what = `Section ${SECTION.label} on the form "${form.name}" of ${name}`
      const make = async ({ api, signal, copies }: Desk): Promise<void> => {
        // Untouched since, it is put back as it was found; what others changed meanwhile stays, and only the section goes.
        const held = await copies.read(form.id)
        const formxml = held?.after === form.xml ? held.before : cut
        await api.write({ method: 'PATCH', path: `systemforms(${form.id})`, body: { formxml }, what, solution: null }, signal)
      }
      return [take('forms', `form:${name}.${form.id}`, what, make, { tables: [name] })]
    }),
  )
}

function viewRemoval(survey: Survey, managed: boolean): Step[] {
  return DEAL_TABLES.flatMap((name) => {
    const icon = iconColumns(survey.tables.get(name))
    return (survey.views.get(name) ?? []).flatMap((view) => {
      // Told by the icon as well: a view of somebody else's may have the same name.
      const isOurs = view.name === VIEW_NAME && showsIcon(view.layoutXml, icon.status)
      const what = isOurs ? `View "${view.name}" of ${name}` : `Status icon in the view "${view.name}" of ${name}`
      if (isOurs)
        return managed
          ? []
          : [take('views', `view:${name}.${view.name}`, what, (desk) => erase(desk, `savedqueries(${view.id})`, what), { tables: [name] })]
      const text = withoutIcon(view, icon)
      if (text.layoutXml === view.layoutXml) return []
      const make = async ({ api, signal, copies }: Desk): Promise<void> => {
        const held = await copies.read(view.id)
        const { layoutXml, fetchXml } = held?.after === textOfView(view) ? viewOfText(held.before) : text
        const body = { layoutxml: layoutXml, fetchxml: fetchXml }
        await api.write({ method: 'PATCH', path: `savedqueries(${view.id})`, body, what, solution: null }, signal)
      }
      return [take('views', `icon:${name}.${view.id}`, what, make, { tables: [name] })]
    })
  })
}

function keyRemoval(survey: Survey): Step[] {
  return DEAL_TABLES.flatMap((name) =>
    (survey.tables.get(name)?.keys ?? [])
      .filter((key) => key.name === logicalName(REFERRAL_KEY.schemaName))
      .map((key) => {
        const what = `Alternate key of ${name} on ${key.columns.join(', ')}`
        return take('keys', `key:${name}.${key.name}`, what, (desk) =>
          erase(desk, `EntityDefinitions(LogicalName='${name}')/Keys(${key.id})`, what),
        )
      }),
  )
}

function resourceRemoval(survey: Survey): Step[] {
  return WEB_RESOURCES.flatMap(({ name }) => {
    const found = survey.resources.get(name)
    const what = `Web resource ${name}`
    return found === undefined
      ? []
      : [take('columns', `webresource:${name}`, what, (desk) => erase(desk, `webresourceset(${found.id})`, what))]
  })
}

const columnsOf = (survey: TableSurvey | undefined): readonly string[] =>
  DEAL_COLUMNS.map(({ schemaName }) => logicalName(schemaName)).filter((name) => survey?.columns.has(name))

function columnRemoval(survey: Survey, { data }: RemovalWish): Step[] {
  return DEAL_TABLES.flatMap((name) => {
    const columns = columnsOf(survey.tables.get(name))
    if (columns.length > 0 && data === 'keep')
      return [keep('lookups', `columns:${name}`, `${columns.length} columns of ${name}`, 'Kept with what they hold; --data deletes them.')]
    return columns.map((column) => {
      const what = `Column ${column} of ${name} and what it holds`
      const path = `EntityDefinitions(LogicalName='${name}')/Attributes(LogicalName='${column}')`
      return take('lookups', `column:${name}.${column}`, what, (desk) => erase(desk, path, what), { tables: [name] })
    })
  })
}

function tableRemoval(survey: Survey, { data }: RemovalWish): Step[] {
  const own = [
    { blueprint: SOLUTIONS, found: survey.solutions?.table },
    { blueprint: SOLUTION_DETAILS, found: survey.details },
  ].filter(({ blueprint: { schemaName }, found }) => found?.name === logicalName(schemaName))
  const steps = own.map(({ blueprint: { schemaName, plural } }): Step => {
    const name = logicalName(schemaName)
    const what = `Table ${plural} (${name})`
    return data === 'keep'
      ? keep('tables', `table:${name}`, what, 'Kept with its rows; --data deletes it.')
      : take('tables', `table:${name}`, `${what} and its rows`, (desk) => erase(desk, `EntityDefinitions(LogicalName='${name}')`, what))
  })
  const { relationshipId, relationship } = survey.solutions?.lookup ?? {}
  if (data === 'keep' || relationship?.toLowerCase() !== SOLUTION_LOOKUP.relationship) return steps
  const what = 'Relation of Microsoft Solutions to opportunities'
  const path = relationshipId == null ? `RelationshipDefinitions(SchemaName='${relationship}')` : `RelationshipDefinitions(${relationshipId})`
  return [take('lookups', `relation:${relationship}`, what, (desk) => erase(desk, path, what)), ...steps]
}

/** Without our profiles nobody but administrators would see what a protected column holds. */
function unprotect(survey: Survey): Step[] {
  return DEAL_TABLES.flatMap((name) => {
    const table = survey.tables.get(name)
    return DEAL_COLUMNS.flatMap((column) => {
      const found = table?.columns.get(logicalName(column.schemaName))
      if (found?.secured !== 'secured') return []
      const what = `Protection of the column ${found.name} of ${name}`
      const make = (desk: Desk): Promise<void> => redefine(desk, name, found, { IsSecured: false })
      return [take('columns', `protection:${name}.${found.name}`, what, make, { tables: [name] })]
    })
  })
}

function profileRemoval({ security }: Survey): Step[] {
  return [WRITE_PROFILE, READ_PROFILE].flatMap((name) => {
    const found = security?.profiles.get(name)
    const what = `Column security profile "${name}"`
    return found === undefined
      ? []
      : [take('security', `profile:${name}`, what, (desk) => erase(desk, `fieldsecurityprofiles(${found.id})`, what))]
  })
}

/** People keep the role by which they see the tables that stay. */
function roleRemoval({ roles }: Survey, { data }: RemovalWish): Step[] {
  return [CONNECTOR_ROLE, SELLER_ROLE].flatMap((name) => {
    const found = roles?.roles.get(name)
    if (found === undefined) return []
    const what = `Role "${name}"`
    return name === SELLER_ROLE && data === 'keep'
      ? [keep('tables', `role:${name}`, what, 'Kept: it lets people see the tables that stay.')]
      : [take('tables', `role:${name}`, what, (desk) => erase(desk, `roles(${found.id})`, what))]
  })
}

interface OwnSolution {
  readonly id: string
  readonly uniqueName: string
  readonly managed: boolean
}

async function ownSolutions(api: MetadataApi, signal: AbortSignal): Promise<readonly OwnSolution[]> {
  const filter = [SOLUTION, LOCAL_SOLUTION].map(({ uniqueName }) => `uniquename eq ${quoted(uniqueName)}`).join(' or ')
  const path = `solutions${query({ $select: 'solutionid,uniquename,ismanaged', $filter: filter })}`
  return (await api.list(path, 'the solution of the connector', signal)).flatMap((row) => {
    const id = idOf(row, 'solutionid')
    return id === null ? [] : [{ id, uniqueName: textOf(row, 'uniquename') ?? '', managed: row['ismanaged'] === true }]
  })
}

interface SolutionRemoval {
  readonly solutions: readonly OwnSolution[]
  readonly wish: RemovalWish
  readonly managed: boolean
}

/** The solution lists what was made; while something of it stays, so does the list. */
async function solutionRemoval(api: MetadataApi, { solutions, wish, managed }: SolutionRemoval, signal: AbortSignal): Promise<Step[]> {
  const publisher = await publisherRow(api, signal)
  if (wish.data === 'keep') {
    const note = managed
      ? 'Kept: deleting a managed solution deletes its columns, tables, views and what they hold; --data does.'
      : 'Kept: it lists the columns and tables that stay.'
    return solutions.map(({ uniqueName }) => keep('solution', `solution:${uniqueName}`, `Solution ${uniqueName}`, note))
  }
  const removed = solutions.map(({ id, uniqueName, managed: isManaged }) => {
    const what = `Solution ${uniqueName}${isManaged ? ', its columns, tables and what they hold' : ''}`
    return take('solution', `solution:${uniqueName}`, what, (desk) => erase(desk, `solutions(${id})`, what))
  })
  if (publisher === null) return removed
  const what = `Publisher ${PUBLISHER.name}`
  if (removed.length === 0 && (await othersOf(api, publisher, signal)).length > 0)
    return [keep('solution', 'publisher', what, 'Kept: another solution belongs to it.')]
  // Only once the solutions are gone can it be told whether anybody else uses the publisher.
  return removed.length > 0 ? removed : [take('solution', 'publisher', what, (desk) => erase(desk, `publishers(${publisher})`, what))]
}

async function publisherRow(api: MetadataApi, signal: AbortSignal): Promise<string | null> {
  const filter = `uniquename eq ${quoted(PUBLISHER.uniqueName)} and customizationprefix eq ${quoted(PREFIX)}`
  const [row] = await api.list(`publishers${query({ $select: 'publisherid', $filter: filter })}`, 'the publisher', signal)
  return row === undefined ? null : idOf(row, 'publisherid')
}
const othersOf = (api: MetadataApi, publisher: string, signal: AbortSignal): Promise<readonly Row[]> =>
  api.list(
    `solutions${query({ $select: 'solutionid', $filter: `_publisherid_value eq ${publisher}` })}`,
    'the solutions of the publisher',
    signal,
  )

/** Whether somebody else needs it, or had switched it on before, is not known. */
function trackingNotes(survey: Survey): Step[] {
  const tracked = [...survey.tables.values()].filter(({ tracking }) => tracking === 'on').map(({ name }) => name)
  return tracked.length === 0
    ? []
    : [keep('keys', 'tracking', `Change tracking of ${tracked.join(', ')}`, 'Stays on: others may rely on it, and it does no harm.')]
}
