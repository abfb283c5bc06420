import { Fault } from '../core/fault.js'
import type { Clock } from '../core/ports.js'
import { orCancelled } from './cancelled.js'
import { retryAfterMs, type TokenSource } from './send.js'
import { steady } from './steady.js'
import { NoAnswer, type Transport } from './transport.js'

/** A token endpoint's answer. Only what we use; everything else is ignored. */
export interface TokenAnswer {
  readonly accessToken: string
  readonly expiresInMs: number
  readonly refreshToken: string | null
  /** Where the calls go, where the service says so with the token; else null. */
  readonly instanceUrl: string | null
}

export interface TokenEndpoint {
  readonly transport: Transport
  readonly clock: Clock
  /** For messages, with the command that repairs it: `Partner Center`, `cosell connect partner-center`. */
  readonly name: string
  readonly repair: string
  readonly url: string
  /**
   * The endpoint's first version, asked where there is no second: it takes an audience as `resource`.
   * Source: learn.microsoft.com "Secure Application Model" (read 2023-10) documents the first for Partner Center, and nothing the second.
   */
  readonly olderUrl?: string
}

const deadlineMs = 20_000
const busyMs = 30_000 // A sign-in service that has too many askers and does not say when to come again.
const longestWaitMs = 60 * 60_000 // A longer demand is asked about again after this.
const renewBeforeMs = 5 * 60_000 // Renewed five minutes before it ends, so that no call starts with a token that lapses on its way.

/** One form POST to a token endpoint. @throws Fault `signed-out` with the service's own code, `throttled`, or `offline`. */
export async function askForToken(
  endpoint: TokenEndpoint,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  let answer
  try {
    answer = await endpoint.transport({ method: 'POST', url: endpoint.url, headers, body, timeoutMs: deadlineMs, signal })
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    throw new Fault('offline', `The sign-in service of ${endpoint.name} could not be reached: ${error.message}.`, {
      remedy: 'Check the network and the setting authorityUrl; it is tried again by itself.',
      cause: error,
    })
  }
  const { olderUrl, ...older } = endpoint
  if (answer.status === 404 && olderUrl !== undefined) return askForToken({ ...older, url: olderUrl }, inFirstVersion(form), signal)
  const json = parseAnswer(answer.body)
  const waitMs = answer.status === 429 || answer.status === 503 ? retryAfterMs(answer, endpoint.clock.now()) : null
  if (answer.status === 429 || waitMs !== null)
    throw new Fault('throttled', `The sign-in service of ${endpoint.name} asked us to slow down (${answer.status}).`, {
      remedy: 'Nothing to do: it goes on by itself.',
      status: answer.status,
      retryAfterMs: waitMs ?? busyMs,
    })
  if (answer.status >= 500 || ITS_OWN_TROUBLE.has(json['error']))
    throw new Fault('offline', `The sign-in service of ${endpoint.name} answered ${answer.status}.`, {
      remedy: 'Nothing to do: it is tried again.',
      status: answer.status,
    })
  const token = json['access_token']
  // A refusal of the sign-in service says why (RFC 6749, section 5.2). What says nothing, like a page of maintenance or of a gateway that knows no way, is not its own.
  if (!(answer.status === 200 && typeof token === 'string') && typeof json['error'] !== 'string')
    throw new Fault('offline', `Something other than the sign-in service of ${endpoint.name} answered (HTTP ${answer.status}).`, {
      remedy: 'Check the address that is configured for it, and proxies on the way; it is tried again by itself.',
      status: answer.status,
    })
  if (answer.status !== 200 || typeof token !== 'string') throw refused(endpoint, answer.status, json)
  const seconds = Number(json['expires_in'] ?? 3_599)
  const next = json['refresh_token']
  const instance = json['instance_url']
  return {
    accessToken: token,
    expiresInMs: (Number.isFinite(seconds) ? seconds : 3_599) * 1_000,
    refreshToken: typeof next === 'string' ? next : null,
    instanceUrl: typeof instance === 'string' ? instance : null,
  }
}

