import type { RemoteSchema, SchemaField } from '../../core/ports.js'
import type { Column } from '../column.js'
import { PLACES } from './profile.js'
import type { Fields, Schema } from './schema.js'

const labels: Readonly<Record<(typeof PLACES)[number], string>> = {
  stage: 'Stage',
  currency: 'Currency',
  owner: 'Owner',
  contact: 'Primary contact',
  person: 'Name, e-mail and phone of the lead',
  solutions: 'Microsoft Solutions',
}
/** Filled by the adapter itself, through the places, or by the CRM. */
const FILLED: ReadonlySet<string> = new Set([
  'StageName',
  'Status',
  'OwnerId',
  'LastName',
  'Company',
  'Name',
  'CloseDate',
  'CurrencyIsoCode',
])

/** The org's fields for the mapping editor, with the places that stand for a related record at their side. */
export function describe(schema: Schema): RemoteSchema {
  const { Opportunity, Lead, Account, Contact } = schema.objects
  return {
    records: {
      opportunity: [...places('opportunity'), ...fieldsIn(Opportunity)],
      ...(Lead === null ? {} : { lead: [...places('lead'), ...fieldsIn(Lead)] }),
      account: fieldsIn(Account),
      contact: fieldsIn(Contact),
    },
  }
}
const places = (record: 'opportunity' | 'lead'): SchemaField[] =>
  PLACES.filter((place) => (record === 'lead' ? place !== 'contact' && place !== 'solutions' : place !== 'person')).map((name) => ({
    name,
    label: labels[name],
    type: 'place',
    writable: true,
    required: false,
    maxLength: null,
    options: null,
  }))
const fieldsIn = (fields: Fields): SchemaField[] => [...fields.values()].map(fieldOf)
function fieldOf({ name, label, type, writable, maxLength, required, options }: Column): SchemaField {
  const listed = options?.map((option) => ({ value: String(option.value), label: option.label })) ?? null
  return { name, label, type, writable, required: required && !FILLED.has(name), maxLength, options: listed }
}
