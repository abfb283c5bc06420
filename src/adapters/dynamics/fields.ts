import { labelKey } from '../../core/conversions.js'
import type { Person } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import type { Instant } from '../../core/ref.js'
import type { DynamicsApi, Question } from './api.js'
import { STANDARD_TABLES, type ChoiceOption, type Column, type ColumnType, type Table, type TableName } from './columns.js'
import { SOLUTION_CATALOGUE, SOLUTION_ID, SOLUTION_NAME, SOLUTION_TABLE } from './profile.js'
import { flagOf, idOf, labelIn, numberOf, query, rowOf, rowsOf, textOf, valueIn, wholeDefinition, type Row } from './row.js'
import { aliasesOf, ASSUMED_SCHEMA, byLabel, type Currency, type Schema, type SolutionCatalogue, type SolutionTable } from './schema.js'

const TABLES: readonly TableName[] = ['opportunity', 'lead', 'account', 'contact']
const TYPES: Readonly<Record<string, ColumnType>> = {
  String: 'text',
  Memo: 'memo',
  Money: 'money',
  Decimal: 'number',
  Double: 'number',
  Integer: 'integer',
  BigInt: 'integer',
  Boolean: 'flag',
  DateTime: 'instant',
  Picklist: 'choice',
  Lookup: 'lookup',
  Customer: 'lookup',
  Owner: 'lookup',
}
const PHONES = ['mobilephone', 'address1_telephone1', 'homephone'] as const

type Answers = ReadonlyMap<string, Row | null | Fault>
/** Questions by a name of ours, asked in one call. */
async function askAll(api: DynamicsApi, questions: Readonly<Record<string, Question>>, signal: AbortSignal): Promise<Answers> {
  const names = Object.keys(questions)
  const asked = Object.values(questions)
  const answers = await api.ask(asked, signal)
  const again = asked.flatMap((question, index) => {
    const path = isUnknownMember(answers[index]) ? wholeDefinition(question.path) : null
    return path === null ? [] : [{ index, question: { ...question, path } }]
  })
  const whole = await api.ask(again.map(({ question }) => question), signal)
  const later = new Map(again.map(({ index }, at): [number, Row | null | Fault] => [index, whole[at] ?? null]))
  return new Map(names.map((name, index): [string, Row | null | Fault] => [name, later.get(index) ?? answers[index] ?? null]))
}
const isUnknownMember = (answer: Row | null | Fault | undefined): boolean =>
  answer instanceof Fault && (answer.status === 400 || answer.status === 501)

const ask = (what: string, path: string): Question => ({ what, path })
const definition = (table: string): string => `EntityDefinitions(LogicalName='${table}')`
const attributes = 'LogicalName,SchemaName,AttributeType,DisplayName,RequiredLevel,IsValidForCreate,IsValidForUpdate,IsSecured'
const kind = (name: string, options: Readonly<Record<string, string | null>>): string =>
  `/Attributes/Microsoft.Dynamics.CRM.${name}AttributeMetadata${query(options)}`

/** Source: learn.microsoft.com "Query table definitions using the Web API" (read 2023-10): members of a type need its cast; there is no paging. */
function tableQuestions(table: string): Record<string, Question> {
  const what = `the columns of table ${table}`
  const at = definition(table)
  return {
    [`${table} table`]: ask(
      `table ${table}`,
      `${at}${query({ $select: 'LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled' })}`,
    ),
    [`${table} columns`]: ask(what, `${at}/Attributes${query({ $select: attributes })}`),
    [`${table} String`]: ask(what, `${at}${kind('String', { $select: 'LogicalName,MaxLength' })}`),
    [`${table} Memo`]: ask(what, `${at}${kind('Memo', { $select: 'LogicalName,MaxLength' })}`),
    [`${table} Picklist`]: ask(what, `${at}${kind('Picklist', { $select: 'LogicalName', $expand: 'OptionSet,GlobalOptionSet' })}`),
    [`${table} Status`]: ask(what, `${at}${kind('Status', { $select: 'LogicalName', $expand: 'OptionSet' })}`),
    [`${table} DateTime`]: ask(what, `${at}${kind('DateTime', { $select: 'LogicalName,Format,DateTimeBehavior' })}`),
  }
}

