import { request } from 'undici'
import { realClock, type SandboxClock } from './clock.js'
import { dynamicsCards } from './crm-desk-dynamics.js'
import { salesforceCards } from './crm-desk-salesforce.js'
import type { CrmDesk } from './crm-desk.js'
import { controlDesk, type Controlled } from './control.js'
import { dataverse, standardApplicationId, type CustomFields, type Dataverse, type MicrosoftTableNames } from './dataverse/index.js'
import { entra, type Entra } from './entra/index.js'
import { listen, type SimListener, type SimSend } from './http.js'
import { partnerCenter, platformAudience, referralsAudience, type PartnerCenter } from './partner-center/index.js'
import { seededRng } from './rng.js'
import { salesforce, standardClient, type Installed, type Salesforce, type SalesforceOptions } from './salesforce/index.js'
import { testAuthorityPem } from './signing.js'

export interface SandboxOptions {
  /** First of five ports in a row (Entra ID, Partner Center, Dynamics 365, desk, Salesforce); 0 picks free ones. */
  readonly port: number
  readonly seed: number
  readonly customFields: CustomFields
  /** How Microsoft's tables of solutions are made, whose columns it has not published. */
  readonly microsoftTables?: MicrosoftTableNames
  /** Entra ID tenant of partner account and CRM; absent: the same in every sandbox. */
  readonly tenantId?: string
  /** Which CRM the desk means by `crm`; absent: Dynamics 365. */
  readonly crm?: 'dynamics' | 'salesforce'
  /** A Salesforce org of one currency. */
  readonly singleCurrency?: true
  /** Whose fields the Salesforce org has; absent: as `customFields` says. */
  readonly salesforceFields?: Installed
  /** Further options of the Salesforce org. */
  readonly salesforce?: Partial<SalesforceOptions>
  /** Absent: the machine's own. */
  readonly clock?: SandboxClock
}

/** The simulated systems, listening on loopback, and what a connector needs to sign in to them. */
export interface Sandbox {
  readonly entra: Entra
  readonly partnerCenter: PartnerCenter
  readonly dynamics: Dataverse
  readonly salesforce: Salesforce
  readonly urls: Readonly<Record<'entra' | 'partnerCenter' | 'dynamics' | 'desk' | 'salesforce', string>>
  readonly credentials: SandboxCredentials
  /** PEM of the authority that issued the webhook certificate. */
  readonly trustAnchors: string
  close(): Promise<void>
}
export interface SandboxCredentials {
  readonly tenant: string
  readonly partnerClientId: string
  readonly partnerClientSecret: string
  readonly refreshToken: string
  readonly crmClientId: string
  readonly crmClientSecret: string
  readonly salesforceClientId: string
  readonly salesforceClientSecret: string
}

const usualTenantId = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'
const partnerApp = { clientId: '0f4c1b7a-9f0e-4b61-8a4e-2a1f6c3d5e01', secret: 'sandbox-partner-secret' }
const crmSecret = 'sandbox-crm-secret'
const serviceUser = { email: 'cosell@partner.example', name: 'Cosell Service', roles: ['ReferralsAdmin', 'AdminAgent'], mfa: true }

