import { request } from 'undici'
import type { Setup } from '../test/support/fleet.js'

/** The bare script beside which the service is measured: reads both records, writes one field, and nothing else. */
export interface Floor {
  carry(pair: { readonly referralId: string; readonly opportunityId: string; readonly value: number }): Promise<void>
}

/** `query`: what the service asks of an opportunity, so that both read the same. */
export async function floorOf({ urls, credentials }: Setup, query: string): Promise<Floor> {
  const tokenUrl = `${urls.entra}/${credentials.tenant}/oauth2/v2.0/token`
  const partner = await token(tokenUrl, {
    grant_type: 'refresh_token',
    client_id: credentials.partnerClientId,
    client_secret: credentials.partnerClientSecret,
    refresh_token: credentials.refreshToken,
    scope: 'https://api.partner.microsoft.com/.default offline_access',
  })
  const crm = await token(tokenUrl, {
    grant_type: 'client_credentials',
    client_id: credentials.crmClientId,
    client_secret: credentials.crmClientSecret,
    scope: `${urls.dynamics}/.default`,
  })
  return {
    async carry({ referralId, opportunityId, value }) {
      const record = `${urls.dynamics}/api/data/v9.2/opportunities(${opportunityId})`
      const [, row] = await Promise.all([
        get(`${urls.partnerCenter}/v1.0/engagements/referrals/${referralId}`, partner),
        get(`${record}${query}`, crm),
      ])
      const answer = await request(record, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${crm}`, 'content-type': 'application/json', 'if-match': String(row['@odata.etag']) },
        body: JSON.stringify({ estimatedvalue: value }),
      })
      await answer.body.dump()
      if (answer.statusCode >= 300) throw new Error(`The floor could not write: ${answer.statusCode}`)
    },
  }
}

async function get(url: string, bearer: string): Promise<Record<string, unknown>> {
  const answer = await request(url, { headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' } })
  if (answer.statusCode !== 200) throw new Error(`The floor could not read ${url}: ${answer.statusCode} ${await answer.body.text()}`)
  return (await answer.body.json()) as Record<string, unknown>
}

async function token(url: string, form: Readonly<Record<string, string>>): Promise<string> {
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
  const body = (await answer.body.json()) as { access_token?: string }
  if (body.access_token === undefined) throw new Error(`No token for the floor: ${JSON.stringify(body)}`)
  return body.access_token
}
