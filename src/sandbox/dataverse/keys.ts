import { isObject } from './bodies.js'
import { optionalLabels, requireLock, requireSchemaName } from './definitions.js'
import type { Context } from './emission.js'
import { coded, payloadError } from './errors.js'
import { keyIndex, keyIndexName } from './find.js'
import type { AlternateKey, Column, Table } from './metadata-model.js'
import { demand } from './privileges.js'
import { componentTypes, recordComponent } from './solution-components.js'
import { put, secondsIso, table as tableNamed, type World } from './world.js'

/** Source: learn.microsoft.com "Define alternate keys for a table" (read 2023-10). */
const keysMax = 10
const columnsMax = 16
const bytesMax = 900
const keyKinds: ReadonlySet<Column['kind']> = new Set(['text', 'whole', 'decimal', 'datetime', 'dateonly', 'lookup', 'choice'])

export function createKey(world: World, context: Context, table: Table, body: unknown): AlternateKey {
  requireLock(world, 'CreateEntityKey')
  demand(world, context, 'prvCreateEntityKey')
  if (!isObject(body)) throw payloadError('Keys', 'The request body must be a JSON object.')
  const schemaName = requireSchemaName(world, body['SchemaName'], 'key')
  const name = schemaName.toLowerCase()
  const given = body['KeyAttributes']
  const columns = Array.isArray(given) ? given.map(String) : []
  if (columns.length === 0 || columns.length > columnsMax) throw coded(400, '0x80060895', `A key has 1 to ${columnsMax} columns.`)
  if (table.keys.has(name)) throw coded(400, '0x80060893', `A key with the name ${name} already exists on ${table.name}.`)
  if (table.keys.size >= keysMax) throw coded(400, '0x80060896', `The table ${table.name} already has ${keysMax} keys.`)
  for (const other of table.keys.values()) {
    if (other.columns.length === columns.length && other.columns.every((column) => columns.includes(column))) {
      throw coded(400, '0x80060894', `The key ${other.name} already covers these columns.`)
    }
  }
  requireKeyColumns(table, columns)
  const key: AlternateKey = {
    metadataId: world.guid(),
    name,
    schemaName,
    columns,
    labels: optionalLabels(world, body['DisplayName'], 'DisplayName'),
    createdAtMs: world.clock.now(),
    custom: true,
    status: 'Pending',
    jobId: null,
  }
  installKey(world, table, key)
  buildLater(world, table, key)
  recordComponent(world, context, componentTypes.key, key.metadataId)
  return key
}

export function installKey(world: World, table: Table, key: AlternateKey): void {
  world.transactions.undo(() => dropKey(table, key))
  table.keys.set(key.name, key)
  world.model.version += 1
}

function requireKeyColumns(table: Table, names: readonly string[]): void {
  let bytes = 0
  for (const name of names) {
    const column = table.columns.get(name)
    if (column === undefined) throw coded(400, '0x80047007', `The column '${name}' does not exist on ${table.name}.`)
    if (!keyKinds.has(column.kind)) throw coded(400, '0x80060898', `The column '${name}' is of a type that keys do not take.`)
    if (column.secured) throw coded(400, '0x80060898', `The column '${name}' is secured and cannot be part of a key.`)
    bytes += column.kind === 'text' ? (column.maxLength ?? 0) * 2 : 16
  }
  if (bytes > bytesMax) throw coded(400, '0x80060899', `The key would be ${bytes} bytes wide; the most is ${bytesMax}.`)
}

/** The index of a key is built by a system job: it waits, works, and either succeeds or finds duplicates. */
export function buildLater(world: World, table: Table, key: AlternateKey): void {
  key.status = 'Pending'
  key.jobId = writeJob(world, key, null)
  const { keyPendingMs, keyBuildMs } = world.options
  const isCurrent = (): boolean => table.keys.get(key.name) === key
  const finish = (): void => {
    if (!isCurrent() || key.status !== 'InProgress') return
    const works = activate(table, key)
    world.model.version += 1
    world.transactions.run(() => writeJob(world, key, works))
  }
  if (keyPendingMs + keyBuildMs === 0) {
    key.status = 'InProgress'
    finish()
    return
  }
  world.clock.at(world.clock.now() + keyPendingMs, () => {
    if (!isCurrent()) return
    key.status = 'InProgress'
    world.clock.at(world.clock.now() + keyBuildMs, finish)
  })
}

/** Builds the index now. False when rows share a value. */
export function activate(table: Table, key: AlternateKey): boolean {
  const name = keyIndexName(key)
  table.rows.indexBy(name, keyIndex(key))
  const works = !table.rows.hasRepeats(name)
  if (!works) table.rows.dropIndex(name)
  const [only, more] = key.columns
  if (works && only !== undefined && more === undefined) table.rows.index(only)
  key.status = works ? 'Active' : 'Failed'
  return works
}

function writeJob(world: World, key: AlternateKey, works: boolean | null): string {
  const id = key.jobId ?? world.guid()
  const now = secondsIso(world.clock.now())
  const owner = { table: 'systemuser', id: world.ids.systemUser }
  const cells = {
    asyncoperationid: id,
    name: `Create index for ${key.name}`,
    operationtype: 75,
    statecode: works === null ? 0 : 3,
    statuscode: works === null ? 0 : works ? 30 : 31,
    message: works === false ? 'The index could not be created because rows hold the same key values.' : null,
    errorcode: works === false ? -2147088234 : null,
    createdon: now,
    modifiedon: now,
    ownerid: owner,
    createdby: owner,
  }
  put(world, tableNamed(world, 'asyncoperation'), { id, version: world.nextVersion(), cells })
  return id
}

export function deleteKey(world: World, context: Context, table: Table, key: AlternateKey): void {
  requireLock(world, 'DeleteEntityKey')
  demand(world, context, 'prvDeleteEntityKey')
  world.transactions.undo(() => {
    table.keys.set(key.name, key)
    if (key.status === 'Active') table.rows.indexBy(keyIndexName(key), keyIndex(key))
  })
  dropKey(table, key)
  world.model.version += 1
}

function dropKey(table: Table, key: AlternateKey): void {
  table.keys.delete(key.name)
  table.rows.dropIndex(keyIndexName(key))
}

/** Starts the job of a failed key again. */
export function reactivateKey(world: World, context: Context, body: unknown): void {
  demand(world, context, 'prvWriteEntityKey')
  if (!isObject(body)) throw payloadError('ReactivateEntityKey', 'The request body must be a JSON object.')
  const table = world.model.tables.get(String(body['EntityLogicalName']))
  const key = table?.keys.get(String(body['EntityKeyLogicalName']).toLowerCase())
  if (table === undefined || key === undefined)
    throw coded(400, '0x80040217', `The key '${String(body['EntityKeyLogicalName'])}' does not exist.`)
  if (key.status !== 'Failed') throw coded(400, '0x80060897', `Only a failed key can be reactivated; ${key.name} is ${key.status}.`)
  buildLater(world, table, key)
}
