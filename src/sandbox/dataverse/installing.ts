import { installColumn } from './columns.js'
import type { Customization, FieldSeed, KeySeed, LookupSeed, TableSeedOfSolution } from './fields.js'
import { activate, installKey } from './keys.js'
import type { Column, OptionSet, Table } from './metadata-model.js'
import { write } from './platform-rows.js'
import { seedViews } from './platform-rows.js'
import { installRelationship } from './relationships.js'
import { makeColumn, guidOf, option } from './schema/build.js'
import { componentTypes } from './solution-components.js'
import { emptyTable, installTable } from './tables.js'
import { secondsIso, type World } from './world.js'

/** Brings a customization in as if a package had been imported long ago: everything is there, keys are active. */
export function install(world: World, customization: Customization): void {
  const publisherId = guidOf(`publisher:${customization.publisher.uniqueName}`)
  const solutionId = guidOf(`solution:${customization.solution.uniqueName}`)
  write(world, 'publisher', publisherId, {
    uniquename: customization.publisher.uniqueName,
    friendlyname: customization.publisher.name,
    customizationprefix: customization.publisher.prefix,
    customizationoptionvalueprefix: customization.publisher.optionValuePrefix,
    isreadonly: false,
  })
  write(world, 'solution', solutionId, {
    uniquename: customization.solution.uniqueName,
    friendlyname: customization.solution.name,
    version: customization.solution.version,
    ismanaged: customization.solution.managed,
    isvisible: true,
    installedon: secondsIso(world.clock.now()),
    publisherid: { table: 'publisher', id: publisherId },
  })
  const components: [number, string][] = []
  for (const name of ['opportunity', 'lead']) {
    const table = world.model.tables.get(name)
    if (table === undefined) continue
    components.push(...addFields(world, table, customization.dealFields), ...addKeys(world, table, customization.dealKeys))
  }
  for (const seed of customization.tables) components.push(...addTable(world, seed))
  for (const name of customization.tracked) {
    const table = world.model.tables.get(name)
    if (table !== undefined) Object.assign(table, { changeTracking: true, tracked: true })
  }
  for (const [type, objectId] of components) {
    write(world, 'solutioncomponent', guidOf(`${solutionId}:${objectId}`), {
      componenttype: type,
      objectid: objectId,
      ismetadata: true,
      rootcomponentbehavior: 0,
      solutionid: { table: 'solution', id: solutionId },
    })
  }
}

function addFields(world: World, table: Table, fields: readonly FieldSeed[]): [number, string][] {
  return fields.map((seed) => {
    const column = columnOf(table.name, seed, false)
    installColumn(world, table, column)
    return [componentTypes.column, column.metadataId]
  })
}

function addKeys(world: World, table: Table, keys: readonly KeySeed[]): [number, string][] {
  return keys.map(({ schemaName, columns }) => {
    const metadataId = guidOf(`key:${table.name}:${schemaName}`)
    const key = {
      metadataId,
      name: schemaName.toLowerCase(),
      schemaName,
      columns,
      labels: { 1033: schemaName },
      createdAtMs: 0,
      custom: true,
      status: 'InProgress' as const,
      jobId: null,
    }
    const held: Parameters<typeof activate>[1] = { ...key }
    installKey(world, table, held)
    activate(table, held)
    return [componentTypes.key, metadataId]
  })
}

function addTable(world: World, seed: TableSeedOfSolution): [number, string][] {
  const wish = {
    schemaName: seed.schemaName,
    labels: { 1033: seed.label },
    plural: { 1033: seed.plural },
    description: {},
    ownership: seed.ownership,
  }
  const name = seed.schemaName.toLowerCase()
  const table: Table = {
    ...emptyTable(world, wish, seed.primary.schemaName.toLowerCase()),
    metadataId: guidOf(`table:${name}`),
    createdAtMs: 0,
  }
  installTable(world, table, [columnOf(name, seed.primary, true), ...seed.fields.map((field) => columnOf(name, field, false))])
  for (const lookup of seed.lookups) addLookup(world, table, lookup)
  seedViews(world, table)
  return [[componentTypes.table, table.metadataId], ...addKeys(world, table, seed.keys)]
}

function addLookup(world: World, table: Table, seed: LookupSeed): void {
  if (!world.model.tables.has(seed.target)) return
  const name = seed.schemaName.toLowerCase()
  const column = makeColumn({
    metadataId: guidOf(`${table.name}.${name}`),
    name,
    schemaName: seed.schemaName,
    kind: 'lookup',
    custom: true,
    targets: [seed.target],
    labels: { 1033: seed.label },
  })
  installColumn(world, table, column)
  installRelationship(world, {
    metadataId: guidOf(`relationship:${seed.relationship}`),
    schemaName: seed.relationship,
    referenced: seed.target,
    referencing: table.name,
    column: name,
    referencingNavigation: seed.schemaName,
    referencedNavigation: seed.relationship,
    onDelete: seed.onDelete,
    onMerge: 'NoCascade',
    custom: true,
    createdAtMs: 0,
  })
}

// The same column serves every environment of the process: columns never change in place.
const columns = new WeakMap<FieldSeed, Map<string, Column>>()

function columnOf(tableName: string, seed: FieldSeed, primaryName: boolean): Column {
  const held = columns.get(seed) ?? new Map<string, Column>()
  columns.set(seed, held)
  const column = held.get(tableName) ?? newColumn(tableName, seed, primaryName)
  held.set(tableName, column)
  return column
}

function newColumn(tableName: string, seed: FieldSeed, primaryName: boolean): Column {
  const name = seed.schemaName.toLowerCase()
  const kind = seed.kind === 'url' ? 'text' : seed.kind
  const set: OptionSet = {
    metadataId: guidOf(`options:${tableName}.${name}`),
    name: `${tableName}_${name}`,
    isGlobal: false,
    isCustom: true,
    createdAtMs: 0,
    labels: { 1033: seed.label },
    description: {},
    options:
      seed.yesNo === null
        ? seed.options.map(({ value, label }) => option(value, label))
        : [option(0, seed.yesNo.no), option(1, seed.yesNo.yes)],
  }
  return makeColumn({
    metadataId: guidOf(`${tableName}.${name}`),
    name,
    schemaName: seed.schemaName,
    kind,
    custom: true,
    primaryName,
    labels: { 1033: seed.label },
    maxLength: seed.maxLength,
    autoNumber: seed.autoNumber,
    optionSet: kind === 'choice' || kind === 'yesno' ? set : null,
    defaultValue: seed.yesNo === null ? null : seed.yesNo.initially,
    ...(seed.kind === 'url' ? { format: 'Url' } : {}),
    ...(kind === 'whole' ? { min: -2_147_483_648, max: 2_147_483_647 } : {}),
    ...(kind === 'decimal' ? { min: -1e11, max: 1e11, precision: 4 } : {}),
  })
}
