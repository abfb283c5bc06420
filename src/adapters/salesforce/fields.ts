import { isFault } from '../../core/fault.js'
import type { Column, ColumnType } from '../column.js'
import { flagOf, rowsOf, textOf, type Row } from './row.js'
import type { Fields } from './schema.js'

const TYPES: Readonly<Record<string, ColumnType>> = {
  string: 'text',
  textarea: 'memo',
  phone: 'text',
  email: 'text',
  url: 'text',
  encryptedstring: 'text',
  combobox: 'text',
  id: 'other',
  currency: 'money',
  double: 'number',
  percent: 'number',
  int: 'integer',
  boolean: 'flag',
  date: 'date',
  datetime: 'instant',
  picklist: 'choice',
  reference: 'lookup',
}

/** The fields of an object, by name, as its description shows them to the connector's user. */
export function fieldsOf(describe: Row): Fields {
  return new Map(
    rowsOf(describe, 'fields').flatMap((row): [string, Column][] => {
      const name = textOf(row, 'name')
      const type = textOf(row, 'type') ?? ''
      if (name === null) return []
      const length = row['length']
      const isText = type === 'string' || type === 'textarea' || type === 'phone' || type === 'email' || type === 'url'
      return [
        [
          name,
          {
            name,
            label: textOf(row, 'label') ?? name,
            type: TYPES[type] ?? 'other',
            maxLength: isText && typeof length === 'number' && length > 0 ? length : null,
            options: type === 'picklist' ? optionsOf(row) : null,
            writable: flagOf(row, 'updateable') && !flagOf(row, 'calculated'),
            required: flagOf(row, 'createable') && !flagOf(row, 'nillable') && !flagOf(row, 'defaultedOnCreate'),
            ...(type === 'reference' ? { pointsTo: namesIn(row['referenceTo']) } : {}),
            ...(isFraction.has(type) && typeof row['scale'] === 'number' ? { scale: row['scale'] } : {}),
          },
        ],
      ]
    }),
  )
}
const isFraction: ReadonlySet<string> = new Set(['currency', 'double', 'percent'])
const namesIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [])
const optionsOf = (row: Row): Column['options'] =>
  rowsOf(row, 'picklistValues').flatMap((option) => {
    const value = textOf(option, 'value')
    return value === null || option['active'] === false ? [] : [{ value, label: textOf(option, 'label') ?? value }]
  })

/** An object that a profile hides, or an edition does not have, is not there for us; an outage is still an outage. */
export function hidden(error: unknown): null {
  if (isFault(error) && (error.kind === 'forbidden' || error.kind === 'misconfigured')) return null
  throw error
}
