import type { Sandbox } from '../../src/sandbox/sandbox.js'

/** What a configuration file says of simulated Partner Center and Dynamics 365: where they are and how to sign in. */
export const sandboxSettings = ({ urls, credentials }: Sandbox, webhookKey: string) => ({
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
  crm: {
    kind: 'dynamics',
    url: urls.dynamics,
    authorityUrl: urls.entra,
    tenant: credentials.tenant,
    clientId: credentials.crmClientId,
    clientSecret: credentials.crmClientSecret,
    webhookKey,
  },
})
