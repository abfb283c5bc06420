// How the bare script signs in to each CRM, reads a record and writes one field under a precondition.
import { request } from 'undici'
import type { Setup } from '../test/support/fleet.js'
import type { Crm } from './desk.js'

/** What the bare script does in a CRM: one read, one write. */
export interface BareCrm {
  read(id: string): Promise<Row>
  write(id: string, row: Row, value: number): Promise<void>
}
export type Row = Readonly<Record<string, unknown>>

/** `read` is the address of a read as the service makes it, with `:id` for the record's id. */
export async function bareCrm(crm: Crm, setup: Setup, read: string): Promise<BareCrm> {
  return crm === 'dynamics' ? dynamics(setup, read) : salesforce(setup, read)
}

async function dynamics(setup: Setup, read: string): Promise<BareCrm> {
  const bearer = await dynamicsToken(setup)
  const { urls } = setup
  return {
    read: (id) => get(`${urls.dynamics}${read.replace(':id', id)}`, bearer),
    write: (id, row, value) =>
      patch(`${urls.dynamics}/api/data/v9.2/opportunities(${id})`, { authorization: `Bearer ${bearer}`, 'if-match': String(row['@odata.etag']) }, { estimatedvalue: value }),
  }
}

async function salesforce({ urls, credentials }: Setup, read: string): Promise<BareCrm> {
  const bearer = await token(`${urls.salesforce}/services/oauth2/token`, {
    grant_type: 'client_credentials',
    client_id: credentials.salesforceClientId,
    client_secret: credentials.salesforceClientSecret,
  })
  return {
    async read(id) {
      const { records } = (await get(`${urls.salesforce}${read.replace(':id', id)}`, bearer)) as { records: readonly Row[] } // what a SOQL query answers
      return records[0] ?? {}
    },
    write(id, row, value) {
      const seen = new Date(String(row['LastModifiedDate'])).toUTCString()
      return patch(`${urls.salesforce}/services/data/v66.0/sobjects/Opportunity/${id}`, { authorization: `Bearer ${bearer}`, 'if-unmodified-since': seen }, { Amount: value })
    },
  }
}

async function patch(url: string, headers: Readonly<Record<string, string>>, body: object): Promise<void> {
  const answer = await request(url, { method: 'PATCH', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const said = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`The floor could not write: ${answer.statusCode} ${said}`)
}

export async function get(url: string, bearer: string): Promise<Row> {
  const answer = await request(url, { headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' } })
  if (answer.statusCode !== 200) throw new Error(`The floor could not read ${url}: ${answer.statusCode} ${await answer.body.text()}`)
  return (await answer.body.json()) as Row
}

export async function token(url: string, form: Readonly<Record<string, string>>): Promise<string> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
  const body = (await answer.body.json()) as { access_token?: string }
  if (body.access_token === undefined) throw new Error(`No token for the floor: ${JSON.stringify(body)}`)
  return body.access_token
}

/** The delegated token of Partner Center. */
export const partnerToken = ({ urls, credentials }: Pick<Setup, 'urls' | 'credentials'>): Promise<string> =>
  token(`${urls.entra}/${credentials.tenant}/oauth2/v2.0/token`, {
    grant_type: 'refresh_token',
    client_id: credentials.partnerClientId,
    client_secret: credentials.partnerClientSecret,
    refresh_token: credentials.refreshToken,
    scope: 'https://api.partner.microsoft.com/.default offline_access',
  })
/** The application's token of Dynamics 365. */
export const dynamicsToken = ({ urls, credentials }: Pick<Setup, 'urls' | 'credentials'>): Promise<string> =>
  token(`${urls.entra}/${credentials.tenant}/oauth2/v2.0/token`, {
    grant_type: 'client_credentials',
    client_id: credentials.crmClientId,
    client_secret: credentials.crmClientSecret,
    scope: `${urls.dynamics}/.default`,
  })
