import { Fault } from '../../../core/fault.js'
import { idOf, query, quoted, textOf, type Row } from '../row.js'
import {
  ATTRIBUTE_TYPES,
  DEAL_COLUMNS,
  DEAL_TABLES,
  logicalName,
  microsoftNameOf,
  PREFIX,
  PUBLISHER,
  REFERRAL_KEY,
  SOLUTION_DETAILS,
  SOLUTION_KEY,
  SOLUTION_KEY_COLUMN,
  SOLUTION_LOOKUP,
  SOLUTIONS,
  TRACKED_TABLES,
  type BlueprintColumn,
  type BlueprintKey,
  type BlueprintTable,
  type DealTable,
} from './blueprint.js'
import { columnBody, keyBody, labelBody, lookupBody, tableBody } from './bodies.js'
import { forPerson, present, wanted, type Desk, type Step } from './step.js'
import type { ColumnSurvey, KeySurvey, Survey, TableSurvey } from './survey.js'

const table = (name: string): string => `EntityDefinitions(LogicalName='${name}')`

export function solutionSteps(survey: Survey): Step[] {
  const { solution, publisherId } = survey
  return [
    publisherId === null
      ? wanted('solution', {
          id: 'publisher',
          what: `Publisher ${PUBLISHER.name}`,
          change: `create with the prefix "${PREFIX}_"`,
          make: async ({ api, signal }) => {
            const body = {
              uniquename: PUBLISHER.uniqueName,
              friendlyname: PUBLISHER.name,
              customizationprefix: PUBLISHER.prefix,
              customizationoptionvalueprefix: PUBLISHER.optionValuePrefix,
            }
            await api.write({ method: 'POST', path: 'publishers', body, what: 'the publisher', solution: null }, signal)
          },
        })
      : present('solution', 'publisher', `Publisher ${PUBLISHER.name}`),
    solution.state === 'present'
      ? present('solution', 'solution', `Solution ${solution.uniqueName}`)
      : wanted('solution', {
          id: 'solution',
          what: `Solution ${solution.uniqueName}`,
          change: 'create, unmanaged',
          make: (desk) => makeSolution(desk, solution),
        }),
  ]
}

async function makeSolution({ api, signal }: Desk, solution: Survey['solution']): Promise<void> {
  const filter = `customizationprefix eq ${quoted(PREFIX)}`
  const [row] = await api.list(`publishers${query({ $select: 'publisherid', $filter: filter })}`, 'the publisher', signal)
  const publisher = row === undefined ? null : idOf(row, 'publisherid')
  if (publisher === null)
    throw new Fault('invalid-answer', 'The publisher that was just made cannot be found.', { remedy: 'Run the command again.' })
  const body = {
    uniquename: solution.uniqueName,
    friendlyname: solution.name,
    version: solution.version,
    'publisherid@odata.bind': `/publishers(${publisher})`,
  }
  await api.write({ method: 'POST', path: 'solutions', body, what: 'the solution', solution: null }, signal)
}

/** Which of the environment's columns serves for one of ours: Microsoft's own first, then ours. */
export function servingColumn(survey: TableSurvey | undefined, column: BlueprintColumn): ColumnSurvey | null {
  const microsoft = microsoftNameOf(column.schemaName)
  return (microsoft === null ? undefined : survey?.columns.get(microsoft)) ?? survey?.columns.get(logicalName(column.schemaName)) ?? null
}
/** The name the column has, or will have once it is made. */
export const columnName = (survey: TableSurvey | undefined, column: BlueprintColumn): string =>
  servingColumn(survey, column)?.name ?? logicalName(column.schemaName)

const securityOf = (survey: Survey, column: BlueprintColumn): BlueprintColumn['secured'] =>
  survey.security === null ? 'open' : column.secured

export function columnSteps(survey: Survey): Step[] {
  const deals = DEAL_TABLES.flatMap((name) => {
    const found = survey.tables.get(name)
    if (found === undefined)
      return name === 'lead'
        ? []
        : [forPerson('columns', `table:${name}`, `Table ${name}`, 'Dynamics 365 Sales is not installed in this environment.')]
    return DEAL_COLUMNS.map((column) => columnStep(survey, { table: name, survey: found }, column))
  })
  return [
    ...deals,
    ...ownTableSteps(survey, SOLUTIONS, survey.solutions?.table),
    ...ownTableSteps(survey, SOLUTION_DETAILS, survey.details),
  ]
}

