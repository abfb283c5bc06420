import { importPKCS8, SignJWT } from 'jose'
import { isLoopbackHost, type SalesforceConfig } from '../config/index.js'
import { Fault } from '../core/fault.js'
import type { TokenSource } from '../remote/send.js'
import { askForToken, cachedTokens, type TokenAnswer, type TokenEndpoint } from '../remote/tokens.js'

const assertionLifeS = 170 // Three minutes are the most that every page of the documentation allows.
const busyWaitMs = 1_500 // A second sign-in at the same moment is refused, and taken a second or two later.
const tooManyWaitMs = 5 * 60_000

/** The sign-in to an org, and the address that it named last: calls go there and nowhere else. */
export interface SalesforceSignIn {
  readonly token: TokenSource
  /** The same call, at the address where the org lives now. */
  readonly locate: (url: string) => string
}

/**
 * A client secret, or an assertion signed with the private key for one user. Both go to the My Domain host and bring no refresh token;
 * a new token is simply asked for. An org that moved is followed: the answer names its address.
 * Source: Salesforce help, "OAuth 2.0 client credentials flow" and "OAuth 2.0 JWT bearer flow".
 */
export function salesforceSignIn(config: SalesforceConfig, endpoint: TokenEndpoint): SalesforceSignIn {
  const home = new URL(config.url)
  let instance = home.origin
  const token = cachedTokens(endpoint, async (signal) => {
    const answer = await asked(config, endpoint, signal)
    instance = instanceOf(home, answer.instanceUrl)
    return answer
  })
  const locate = (url: string): string => {
    const there = new URL(url)
    return there.host === home.host ? `${instance}${there.pathname}${there.search}` : url
  }
  return { token, locate }
}

/** @throws Fault `invalid-answer` for an address that cannot be the org's: the token must not go there. */
function instanceOf(home: URL, named: string | null): string {
  if (named === null) return home.origin
  const there = URL.canParse(named) ? new URL(named) : null
  if (there !== null && (there.host === home.host || isOfSalesforce(there) || areLocal(home, there))) return there.origin
  throw new Fault('invalid-answer', `The sign-in of Salesforce named ${there?.host ?? 'no address'} as the org's address; it was not called.`, {
    remedy: `Check that crm.url (${home.origin}) is the My Domain address of the org.`,
  })
}
const isOfSalesforce = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' && /\.(?:salesforce\.com|salesforce\.mil|sfcrmproducts\.cn|sfcrmapps\.cn)$/.test(hostname)
const areLocal = (home: URL, there: URL): boolean => isLoopbackHost(home.hostname) && isLoopbackHost(there.hostname)

async function asked(config: SalesforceConfig, endpoint: TokenEndpoint, signal: AbortSignal): Promise<TokenAnswer> {
  const ask = async (): Promise<TokenAnswer> => askForToken(endpoint, await formOf(config, endpoint), signal)
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'signed-out') throw error
    // The one refusal that the next attempt cures has the code of all others.
    if (!/already being processed/i.test(error.message)) throw told(error)
    await endpoint.clock.sleep(busyWaitMs, signal)
    return ask().catch((second: unknown) => {
      throw second instanceof Fault ? told(second) : second
    })
  }
}

async function formOf({ credential, clientId, url }: SalesforceConfig, endpoint: TokenEndpoint): Promise<Readonly<Record<string, string>>> {
  if (credential.kind === 'client-secret')
    return { grant_type: 'client_credentials', client_id: clientId, client_secret: credential.clientSecret }
  const now = Math.floor(endpoint.clock.now() / 1_000)
  const key = await privateKey(credential.privateKey.text)
  const assertion = await new SignJWT({ iss: clientId, sub: credential.username, aud: audienceOf(url), exp: now + assertionLifeS })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(key)
  return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
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

const flow =
  'Enable the flow for the app (Setup, External Client App Manager), and give crm.url the My Domain address: the login hosts do not know this flow.'
const user = 'Look at the user of the connection in Setup: it must be active and admitted to the app.'
/** What each refusal of the token endpoint asks for. Source: Salesforce help, "OAuth 2.0 error codes". */
export const SIGN_IN_REMEDIES: Readonly<Record<string, string>> = {
  invalid_grant:
    "Check the app's run-as user, or for the JWT flow crm.username, the certificate and that the user is admitted to the app; also its allowed addresses and login hours, and this machine's clock.",
  invalid_client_id: 'Correct crm.clientId: no app of the org has this consumer key.',
  invalid_client: 'Correct crm.clientSecret (the consumer secret of the app).',
  invalid_app_access: 'Admit the user to the app with a permission set or profile.',
  inactive_user: user,
  inactive_org: 'The org is not active; ask Salesforce.',
  org_locked: 'The org is locked; ask Salesforce.',
  unsupported_grant_type: flow,
  unauthorized_client: flow,
  invalid_request: flow,
  invalid_scope: 'Give the app the scope "Manage user data via APIs (api)".',
}

/** The refusal with what to do about this very code. */
function told(fault: Fault): Fault {
  const code = fault.code ?? ''
  const details = { status: fault.status ?? 400, code, cause: fault }
  if (code === 'rate_limit_exceeded')
    return new Fault('throttled', fault.message, { ...details, remedy: 'Nothing to do: it goes on by itself.', retryAfterMs: tooManyWaitMs })
  if (code === 'server_error') return new Fault('offline', fault.message, { ...details, remedy: 'Nothing to do: it is tried again.' })
  const remedy = Object.hasOwn(SIGN_IN_REMEDIES, code) ? SIGN_IN_REMEDIES[code] : undefined
  return remedy === undefined ? fault : new Fault('signed-out', fault.message, { ...details, remedy: `${remedy} Then run "cosell connect crm".` })
}
