import { labelOf, type Column, type Table } from './metadata-model.js'
import type { Cell, Row } from './row-store.js'
import type { World } from './world.js'

/** The text a user of the caller's language (English, United States) would see, as `FormattedValue` annotations carry it. */
export function formattedValue(world: World, row: Row, column: Column, value: Cell): string | null {
  if (value === null) return null
  if (typeof value === 'object') return nameOf(world, value.table, value.id)
  switch (column.kind) {
    case 'choice':
    case 'state':
    case 'status':
    case 'yesno': {
      const number = typeof value === 'boolean' ? Number(value) : value
      const found = column.optionSet?.options.find((option) => option.value === number)
      return found === undefined ? null : labelOf(found.labels)
    }
    case 'choices': {
      const chosen = String(value).split(',').map(Number)
      return chosen.map((number) => labelOf(column.optionSet?.options.find((option) => option.value === number)?.labels ?? {})).join('; ')
    }
    case 'money':
      return moneyText(world, row, column, Number(value))
    case 'whole':
    case 'big':
      return grouped(Number(value), 0)
    case 'decimal':
    case 'double':
      return grouped(Number(value), column.precision ?? 2)
    case 'datetime':
      return momentText(String(value))
    case 'dateonly':
      return dateText(String(value))
    default:
      return null
  }
}

/** The primary name of a row, or null when it is gone. */
export function nameOf(world: World, tableName: string, id: string): string | null {
  const target = world.model.tables.get(tableName)
  const name = target?.primaryName
  if (target === undefined || name === undefined || name === null) return null
  const cell = target.rows.get(id)?.cells[name]
  return typeof cell === 'string' ? cell : null
}

function moneyText(world: World, row: Row, column: Column, value: number): string {
  const currencies = world.model.tables.get('transactioncurrency')
  const reference = row.cells['transactioncurrencyid']
  const isBase = column.name.endsWith('_base')
  const id = isBase || typeof reference !== 'object' || reference === null ? world.ids.baseCurrency : reference.id
  const currency = currencies?.rows.get(id)?.cells
  const text = grouped(Math.abs(value), Number(currency?.['currencyprecision'] ?? 2))
  return `${value < 0 ? '-' : ''}${String(currency?.['currencysymbol'] ?? '')}${text}`
}

const grouped = (value: number, digits: number): string =>
  value.toFixed(digits).replace(/^(-?)(\d+)/, (_, sign: string, whole: string) => sign + whole.replace(/\B(?=(\d{3})+$)/g, ','))

function dateText(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-')
  return `${Number(month)}/${Number(day)}/${year}`
}

function momentText(moment: string): string {
  const hour = Number(moment.slice(11, 13))
  return `${dateText(moment.slice(0, 10))} ${hour % 12 === 0 ? 12 : hour % 12}:${moment.slice(14, 16)} ${hour < 12 ? 'AM' : 'PM'}`
}

/** What the row shows for a column; the version is not a stored value but the row's own. */
export const cellOf = (row: Row, column: Column): Cell => (column.name === 'versionnumber' ? row.version : (row.cells[column.name] ?? null))

export const primaryNameOf = (table: Table, row: Row): string => String((table.primaryName && row.cells[table.primaryName]) ?? row.id)