function ownTableSteps(survey: Survey, blueprint: BlueprintTable, found: TableSurvey | null | undefined): Step[] {
  const own = logicalName(blueprint.schemaName)
  const id = `table:${own}`
  const what = `Table ${blueprint.plural}`
  if (found !== null && found !== undefined && found.name !== own)
    return [present('tables', id, what, `Microsoft's own table ${found.name} is used as it is.`)]
  const columns = blueprint.columns.map((column) => columnStep(survey, { table: own, survey: found ?? undefined }, column))
  if (found) return [present('tables', id, what), ...columns]
  const make = async ({ api, signal, survey: { language, solution } }: Desk): Promise<void> => {
    const body = tableBody(blueprint, language)
    await api.write(
      { method: 'POST', path: 'EntityDefinitions', body, what: `the table ${blueprint.plural}`, solution: solution.uniqueName },
      signal,
    )
  }
  return [wanted('tables', { id, what, change: `create as ${own}`, make }), ...columns]
}

interface Place {
  readonly table: string
  readonly survey: TableSurvey | undefined
}

function columnStep(survey: Survey, place: Place, column: BlueprintColumn): Step {
  const own = logicalName(column.schemaName)
  const id = `column:${place.table}.${own}`
  const what = `Column ${column.label} of ${place.table}`
  const found = servingColumn(place.survey, column)
  if (found === null) {
    const make = async ({ api, signal, survey: { language, solution } }: Desk): Promise<void> => {
      const body = columnBody(column, { language, secured: securityOf(survey, column) })
      await api.write({ method: 'POST', path: `${table(place.table)}/Attributes`, body, what, solution: solution.uniqueName }, signal)
    }
    return wanted('columns', { id, what, change: `create as ${own}`, make })
  }
  if (!holds(found, own, column))
    return forPerson(
      'columns',
      id,
      what,
      `${found.name} is of type ${found.type} instead of ${ATTRIBUTE_TYPES[column.kind]}; types cannot change.`,
    )
  if (found.name !== own) return present('columns', id, what, `Microsoft's own column ${found.name} is used as it is.`)
  return ownColumnStep(survey, { id, what, table: place.table }, column, found)
}

const WORDS: ReadonlySet<string> = new Set(['String', 'Memo', 'Picklist'])
/** Words are words in a text or a choice alike: a column of Microsoft's own is used as it is, and what it takes is seen when it is written. */
function holds(found: ColumnSurvey, own: string, column: BlueprintColumn): boolean {
  const wanted = ATTRIBUTE_TYPES[column.kind]
  return found.type === wanted || (found.name !== own && WORDS.has(found.type) && WORDS.has(wanted))
}

/** A column of ours that is there, but perhaps older than this version. */
function ownColumnStep(
  survey: Survey,
  named: { readonly id: string; readonly what: string; readonly table: string },
  column: BlueprintColumn,
  found: ColumnSurvey,
): Step {
  const texts = column.kind === 'text' || column.kind === 'url' || column.kind === 'memo'
  const short = texts && found.maxLength !== null && found.maxLength < column.maxLength
  const unsecured = securityOf(survey, column) === 'secured' && found.secured === 'open'
  const options = column.options.filter(({ value }) => found.options !== null && !found.options.includes(value))
  const changes = [
    ...(short ? [`lengthen from ${found.maxLength ?? 0} to ${column.maxLength} characters`] : []),
    ...(unsecured ? ['protect by column security'] : []),
    ...options.map(({ label }) => `add the option "${label}"`),
  ]
  if (changes.length === 0) return present('columns', named.id, named.what)
  const make = async (desk: Desk): Promise<void> => {
    const longer = short ? { MaxLength: column.maxLength } : {}
    if (short || unsecured) await redefine(desk, named.table, found, { ...longer, ...(unsecured ? { IsSecured: true } : {}) })
    for (const option of options) await addOption(desk, named.table, found.name, option)
  }
  const publish = { tables: [named.table] }
  return wanted('columns', { ...named, state: 'differs', change: changes.join('; '), touches: 'existing', publish, make })
}

