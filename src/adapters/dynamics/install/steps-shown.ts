import { Fault } from '../../../core/fault.js'
import {
  ATTRIBUTE_TYPES,
  DEAL_COLUMNS,
  DEAL_TABLES,
  logicalName,
  SECTION,
  SOLUTION_DETAILS,
  SOLUTION_LOOKUP,
  SOLUTION_VIEW_NAME,
  SOLUTIONS,
  VIEW_NAME,
  type BlueprintColumn,
  type BlueprintTable,
  type DealTable,
} from './blueprint.js'
import { lacks, withoutSection, withSection, type FormField, type Section } from './forms.js'
import { contentOf, WEB_RESOURCES, type WebResource } from './resources.js'
import { columnName, servingColumn } from './steps-tables.js'
import { forPerson, present, wanted, type Desk, type Step } from './step.js'
import type { FormSurvey, Survey, TableSurvey, ViewSurvey } from './survey.js'
import { showsIcon, textOfView, viewText, withIcon, withoutIcon, type ViewText } from './views.js'

export function resourceSteps(survey: Survey): Step[] {
  return WEB_RESOURCES.map((resource) => {
    const id = `webresource:${resource.name}`
    const what = `Web resource ${resource.name}`
    const found = survey.resources.get(resource.name)
    if (found === undefined) return wanted('columns', { id, what, change: 'create', make: (desk) => createResource(desk, resource) })
    if (found.content.replaceAll(/\s/g, '') === contentOf(resource)) return present('columns', id, what)
    const make = async ({ api, signal, survey: { solution } }: Desk): Promise<void> => {
      const body = { content: contentOf(resource) }
      await api.write({ method: 'PATCH', path: `webresourceset(${found.id})`, body, what, solution: solution.uniqueName }, signal)
    }
    const publish = { resources: [found.id] }
    return wanted('columns', { id, what, state: 'differs', change: 'bring up to date', touches: 'existing', publish, make })
  })
}

async function createResource({ api, signal, survey }: Desk, resource: WebResource): Promise<void> {
  const body = {
    name: resource.name,
    displayname: resource.displayName,
    webresourcetype: resource.type,
    content: contentOf(resource),
    languagecode: survey.language,
  }
  const what = `the web resource ${resource.name}`
  await api.write({ method: 'POST', path: 'webresourceset', body, what, solution: survey.solution.uniqueName }, signal)
}

const blueprint = (name: string): BlueprintColumn => {
  const found = DEAL_COLUMNS.find(({ schemaName }) => schemaName === `cosell_${name}`)
  if (found === undefined) throw new Fault('bug', `The blueprint has no column ${name}.`, { remedy: 'Please report this.' })
  return found
}

const headline: Readonly<Record<DealTable, readonly string[]>> = {
  opportunity: ['name', 'parentaccountid', 'estimatedvalue', 'estimatedclosedate'],
  lead: ['subject', 'companyname', 'estimatedclosedate'],
}

/** The columns of a deal that the icon and its hover text need. */
export const iconColumns = (table: TableSurvey | undefined): { status: string; time: string } => ({
  status: columnName(table, blueprint('SyncStatus')),
  time: columnName(table, blueprint('LastSynced')),
})

export function viewSteps(survey: Survey): Step[] {
  const deals = DEAL_TABLES.flatMap((name) => {
    const table = survey.tables.get(name)
    return table === undefined ? [] : dealViewSteps(survey, table, name)
  })
  const own = logicalName(SOLUTIONS.schemaName)
  const solutions = survey.solutions?.table
  if (solutions !== undefined && solutions.name !== own) return deals
  const columns = [
    { name: 'cosell_name', width: 250 },
    { name: 'cosell_solutionid', width: 160 },
    { name: 'cosell_type', width: 100 },
  ]
  const make = async (desk: Desk): Promise<void> => {
    const table = desk.survey.solutions?.table
    if (table === undefined) throw new Fault('missing', `The table ${own} is not there yet.`, { remedy: 'Run the command again.' })
    await createView(desk, { name: SOLUTION_VIEW_NAME, table, text: viewText({ table, columns, icon: null, onlyWhere: null }) })
  }
  return [...deals, newView(survey, { table: own, name: SOLUTION_VIEW_NAME, make })]
}