function inFirstVersion({ scope, ...form }: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const audience = /(\S+)\/\.default/.exec(scope ?? '')?.[1]
  return audience === undefined ? form : { ...form, resource: audience, scope: 'openid' }
}

export function parseAnswer(body: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {} // any object's members are unknown
  } catch {
    return {}
  }
}

// Errors of OAuth 2.0 that tell of the service and not of us, with whatever status. Source: learn.microsoft.com "OAuth 2.0 authorization code flow" (read 2023-10).
const ITS_OWN_TROUBLE: ReadonlySet<unknown> = new Set(['temporarily_unavailable', 'server_error'])

const lacksFactor = 'The sign-in lacks multi-factor authentication.'
const HINTS: Readonly<Record<string, string>> = {
  AADSTS65001: 'Consent for this permission is missing: grant admin consent to the application, then sign in again.',
  AADSTS7000215: 'The client secret is wrong: correct clientSecret in the configuration.',
  AADSTS7000222: 'The client secret has expired: make a new one for the application and put it into the configuration.',
  AADSTS700082: 'The sign-in has expired because it was not used for 90 days.',
  AADSTS50173: "The user's password was changed or their sessions were ended.",
  AADSTS50076: lacksFactor,
  AADSTS50078: lacksFactor,
  AADSTS50079: lacksFactor,
  AADSTS53003: "A Conditional Access policy of the Entra ID tenant blocks the sign-in: its administrator has to let the connector's user in.",
}

export function refused({ name, repair }: Pick<TokenEndpoint, 'name' | 'repair'>, status: number, json: Record<string, unknown>): Fault {
  const description = typeof json['error_description'] === 'string' ? (json['error_description'].split(/[\r\n]/)[0] ?? '') : ''
  const code = /AADSTS\d+/.exec(description)?.[0] ?? (typeof json['error'] === 'string' ? json['error'] : `HTTP ${status}`)
  const hint = HINTS[code]
  return new Fault('signed-out', `${name} refused our sign-in (${code}): ${description || 'no reason given'}`, {
    remedy: `${hint === undefined ? '' : `${hint} `}Run "${repair}".`,
    status,
    code,
  })
}

const failureKeptMs = 30_000 // A refused sign-in is not repeated for every deal; a repair at the remote side is seen half a minute later.
const signInKeptMs = 2_000 // Somebody who signs in anew, in any process, is served within two seconds.

/** How long nobody asks again after this answer. */
const keptFor = ({ kind, retryAfterMs: waitMs }: Fault): number =>
  kind === 'signed-out' ? failureKeptMs : kind === 'throttled' ? Math.min(waitMs ?? busyMs, longestWaitMs) : 0
const withRest = (fault: Fault, restMs: number): Fault =>
  new Fault('throttled', fault.message, { remedy: fault.remedy, retryAfterMs: restMs, cause: fault })

/** Which sign-in of a person stands behind the tokens: when it changes, what was got through the one before is worth nothing any more. */
export type SignIn = () => Promise<string | null>

