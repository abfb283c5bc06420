import { request } from './http.js'

/** What one sees of the simulated CRM record. */
export interface CrmCard {
  readonly id: string
  readonly table: 'opportunity' | 'lead'
  readonly topic: string
  readonly customer: string | null
  readonly value: number | null
  readonly close: string | null
  readonly description: string | null
  readonly state: string
  readonly sync: boolean
  readonly visible: boolean
  readonly referral: string | null
  readonly status: string | null
  readonly problem: string | null
  readonly audit: string | null
  /** What else the section of the form shows. */
  readonly section: CosellSection
}
export interface CosellSection {
  readonly link: string | null
  readonly lastSynced: string | null
  /** Values of choices. */
  readonly help: number | null
  readonly reason: number | null
  readonly expires: string | null
  readonly microsoftId: string | null
  readonly microsoftStatus: string | null
  readonly microsoftTeam: string | null
  readonly solutions: readonly { readonly id: string; readonly name: string }[]
}

/** What one sees of the simulated referral. */
export interface ReferralCard {
  readonly id: string
  readonly engagementId: string
  readonly name: string
  readonly customer: string | null
  readonly value: number | null
  readonly currency: string | null
  readonly close: string | null
  readonly notes: string | null
  readonly status: string
  readonly substatus: string
  readonly shared: boolean
  readonly msx: string | null
  readonly microsoft: { readonly status: string; readonly substatus: string } | null
}

type Row = Readonly<Record<string, unknown>>
const base = '/sandbox-desk'
const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const inner = (row: Row, name: string): Row => {
  const value = row[name]
  return isRow(value) ? value : {}
}
const text = (row: Row, name: string): string | null => {
  const value = row[name]
  return typeof value === 'string' && value !== '' ? value : null
}
const number = (row: Row, name: string): number | null => {
  const value = row[name]
  return typeof value === 'number' ? value : null
}

const look = (system: string, what: string, query: Readonly<Record<string, string>>, signal: AbortSignal | undefined): Promise<unknown> =>
  request(`${base}/${system}/${what}`, { query, signal })

/** A person of a simulated system does something there. */
export const act = (system: 'dynamics' | 'partnerCenter', person: string, deed: string, ...args: readonly unknown[]): Promise<unknown> =>
  request(`${base}/${system}/${person}/${deed}`, { method: 'POST', body: args })

/** A whole system is down, or up again. */
export const setOutage = (system: 'dynamics' | 'partnerCenter', isDown: boolean): Promise<unknown> =>
  request(`${base}/${system}/faults`, isDown ? { method: 'PUT', body: [{ kind: 'unavailable', rate: 1 }] } : { method: 'PUT', body: [] })

export async function crmCard(table: 'opportunity' | 'lead', id: string, signal: AbortSignal | undefined): Promise<CrmCard | null> {
  const row = await look('dynamics', 'row', { table, id }, signal)
  if (!isRow(row)) return null
  const account = text(row, '_parentaccountid_value')
  const customer = account === null ? null : await look('dynamics', 'row', { table: 'account', id: account }, signal)
  return {
    id,
    table,
    topic: text(row, table === 'lead' ? 'subject' : 'name') ?? '',
    customer: isRow(customer) ? text(customer, 'name') : text(row, 'companyname'),
    value: number(row, table === 'lead' ? 'estimatedamount' : 'estimatedvalue'),
    close: text(row, 'estimatedclosedate')?.slice(0, 10) ?? null,
    description: text(row, 'description'),
    state: String(number(row, 'statecode') ?? 0),
    sync: row['cosell_syncwithpartnercenter'] === true,
    visible: row['cosell_referralvisibility'] === true,
    referral: text(row, 'cosell_referralidentifier'),
    status: text(row, 'cosell_syncstatus'),
    problem: text(row, 'cosell_syncproblem'),
    audit: text(row, 'cosell_audit'),
    section: await sectionOf(row, table, id, signal),
  }
}

async function sectionOf(row: Row, table: CrmCard['table'], id: string, signal: AbortSignal | undefined): Promise<CosellSection> {
  const query = { table: 'cosell_microsoftsolution', _cosell_opportunityid_value: id }
  const solutions = table === 'lead' ? [] : await look('dynamics', 'rows', query, signal)
  return {
    link: text(row, 'cosell_referrallink'),
    lastSynced: text(row, 'cosell_lastsynced'),
    help: number(row, 'cosell_help'),
    reason: number(row, 'cosell_declinereason'),
    expires: text(row, 'cosell_expireson')?.slice(0, 10) ?? null,
    microsoftId: text(row, 'cosell_microsoftcrmidentifier'),
    microsoftStatus: text(row, 'cosell_microsoftstatus'),
    microsoftTeam: text(row, 'cosell_microsoftteam'),
    solutions: (Array.isArray(solutions) ? solutions : []).filter(isRow).map((solution) => ({
      id: text(solution, 'cosell_solutionid') ?? '',
      name: text(solution, 'cosell_name') ?? '',
    })),
  }
}

export async function referralCard(id: string, signal: AbortSignal | undefined): Promise<ReferralCard | null> {
  const row = await look('partnerCenter', 'referral', { id }, signal)
  if (!isRow(row)) return null
  const details = inner(row, 'details')
  const engagementId = text(row, 'engagementId') ?? ''
  const others = await look('partnerCenter', 'engagement', { id: engagementId }, signal)
  const theirs = Array.isArray(others)
    ? others.find((other): other is Row => isRow(other) && text(other, 'organizationName') === 'Microsoft')
    : undefined
  return {
    id,
    engagementId,
    name: text(row, 'name') ?? '',
    customer: text(inner(row, 'customerProfile'), 'name'),
    value: number(details, 'dealValue'),
    currency: text(details, 'currency'),
    close: text(details, 'closingDateTime')?.slice(0, 10) ?? null,
    notes: text(details, 'notes'),
    status: text(row, 'status') ?? '',
    substatus: text(row, 'substatus') ?? '',
    shared: inner(row, 'consent')['consentToShareReferralWithMicrosoftSellers'] === true,
    msx: text(inner(theirs ?? row, 'trackingInfo'), 'microsoftMsxId'),
    microsoft: theirs === undefined ? null : { status: text(theirs, 'status') ?? '', substatus: text(theirs, 'substatus') ?? '' },
  }
}

/** The id of a referral that someone outside has just made. */
export async function inboundReferral(kind: 'coSell' | 'qualifiedLead'): Promise<string> {
  const made = await act('partnerCenter', 'inbound', kind)
  return isRow(made) ? (text(inner(made, 'own'), 'id') ?? '') : ''
}

export async function newOpportunity(name: string): Promise<string> {
  const account = await act('dynamics', 'seller', 'account', {
    name: `${name} Inc.`,
    address1_line1: '1 Market Street',
    address1_city: 'Berlin',
    address1_postalcode: '10115',
    address1_country: 'Germany',
  })
  const contact = await act('dynamics', 'seller', 'contact', { telephone1: '+49 30 5550100' })
  const opportunity = await act('dynamics', 'seller', 'opportunity', {
    name,
    description: 'Wants a managed reporting platform.',
    estimatedvalue: 75_000,
    'parentaccountid@odata.bind': `/accounts(${String(account)})`,
    'parentcontactid@odata.bind': `/contacts(${String(contact)})`,
  })
  await act('dynamics', 'seller', 'addSolution', opportunity, { solutionId: 'SOL-10001-SBX', name: 'Sandbox Insights' })
  return String(opportunity)
}
