import { isObject } from './bodies.js'
import {
  memberValue,
  numberMember,
  optionalLabels,
  readLabels,
  readRequired,
  requireLock,
  requireSchemaName,
  typeName,
} from './definitions.js'
import type { Context } from './emission.js'
import { coded, payloadError } from './errors.js'
import {
  addColumn,
  labelOf,
  makeLabels,
  removeColumn,
  replaceColumn,
  type Column,
  type ColumnKind,
  type OptionSet,
  type Table,
} from './metadata-model.js'
import { readOptions } from './option-sets.js'
import { demand } from './privileges.js'
import { currencyTwins, makeColumn, option } from './schema/build.js'
import { componentTypes, recordComponent } from './solution-components.js'
import { table as tableNamed, type World } from './world.js'

const kinds: Readonly<Record<string, ColumnKind>> = {
  StringAttributeMetadata: 'text',
  MemoAttributeMetadata: 'memo',
  PicklistAttributeMetadata: 'choice',
  MultiSelectPicklistAttributeMetadata: 'choices',
  BooleanAttributeMetadata: 'yesno',
  IntegerAttributeMetadata: 'whole',
  DecimalAttributeMetadata: 'decimal',
  DoubleAttributeMetadata: 'double',
  MoneyAttributeMetadata: 'money',
  DateTimeAttributeMetadata: 'datetime',
}

const textFormats = ['Text', 'TextArea', 'Url', 'Email', 'Phone', 'TickerSymbol', 'PhoneticGuide', 'VersionNumber', 'Json', 'RichText']

/** Reads the body of a new column. Source: learn.microsoft.com "Create and update column definitions using the Web API" (read 2023-10). */
export function readColumn(world: World, table: Table, body: unknown): Column {
  if (!isObject(body)) throw payloadError('Attributes', 'The request body must be a JSON object.')
  const type = typeName(body)
  if (type === 'LookupAttributeMetadata')
    throw coded(400, '0x80044301', 'A lookup column is created with its relationship, through RelationshipDefinitions.')
  const named = kinds[type]
  if (named === undefined) throw payloadError('Attributes', `The type '${type}' cannot be created as a column.`)
  const kind = named === 'datetime' && memberValue(body['DateTimeBehavior'], 'Value') === 'DateOnly' ? 'dateonly' : named
  const schemaName = requireSchemaName(world, body['SchemaName'], 'column')
  const name = schemaName.toLowerCase()
  if (table.columns.has(name))
    throw coded(400, '0x80047013', `An attribute with the specified name ${name} already exists on ${table.name}.`)
  return makeColumn({
    metadataId: world.guid(),
    name,
    schemaName,
    kind,
    custom: true,
    createdAtMs: world.clock.now(),
    primaryName: body['IsPrimaryName'] === true,
    labels: readLabels(world, body['DisplayName'], 'DisplayName'),
    description: optionalLabels(world, body['Description'], 'Description'),
    required: readRequired(body['RequiredLevel']),
    secured: body['IsSecured'] === true,
    ...specifics(world, kind, body, { table, name }),
  })
}

function specifics(
  world: World,
  kind: ColumnKind,
  body: Readonly<Record<string, unknown>>,
  place: { table: Table; name: string },
): Partial<Column> {
  switch (kind) {
    case 'text': {
      const format = String(memberValue(body['FormatName'], 'Value') ?? body['Format'] ?? 'Text')
      if (!textFormats.includes(format)) throw payloadError('Attributes', `FormatName '${format}' is not known.`)
      const maxLength = numberMember(body, 'MaxLength', { min: 1, max: 4_000, otherwise: null })
      if (maxLength === null) throw coded(400, '0x80044312', 'A text column needs MaxLength.')
      const autoNumber = typeof body['AutoNumberFormat'] === 'string' && body['AutoNumberFormat'] !== '' ? body['AutoNumberFormat'] : null
      return { format, maxLength, autoNumber }
    }
    case 'memo':
      return { maxLength: numberMember(body, 'MaxLength', { min: 1, max: 1_048_576, otherwise: 2_000 }) }
    case 'whole':
      return {
        min: numberMember(body, 'MinValue', { min: -2_147_483_648, max: 2_147_483_647, otherwise: -2_147_483_648 }),
        max: numberMember(body, 'MaxValue', { min: -2_147_483_648, max: 2_147_483_647, otherwise: 2_147_483_647 }),
      }
    case 'decimal':
    case 'double':
      return {
        min: numberMember(body, 'MinValue', { min: -1e11, max: 1e11, otherwise: -1e11 }),
        max: numberMember(body, 'MaxValue', { min: -1e11, max: 1e11, otherwise: 1e11 }),
        precision: numberMember(body, 'Precision', { min: 0, max: 10, otherwise: 2 }),
      }
    case 'money':
      return {
        min: numberMember(body, 'MinValue', { min: -922_337_203_685_477, max: 922_337_203_685_477, otherwise: -922_337_203_685_477 }),
        max: numberMember(body, 'MaxValue', { min: -922_337_203_685_477, max: 922_337_203_685_477, otherwise: 922_337_203_685_477 }),
        precision: numberMember(body, 'Precision', { min: 0, max: 4, otherwise: 2 }),
        precisionSource: numberMember(body, 'PrecisionSource', { min: 0, max: 2, otherwise: 2 }),
      }
    case 'datetime':
    case 'dateonly':
      return {
        format: String(body['Format'] ?? 'DateOnly'),
        behavior: String(memberValue(body['DateTimeBehavior'], 'Value') ?? 'UserLocal'),
      }
    case 'yesno':
      return { optionSet: booleanSet(world, body, place), defaultValue: body['DefaultValue'] === true }
    case 'choice':
    case 'choices':
      return { optionSet: choiceSet(world, body, place), defaultValue: defaultChoice(body) }
    default:
      return {}
  }
}

