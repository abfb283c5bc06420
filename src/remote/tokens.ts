import { Fault } from '../core/fault.js'
import type { Clock } from '../core/ports.js'
import type { TokenSource } from './send.js'
import { NoAnswer, type Transport } from './transport.js'

/** A token endpoint's answer. Only what we use; everything else is ignored. */
interface TokenAnswer {
  readonly accessToken: string
  readonly expiresInMs: number
  readonly refreshToken: string | null
}

export interface TokenEndpoint {
  readonly transport: Transport
  readonly clock: Clock
  /** For messages, with the command that repairs it: `Partner Center`, `cosell connect partner-center`. */
  readonly name: string
  readonly repair: string
  readonly url: string
}

const deadlineMs = 20_000
const renewBeforeMs = 5 * 60_000 // Renewed five minutes before it ends, so that no call starts with a token that lapses on its way.

/** One form POST to a token endpoint. @throws Fault `signed-out` with the service's own code, or `offline`. */
export async function askForToken(endpoint: TokenEndpoint, form: Readonly<Record<string, string>>, signal: AbortSignal): Promise<TokenAnswer> {
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  let answer
  try {
    answer = await endpoint.transport({ method: 'POST', url: endpoint.url, headers, body, timeoutMs: deadlineMs, signal })
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    throw new Fault('offline', `The sign-in service of ${endpoint.name} could not be reached: ${error.message}.`, { remedy: 'Check the network and the setting authorityUrl; it is tried again by itself.', cause: error })
  }
  const json = parse(answer.body)
  if (answer.status >= 500 || answer.status === 429) throw new Fault('offline', `The sign-in service of ${endpoint.name} answered ${answer.status}.`, { remedy: 'Nothing to do: it is tried again.', status: answer.status })
  const token = json['access_token']
  if (answer.status !== 200 || typeof token !== 'string') throw refused(endpoint, answer.status, json)
  const seconds = Number(json['expires_in'] ?? 3_599)
  const next = json['refresh_token']
  return { accessToken: token, expiresInMs: (Number.isFinite(seconds) ? seconds : 3_599) * 1_000, refreshToken: typeof next === 'string' ? next : null }
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {} // any object's members are unknown
  } catch {
    return {}
  }
}

const HINTS: Readonly<Record<string, string>> = {
  AADSTS65001: 'Consent for this permission is missing: grant admin consent to the application, then sign in again.',
  AADSTS7000215: 'The client secret is wrong: correct clientSecret in the configuration.',
  AADSTS7000222: 'The client secret has expired: make a new one for the application and put it into the configuration.',
  AADSTS700082: 'The sign-in has expired because it was not used for 90 days.',
  AADSTS50173: 'The user\'s password was changed or their sessions were ended.',
  AADSTS50076: 'The sign-in lacks multi-factor authentication.',
}

export function refused({ name, repair }: Pick<TokenEndpoint, 'name' | 'repair'>, status: number, json: Record<string, unknown>): Fault {
  const description = typeof json['error_description'] === 'string' ? (json['error_description'].split(/[\r\n]/)[0] ?? '') : ''
  const code = /AADSTS\d+/.exec(description)?.[0] ?? (typeof json['error'] === 'string' ? json['error'] : `HTTP ${status}`)
  const hint = HINTS[code]
  return new Fault('signed-out', `${name} refused our sign-in (${code}): ${description || 'no reason given'}`, { remedy: `${hint === undefined ? '' : `${hint} `}Run "${repair}".`, status, code })
}

/** Tokens of one audience, kept until they run out; one request serves everyone who waits. */
export function cachedTokens(endpoint: TokenEndpoint, ask: (signal: AbortSignal) => Promise<TokenAnswer>): TokenSource {
  let current: { token: string; untilMs: number } | null = null
  let asking: Promise<string> | null = null
  const renew = async (signal: AbortSignal): Promise<string> => {
    const answer = await ask(signal)
    current = { token: answer.accessToken, untilMs: endpoint.clock.now() + answer.expiresInMs - Math.min(renewBeforeMs, answer.expiresInMs / 2) }
    return answer.accessToken
  }
  return async ({ fresh, signal }) => {
    if (!fresh && current !== null && endpoint.clock.now() < current.untilMs) return current.token
    asking ??= renew(signal).finally(() => {
      asking = null
    })
    return asking
  }
}

/** The service identity of an application. */
export const clientCredentials = (endpoint: TokenEndpoint, app: { readonly clientId: string; readonly clientSecret: string; readonly scope: string }): TokenSource =>
  cachedTokens(endpoint, (signal) => askForToken(endpoint, { grant_type: 'client_credentials', client_id: app.clientId, client_secret: app.clientSecret, scope: app.scope }, signal))

/** The refresh token of a signed-in person, shared by all audiences and by all workers. */
export interface RefreshTokens {
  read(): Promise<string | null>
  /** Stored before it is used: an old one may already be worthless. */
  write(token: string): Promise<void>
  /** One renewal at a time among all workers. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
}

export function delegated(endpoint: TokenEndpoint, app: { readonly clientId: string; readonly clientSecret: string; readonly scope: string; readonly tokens: RefreshTokens }): TokenSource {
  return cachedTokens(endpoint, (signal) =>
    app.tokens.exclusively(async () => {
      const refreshToken = await app.tokens.read()
      if (refreshToken === null) throw new Fault('signed-out', `Nobody is signed in to ${endpoint.name}.`, { remedy: `Run "${endpoint.repair}".` })
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: app.clientId, client_secret: app.clientSecret, scope: app.scope }
      const answer = await askForToken(endpoint, form, signal)
      if (answer.refreshToken !== null && answer.refreshToken !== refreshToken) await app.tokens.write(answer.refreshToken)
      return answer
    }),
  )
}
