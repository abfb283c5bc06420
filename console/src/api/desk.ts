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
  /** Places in the lists of choices, from 0. */
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
export const act = (system: 'crm' | 'partnerCenter', person: string, deed: string, ...args: readonly unknown[]): Promise<unknown> =>
  request(`${base}/${system}/${person}/${deed}`, { method: 'POST', body: args })

/** A whole system is down, or up again. */
export const setOutage = (system: 'crm' | 'partnerCenter', isDown: boolean): Promise<unknown> =>
  request(`${base}/${system}/faults`, isDown ? { method: 'PUT', body: [{ kind: 'unavailable', rate: 1 }] } : { method: 'PUT', body: [] })

/** The card as the sandbox shows it: the same for every CRM. */
export async function crmCard(table: 'opportunity' | 'lead', id: string, signal: AbortSignal | undefined): Promise<CrmCard | null> {
  // The sandbox's own page and this one are of one build: the shape is theirs in common.
  return (await look('crm', 'card', { table, id }, signal)) as CrmCard | null
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

export const newOpportunity = async (name: string): Promise<string> => String(await act('crm', 'seller', 'newDeal', name))