/** Of columns that hold amounts: how many digits they keep, and who says so. */
function amountQuestions(table: string): Record<string, Question> {
  const what = `the columns of table ${table}`
  const at = definition(table)
  return {
    [`${table} Money`]: ask(what, `${at}${kind('Money', { $select: 'LogicalName,Precision,PrecisionSource' })}`),
    [`${table} Decimal`]: ask(what, `${at}${kind('Decimal', { $select: 'LogicalName,Precision' })}`),
    [`${table} Double`]: ask(what, `${at}${kind('Double', { $select: 'LogicalName,Precision' })}`),
  }
}

/** How the columns of an environment come to be known. */
export type Discover = (api: DynamicsApi, options: { readonly now: Instant; readonly signal: AbortSignal }) => Promise<Schema>

/** Reads everything we must know of an environment, in two calls. */
export const discover: Discover = async (api, options) => {
  const { signal } = options
  const first = await askAll(
    api,
    {
      ...Object.fromEntries(TABLES.flatMap((table) => Object.entries({ ...tableQuestions(table), ...amountQuestions(table) }))),
      tables: ask(
        'the custom tables',
        `EntityDefinitions${query({ $select: 'LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,DisplayName,DisplayCollectionName,ChangeTrackingEnabled', $filter: 'IsCustomEntity eq true' })}`,
      ),
      users: ask('the columns of users', `${definition('systemuser')}/Attributes${query({ $select: 'LogicalName' })}`),
      currencies: ask(
        'the currencies',
        `transactioncurrencies${query({ $select: 'transactioncurrencyid,isocurrencycode,currencyprecision', $filter: 'statecode eq 0' })}`,
      ),
      me: ask('the application user', 'WhoAmI'),
    },
    signal,
  )
  const userPhones = phonesOf(optional(first, 'users'))
  const me = required(first, 'me')
  const customTables = rowsOf(optional(first, 'tables') ?? {}, 'value')
  const solutionTable = findSolutionTable(customTables)
  const catalogue = solutionTable === null ? null : findLabelled(customTables, SOLUTION_CATALOGUE.labels)
  const userId = idOf(me, 'UserId') ?? ''
  const second = await askAll(
    api,
    { ...followUp(solutionTable, userId, userPhones), ...catalogueQuestions(catalogue), ...pricingQuestion(first) },
    signal,
  )
  const pricing = numberOf(rowsOf(optional(second, 'pricing') ?? {}, 'value')[0] ?? {}, 'pricingdecimalprecision')
  const tables = {
    opportunity: readTable(first, 'opportunity', pricing),
    lead: readTable(first, 'lead', pricing),
    account: readTable(first, 'account', pricing),
    contact: readTable(first, 'contact', pricing),
  }
  if (tables.opportunity === null || tables.account === null || tables.contact === null) throw noSales()
  const user = optional(second, 'user')
  return {
    tables: { opportunity: tables.opportunity, account: tables.account, contact: tables.contact, lead: tables.lead },
    aliases: {
      opportunity: aliasesOf(tables.opportunity.columns),
      lead: tables.lead === null ? new Map() : aliasesOf(tables.lead.columns),
    },
    secured: {
      opportunity: securedIn(first, 'opportunity'),
      lead: securedIn(first, 'lead'),
      account: securedIn(first, 'account'),
      contact: securedIn(first, 'contact'),
    },
    solutions: solutionTable === null ? null : readSolutions({ head: solutionTable, catalogue }, second),
    currencies: readCurrencies(required(first, 'currencies')),
    self: { userId, organizationId: idOf(me, 'OrganizationId'), person: user === null ? null : userPerson(user, userPhones) },
    userPhones,
    readAt: options.now,
  }
}

const noSales = (): Fault =>
  new Fault('misconfigured', 'This environment has no table "opportunity".', {
    remedy: 'Install Dynamics 365 Sales in it, or put the URL of the right environment into crm.url.',
  })

