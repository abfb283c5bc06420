// Runs in a process of its own: the least that a first sync and a sweep can be made of, see each question.
import { request } from 'undici'
import type { Setup } from '../test/support/fleet.js'
import { answering } from '../test/support/forked.js'
import { dynamicsToken, get, partnerToken } from './bare-crm.js'
import type { Call } from './simulators.js'
import { inFlight } from './stage.js'

export interface Questions {
  /** Every referral is listed, an opportunity is made of it (a hundred a call), and its id is written onto the referral. @returns seconds. */
  firstSync(setup: Setup): Promise<number>
  /** The same pages are read again, and nothing is done with them. @returns seconds. */
  pages(asked: { readonly setup: Setup; readonly calls: readonly Call[] }): Promise<number>
}

const inFlightMost = 10 // As many as the service keeps in flight.
const pageSize = 100 // The most that Partner Center gives.
const pagesMost = 10_000

interface Referral {
  readonly id: string
  readonly eTag: string
  readonly name: string
  readonly updatedDateTime: string
  readonly details: { readonly dealValue: number; readonly closingDateTime: string }
}

answering<Questions>({
  async firstSync(setup) {
    const { urls } = setup
    const [partner, crm] = [await partnerToken(setup), await dynamicsToken(setup)]
    const startedAt = performance.now()
    let since = '2000-01-01T00:00:00.000Z'
    const seen = new Set<string>()
    for (let page = 0; page < pagesMost; page += 1) {
      const asked = new URLSearchParams({ $filter: `updatedDateTime ge ${since}`, $orderby: 'updatedDateTime asc', $top: String(pageSize) })
      const { value } = (await get(`${urls.partnerCenter}/v1.0/engagements/referrals?${asked.toString()}`, partner)) as unknown as { value: readonly Referral[] } // as the API answers
      const fresh = value.filter(({ id }) => !seen.has(id))
      if (fresh.length === 0) return (performance.now() - startedAt) / 1_000
      for (const { id } of fresh) seen.add(id)
      since = value.at(-1)?.updatedDateTime ?? since
      const ids = await created(urls.dynamics, crm, fresh)
      await inFlight(fresh.map((referral, index) => ({ referral, id: ids[index] ?? '' })), inFlightMost, ({ referral, id }) => marked(urls.partnerCenter, partner, referral, id))
    }
    throw new Error(`More than ${pagesMost} pages.`)
  },
  async pages({ setup, calls }) {
    const tokens = { partner: await partnerToken(setup), crm: await dynamicsToken(setup) }
    const startedAt = performance.now()
    for (const { system, path } of calls) await get(`${system === 'partner' ? setup.urls.partnerCenter : setup.urls.dynamics}${path}`, tokens[system])
    return (performance.now() - startedAt) / 1_000
  },
})

async function created(dynamics: string, bearer: string, referrals: readonly Referral[]): Promise<readonly string[]> {
  const targets = referrals.map(({ id, name, details }) => ({
    '@odata.type': 'Microsoft.Dynamics.CRM.opportunity',
    name,
    estimatedvalue: details.dealValue,
    estimatedclosedate: details.closingDateTime.slice(0, 10),
    cosell_referralidentifier: id,
  }))
  const answer = await request(`${dynamics}/api/data/v9.2/opportunities/Microsoft.Dynamics.CRM.CreateMultiple`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify({ Targets: targets }),
  })
  const said = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`The floor could not create: ${answer.statusCode} ${said}`)
  return (JSON.parse(said) as { Ids: readonly string[] }).Ids // as the action answers
}

async function marked(partnerCenter: string, bearer: string, { id, eTag }: Referral, crmId: string): Promise<void> {
  const answer = await request(`${partnerCenter}/v1.0/engagements/referrals/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'if-match': eTag },
    body: JSON.stringify([{ op: 'replace', path: '/externalReferenceId', value: crmId }]),
  })
  const said = await answer.body.text()
  if (answer.statusCode >= 300) throw new Error(`The floor could not mark: ${answer.statusCode} ${said}`)
}
