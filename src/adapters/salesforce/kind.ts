import { lacking, type CrmKind, type SettingFlaw } from '../crm-kind.js'

const keyed = ['privateKey', 'username']

export const SALESFORCE: CrmKind<'salesforce'> = {
  kind: 'salesforce',
  name: 'Salesforce',
  product: 'Salesforce Sales Cloud',
  sample: { url: 'https://contoso.my.salesforce.com', clientId: '3MVG9…' },
  asks: { url: 'My Domain address of the Salesforce org', clientId: 'Consumer key of the External Client App (or connected app)' },
  refusesIncomplete: true,
  ownSettings: keyed,
  flaws,
  section: ({ url, clientId }, scalar) => `crm:
  kind: salesforce
  url: ${scalar(url)}                  # My Domain URL
  clientId: ${scalar(clientId)}
  clientSecret: \${CRM_CLIENT_SECRET}     # client credentials; for the JWT bearer flow give privateKey and username instead
  webhookKey: \${CRM_WEBHOOK_KEY}         # shared secret of the CRM's callbacks`,
}

/** Two ways to sign in, one at a time. */
function flaws(has: (key: string) => boolean): readonly SettingFlaw[] {
  const key = 'clientSecret'
  const withKey = keyed.some(has)
  if (!withKey) {
    const hint = 'Give it for client credentials, or give crm.privateKey and crm.username for the JWT bearer flow.'
    return lacking(has, [key], hint)
  }
  if (!has(key)) return lacking(has, keyed, 'The JWT bearer flow needs crm.privateKey and crm.username.')
  const message = 'crm.clientSecret stands beside crm.privateKey or crm.username'
  return [{ key, message, hint: 'Keep one way to sign in: the secret, or key and user name.' }]
}