function dealViewSteps(survey: Survey, table: TableSurvey, name: DealTable): Step[] {
  const { status, time } = iconColumns(table)
  const make = async (desk: Desk): Promise<void> => {
    const columns = [
      ...headline[name].filter((column) => table.columns.has(column)).map((column) => ({ name: column, width: 180 })),
      { name: status, width: 60 },
      { name: time, width: 140 },
    ]
    const onlyWhere = columnName(desk.survey.tables.get(name), blueprint('SyncWithPartnerCenter'))
    await createView(desk, { name: VIEW_NAME, table, text: viewText({ table, columns, icon: status, onlyWhere }) })
  }
  const defaults = (survey.views.get(name) ?? []).filter((view) => view.isDefault === 'default' && view.name !== VIEW_NAME)
  return [newView(survey, { table: name, name: VIEW_NAME, make }), ...defaults.map((view) => iconStep(table, view, { status, time }))]
}

function newView(survey: Survey, wish: { readonly table: string; readonly name: string; readonly make: Step['make'] & {} }): Step {
  const id = `view:${wish.table}.${wish.name}`
  const what = `View "${wish.name}" of ${wish.table}`
  const found = (survey.views.get(wish.table) ?? []).some((view) => view.name === wish.name)
  return found
    ? present('views', id, what)
    : wanted('views', { id, what, change: 'create', publish: { tables: [wish.table] }, make: wish.make })
}

async function createView(
  desk: Desk,
  view: { readonly name: string; readonly table: TableSurvey; readonly text: ViewText },
): Promise<void> {
  const { api, signal, survey } = desk
  const body = {
    name: view.name,
    returnedtypecode: view.table.name,
    querytype: 0,
    layoutxml: view.text.layoutXml,
    fetchxml: view.text.fetchXml,
  }
  await api.write(
    { method: 'POST', path: 'savedqueries', body, what: `the view "${view.name}"`, solution: survey.solution.uniqueName },
    signal,
  )
}

/** The status icon in the view people open first. */
function iconStep(table: TableSurvey, view: ViewSurvey, wish: { readonly status: string; readonly time: string }): Step {
  const id = `icon:${table.name}.${view.id}`
  const what = `Status icon in the view "${view.name}" of ${table.name}`
  if (showsIcon(view.layoutXml, wish.status)) return present('views', id, what)
  const text = withIcon(view, wish)
  if (text === null) return forPerson('views', id, what, 'The view has no row of columns that the icon could stand in.')
  const make = async ({ api, signal, survey: { solution }, copies }: Desk): Promise<void> => {
    const body = { layoutxml: text.layoutXml, fetchxml: text.fetchXml }
    await copies.keep(view.id, { before: textOfView(withoutIcon(view, wish)), after: textOfView(text) })
    await api.write({ method: 'PATCH', path: `savedqueries(${view.id})`, body, what, solution: solution.uniqueName }, signal)
  }
  return wanted('views', { id, what, change: 'add the column', touches: 'existing', publish: { tables: [table.name] }, make })
}

/** In the order a seller reads them: what to decide, how it stands, what Microsoft says, the history. */
const sectionOrder = [
  'SyncWithPartnerCenter',
  'SyncStatus',
  'LastSynced',
  'SyncProblem',
  'Help',
  'ReferralVisibility',
  'PurchaseIntent',
  'NotesToMicrosoft',
  'ReferralIdentifier',
  'ReferralLink',
  'ReferralProgram',
  'ExpiresOn',
  'MicrosoftCrmIdentifier',
  'MicrosoftStatus',
  'MicrosoftTeam',
  'DeclineReason',
  'ClosingReason',
  'Audit',
] as const

export function formSteps(survey: Survey): Step[] {
  const deals = DEAL_TABLES.flatMap((name) => {
    const forms = survey.forms.get(name) ?? []
    const table = survey.tables.get(name)
    if (table !== undefined && forms.length === 0)
      return [forPerson('forms', `form:${name}`, `Section ${SECTION.label} on a form of ${name}`, `${name} has no active main form.`)]
    return forms.map((form) => formStep({ table: name, form, section: (desk) => dealSection(desk, name), isOurs: false }, survey))
  })
  const own = [...ownForms(survey, SOLUTIONS, survey.solutions?.table), ...ownForms(survey, SOLUTION_DETAILS, survey.details)]
  return [...deals, ...own]
}

