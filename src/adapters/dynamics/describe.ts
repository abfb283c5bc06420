import type { RemoteSchema, SchemaField } from '../../core/ports.js'
import type { Column, Table } from './columns.js'
import { PLACES } from './profile.js'
import type { Schema } from './schema.js'
import type { SecuredColumns } from './secured-columns.js'

/**
 * The environment's columns for the mapping editor, with the places that stand for a related record at their side. A column that security keeps
 * from our user can no more be written than one that is read-only for everybody.
 */
export function describe(schema: Schema, { rights }: SecuredColumns): RemoteSchema {
  const records: Record<string, readonly SchemaField[]> = {}
  for (const [name, table] of Object.entries<Table | null>(schema.tables)) { // the keys of a record of tables
    if (table === null) continue
    const fields = [...table.columns.values()].filter(({ name: column }) => !column.startsWith('_')).map((column) => {
      const field = fieldOf(column)
      return rights.get(`${name}.${column.name}`)?.canWrite === false ? { ...field, writable: false } : field
    })
    records[name] = name === 'opportunity' || name === 'lead' ? [...placesFor(name), ...fields] : fields
  }
  return { records }
}

const labels: Readonly<Record<(typeof PLACES)[number], string>> = {
  stage: 'Status and status reason',
  currency: 'Currency',
  owner: 'Owner',
  contact: 'Contact',
  person: 'Name, e-mail and phone of the lead',
  solutions: 'Microsoft Solutions',
}
function placesFor(record: 'opportunity' | 'lead'): SchemaField[] {
  const here = PLACES.filter((place) => (record === 'lead' ? place !== 'contact' && place !== 'solutions' : place !== 'person'))
  return here.map((name) => ({ name, label: labels[name], type: 'place', writable: true, required: false, maxLength: null, options: null }))
}

/** Filled by the adapter itself, through the places above, or by the CRM. */
const FILLED: ReadonlySet<string> = new Set(['statecode', 'statuscode', 'customerid', 'transactioncurrencyid', 'ownerid', 'lastname', 'subject', 'name'])

function fieldOf(column: Column): SchemaField {
  const options = column.options?.map(({ value, label }) => ({ value: String(value), label })) ?? null
  const { name, label, type, writable, maxLength } = column
  return { name, label, type, writable, required: column.required && !FILLED.has(name), maxLength, options }
}