function followUp(table: Row | null, userId: string, phones: readonly string[]): Record<string, Question> {
  const user = ask('the application user', `systemusers(${userId})${query({ $select: userSelect(phones) })}`)
  const name = table === null ? null : textOf(table, 'LogicalName')
  if (name === null) return { user }
  const relation =
    'SchemaName,ReferencingAttribute,ReferencingEntityNavigationPropertyName,ReferencedEntityNavigationPropertyName,ReferencedEntity'
  return {
    user,
    ...tableQuestions(name),
    relations: ask(`the relations of table ${name}`, `${definition(name)}/ManyToOneRelationships${query({ $select: relation })}`),
  }
}

export const userSelect = (phones: readonly string[]): string =>
  ['systemuserid', 'firstname', 'lastname', 'internalemailaddress', ...phones].join(',')
export function userPerson(user: Row, phones: readonly string[]): Person | null {
  const email = textOf(user, 'internalemailaddress')
  if (email === null) return null
  const phone = phones.map((name) => textOf(user, name)).find((text) => text !== null) ?? null
  return { email, firstName: textOf(user, 'firstname'), lastName: textOf(user, 'lastname'), phone }
}

function required(answers: Answers, name: string): Row {
  const answer = answers.get(name)
  if (answer instanceof Fault) throw answer
  if (answer === null || answer === undefined)
    throw new Fault('invalid-answer', `Dynamics 365 did not answer about ${name}.`, { remedy: 'Nothing to do: it is asked again.' })
  return answer
}
/** What an environment may not have, or a role may not see, is not there for us; an outage is still an outage. */
function optional(answers: Answers, name: string): Row | null {
  const answer = answers.get(name) ?? null
  if (!(answer instanceof Fault)) return answer
  if (
    answer.kind === 'misconfigured' ||
    answer.kind === 'missing' ||
    answer.kind === 'rejected' ||
    answer.kind === 'forbidden' ||
    answer.status === 501
  )
    return null
  throw answer
}

function readTable(answers: Answers, name: string, pricing: number | null): Table | null {
  const head = name === 'opportunity' || name === 'lead' ? optional(answers, `${name} table`) : required(answers, `${name} table`)
  if (head === null) return null
  const standard = TABLES.find((table) => table === name)
  const fallback = standard === undefined ? null : STANDARD_TABLES[standard]
  return {
    name,
    set: textOf(head, 'EntitySetName') ?? fallback?.set ?? `${name}s`,
    id: textOf(head, 'PrimaryIdAttribute') ?? fallback?.id ?? `${name}id`,
    tracked: flagOf(head, 'ChangeTrackingEnabled') ?? false,
    columns: readColumns(answers, name, pricing),
  }
}

const listIn = (answers: Answers, name: string): readonly Row[] => rowsOf(optional(answers, name) ?? {}, 'value')
const byName = <T>(rows: readonly Row[], read: (row: Row) => T): Map<string, T> =>
  new Map(rows.map((row): [string, T] => [textOf(row, 'LogicalName') ?? '', read(row)]))

/** By whom the digits of a money column are set. */
const BY_COLUMN = 0
const BY_ORGANIZATION = 1
/** One setting for the whole environment; asked only where a column goes by it. */
const pricingQuestion = (answers: Answers): Record<string, Question> =>
  TABLES.some((table) => listIn(answers, `${table} Money`).some((row) => numberOf(row, 'PrecisionSource') === BY_ORGANIZATION))
    ? { pricing: ask('the organization', `organizations${query({ $select: 'pricingdecimalprecision' })}`) }
    : {}

/** Digits that a column of amounts keeps; null where the currency says it, or nobody. `pricing`: those of the organization. */
function digitsIn(row: Row, pricing: number | null): number | null {
  const source = numberOf(row, 'PrecisionSource') ?? BY_COLUMN
  return source === BY_COLUMN ? numberOf(row, 'Precision') : source === BY_ORGANIZATION ? pricing : null
}