function ownForms(survey: Survey, table: BlueprintTable, found: TableSurvey | null | undefined): Step[] {
  const name = logicalName(table.schemaName)
  if (!found || found.name !== name) return []
  const lookup: FormField[] =
    table === SOLUTIONS
      ? [{ column: logicalName(SOLUTION_LOOKUP.schemaName), label: SOLUTION_LOOKUP.label, kind: 'lookup', readOnly: 'editable' }]
      : []
  const fields = [...table.columns.map((column) => fieldOf(found, column)), ...lookup]
  const section: Section = { name: SECTION.name, label: table.label, fields, grid: null }
  return (survey.forms.get(name) ?? []).map((form) => formStep({ table: name, form, section: () => section, isOurs: true }, survey))
}

/** A column that is used as it is may be of another type of words, and takes another control. */
const CONTROLS: Readonly<Record<string, FormField['kind']>> = { String: 'text', Memo: 'memo', Picklist: 'choice' }
function fieldOf(table: TableSurvey | undefined, column: BlueprintColumn): FormField {
  const type = servingColumn(table, column)?.type
  const isOther = type !== undefined && type !== ATTRIBUTE_TYPES[column.kind]
  const kind = (isOther ? CONTROLS[type] : undefined) ?? column.kind
  return { column: columnName(table, column), label: column.label, kind, readOnly: column.readOnly }
}

/** The section of a deal's form: every column by the name it has here, and on opportunities the grid of solutions. */
function dealSection(survey: Survey, name: DealTable): Section {
  const table = survey.tables.get(name)
  const fields = sectionOrder.map((part) => fieldOf(table, blueprint(part)))
  return { name: SECTION.name, label: SECTION.label, fields, grid: name === 'opportunity' ? gridOf(survey) : null }
}

function gridOf(survey: Survey): Section['grid'] {
  const table = survey.solutions?.table.name ?? logicalName(SOLUTIONS.schemaName)
  const views = survey.views.get(table) ?? []
  const view = views.find(({ name }) => name === SOLUTION_VIEW_NAME) ?? views.find(({ isDefault }) => isDefault === 'default') ?? views[0]
  const relationship = survey.solutions?.lookup?.relationship ?? SOLUTION_LOOKUP.relationship
  return { label: SOLUTIONS.plural, table, relationship, viewId: view?.id ?? '' }
}

interface FormWish {
  readonly table: string
  readonly form: FormSurvey
  readonly section: (survey: Survey) => Section
  readonly isOurs: boolean
}

function formStep({ table, form, section, isOurs }: FormWish, survey: Survey): Step {
  const id = `form:${table}.${form.id}`
  const what = `Section ${section(survey).label} on the form "${form.name}" of ${table}`
  const { state, fields } = lacks(form.xml, section(survey))
  if (state === 'present') return present('forms', id, what)
  const change = state === 'missing' ? 'add the section' : `complete the section: ${fields.join(', ')}`
  const make = async (desk: Desk): Promise<void> => {
    const formxml = withSection(form.xml, section(desk.survey), { formId: form.id, language: desk.survey.language })
    if (formxml === null)
      throw new Fault('rejected', `The form "${form.name}" of ${table} has no tab that could take the section.`, {
        remedy: 'Give the form a tab with a section in the form designer, then run "cosell install apply" again.',
      })
    const { solution } = desk.survey
    const held = await desk.copies.read(form.id)
    const before = held?.after === form.xml ? held.before : withoutSection(form.xml, section(desk.survey).name)
    await desk.copies.keep(form.id, { before, after: formxml })
    await desk.api.write(
      { method: 'PATCH', path: `systemforms(${form.id})`, body: { formxml }, what, solution: solution.uniqueName },
      desk.signal,
    )
  }
  return wanted('forms', { id, what, state, change, touches: isOurs ? 'new' : 'existing', publish: { tables: [table] }, make })
}
