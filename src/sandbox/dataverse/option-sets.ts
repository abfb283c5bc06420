import { isObject, listIn } from './bodies.js'
import { optionalLabels, readLabels, requireLock, requireSchemaName } from './definitions.js'
import type { Context } from './emission.js'
import { coded, invalidArgument, payloadError } from './errors.js'
import { replaceColumn, type Column, type Option, type OptionSet, type Table } from './metadata-model.js'
import { demand } from './privileges.js'
import { componentTypes, recordComponent } from './solution-components.js'
import { table as tableNamed, type World } from './world.js'

export function readOptions(world: World, value: unknown): Option[] {
  if (value === undefined) return []
  const items = listIn(value)
  if (items === null) throw payloadError('OptionSet', 'Options must be a list.')
  const options: Option[] = []
  for (const item of items) {
    if (!isObject(item)) throw payloadError('OptionSet', 'An option must be an object.')
    const given = item['Value']
    const next = typeof given === 'number' ? given : nextValue(world, options)
    if (options.some((option) => option.value === next)) throw coded(400, '0x8004430F', `The option value ${next} is used more than once.`)
    options.push({
      value: next,
      labels: readLabels(world, item['Label'], 'Label'),
      description: optionalLabels(world, item['Description'], 'Description'),
      state: null,
    })
  }
  return options
}

/** The next free value behind a publisher's option prefix. */
function nextValue(world: World, options: readonly Option[]): number {
  const prefixes = [...tableNamed(world, 'publisher').rows.all()].map((row) => Number(row.cells['customizationoptionvalueprefix'] ?? 0))
  const start = Math.max(10_000, ...prefixes) * 10_000
  return Math.max(start - 1, ...options.map((option) => option.value)) + 1
}

/** Puts a changed option set in the place of the old one, in every column that uses it. */
function replaceSet(world: World, before: OptionSet, after: OptionSet): void {
  const columns: { table: Table; column: Column }[] = []
  for (const table of world.model.tables.values()) {
    for (const column of table.columns.values()) if (column.optionSet?.metadataId === before.metadataId) columns.push({ table, column })
  }
  const apply = (set: OptionSet): void => {
    if (set.isGlobal) world.model.globalOptionSets.set(set.name, set)
    for (const { table, column } of columns)
      replaceColumn(world.model, table, { ...(table.columns.get(column.name) ?? column), optionSet: set })
  }
  world.transactions.undo(() => apply(before))
  apply(after)
}

export function createGlobalSet(world: World, context: Context, body: unknown): OptionSet {
  requireLock(world, 'CreateOptionSet')
  demand(world, context, 'prvCreateOptionSet')
  if (!isObject(body)) throw payloadError('GlobalOptionSetDefinitions', 'The request body must be a JSON object.')
  const name = requireSchemaName(world, body['Name'], 'option set').toLowerCase()
  if (body['OptionSetType'] !== 'Picklist') throw payloadError('GlobalOptionSetDefinitions', "OptionSetType must be 'Picklist'.")
  if (world.model.globalOptionSets.has(name)) throw coded(400, '0x80044345', `An OptionSet with the same name ${name} already exists.`)
  const set: OptionSet = {
    metadataId: world.guid(),
    name,
    isGlobal: true,
    isCustom: true,
    createdAtMs: world.clock.now(),
    labels: readLabels(world, body['DisplayName'], 'DisplayName'),
    description: optionalLabels(world, body['Description'], 'Description'),
    options: readOptions(world, body['Options']),
  }
  world.transactions.undo(() => void world.model.globalOptionSets.delete(name))
  world.model.globalOptionSets.set(name, set)
  world.model.version += 1
  recordComponent(world, context, componentTypes.optionSet, set.metadataId)
  return set
}

export function changeGlobalSet(world: World, context: Context, set: OptionSet, body: unknown): void {
  requireLock(world, 'UpdateOptionSet')
  demand(world, context, 'prvWriteOptionSet')
  if (!isObject(body) || body['Name'] !== set.name)
    throw payloadError('GlobalOptionSetDefinitions', 'A PUT replaces the definition and needs its Name.')
  const given = readLabels(world, body['DisplayName'], 'DisplayName')
  replaceSet(world, set, { ...set, labels: context.mergeLabels ? { ...set.labels, ...given } : given })
}

export function deleteGlobalSet(world: World, context: Context, set: OptionSet): void {
  requireLock(world, 'DeleteOptionSet')
  demand(world, context, 'prvDeleteOptionSet')
  for (const table of world.model.tables.values()) {
    for (const column of table.columns.values()) {
      if (column.optionSet?.metadataId !== set.metadataId) continue
      throw coded(
        400,
        '0x8004F01F',
        `The OptionSet(${set.metadataId}) component cannot be deleted because it is referenced by ${table.name}.${column.name}.`,
      )
    }
  }
  world.transactions.undo(() => void world.model.globalOptionSets.set(set.name, set))
  world.model.globalOptionSets.delete(set.name)
}

interface Addressed {
  readonly set: OptionSet
  readonly body: Readonly<Record<string, unknown>>
}

