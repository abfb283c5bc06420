import type { Column, Table } from './metadata-model.js'
import type { Cell, Cells } from './row-store.js'
import { roundTo } from './values.js'
import { table as tableNamed, type World } from './world.js'

function moneyColumns(table: Table): readonly Column[] {
  const held = table.prepared.get('money')
  if (held !== undefined) return held as readonly Column[] // only this function writes this key
  const made = table.columns.has('transactioncurrencyid')
    ? [...table.columns.values()].filter(({ kind, name }) => kind === 'money' && !name.endsWith('_base'))
    : []
  table.prepared.set('money', made)
  return made
}

/**
 * Rounds amounts to the currency of their row, keeps the twins in base currency, and gives a row that needs one a currency.
 * Changing the currency keeps the numbers and only recomputes the twins.
 */
export function settleMoney(world: World, table: Table, cells: Record<string, Cell>, before: Cells | undefined, userId: string): void {
  const columns = moneyColumns(table)
  if (columns.length === 0) return
  const changed = columns.filter(({ name }) => cells[name] !== undefined && cells[name] !== before?.[name])
  const currencyChanged = before !== undefined && before['transactioncurrencyid'] !== cells['transactioncurrencyid']
  const needed =
    changed.some(({ name }) => cells[name] !== null) ||
    (before === undefined && table.columns.get('transactioncurrencyid')?.required === 'ApplicationRequired')
  if (!needed && changed.length === 0 && !currencyChanged) return
  if (needed && (cells['transactioncurrencyid'] ?? null) === null) cells['transactioncurrencyid'] = defaultCurrency(world, userId)
  const currencies = tableNamed(world, 'transactioncurrency')
  const reference = cells['transactioncurrencyid']
  const currency = typeof reference === 'object' && reference !== null ? currencies.rows.get(reference.id)?.cells : undefined
  const base = currencies.rows.get(world.ids.baseCurrency)?.cells
  const rate = Number(currency?.['exchangerate'] ?? 1)
  if (currency !== undefined) cells['exchangerate'] = rate
  for (const column of currencyChanged ? columns : changed) {
    const amount = cells[column.name]
    if (typeof amount === 'number' && changed.includes(column)) {
      cells[column.name] = roundTo(amount, digitsFor(world, column, currency))
    }
    const rounded = cells[column.name]
    const twin = `${column.name}_base`
    if (table.columns.has(twin))
      cells[twin] = typeof rounded === 'number' ? roundTo(rounded / rate, Number(base?.['currencyprecision'] ?? 2)) : null
  }
}

/** The digits that a column keeps: its own, the organization's for prices, or those of the row's currency. */
function digitsFor(world: World, column: Column, currency: Cells | undefined): number {
  if (column.precisionSource === 0) return column.precision ?? 2
  const organization = tableNamed(world, 'organization').rows.get(world.ids.organization)?.cells
  const digits = column.precisionSource === 1 ? organization?.['pricingdecimalprecision'] : currency?.['currencyprecision']
  return Number(digits ?? 2)
}

function defaultCurrency(world: World, userId: string): Cell {
  const own = tableNamed(world, 'systemuser').rows.get(userId)?.cells['transactioncurrencyid']
  return own ?? { table: 'transactioncurrency', id: world.ids.baseCurrency }
}
