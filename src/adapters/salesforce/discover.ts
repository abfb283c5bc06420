import { Fault, isFault, type FaultKind } from '../../core/fault.js'
import { digitsOf } from '../../core/money.js'
import type { Instant } from '../../core/ref.js'
import type { Column } from '../column.js'
import type { SalesforceApi } from './api.js'
import { findSolutions, findTeam } from './discover-children.js'
import { flagOf, idOf, textOf } from './row.js'
import { fieldsOf, hidden } from './fields.js'
import { aliasesOf, type OrgStage, type Schema } from './schema.js'
import { quoted, soql } from './soql.js'

/** How the fields of an org come to be known. */
export type Discover = (api: SalesforceApi, options: { readonly now: Instant; readonly signal: AbortSignal }) => Promise<Schema>

/** Everything the connector must know of an org before it reads a deal, as its own user sees it. */
export const discover: Discover = async (api, options) => {
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
  const [solutions, team, stages, leadStatuses, currencies, self] = await Promise.all([
    findSolutions(api, opportunity, signal),
    findTeam(api, opportunity, signal),
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
  const lists = { stages, leadStatuses, currencies, multiCurrency }
  return { objects: fields, aliases, userPhones, solutions, team, ...lists, heldBefore: [], self, readAt: options.now }
}

async function readStages(api: SalesforceApi, signal: AbortSignal): Promise<OrgStage[]> {
  const fields = ['ApiName', 'MasterLabel', 'SortOrder', 'IsClosed', 'IsWon']
  const question = {
    soql: soql({ fields, from: 'OpportunityStage', where: ['IsActive = true'], orderBy: 'SortOrder' }),
    deleted: false,
    what: 'the stages of the org',
  }
  const { rows } = await api.query(question, signal)
  // Without them every open stage would look like any other, and a deal that waits like one that was answered.
  if (rows.length === 0) {
    throw new Fault('invalid-answer', 'Salesforce lists no stages of opportunities.', {
      remedy: "Check that the connector's user sees the object OpportunityStage; it is asked again.",
    })
  }
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
const refusals: ReadonlySet<FaultKind> = new Set(['forbidden', 'misconfigured', 'rejected', 'missing'])

/** An org of one currency names it to the SOAP API only. */
async function readOnlyCurrency(api: SalesforceApi, signal: AbortSignal): Promise<Map<string, number>> {
  // A user or token that the SOAP API does not take still reads deals; their currency is then unknown, and "doctor" says so.
  const info = await api.soap('<getUserInfo/>', "the org's currency", signal).catch((error: unknown) => {
    // A lost answer says nothing: taken for a refusal, it would empty the currency of every deal.
    if (isFault(error) && refusals.has(error.kind)) return null
    throw error
  })
  const code = info === null ? null : textOf(info, 'orgDefaultCurrencyIsoCode')
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
export const withIdentifier = (object: string, field: string, value: string, fields: readonly string[] = ['Id']): string =>
  soql({ fields, from: object, where: [`${field} = ${quoted(value)}`], limit: 10 })