function readColumns(answers: Answers, table: string, pricing: number | null = null): Map<string, Column> {
  const amounts = ['Money', 'Decimal', 'Double'].flatMap((type) => listIn(answers, `${table} ${type}`))
  const scales = byName(amounts, (row) => digitsIn(row, pricing))
  const lengths = byName([...listIn(answers, `${table} String`), ...listIn(answers, `${table} Memo`)], (row) => numberOf(row, 'MaxLength'))
  const options = byName([...listIn(answers, `${table} Picklist`), ...listIn(answers, `${table} Status`)], readOptions)
  const days = byName(listIn(answers, `${table} DateTime`), dayOf)
  const delivered = STANDARD_TABLES[table as TableName] as Table | undefined // also asked for tables that are not delivered
  // A day sent as a time is refused, so that what is delivered as a day stays one where the environment does not say.
  const day = (name: string): Day => days.get(name) ?? (delivered?.columns.get(name)?.type === 'date' ? 'yes' : 'no')
  return byName(rowsOf(required(answers, `${table} columns`), 'value'), (row): Column => {
    const name = textOf(row, 'LogicalName') ?? ''
    const type = TYPES[textOf(row, 'AttributeType') ?? ''] ?? 'other'
    const scale = scales.get(name) ?? null
    return {
      name,
      label: labelIn(row, 'DisplayName') ?? name,
      type: type === 'instant' && day(name) !== 'no' ? 'date' : type,
      ...(type === 'instant' && day(name) === 'doubt' ? { dayInDoubt: true as const } : {}),
      maxLength: lengths.get(name) ?? null,
      ...(scale === null ? {} : { scale }),
      options: options.get(name) ?? null,
      writable: flagOf(row, 'IsValidForUpdate') ?? true,
      required: valueIn(row, 'RequiredLevel') === 'SystemRequired' || valueIn(row, 'RequiredLevel') === 'ApplicationRequired',
    }
  })
}

type Day = 'yes' | 'no' | 'doubt'
/**
 * What behaves as a day is sent as one. Of what is only shown as one the documentation says both: the table reference calls every such column
 * a day, and its behaviour may all the same be a time of the user. Null: the environment does not say.
 */
function dayOf(row: Row): Day | null {
  const behaviour = valueIn(row, 'DateTimeBehavior') ?? null
  if (behaviour === 'DateOnly') return 'yes'
  if (textOf(row, 'Format') === 'DateOnly') return 'doubt'
  return behaviour === null ? null : 'no'
}

/** Our own protected columns are not among them: the installer lets the connector read those. */
const securedIn = (answers: Answers, table: TableName): ReadonlySet<string> =>
  new Set(
    listIn(answers, `${table} columns`)
      .filter((row) => flagOf(row, 'IsSecured') === true)
      .flatMap((row) => textOf(row, 'LogicalName') ?? [])
      .filter((name) => !name.startsWith('cosell_')),
  )

function readOptions(row: Row): ChoiceOption[] {
  const set = rowOf(row, 'OptionSet') ?? rowOf(row, 'GlobalOptionSet')
  return set === null
    ? []
    : rowsOf(set, 'Options').flatMap((option): ChoiceOption[] => {
        const value = numberOf(option, 'Value')
        const state = numberOf(option, 'State')
        const label = labelIn(option, 'Label') ?? String(value)
        return value === null ? [] : [{ value, label, ...(state === null ? {} : { state }) }]
      })
}

const catalogueQuestions = (table: Row | null): Record<string, Question> =>
  table === null ? {} : tableQuestions(textOf(table, 'LogicalName') ?? '')

const isMicrosofts = (row: Row): boolean => (textOf(row, 'LogicalName') ?? '').startsWith('msft_')
function labelledIn(tables: readonly Row[], labels: readonly string[]): readonly Row[] {
  const wanted = new Set<string>(labels.map(labelKey))
  return tables.filter((row) =>
    [labelIn(row, 'DisplayCollectionName'), labelIn(row, 'DisplayName')].some((label) => label !== null && wanted.has(labelKey(label))),
  )
}
function findLabelled(tables: readonly Row[], labels: readonly string[]): Row | null {
  const found = labelledIn(tables, labels)
  return found.find(isMicrosofts) ?? found[0] ?? null
}
function findSolutionTable(tables: readonly Row[]): Row | null {
  const labelled = labelledIn(tables, SOLUTION_TABLE.labels)
  return labelled.find(isMicrosofts) ?? tables.find((row) => textOf(row, 'LogicalName') === SOLUTION_TABLE.name) ?? labelled[0] ?? null
}