function booleanSet(world: World, body: Readonly<Record<string, unknown>>, { table, name }: { table: Table; name: string }): OptionSet {
  const set = body['OptionSet']
  const label = (member: string): string | null => {
    const given = memberValue(memberValue(set, member), 'Label')
    return given === undefined ? null : labelOf(readLabels(world, given, member))
  }
  return {
    metadataId: world.guid(),
    name: `${table.name}_${name}`,
    isGlobal: false,
    isCustom: true,
    createdAtMs: world.clock.now(),
    labels: {},
    description: {},
    options: [option(0, label('FalseOption') ?? 'No'), option(1, label('TrueOption') ?? 'Yes')],
  }
}

function choiceSet(world: World, body: Readonly<Record<string, unknown>>, { table, name }: { table: Table; name: string }): OptionSet {
  const bind = body['GlobalOptionSet@odata.bind']
  if (typeof bind === 'string') {
    const id = /GlobalOptionSetDefinitions\((?:Name='([^']+)'|([0-9a-f-]{36}))\)$/i.exec(bind)
    const found = [...world.model.globalOptionSets.values()].find(
      (set) => set.name === id?.[1]?.toLowerCase() || set.metadataId === id?.[2]?.toLowerCase(),
    )
    if (found === undefined) throw coded(404, '0x80040217', `The global option set '${bind}' does not exist.`)
    return found
  }
  const set = body['OptionSet']
  if (!isObject(set)) throw payloadError('Attributes', 'A choice column needs OptionSet or GlobalOptionSet@odata.bind.')
  if (set['IsGlobal'] === true) throw payloadError('Attributes', 'A global option set is bound with GlobalOptionSet@odata.bind.')
  return {
    metadataId: world.guid(),
    name: `${table.name}_${name}`,
    isGlobal: false,
    isCustom: true,
    createdAtMs: world.clock.now(),
    labels: optionalLabels(world, set['DisplayName'], 'DisplayName'),
    description: {},
    options: readOptions(world, set['Options']),
  }
}

function defaultChoice(body: Readonly<Record<string, unknown>>): number | null {
  const value = body['DefaultFormValue']
  return typeof value === 'number' && value >= 0 ? value : null
}

/** Adds a column; rows that are there already hold nothing in it. Must run inside a transaction. */
export function createColumn(world: World, context: Context, table: Table, column: Column): void {
  requireLock(world, 'CreateAttribute')
  demand(world, context, 'prvCreateAttribute')
  installColumn(world, table, column)
  if (column.kind === 'money') ensureCurrency(world, table)
  recordComponent(world, context, componentTypes.column, column.metadataId)
}

export function installColumn(world: World, table: Table, column: Column): void {
  world.transactions.undo(() => removeColumn(world.model, table, column))
  addColumn(world.model, table, column)
}

/** A table gets its currency and exchange rate with its first money column. */
function ensureCurrency(world: World, table: Table): void {
  if (!table.columns.has('transactioncurrencyid')) {
    installColumn(
      world,
      table,
      makeColumn({
        metadataId: world.guid(),
        name: 'transactioncurrencyid',
        kind: 'lookup',
        targets: ['transactioncurrency'],
        labels: { 1033: 'Currency' },
        createdAtMs: world.clock.now(),
      }),
    )
    const column = table.columns.get('transactioncurrencyid')
    if (column !== undefined)
      table.navigations.set('transactioncurrencyid', { name: 'transactioncurrencyid', column, target: 'transactioncurrency' })
  }
  for (const twin of currencyTwins(table.name, [...table.columns.values()]))
    installColumn(world, table, { ...twin, metadataId: world.guid() })
}