/** Tokens of one audience, kept until they run out; one request serves everyone who waits. */
export function cachedTokens(
  endpoint: TokenEndpoint,
  ask: (signal: AbortSignal) => Promise<TokenAnswer>,
  signIn: SignIn = () => Promise.resolve(null),
): TokenSource {
  const time = steady(endpoint.clock)
  let current: { token: string; renewAtMs: number; endsAtMs: number } | null = null
  let asking: Promise<string> | null = null
  let failure: { fault: Fault; untilMs: number } | null = null
  let known: { signIn: string | null; atMs: number } | null = null
  const renew = async (): Promise<string> => {
    if (failure !== null && time() < failure.untilMs) throw failure.fault.kind === 'throttled' ? withRest(failure.fault, failure.untilMs - time()) : failure.fault
    try {
      // Everyone who waits shares this request, so nobody's cancellation may end it; its own deadline does.
      const answer = await ask(new AbortController().signal)
      const now = time()
      current = {
        token: answer.accessToken,
        renewAtMs: now + answer.expiresInMs - Math.min(renewBeforeMs, answer.expiresInMs / 2),
        endsAtMs: now + answer.expiresInMs,
      }
      failure = null
      return answer.accessToken
    } catch (error) {
      const keptMs = error instanceof Fault ? keptFor(error) : 0
      if (error instanceof Fault && keptMs > 0) failure = { fault: error, untilMs: time() + keptMs }
      throw error
    }
  }
  const noticeSignIn = async (): Promise<void> => {
    // After a refusal it is looked at each time: what a person has just repaired must not fail once more for it.
    if (failure === null && known !== null && time() - known.atMs < signInKeptMs) return
    const now = await signIn()
    if (known !== null && known.signIn !== now) current = failure = null
    known = { signIn: now, atMs: time() }
  }
  return async ({ fresh, refused: dead, signal }) => {
    await noticeSignIn()
    // Calls that were refused together are served by one renewal: whoever comes late finds that the refused token is gone already.
    const isGood = fresh ? dead !== undefined && current?.token !== dead : current !== null && time() < current.renewAtMs
    if (current !== null && isGood) return current.token
    asking ??= renew().finally(() => {
      asking = null
    })
    try {
      return await orCancelled(asking, signal)
    } catch (error) {
      // An outage of the sign-in service is no reason to stop while the old token still lives.
      if (!fresh && current !== null && time() < current.endsAtMs) return current.token
      throw error
    }
  }
}

/** The service identity of an application. */
export const clientCredentials = (
  endpoint: TokenEndpoint,
  app: { readonly clientId: string; readonly clientSecret: string; readonly scope: string },
): TokenSource =>
  cachedTokens(endpoint, (signal) =>
    askForToken(
      endpoint,
      { grant_type: 'client_credentials', client_id: app.clientId, client_secret: app.clientSecret, scope: app.scope },
      signal,
    ),
  )

/** The refresh token of a signed-in person, shared by all audiences and by all workers. */
export interface RefreshTokens {
  read(): Promise<string | null>
  readonly signIn: SignIn
  /**
   * Stores what `from` was renewed to, before it is used: the old one may already be worthless. The same token again only notes its use.
   * `replaced`: somebody signed in meanwhile, and that stands.
   */
  renewed(from: string, token: string): Promise<'stored' | 'replaced'>
  /** One renewal at a time among all workers. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

export function delegated(
  endpoint: TokenEndpoint,
  app: { readonly clientId: string; readonly clientSecret: string; readonly scope: string; readonly tokens: RefreshTokens },
): TokenSource {
  return cachedTokens(endpoint, (signal) => app.tokens.exclusively(() => refreshed(endpoint, app, signal)), app.tokens.signIn)
}

const refreshTriesMost = 3 // One for the token that is there, and two for somebody who signs in between our reading and our using it.

async function refreshed(endpoint: TokenEndpoint, app: Parameters<typeof delegated>[1], signal: AbortSignal): Promise<TokenAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const refreshToken = await app.tokens.read()
    if (refreshToken === null)
      throw new Fault('signed-out', `Nobody is signed in to ${endpoint.name}.`, { remedy: `Run "${endpoint.repair}".` })
    const form = {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: app.clientId,
      client_secret: app.clientSecret,
      scope: app.scope,
    }
    try {
      const answer = await askForToken(endpoint, form, signal)
      const kept = await app.tokens.renewed(refreshToken, answer.refreshToken ?? refreshToken)
      if (kept === 'stored' || attempt >= refreshTriesMost) return answer
    } catch (error) {
      const replaced =
        attempt < refreshTriesMost && error instanceof Fault && error.kind === 'signed-out' && (await app.tokens.read()) !== refreshToken
      if (!replaced) throw error
    }
  }
}