/** Definitions are replaced as a whole: read, changed, sent back. */
export async function redefine(desk: Desk, tableName: string, found: ColumnSurvey, changes: Row): Promise<void> {
  const path = `${table(tableName)}/Attributes(LogicalName='${found.name}')`
  const what = `column ${found.name} of ${tableName}`
  const held = await desk.api.get(`${path}/Microsoft.Dynamics.CRM.${found.type}AttributeMetadata`, what, desk.signal)
  if (held === null) throw new Fault('missing', `The ${what} is gone.`, { remedy: 'Run the command again.' })
  const { '@odata.context': _context, ...definition } = held
  const body: Row = { '@odata.type': `Microsoft.Dynamics.CRM.${found.type}AttributeMetadata`, ...definition, ...changes }
  await desk.api.write({ method: 'PUT', path, body, what, solution: desk.survey.solution.uniqueName }, desk.signal)
}

async function addOption(
  desk: Desk,
  tableName: string,
  columnOf: string,
  option: { readonly value: number; readonly label: string },
): Promise<void> {
  const body = {
    EntityLogicalName: tableName,
    AttributeLogicalName: columnOf,
    Value: option.value,
    Label: labelBody(option.label, desk.survey.language),
    SolutionUniqueName: desk.survey.solution.uniqueName,
  }
  await desk.api.write(
    { method: 'POST', path: 'InsertOptionValue', body, what: `the option "${option.label}"`, solution: null },
    desk.signal,
  )
}

export function lookupSteps(survey: Survey): Step[] {
  const own = logicalName(SOLUTIONS.schemaName)
  const what = 'Relation of Microsoft Solutions to opportunities'
  const id = `relation:${SOLUTION_LOOKUP.relationship}`
  const { solutions } = survey
  if (solutions !== null && solutions.lookup !== null) return [present('lookups', id, what)]
  if (solutions !== null && solutions.table.name !== own)
    return [forPerson('lookups', id, what, `${solutions.table.name} has no lookup to opportunities.`)]
  const make = async ({ api, signal, survey: { language, solution } }: Desk): Promise<void> => {
    const body = lookupBody({ ...SOLUTION_LOOKUP, from: own, to: 'opportunity' }, language)
    await api.write({ method: 'POST', path: 'RelationshipDefinitions', body, what, solution: solution.uniqueName }, signal)
  }
  return [wanted('lookups', { id, what, change: 'create', make })]
}

const identifier = DEAL_COLUMNS.find(({ schemaName }) => schemaName.endsWith('ReferralIdentifier'))

export function keySteps(survey: Survey): Step[] {
  const deals = DEAL_TABLES.flatMap((name: DealTable) => {
    const found = survey.tables.get(name)
    if (found === undefined || identifier === undefined) return []
    return [keyStep({ table: name, survey: found, key: REFERRAL_KEY, column: columnName(found, identifier), label: 'referral identifier' })]
  })
  const details = survey.details
  const own = logicalName(SOLUTION_DETAILS.schemaName)
  // Microsoft's own catalogue is left as it is.
  if (details !== null && details.name !== own) return deals
  return [
    ...deals,
    keyStep({ table: own, survey: details ?? undefined, key: SOLUTION_KEY, column: SOLUTION_KEY_COLUMN, label: 'solution identifier' }),
  ]
}

interface KeyWish {
  readonly table: string
  readonly survey: TableSurvey | undefined
  readonly key: BlueprintKey
  readonly column: string
  readonly label: string
}

function keyStep(wish: KeyWish): Step {
  const id = `key:${wish.table}.${wish.column}`
  const what = `Alternate key of ${wish.table} on the ${wish.label}`
  const found = keyOn(wish.survey?.keys ?? [], wish.column)
  if (found?.status === 'Active') return present('keys', id, what)
  const make = async (desk: Desk): Promise<void> => {
    const { api, signal, survey } = desk
    if (found === null) {
      const body = keyBody(wish.key, [wish.column], survey.language)
      await api.write({ method: 'POST', path: `${table(wish.table)}/Keys`, body, what, solution: survey.solution.uniqueName }, signal)
    } else if (found.status === 'Failed') {
      const body = { EntityLogicalName: wish.table, EntityKeyLogicalName: found.name }
      await api.write({ method: 'POST', path: 'ReactivateEntityKey', body, what, solution: null }, signal)
    }
    await untilActive(desk, wish, what)
  }
  const change =
    found === null
      ? 'create and wait until its index is built'
      : found.status === 'Failed'
        ? 'build its index again'
        : 'wait until its index is built'
  return wanted('keys', { id, what, state: found === null ? 'missing' : 'differs', change, make })
}

