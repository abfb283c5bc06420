import { badQuery, keyNotDefined, missingByKey, missingRow, severalRowsByKey, unknownProperty } from './errors.js'
import type { AlternateKey, Column, Table } from './metadata-model.js'
import { isLookup, propertyName } from './metadata-model.js'
import { requireKeyCharacters, type KeyPart, type KeyValue } from './paths.js'
import { foldCell, type Cell, type Cells, type Row } from './row-store.js'
import { isDate, isGuid } from './values.js'
import type { World } from './world.js'

/** How the rows of a table are indexed under one of its alternate keys; rows with an empty member are not under it. */
export function keyIndex(key: Pick<AlternateKey, 'columns'>): (cells: Cells) => string | undefined {
  const [only, more] = key.columns
  if (only !== undefined && more === undefined) return (cells) => foldCell(cells[only])
  return (cells) => {
    const parts = key.columns.map((column) => foldCell(cells[column]))
    return parts.some((part) => part === undefined) ? undefined : JSON.stringify(parts)
  }
}

export const keyIndexName = (key: Pick<AlternateKey, 'name'>): string => `key:${key.name}`

export interface FoundByKey {
  readonly row: Row | undefined
  readonly key: AlternateKey
  /** What the URL says about the row: the key columns of a row to be created. */
  readonly cells: Readonly<Record<string, Cell>>
}

/** Looks a row up by the named values of a URL. The values must be those of one active alternate key. */
export function findByKey(world: World, table: Table, values: ReadonlyMap<string, KeyValue>): FoundByKey {
  const cells: Record<string, Cell> = {}
  for (const [name, value] of values) {
    const column = table.properties.get(name)
    if (column === undefined) throw unknownProperty(name, table.name)
    cells[column.name] = keyCell(column, value)
  }
  const names = Object.keys(cells)
  const key = [...table.keys.values()].find(
    ({ columns }) => columns.length === names.length && columns.every((column) => names.includes(column)),
  )
  if (key === undefined || key.status !== 'Active') throw keyNotDefined(table.name, names)
  const folded = keyIndex(key)(cells)
  if (folded === undefined) return { row: undefined, key, cells }
  const ids = table.rows.find(keyIndexName(key), folded)
  if (ids.length > 1) throw severalRowsByKey(table.name)
  const [id] = ids
  return { row: id === undefined ? undefined : table.rows.get(id), key, cells }
}

function keyCell(column: Column, value: KeyValue): Cell {
  const wrong = (): Error => badQuery(`The value '${value.text}' does not fit the key property '${propertyName(column)}'.`)
  if (column.kind === 'text' || column.kind === 'memo') {
    if (value.kind !== 'text') throw wrong()
    requireKeyCharacters(value.text)
    return value.text
  }
  if (value.kind !== 'bare') throw wrong()
  if (isLookup(column)) {
    if (!isGuid(value.text)) throw wrong()
    return { table: column.targets[0] ?? '', id: value.text.toLowerCase() }
  }
  if (column.kind === 'datetime') return value.text
  if (column.kind === 'dateonly') {
    if (!isDate(value.text)) throw wrong()
    return value.text
  }
  const number = Number(value.text)
  if (!Number.isFinite(number)) throw wrong()
  return number
}

export type Address =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'missing'; readonly id: string | null; readonly cells: Readonly<Record<string, Cell>> }

/** The row a URL addresses, or what a row created through that URL would be called. */
export function addressed(world: World, table: Table, key: KeyPart): Address {
  if (key.kind === 'guid') {
    const row = table.rows.get(key.id)
    return row === undefined ? { kind: 'missing', id: key.id, cells: {} } : { kind: 'row', row }
  }
  if (key.kind !== 'named') throw badQuery(`The set '${table.setName}' needs the key of a row here.`)
  const { row, cells } = findByKey(world, table, key.values)
  return row === undefined ? { kind: 'missing', id: null, cells } : { kind: 'row', row }
}

export function required(table: Table, address: Address): Row {
  if (address.kind === 'row') return address.row
  throw address.id === null ? missingByKey(table.name) : missingRow(table.name, address.id)
}
