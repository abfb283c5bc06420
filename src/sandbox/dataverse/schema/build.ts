import {
  addColumn,
  addRelationship,
  addTable,
  type Column,
  type ColumnKind,
  type ManyToMany,
  type Model,
  type OptionSet,
  type Relationship,
  type Required,
  type Table,
} from '../metadata-model.js'
import { rowStore } from '../row-store.js'
import { columnLines, type ColumnLine, type TableSeed } from './notation.js'
import { manyToManySeeds, publishableTables } from './platform.js'

/** A GUID that is always the same for the same words, so that standard components have the same ids in every environment. */
export function guidOf(words: string): string {
  const held = guids.get(words)
  if (held !== undefined) return held
  const made = hashed(words)
  guids.set(words, made)
  return made
}

// Every environment of a process asks for the same standard ids.
const guids = new Map<string, string>()

function hashed(words: string): string {
  const parts = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b].map((seed) => {
    let hash = seed
    for (let at = 0; at < words.length; at++) hash = Math.imul(hash ^ words.charCodeAt(at), 0x01000193) ^ (hash >>> 13)
    return (hash >>> 0).toString(16).padStart(8, '0')
  })
  const hex = parts.join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const noneRequired: Required = 'None'

const blank = {
  custom: false,
  createdAtMs: 0,
  primaryName: false,
  targets: [],
  optionSet: null,
  description: {},
  required: noneRequired,
  create: true,
  update: true,
  read: true,
  maxLength: null,
  min: null,
  max: null,
  precision: null,
  precisionSource: null,
  format: null,
  behavior: null,
  defaultValue: null,
  autoNumber: null,
  secured: false,
}

/** A column with every member filled in; `given` says what is special about it. */
export function makeColumn(given: { metadataId: string; name: string; kind: ColumnKind } & Partial<Column>): Column {
  const money = given.kind === 'money' ? { precision: 2, precisionSource: 2 } : {}
  const number = given.kind === 'decimal' || given.kind === 'double' ? { precision: 2 } : {}
  const date =
    given.kind === 'datetime'
      ? { format: 'DateAndTime', behavior: 'UserLocal' }
      : given.kind === 'dateonly'
        ? { format: 'DateOnly', behavior: 'DateOnly' }
        : {}
  const text = given.kind === 'text' ? { format: 'Text' } : given.kind === 'memo' ? { format: 'TextArea' } : {}
  return { ...blank, schemaName: given.name, labels: { 1033: given.name }, ...money, ...number, ...date, ...text, ...given }
}

export function columnFromLine(tableName: string, line: ColumnLine, primaryName: string | null): Column {
  return makeColumn({
    metadataId: guidOf(`${tableName}.${line.name}`),
    name: line.name,
    kind: line.kind,
    labels: { 1033: line.label },
    primaryName: line.name === primaryName,
    targets: line.targets.map(({ table }) => table),
    optionSet: optionSetOf(tableName, line),
    required: line.required,
    create: line.create,
    update: line.update,
    read: line.read,
    maxLength: line.maxLength,
    min: line.min,
    max: line.max,
    defaultValue: line.defaultValue,
    ...(line.name === 'exchangerate' ? { precision: 12 } : {}),
  })
}

function optionSetOf(tableName: string, line: ColumnLine): OptionSet | null {
  const base = { isGlobal: false, isCustom: false, createdAtMs: 0, labels: { 1033: line.label }, description: {} }
  const id = { metadataId: guidOf(`options:${tableName}.${line.name}`), name: `${tableName}_${line.name}` }
  if (line.kind === 'yesno') return { ...base, ...id, options: [option(0, 'No'), option(1, 'Yes')] }
  if (line.options.length === 0) return null
  return { ...base, ...id, options: line.options.map(({ value, label, state }) => option(value, label, state)) }
}

export const option = (value: number, label: string, state: number | null = null): OptionSet['options'][number] => ({
  value,
  labels: { 1033: label },
  description: {},
  state,
})

/** Columns the platform adds to a table of this ownership. */
export function systemLines(table: {
  readonly name: string
  readonly ownership: Table['ownership']
  readonly stamps: 'all' | 'none'
}): string {
  if (table.stamps === 'none') return 'versionnumber big ; ro'
  const user = (column: string): string => `${column} lookup systemuser from=lk_${table.name}_${column} ; ro`
  const owned = `
ownerid owner from=user_${table.name},team_${table.name} ; S
owninguser lookup systemuser from=owning_user_${table.name} ; ro
owningteam lookup team from=owning_team_${table.name} ; ro
owningbusinessunit lookup businessunit from=business_unit_${table.name} ; ro`
  return `
createdon,modifiedon datetime ; ro
${['createdby', 'modifiedby', 'createdonbehalfby', 'modifiedonbehalfby'].map(user).join('\n')}
overriddencreatedon datetime ; co
importsequencenumber whole ; co
versionnumber big ; ro
${table.ownership === 'UserOwned' ? owned : ''}`
}

interface Prepared {
  readonly columns: readonly Column[]
  readonly relationships: readonly Relationship[]
}

// Columns and relationships never change in place, so that all environments of a process share the standard ones.
const preparedSeeds = new Map<TableSeed, Prepared>()

function prepare(seed: TableSeed): Prepared {
  const known = preparedSeeds.get(seed)
  if (known !== undefined) return known
  const lines = [
    ...columnLines(`${seed.id} guid ; S co`),
    ...columnLines(seed.columns),
    ...columnLines(systemLines(seed)).filter(({ name }) => !seed.columns.includes(`\n${name} `)),
  ]
  const columns = lines.map((line) => columnFromLine(seed.name, line, seed.primaryName))
  const prepared = {
    columns: [...columns, ...currencyTwins(seed.name, columns)],
    relationships: lines.flatMap((line) => relationshipsOfLine(seed.name, line)),
  }
  preparedSeeds.set(seed, prepared)
  return prepared
}

