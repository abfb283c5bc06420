import { labelKey } from '../../core/conversions.js'
import { Fault, isFault } from '../../core/fault.js'
import { digitsOf } from '../../core/money.js'
import type { Instant } from '../../core/ref.js'
import type { Column, ColumnType } from '../column.js'
import type { SalesforceApi } from './api.js'
import { SOLUTION_ID, SOLUTION_KEY, SOLUTION_OBJECT } from './profile.js'
import { flagOf, idOf, rowsOf, textOf, type Row } from './row.js'
import { aliasesOf, type Fields, type OrgStage, type Schema, type SolutionObject } from './schema.js'
import { quoted, soql } from './soql.js'

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

/** Everything the connector must know of an org before it reads a deal, as its own user sees it. */
export async function discover(api: SalesforceApi, options: { readonly now: Instant; readonly signal: AbortSignal }): Promise<Schema> {
  const { signal } = options
  const [opportunity, lead, account, contact, user] = await Promise.all(
    ['Opportunity', 'Lead', 'Account', 'Contact', 'User'].map((name) =>
      api.get(`sobjects/${name}/describe`, `object ${name}`, signal).catch(hidden),
    ),
  )
  if (opportunity == null || account == null || contact == null) {
    throw new Fault('misconfigured', "The connector's user does not see opportunities, accounts or contacts in this org.", {
      remedy: 'Give it a permission set with these objects (Setup, Permission Sets).',
    })
  }
  const fields = {
    Opportunity: fieldsOf(opportunity),
    Lead: lead == null ? null : fieldsOf(lead),
    Account: fieldsOf(account),
    Contact: fieldsOf(contact),
  }
  const multiCurrency = fields.Opportunity.has('CurrencyIsoCode')
  const [solutions, stages, leadStatuses, currencies, self] = await Promise.all([
    findSolutions(api, opportunity, signal),
    readStages(api, signal),
    lead == null ? [] : readLeadStatuses(api, signal),
    multiCurrency ? readCurrencies(api, signal) : readOnlyCurrency(api, signal),
    readSelf(api, signal),
  ])
  const aliases = {
    Opportunity: aliasesOf(fields.Opportunity),
    Lead: fields.Lead === null ? new Map<string, string | null>() : aliasesOf(fields.Lead),
  }
  const userFields = user == null ? new Map<string, Column>() : fieldsOf(user)
  const userPhones = ['Phone', 'MobilePhone'].filter((name) => userFields.has(name))
  return { objects: fields, aliases, userPhones, solutions, stages, leadStatuses, currencies, multiCurrency, self, readAt: options.now }
}

/** An object that a profile hides, or an edition does not have, is not there for us; an outage is still an outage. */
function hidden(error: unknown): null {
  if (isFault(error) && (error.kind === 'forbidden' || error.kind === 'misconfigured')) return null
  throw error
}

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
          },
        ],
      ]
    }),
  )
}
const namesIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [])
const optionsOf = (row: Row): Column['options'] =>
  rowsOf(row, 'picklistValues').flatMap((option) => {
    const value = textOf(option, 'value')
    return value === null || option['active'] === false ? [] : [{ value, label: textOf(option, 'label') ?? value }]
  })

async function findSolutions(api: SalesforceApi, opportunity: Row, signal: AbortSignal): Promise<SolutionObject | null> {
  const children = rowsOf(opportunity, 'childRelationships').flatMap((child) => {
    const name = textOf(child, 'childSObject')
    const relationship = textOf(child, 'relationshipName')
    const lookup = textOf(child, 'field')
    return name === null || relationship === null || lookup === null || !name.endsWith('__c') ? [] : [{ name, relationship, lookup }]
  })
  const ours = children.find(({ name }) => name === SOLUTION_OBJECT.name)
  const wanted = new Set<string>(SOLUTION_OBJECT.labels.map(labelKey))
  for (const child of ours === undefined ? children.filter(({ name }) => /solution/i.test(name)) : [ours]) {
    const describe = await api.get(`sobjects/${child.name}/describe`, `object ${child.name}`, signal).catch(hidden)
    if (describe === null) continue
    const labels = [textOf(describe, 'label'), textOf(describe, 'labelPlural')]
    if (child !== ours && !labels.some((label) => label !== null && wanted.has(labelKey(label)))) continue
    const fields = fieldsOf(describe)
    const ids = new Set<string>(SOLUTION_ID.labels.map(labelKey))
    const solutionId = fields.has(SOLUTION_ID.name)
      ? SOLUTION_ID.name
      : [...fields.values()].find(({ name, label }) => name.endsWith('__c') && ids.has(labelKey(label)))?.name
    if (solutionId !== undefined)
      return { ...child, solutionId, hasName: fields.get('Name')?.writable === true, key: fields.has(SOLUTION_KEY) ? SOLUTION_KEY : null }
  }
  return null
}

