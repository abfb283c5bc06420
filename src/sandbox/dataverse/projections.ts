import { isHidden } from './column-security.js'
import { badQuery, unknownProperty } from './errors.js'
import { cellOf, formattedValue } from './formatted.js'
import { isLookup, propertyName, type Column, type Table } from './metadata-model.js'
import { splitOutsideQuotes } from './paths.js'
import type { Cell, Row } from './row-store.js'
import type { World } from './world.js'

/** Which annotations an answer carries, from `Prefer: odata.include-annotations`. */
export interface Annotations {
  readonly formatted: boolean
  readonly lookupTable: boolean
  readonly navigation: boolean
  readonly any: boolean
}

export const noAnnotations: Annotations = { formatted: false, lookupTable: false, navigation: false, any: false }

const prefixes = {
  formatted: 'OData.Community.Display.V1.FormattedValue',
  lookupTable: 'Microsoft.Dynamics.CRM.lookuplogicalname',
  navigation: 'Microsoft.Dynamics.CRM.associatednavigationproperty',
} as const

export function annotationsOf(preference: string | undefined): Annotations {
  if (preference === undefined) return noAnnotations
  const wanted = preference.split(',').map((part) => part.trim())
  const has = (name: string): boolean =>
    wanted.some((want) => want === '*' || want === name || (want.endsWith('*') && name.startsWith(want.slice(0, -1))))
  const formatted = has(prefixes.formatted)
  const lookupTable = has(prefixes.lookupTable)
  const navigation = has(prefixes.navigation)
  return { formatted, lookupTable, navigation, any: formatted || lookupTable || navigation }
}

interface Shown {
  readonly name: string
  readonly column: Column
  readonly lookup: boolean
}

/** The columns an answer shows, worked out once per table and $select. */
export interface Projection {
  readonly select: readonly string[]
  readonly shown: readonly Shown[]
}

/** A table keeps this many prepared projections; a product uses a handful. */
export const preparedMax = 500

export function projection(table: Table, select: string | undefined): Projection {
  const key = `select:${select ?? '*'}`
  const held = table.prepared.get(key)
  if (held !== undefined) return held as Projection // this function is the only one to write these keys
  const made = select === undefined || select.trim() === '*' ? everything(table) : selected(table, select)
  if (table.prepared.size > preparedMax) table.prepared.clear()
  table.prepared.set(key, made)
  return made
}

const shown = (column: Column): Shown => ({ name: propertyName(column), column, lookup: isLookup(column) })

function everything(table: Table): Projection {
  return { select: [], shown: [...table.columns.values()].filter((column) => column.read).map(shown) }
}

function selected(table: Table, select: string): Projection {
  const names = splitOutsideQuotes(select, ',')
  if (names.length === 0) throw badQuery('$select names no property.')
  const columns = new Map<string, Column>()
  for (const name of names) {
    const column = table.properties.get(name) ?? (table.navigations.has(name) ? null : undefined)
    if (column === undefined || (column !== null && !column.read)) throw unknownProperty(name, table.name)
    if (column !== null) columns.set(column.name, column)
  }
  const primary = table.columns.get(table.primaryId)
  if (primary) columns.set(primary.name, primary)
  const currency = table.columns.get('transactioncurrencyid')
  if (currency && [...columns.values()].some(({ kind }) => kind === 'money')) columns.set(currency.name, currency)
  return { select: names, shown: [...columns.values()].map(shown) }
}

export type JsonRow = Record<string, unknown>

export const etagOf = (row: Row): string => `W/"${row.version}"`

/** One row as JSON members, without context and without expanded rows. */
export function shownRow(world: World, table: Table, row: Row, fields: Projection, annotations: Annotations): JsonRow {
  const json: JsonRow = { '@odata.etag': etagOf(row) }
  for (const { name, column, lookup } of fields.shown) {
    const cell = column.secured && isHidden(world, table, column) ? null : cellOf(row, column)
    if (annotations.any && cell !== null) annotate(world, { table, row, cell }, { name, column, lookup }, annotations, json)
    json[name] = lookup && typeof cell === 'object' && cell !== null ? cell.id : cell
  }
  return json
}

interface Place {
  readonly table: Table
  readonly row: Row
  readonly cell: Cell
}

function annotate(world: World, { table, row, cell }: Place, { name, column, lookup }: Shown, wanted: Annotations, json: JsonRow): void {
  if (wanted.formatted) {
    const text = formattedValue(world, row, column, cell)
    if (text !== null) json[`${name}@${prefixes.formatted}`] = text
  }
  if (!lookup || typeof cell !== 'object' || cell === null) return
  const navigation = wanted.navigation ? navigationTo(table, column, cell.table) : undefined
  if (navigation !== undefined) json[`${name}@${prefixes.navigation}`] = navigation
  if (wanted.lookupTable) json[`${name}@${prefixes.lookupTable}`] = cell.table
}

/** The navigation property that leads from a lookup column to rows of one table. */
export function navigationTo(table: Table, column: Column, target: string): string | undefined {
  const key = `navigation:${column.name}:${target}`
  const held = table.prepared.get(key)
  if (held !== undefined) return held as string // only this function writes these keys
  for (const navigation of table.navigations.values()) {
    if (navigation.column.name !== column.name || (navigation.target !== null && navigation.target !== target)) continue
    table.prepared.set(key, navigation.name)
    return navigation.name
  }
  return undefined
}