/** Each money column has a twin in base currency; a table with a currency keeps the exchange rate of the last write. */
export function currencyTwins(tableName: string, columns: readonly Column[]): Column[] {
  if (!columns.some(({ name }) => name === 'transactioncurrencyid')) return []
  const money = columns.filter(({ kind, name }) => kind === 'money' && !name.endsWith('_base'))
  const known = new Set(columns.map(({ name }) => name))
  const rate = known.has('exchangerate') ? [] : columnLines('exchangerate decimal 0.0000000001 100000000000 ; ro')
  return [
    ...rate.map((line) => columnFromLine(tableName, line, null)),
    ...money
      .filter(({ name }) => !known.has(`${name}_base`))
      .map((column) =>
        makeColumn({
          metadataId: guidOf(`${tableName}.${column.name}_base`),
          name: `${column.name}_base`,
          kind: 'money',
          labels: { 1033: `${column.labels[1033] ?? column.name} (Base)` },
          custom: column.custom,
          createdAtMs: column.createdAtMs,
          create: false,
          update: false,
        }),
      ),
  ]
}

export function relationshipsOfLine(tableName: string, line: ColumnLine): Relationship[] {
  return line.targets
    .filter(({ navigation }) => navigation !== '')
    .map(({ table, navigation, collection }) => {
      const name = collection ?? `${table}_${tableName}_${line.name}`
      return {
        metadataId: guidOf(`relationship:${name}`),
        schemaName: name,
        referenced: table,
        referencing: tableName,
        column: line.name,
        referencingNavigation: navigation ?? line.name,
        referencedNavigation: name,
        onDelete: line.onDelete,
        onMerge: line.update ? 'Cascade' : 'NoCascade',
        custom: false,
        createdAtMs: 0,
      }
    })
}

/** An empty table; columns and relationships are added by the caller. */
export function makeTable(
  given: Pick<Table, 'metadataId' | 'name' | 'schemaName' | 'setName' | 'primaryId' | 'primaryName' | 'objectTypeCode' | 'ownership'> &
    Partial<Table>,
): Table {
  return {
    custom: false,
    isActivity: false,
    createdAtMs: 0,
    labels: { 1033: given.schemaName },
    collectionLabels: { 1033: given.schemaName },
    description: {},
    changeTracking: false,
    tracked: false,
    canBeTracked: true,
    optimisticConcurrency: true,
    publishable: false,
    columns: new Map(),
    properties: new Map(),
    navigations: new Map(),
    collections: new Map(),
    keys: new Map(),
    rows: rowStore(),
    drafts: new Map(),
    prepared: new Map(),
    ...given,
  }
}

const searched: Readonly<Record<string, readonly string[]>> = {
  account: ['name', 'accountnumber'],
  systemuser: ['applicationid', 'azureactivedirectoryobjectid', 'internalemailaddress', 'domainname'],
  transactioncurrency: ['isocurrencycode'],
  contact: ['emailaddress1'],
  solution: ['uniquename'],
  publisher: ['uniquename'],
  webresource: ['name'],
  privilege: ['name'],
  sdkmessage: ['name'],
  sdkmessagefilter: ['primaryobjecttypecode'],
}

/** Columns whose values are shared by nearly all rows: an index over them would cost writes and never help. */
const unsearched = new Set([
  'createdby',
  'modifiedby',
  'createdonbehalfby',
  'modifiedonbehalfby',
  'owningbusinessunit',
  'owningteam',
  'owninguser',
])

export function installTables(model: Model, seeds: readonly TableSeed[]): void {
  for (const seed of seeds) {
    const table = makeTable({
      metadataId: guidOf(`table:${seed.name}`),
      name: seed.name,
      schemaName: seed.schemaName,
      setName: seed.set,
      primaryId: seed.id,
      primaryName: seed.primaryName,
      objectTypeCode: seed.code,
      ownership: seed.ownership,
      labels: { 1033: seed.label },
      collectionLabels: { 1033: seed.plural },
      changeTracking: seed.tracked,
      tracked: seed.tracked,
      isActivity: seed.id === 'activityid',
      publishable: publishableTables.has(seed.name),
    })
    addTable(model, table)
    for (const column of prepare(seed).columns) addColumn(model, table, column)
    for (const column of searched[seed.name] ?? []) table.rows.index(column)
    for (const column of unsearched) table.rows.dropIndex(column)
  }
  for (const seed of seeds) for (const relationship of prepare(seed).relationships) addRelationship(model, relationship)
  for (const seed of manyToManySeeds) addManyToMany(model, seed)
}

function addManyToMany(model: Model, seed: (typeof manyToManySeeds)[number]): void {
  const first = model.tables.get(seed.first)
  const second = model.tables.get(seed.second)
  if (first === undefined || second === undefined || model.manyToMany.has(seed.schemaName)) return
  const relation: ManyToMany = {
    metadataId: guidOf(`manytomany:${seed.schemaName}`),
    ...seed,
    firstNavigation: seed.schemaName,
    secondNavigation: seed.schemaName,
    pairs: new Map(),
    reverse: new Map(),
  }
  model.manyToMany.set(seed.schemaName, relation)
  first.collections.set(relation.firstNavigation, { kind: 'many-to-many', relation, side: 'first' })
  second.collections.set(relation.secondNavigation, { kind: 'many-to-many', relation, side: 'second' })
}