// eslint-disable-next-line max-lines-per-function -- one list of simulated systems that are handed to each other
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const clock = options.clock ?? realClock()
  const rng = seededRng(options.seed)
  const tenantId = options.tenantId ?? usualTenantId
  const directory = entra({
    clock,
    rng,
    tenantId,
    apps: [
      { clientId: partnerApp.clientId, secret: partnerApp.secret, kind: 'delegated', consents: [referralsAudience, platformAudience] },
      { clientId: standardApplicationId, secret: crmSecret, kind: 'app', consents: [] },
    ],
    users: [serviceUser],
  })
  const partner = partnerCenter({
    clock,
    rng,
    verify: directory.verify,
    rolesOf: directory.rolesOf,
    send: overHttp,
    organization: { tenantId },
  })
  const crm = dataverse({
    clock,
    rng,
    send: overHttp,
    verifyToken: directory.verify,
    customFields: options.customFields,
    ...(options.microsoftTables === undefined ? {} : { microsoftTables: options.microsoftTables }),
    options: { tenantId },
  })
  const org = salesforce({ clock, rng, installed: options.salesforceFields ?? (options.customFields === 'both' ? 'cosell' : options.customFields), options: { multiCurrency: options.singleCurrency !== true, ...options.salesforce } })
  const at = (offset: number): number => (options.port === 0 ? 0 : options.port + offset)
  const listeners: SimListener[] = []
  const close = async (): Promise<void> => {
    for (const listener of listeners) await listener.close()
  }
  const open = async (handle: Parameters<typeof listen>[0], offset: number): Promise<string> => {
    try {
      const listener = await listen(handle, { port: at(offset) })
      listeners.push(listener)
      return listener.url
    } catch (error) {
      // One of the ports is taken: the others must not keep the process.
      await close()
      throw error
    }
  }
  const urls = {
    entra: await open(directory.handle, 0),
    partnerCenter: await open(partner.handle, 1),
    dynamics: await open(crm.handle, 2),
    desk: '',
    salesforce: await open(org.handle, 4),
  }
  org.origin = urls.salesforce
  crm.options.origin = urls.dynamics
  // Before anybody called it, a delivery could not name where its certificate lies.
  partner.options.publicBase = urls.partnerCenter
  directory.options.audiences.add(urls.dynamics)
  const chosen = options.crm === 'salesforce' ? cardDesk(org, salesforceCards(org)) : cardDesk(crm, dynamicsCards(crm))
  const crms = { dynamics: dynamicsDesk(crm), salesforce: salesforceDesk(org), crm: chosen }
  urls.desk = await open(controlDesk({ entra: entraDesk(directory), partnerCenter: partnerDesk(partner), ...crms }), 3)
  const refreshToken = directory.seedRefreshToken({ clientId: partnerApp.clientId, email: serviceUser.email })
  return {
    entra: directory,
    partnerCenter: partner,
    dynamics: crm,
    salesforce: org,
    urls,
    credentials: {
      tenant: tenantId,
      partnerClientId: partnerApp.clientId,
      partnerClientSecret: partnerApp.secret,
      refreshToken,
      crmClientId: standardApplicationId,
      crmClientSecret: crmSecret,
      salesforceClientId: standardClient.clientId,
      salesforceClientSecret: standardClient.secret,
    },
    trustAnchors: testAuthorityPem(),
    close,
  }
}

/** Webhooks leave over real sockets, to this machine only. */
const overHttp: SimSend = async (url, { method, headers, body, timeoutMs }) => {
  const { hostname } = new URL(url)
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
    throw new Error(`The sandbox delivers to this machine only, not to ${hostname}.`)
  // The length is counted by the client; a second header that says it is refused.
  const { 'content-length': _counted, ...rest } = headers
  const answer = await request(url, {
    method: method as 'POST', // deliveries are POSTs
    headers: rest,
    body,
    signal: AbortSignal.timeout(timeoutMs),
  })
  await answer.body.dump()
  return { status: answer.statusCode }
}

const entraDesk = (directory: Entra): Controlled => ({
  faults: directory.faults,
  options: directory.options,
  people: {
    directory: {
      revoke: directory.revoke,
      expireAccessTokens: directory.expireAccessTokens,
      answerDevice: directory.answerDevice,
      seedRefreshToken: directory.seedRefreshToken,
    },
  },
  look: {},
})

const partnerDesk = (partner: PartnerCenter): Controlled => ({
  faults: partner.faults,
  options: partner.options,
  people: { portal: partner.portal, microsoft: partner.microsoft, inbound: partner.inbound, webhook: { set: partner.webhook.set } },
  look: {
    referral: (query) => partner.referral(query.get('id') ?? ''),
    referrals: () => [...partner.referrals()],
    engagement: (query) => partner.engagement(query.get('id') ?? ''),
    webhook: () => partner.webhook.current(),
    calls: () => partner.calls.list(),
    deliveries: () => partner.deliveries.attempts(),
  },
})

const dynamicsDesk = (crm: Dataverse): Controlled => ({
  faults: crm.faults,
  options: crm.options,
  people: { seller: crm.people },
  look: {
    row: (query) => crm.read(query.get('table') ?? 'opportunity', query.get('id') ?? ''),
    // Every other word of the query names a column and what it must show.
    rows: (query) => crm.find(query.get('table') ?? 'opportunity', Object.fromEntries([...query].filter(([name]) => name !== 'table'))),
    calls: () => crm.calls.list(),
  },
})

/** The CRM in use, by the same deeds whichever it is: what the console's sandbox page works with. */
const cardDesk = (system: Pick<Controlled, 'faults' | 'options'>, { card, seller }: CrmDesk): Controlled => ({
  faults: system.faults,
  options: system.options,
  people: { seller },
  look: { card: (query) => card(query.get('table') === 'lead' ? 'lead' : 'opportunity', query.get('id') ?? '') },
})

const salesforceDesk = (org: Salesforce): Controlled => ({
  faults: org.faults,
  options: org.options,
  people: { seller: org.people },
  look: {
    row: (query) => org.read(query.get('object') ?? 'Opportunity', query.get('id') ?? ''),
    rows: (query) => org.find(query.get('object') ?? 'Opportunity'),
    calls: () => org.calls.list(),
  },
})
