import type { Sandbox } from '../../src/sandbox/sandbox.js'

type Reached = Pick<Sandbox, 'urls' | 'credentials'>

/** What a configuration file says of the simulated systems: where they are and how to sign in. */
export const sandboxSettings = (sandbox: Reached, webhookKey: string, crm: 'dynamics' | 'salesforce' = 'dynamics') => {
  const { urls, credentials } = sandbox
  return {
    partnerCenter: {
      tenant: credentials.tenant,
      clientId: credentials.partnerClientId,
      clientSecret: credentials.partnerClientSecret,
      refreshToken: credentials.refreshToken,
      referralsUrl: urls.partnerCenter,
      platformUrl: urls.partnerCenter,
      authorityUrl: urls.entra,
      webhook: { certificateHosts: [new URL(urls.partnerCenter).host], trustAnchors: './roots.pem' },
    },
    crm: { ...(crm === 'dynamics' ? dynamics(sandbox) : salesforce(sandbox)), webhookKey },
  }
}

const dynamics = ({ urls, credentials }: Reached) => ({
  kind: 'dynamics',
  url: urls.dynamics,
  authorityUrl: urls.entra,
  tenant: credentials.tenant,
  clientId: credentials.crmClientId,
  clientSecret: credentials.crmClientSecret,
})

const salesforce = ({ urls, credentials }: Reached) => ({
  kind: 'salesforce',
  url: urls.salesforce,
  clientId: credentials.salesforceClientId,
  clientSecret: credentials.salesforceClientSecret,
})