function addressedSet(world: World, action: string, body: unknown): Addressed {
  if (!isObject(body)) throw payloadError(action, 'The request body must be a JSON object.')
  const global = body['OptionSetName']
  const table = body['EntityLogicalName']
  const column = body['AttributeLogicalName']
  if (typeof global === 'string') {
    const set = world.model.globalOptionSets.get(global.toLowerCase())
    if (set === undefined) throw coded(400, '0x80040217', `The global option set '${global}' does not exist.`)
    return { set, body }
  }
  if (typeof table !== 'string' || typeof column !== 'string')
    throw payloadError(action, 'OptionSetName, or EntityLogicalName and AttributeLogicalName, is required.')
  const set = world.model.tables.get(table)?.columns.get(column)?.optionSet ?? null
  if (set === null) throw coded(400, '0x80040217', `The column '${table}.${column}' has no options.`)
  return { set, body }
}

function solutionIn(context: Context, body: Readonly<Record<string, unknown>>): Context {
  const name = body['SolutionUniqueName']
  return typeof name === 'string' ? { ...context, solution: name } : context
}

const valueIn = (action: string, body: Readonly<Record<string, unknown>>): number => {
  const value = body['Value']
  if (typeof value !== 'number') throw payloadError(action, "The parameter 'Value' is required.")
  return value
}

/** The actions on options. Source: learn.microsoft.com "Create and update choices using the Web API" (read 2023-10). Each must run inside a transaction. */
export const optionActions = {
  InsertOptionValue(world: World, context: Context, given: unknown): number {
    requireLock(world, 'InsertOptionValue')
    demand(world, context, 'prvWriteOptionSet')
    const { set, body } = addressedSet(world, 'InsertOptionValue', given)
    const value = typeof body['Value'] === 'number' ? body['Value'] : nextValue(world, set.options)
    if (set.options.some((option) => option.value === value)) throw coded(400, '0x8004430F', `The option value ${value} already exists.`)
    const option: Option = {
      value,
      labels: readLabels(world, body['Label'], 'Label'),
      description: optionalLabels(world, body['Description'], 'Description'),
      state: null,
    }
    replaceSet(world, set, { ...set, options: [...set.options, option] })
    if (set.isGlobal) recordComponent(world, solutionIn(context, body), componentTypes.optionSet, set.metadataId)
    return value
  },
  InsertStatusValue(world: World, context: Context, given: unknown): number {
    requireLock(world, 'InsertStatusValue')
    demand(world, context, 'prvWriteOptionSet')
    const { set, body } = addressedSet(world, 'InsertStatusValue', given)
    const state = body['StateCode']
    const states = world.model.tables.get(String(body['EntityLogicalName']))?.columns.get('statecode')?.optionSet?.options ?? []
    if (body['AttributeLogicalName'] !== 'statuscode') throw invalidArgument('InsertStatusValue is for statuscode only.')
    if (typeof state !== 'number' || !states.some((option) => option.value === state))
      throw invalidArgument(`The state ${String(state)} does not exist.`)
    const value = typeof body['Value'] === 'number' ? body['Value'] : nextValue(world, set.options)
    if (set.options.some((option) => option.value === value)) throw coded(400, '0x8004430F', `The status value ${value} already exists.`)
    replaceSet(world, set, {
      ...set,
      options: [...set.options, { value, labels: readLabels(world, body['Label'], 'Label'), description: {}, state }],
    })
    return value
  },
  UpdateOptionValue(world: World, context: Context, given: unknown): void {
    requireLock(world, 'UpdateOptionValue')
    demand(world, context, 'prvWriteOptionSet')
    const { set, body } = addressedSet(world, 'UpdateOptionValue', given)
    const value = valueIn('UpdateOptionValue', body)
    if (!set.options.some((option) => option.value === value)) throw invalidArgument(`The option value ${value} does not exist.`)
    const labels = readLabels(world, body['Label'], 'Label')
    const merged = (held: Option): Option => ({ ...held, labels: body['MergeLabels'] === true ? { ...held.labels, ...labels } : labels })
    replaceSet(world, set, { ...set, options: set.options.map((option) => (option.value === value ? merged(option) : option)) })
  },
  OrderOption(world: World, context: Context, given: unknown): void {
    requireLock(world, 'OrderOption')
    demand(world, context, 'prvWriteOptionSet')
    const { set, body } = addressedSet(world, 'OrderOption', given)
    const values = listIn(body['Values']) ?? []
    const ordered = values.flatMap((value) => set.options.find((option) => option.value === value) ?? [])
    if (ordered.length !== set.options.length) throw invalidArgument('OrderOption needs every value of the option set, once.')
    replaceSet(world, set, { ...set, options: ordered })
  },
  DeleteOptionValue(world: World, context: Context, given: unknown): void {
    requireLock(world, 'DeleteOptionValue')
    demand(world, context, 'prvWriteOptionSet')
    const { set, body } = addressedSet(world, 'DeleteOptionValue', given)
    const value = valueIn('DeleteOptionValue', body)
    if (!set.options.some((option) => option.value === value)) throw invalidArgument(`The option value ${value} does not exist.`)
    replaceSet(world, set, { ...set, options: set.options.filter((option) => option.value !== value) })
  },
} as const