const keyOn = (keys: readonly KeySurvey[], column: string): KeySurvey | null =>
  keys.find(({ columns }) => columns.length === 1 && columns[0] === column) ?? null

const pollMs = [1_000, 2_000, 3_000, 5_000, 10_000] as const
const polledMost = 90 // A quarter of an hour: a large table takes minutes.

/** The index of a key is built by a system job; until it is active, nothing keeps two records from one referral. */
async function untilActive(desk: Desk, wish: KeyWish, what: string): Promise<void> {
  for (let polls = 0; polls < polledMost; polls += 1) {
    const rows = await desk.api.list(
      `${table(wish.table)}/Keys${query({ $select: 'SchemaName,LogicalName,KeyAttributes,EntityKeyIndexStatus' })}`,
      what,
      desk.signal,
    )
    const row = rows.find(({ KeyAttributes: columns }) => Array.isArray(columns) && columns.length === 1 && columns[0] === wish.column)
    const status = row === undefined ? '' : (textOf(row, 'EntityKeyIndexStatus') ?? '')
    if (status === 'Active') return
    if (status === 'Failed') throw await failedKey(desk, wish, what)
    desk.say(`${what}: its index is being built (${status === '' ? 'Pending' : status})`)
    await desk.clock.sleep(pollMs[Math.min(polls, pollMs.length - 1)] ?? 10_000, desk.signal)
    desk.signal.throwIfAborted()
  }
  throw new Fault('missing', `${what}: its index is still being built.`, {
    remedy: 'Large tables take long; run "cosell install apply" again later.',
  })
}

/** Rows that share a value keep a key from becoming active: the person is told which. */
async function failedKey(desk: Desk, wish: KeyWish, what: string): Promise<Fault> {
  const set = wish.survey?.set
  const rows =
    set === undefined
      ? []
      : await desk.api.list(
          `${set}${query({ $select: wish.column, $filter: `${wish.column} ne null` })}`,
          `the rows of ${wish.table}`,
          desk.signal,
        )
  const counts = new Map<string, number>()
  for (const row of rows) {
    const value = textOf(row, wish.column)
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const repeated = [...counts].filter(([, count]) => count > 1).map(([value]) => value)
  const named = repeated.length === 0 ? '' : ` Held more than once: ${repeated.slice(0, 5).join(', ')}${repeated.length > 5 ? ' …' : ''}.`
  return new Fault('rejected', `${what}: its index could not be built.${named}`, {
    remedy: 'Clear the identifier on all but one of these records, then run "cosell install apply" again.',
  })
}

export function trackingSteps(survey: Survey): Step[] {
  const own = logicalName(SOLUTIONS.schemaName)
  const delivered = TRACKED_TABLES.flatMap((name) => survey.tables.get(name) ?? [])
  const solutions = survey.solutions?.table
  const steps = [...delivered, ...(solutions === undefined ? [] : [solutions])].map((found) => trackingStep(found, found.name === own))
  return solutions === undefined ? [...steps, trackingStep(null, true)] : steps
}

function trackingStep(found: TableSurvey | null, isOurs: boolean): Step {
  const name = found?.name ?? logicalName(SOLUTIONS.schemaName)
  const id = `tracking:${name}`
  const what = `Change tracking of ${name}`
  if (found?.tracking === 'on') return present('lookups', id, what)
  if (found?.tracking === 'impossible')
    return forPerson('lookups', id, what, 'This table takes no change tracking; changes are found by their time instead.')
  const isOnPaper = found?.tracking === 'on-paper'
  const make = async (desk: Desk): Promise<void> => {
    if (isOnPaper) return
    const held = await desk.api.get(table(name), what, desk.signal)
    if (held === null) throw new Fault('missing', `The table ${name} is gone.`, { remedy: 'Run the command again.' })
    const { '@odata.context': _context, ...definition } = held
    const body = { ...definition, ChangeTrackingEnabled: true }
    await desk.api.write({ method: 'PUT', path: table(name), body, what, solution: desk.survey.solution.uniqueName }, desk.signal)
  }
  return wanted('lookups', {
    id,
    what,
    state: found === null ? 'missing' : 'differs',
    change: isOnPaper ? 'publish' : 'switch on and publish',
    touches: isOurs ? 'new' : 'existing',
    publish: { tables: [name] },
    make,
  })
}