/** Microsoft has published neither names nor columns of its tables: the rows may hold the solution, or point to an entry of the catalogue. */
function readCatalogue(table: Row | null, answers: Answers): SolutionCatalogue | null {
  const name = table === null ? null : textOf(table, 'LogicalName')
  const relation = listIn(answers, 'relations').find((row) => name !== null && textOf(row, 'ReferencedEntity') === name)
  const bind = relation && (textOf(relation, 'ReferencingEntityNavigationPropertyName') ?? textOf(relation, 'ReferencingAttribute'))
  if (table === null || name === null || !bind) return null
  const columns = readColumns(answers, name)
  const solutionId = byLabel(columns, SOLUTION_ID.labels)
  if (solutionId === null) return null
  const solutionName = byLabel(columns, SOLUTION_NAME.labels) ?? textOf(table, 'PrimaryNameAttribute')
  return {
    set: textOf(table, 'EntitySetName') ?? `${name}s`,
    id: textOf(table, 'PrimaryIdAttribute') ?? `${name}id`,
    columns: { solutionId, solutionName: solutionName === solutionId ? null : solutionName },
    nameLength: (solutionName === null ? null : columns.get(solutionName)?.maxLength) ?? null,
    bind,
  }
}

function readSolutions(
  { head, catalogue: details }: { readonly head: Row; readonly catalogue: Row | null },
  answers: Answers,
): SolutionTable | null {
  const name = textOf(head, 'LogicalName') ?? ''
  const columns = readColumns(answers, name)
  const relation = listIn(answers, 'relations').find((row) => textOf(row, 'ReferencedEntity') === 'opportunity')
  const attribute = relation && textOf(relation, 'ReferencingAttribute')
  const collection = relation && (textOf(relation, 'ReferencedEntityNavigationPropertyName') ?? textOf(relation, 'SchemaName'))
  const held = columns.has(SOLUTION_ID.name) ? SOLUTION_ID.name : byLabel(columns, SOLUTION_ID.labels)
  const catalogue = held === null ? readCatalogue(details, answers) : null
  const solutionId = held ?? catalogue?.columns.solutionId ?? null
  if (!relation || !attribute || !collection || solutionId === null) return null
  const primary = textOf(head, 'PrimaryNameAttribute')
  const solutionName = columns.has(SOLUTION_NAME.name) ? SOLUTION_NAME.name : (byLabel(columns, SOLUTION_NAME.labels) ?? primary)
  return {
    name,
    set: textOf(head, 'EntitySetName') ?? `${name}s`,
    id: textOf(head, 'PrimaryIdAttribute') ?? `${name}id`,
    catalogue,
    columns: { solutionId, solutionName: catalogue !== null || solutionName === solutionId ? null : solutionName },
    nameLength: (solutionName === null ? null : columns.get(solutionName)?.maxLength) ?? ASSUMED_SCHEMA.solutions?.nameLength ?? 100,
    lookup: { value: `_${attribute}_value`, bind: textOf(relation, 'ReferencingEntityNavigationPropertyName') ?? attribute },
    collection,
    tracked: flagOf(head, 'ChangeTrackingEnabled') ?? false,
  }
}

function readCurrencies(answer: Row): Map<string, Currency> {
  return new Map(
    rowsOf(answer, 'value').flatMap((row): [string, Currency][] => {
      const id = idOf(row, 'transactioncurrencyid')
      const code = textOf(row, 'isocurrencycode')
      return id === null || code === null ? [] : [[code.toUpperCase(), { id, precision: numberOf(row, 'currencyprecision') ?? 2 }]]
    }),
  )
}

const phonesOf = (answer: Row | null): string[] => {
  const names = new Set(rowsOf(answer ?? {}, 'value').map((row) => textOf(row, 'LogicalName')))
  const found = PHONES.filter((name) => names.has(name))
  return found.length === 0 ? ['mobilephone'] : found
}
