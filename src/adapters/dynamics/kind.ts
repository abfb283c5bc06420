import { lacking, type CrmKind } from '../crm-kind.js'

export const DYNAMICS: CrmKind<'dynamics'> = {
  kind: 'dynamics',
  name: 'Dynamics 365',
  product: 'Dynamics 365 Sales',
  sample: { url: 'https://contoso.crm.dynamics.com', clientId: '00000000-0000-0000-0000-000000000000' },
  asks: { url: 'Address of the Dynamics 365 environment', clientId: 'Client id of the app registration for Dynamics 365' },
  refusesIncomplete: false,
  ownSettings: ['authorityUrl', 'tenant'],
  flaws: (has) => lacking(has, ['tenant', 'clientSecret'], 'Dynamics 365 is reached with a tenant, a client id and a client secret.'),
  section: ({ url, tenant, clientId }, scalar) => `crm:
  kind: dynamics
  url: ${scalar(url)}
  tenant: ${scalar(tenant)}
  clientId: ${scalar(clientId)}
  clientSecret: \${CRM_CLIENT_SECRET}
  webhookKey: \${CRM_WEBHOOK_KEY}         # shared secret of the CRM's callbacks`,
}