/** Changes what may change about a column: labels, description, requirement, greater length, range. Must run inside a transaction. */
export function changeColumn(world: World, context: Context, table: Table, column: Column, body: unknown): void {
  requireLock(world, 'UpdateAttribute')
  demand(world, context, 'prvWriteAttribute')
  if (!isObject(body)) throw payloadError('Attributes', 'The request body must be a JSON object.')
  for (const name of ['LogicalName', 'SchemaName', 'AttributeType']) {
    if (body[name] === undefined)
      throw payloadError('Attributes', `A PUT replaces the definition and needs '${name}': read it first and send all of it back.`)
  }
  if (body['LogicalName'] !== column.name || body['SchemaName'] !== column.schemaName)
    throw coded(400, '0x80044302', 'The name of a column cannot change.')
  const type = typeName(body)
  if (type !== '' && kinds[type] !== undefined && kinds[type] !== (column.kind === 'dateonly' ? 'datetime' : column.kind)) {
    throw coded(400, '0x80044303', 'The type of a column cannot change.')
  }
  const maxLength = typeof body['MaxLength'] === 'number' ? body['MaxLength'] : column.maxLength
  if (column.maxLength !== null && maxLength !== null && maxLength < column.maxLength)
    throw coded(400, '0x80044312', 'The length of a column can only grow.')
  if (body['IsSecured'] === true && [...table.keys.values()].some((key) => key.columns.includes(column.name)))
    throw coded(400, '0x80060898', `The column '${column.name}' is part of a key and cannot be secured.`)
  const next: Column = {
    ...column,
    maxLength,
    labels: makeLabels(column.labels, readLabels(world, body['DisplayName'], 'DisplayName'), context.mergeLabels),
    description: makeLabels(column.description, optionalLabels(world, body['Description'], 'Description'), context.mergeLabels),
    required: column.required === 'SystemRequired' ? column.required : readRequired(body['RequiredLevel']),
    secured: body['IsSecured'] === true,
    autoNumber:
      typeof body['AutoNumberFormat'] === 'string' && body['AutoNumberFormat'] !== '' ? body['AutoNumberFormat'] : column.autoNumber,
  }
  world.transactions.undo(() => replaceColumn(world.model, table, column))
  replaceColumn(world.model, table, next)
  recordComponent(world, context, componentTypes.column, column.metadataId)
}

/** Removes a column and what rows hold in it; refused while anything depends on it. Must run inside a transaction. */
export function deleteColumn(world: World, context: Context, table: Table, column: Column): void {
  requireLock(world, 'DeleteAttribute')
  demand(world, context, 'prvDeleteAttribute')
  if (!column.custom) throw coded(400, '0x80044304', `The column ${column.name} belongs to the system and cannot be deleted.`)
  const user = dependent(world, table, column)
  if (user !== null)
    throw coded(
      400,
      '0x8004F01F',
      `The Attribute(${column.metadataId}) component cannot be deleted because it is referenced by 1 other components: ${user}.`,
    )
  uninstallColumn(world, table, column)
}

export function uninstallColumn(world: World, table: Table, column: Column): void {
  world.transactions.undo(() => addColumn(world.model, table, column))
  removeColumn(world.model, table, column)
  for (const row of [...table.rows.all()]) {
    if (row.cells[column.name] === undefined) continue
    const { [column.name]: _gone, ...cells } = row.cells
    const position = table.rows.position()
    world.transactions.undo(() => table.rows.rewind(row.id, row, position))
    table.rows.rewind(row.id, { ...row, cells }, position)
  }
}

function dependent(world: World, table: Table, column: Column): string | null {
  for (const key of table.keys.values()) if (key.columns.includes(column.name)) return `the key ${key.name}`
  for (const form of tableNamed(world, 'systemform').rows.all()) {
    if (form.cells['objecttypecode'] === table.name && String(form.cells['formxml'] ?? '').includes(`datafieldname="${column.name}"`))
      return `the form ${String(form.cells['name'])}`
  }
  for (const view of tableNamed(world, 'savedquery').rows.all()) {
    if (view.cells['returnedtypecode'] === table.name && String(view.cells['fetchxml'] ?? '').includes(`name="${column.name}"`))
      return `the view ${String(view.cells['name'])}`
  }
  for (const step of tableNamed(world, 'sdkmessageprocessingstep').rows.all()) {
    const filter = step.cells['sdkmessagefilterid']
    const filterRow = typeof filter === 'object' && filter !== null ? tableNamed(world, 'sdkmessagefilter').rows.get(filter.id) : undefined
    const names = String(step.cells['filteringattributes'] ?? '').split(',')
    if (filterRow?.cells['primaryobjecttypecode'] === table.name && names.some((name) => name.trim() === column.name))
      return `the step ${String(step.cells['name'])}`
  }
  for (const relationship of world.model.relationships.values()) {
    if (relationship.referencing === table.name && relationship.column === column.name) return `the relationship ${relationship.schemaName}`
  }
  return null
}
