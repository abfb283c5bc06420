import { randomUUID } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import { salesforceAdapter } from '../adapters/salesforce/adapter.js'
import { SalesforceApi } from '../adapters/salesforce/api.js'
import { salesforceInbound } from '../adapters/salesforce/inbound.js'
import { salesforceInstaller } from '../adapters/salesforce/install/installer.js'
import type { SalesforceConfig } from '../config/index.js'
import { Fault } from '../core/fault.js'
import { customerGuard } from '../engine/customer-guard.js'
import { askForToken, cachedTokens, type TokenEndpoint } from '../remote/tokens.js'
import type { TokenSource } from '../remote/send.js'
import { sender, type ConnectionParts, type CrmConnection, type CrmSettings } from './parts.js'

const assertionLifeS = 170 // Three minutes are the most that every page of the documentation allows.

/**
 * Sign-in to an org: a client secret, or an assertion signed with the private key for one user. Both go to the My Domain host and bring
 * no refresh token; a new token is simply asked for.
 * Source: Salesforce help, "OAuth 2.0 client credentials flow" and "OAuth 2.0 JWT bearer flow".
 */
function tokens(config: SalesforceConfig, endpoint: TokenEndpoint): TokenSource {
  const { credential, clientId } = config
  if (credential.kind === 'client-secret') {
    return cachedTokens(endpoint, (signal) =>
      askForToken(endpoint, { grant_type: 'client_credentials', client_id: clientId, client_secret: credential.clientSecret }, signal),
    )
  }
  return cachedTokens(endpoint, async (signal) => {
    const now = Math.floor(endpoint.clock.now() / 1_000)
    const key = await privateKey(credential.privateKey.text)
    const assertion = await new SignJWT({ iss: clientId, sub: credential.username, aud: audienceOf(config.url), exp: now + assertionLifeS })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(key)
    return askForToken(endpoint, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }, signal)
  })
}
/** Sandboxes sign in at a host of their own. */
const audienceOf = (url: string): string =>
  /\.sandbox\.my\.salesforce\.com$/.test(new URL(url).hostname) ? 'https://test.salesforce.com' : 'https://login.salesforce.com'

async function privateKey(pem: string): Promise<Awaited<ReturnType<typeof importPKCS8>>> {
  try {
    return await importPKCS8(pem, 'RS256')
  } catch {
    // The parser's own words could quote the key.
    throw new Fault('misconfigured', 'The private key of the CRM cannot be read.', {
      remedy: 'crm.privateKey must be a PKCS #8 key in PEM form ("BEGIN PRIVATE KEY"); convert it with "openssl pkcs8 -topk8 -nocrypt".',
    })
  }
}

export function connectSalesforce(config: SalesforceConfig, parts: ConnectionParts, settings: () => CrmSettings): CrmConnection {
  const { clock, transport, store } = parts
  const url = config.url.replace(/\/+$/, '')
  const token = tokens(config, { transport, clock, name: 'Salesforce', repair: 'cosell connect crm', url: `${url}/services/oauth2/token` })
  // Salesforce keeps no id of ours in its logs; the client's name stands in every call.
  const send = sender(parts, { name: 'Salesforce', url, token, correlation: () => ({}) })
  const adapter = salesforceAdapter({ url, send, session: token, clock, settings, customerGuard: customerGuard(store, clock, randomUUID) })
  return {
    kind: 'salesforce',
    adapter,
    inbound: salesforceInbound({ key: config.webhookKey }),
    // Ids are the org's to choose; the referral's own id is the unique field that makes a repeat recognisable.
    idFor: (referralId) => referralId.toLowerCase(),
    installer: salesforceInstaller({ api: new SalesforceApi({ url, send, session: token }), clock }),
    checks: (signal) => adapter.checks({ signal }),
  }
}
