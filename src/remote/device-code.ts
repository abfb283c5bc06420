import { Fault } from '../core/fault.js'
import { parseAnswer, refused, type TokenEndpoint } from './tokens.js'
import { NoAnswer } from './transport.js'

/** What a person needs to sign in on another screen. */
export interface DeviceCode {
  readonly userCode: string
  readonly verificationUri: string
  readonly message: string
  readonly expiresAt: number
}

/** Signs a person in by device code and returns their refresh token. Source: RFC 8628. */
export async function signInByDevice(
  endpoint: TokenEndpoint & { readonly deviceUrl: string },
  app: { readonly clientId: string; readonly clientSecret: string; readonly scope: string },
  options: { readonly show: (code: DeviceCode) => void; readonly signal: AbortSignal },
): Promise<{ readonly refreshToken: string; readonly idToken: string | null }> {
  const { clock } = endpoint
  const started = await post(endpoint, endpoint.deviceUrl, { client_id: app.clientId, scope: app.scope }, options.signal)
  if (started.status !== 200) throw refused(endpoint, started.status, started.json)
  const deviceCode = String(started.json['device_code'])
  const expiresAt = clock.now() + Number(started.json['expires_in'] ?? 900) * 1_000
  let intervalMs = Number(started.json['interval'] ?? 5) * 1_000
  const uri = String(started.json['verification_uri'])
  const userCode = String(started.json['user_code'])
  options.show({
    userCode,
    verificationUri: uri,
    message: String(started.json['message'] ?? `Open ${uri} and enter ${userCode}.`),
    expiresAt,
  })
  while (clock.now() < expiresAt && !options.signal.aborted) {
    await clock.sleep(intervalMs, options.signal)
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: deviceCode,
      client_id: app.clientId,
      client_secret: app.clientSecret,
    }
    const { status, json } = await post(endpoint, endpoint.url, form, options.signal)
    if (status === 200 && typeof json['refresh_token'] === 'string')
      return { refreshToken: json['refresh_token'], idToken: typeof json['id_token'] === 'string' ? json['id_token'] : null }
    if (json['error'] === 'slow_down') intervalMs += 5_000
    else if (json['error'] !== 'authorization_pending' && status < 500) throw refused(endpoint, status, json)
  }
  throw new Fault('signed-out', `Nobody signed in to ${endpoint.name} in time.`, { remedy: `Run "${endpoint.repair}" again.` })
}

async function post(
  endpoint: TokenEndpoint,
  url: string,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const body = new URLSearchParams({ ...form }).toString()
  try {
    const answer = await endpoint.transport({ method: 'POST', url, headers, body, timeoutMs: 20_000, signal })
    return { status: answer.status, json: parseAnswer(answer.body) }
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error
    throw new Fault('offline', `The sign-in service of ${endpoint.name} could not be reached: ${error.message}.`, {
      remedy: 'Check the network and the setting authorityUrl.',
      cause: error,
    })
  }
}