async function readStages(api: SalesforceApi, signal: AbortSignal): Promise<OrgStage[]> {
  const fields = ['ApiName', 'MasterLabel', 'SortOrder', 'IsClosed', 'IsWon']
  const question = {
    soql: soql({ fields, from: 'OpportunityStage', where: ['IsActive = true'], orderBy: 'SortOrder' }),
    deleted: false,
    what: 'the stages of the org',
  }
  const { rows } = await api.query(question, signal)
  return rows.map((row, index) => ({
    value: textOf(row, 'ApiName') ?? textOf(row, 'MasterLabel') ?? '',
    order: index,
    closed: flagOf(row, 'IsClosed'),
    won: flagOf(row, 'IsWon'),
  }))
}

async function readLeadStatuses(api: SalesforceApi, signal: AbortSignal): Promise<Schema['leadStatuses']> {
  const question = {
    soql: soql({ fields: ['ApiName', 'MasterLabel', 'IsDefault', 'IsConverted', 'SortOrder'], from: 'LeadStatus', orderBy: 'SortOrder' }),
    deleted: false,
    what: 'the lead statuses of the org',
  }
  const { rows } = await api.query(question, signal)
  const statuses = rows.map((row, index) => ({
    value: textOf(row, 'ApiName') ?? textOf(row, 'MasterLabel') ?? '',
    // The default goes first: it is what a new lead shows.
    order: flagOf(row, 'IsDefault') ? -1 : index,
    closed: flagOf(row, 'IsConverted'),
    won: false,
    converted: flagOf(row, 'IsConverted'),
  }))
  return statuses.sort((a, b) => a.order - b.order)
}

async function readCurrencies(api: SalesforceApi, signal: AbortSignal): Promise<Map<string, number>> {
  const question = {
    soql: soql({ fields: ['IsoCode', 'DecimalPlaces'], from: 'CurrencyType', where: ['IsActive = true'] }),
    deleted: false,
    what: 'the currencies of the org',
  }
  const { rows } = await api.query(question, signal)
  return new Map(
    rows.flatMap((row): [string, number][] => {
      const code = textOf(row, 'IsoCode')
      const digits = row['DecimalPlaces']
      return code === null ? [] : [[code.toUpperCase(), typeof digits === 'number' ? digits : 2]]
    }),
  )
}
/** An org of one currency names it to the SOAP API only. */
async function readOnlyCurrency(api: SalesforceApi, signal: AbortSignal): Promise<Map<string, number>> {
  const info = await api.soap('<getUserInfo/>', "the org's currency", signal)
  const code = textOf(info, 'orgDefaultCurrencyIsoCode')
  return new Map(code === null ? [] : [[code.toUpperCase(), digitsOf(code)]])
}

async function readSelf(api: SalesforceApi, signal: AbortSignal): Promise<Schema['self']> {
  const { row } = await api.userInfo(signal)
  const userId = idOf(row, 'user_id')
  const organizationId = idOf(row, 'organization_id')
  if (userId === null || organizationId === null) return null
  const email = textOf(row, 'email')
  const person = email === null ? null : { email, firstName: textOf(row, 'given_name'), lastName: textOf(row, 'family_name'), phone: null }
  return { userId, organizationId, person }
}

/** Records with this referral's id, of one object. */
export const withIdentifier = (object: string, field: string, value: string): string =>
  soql({ fields: ['Id'], from: object, where: [`${field} = ${quoted(value)}`], limit: 10 })
