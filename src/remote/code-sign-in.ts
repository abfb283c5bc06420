import { createHash, randomBytes } from 'node:crypto'
import { Fault } from '../core/fault.js'
import { askForToken, type TokenEndpoint } from './tokens.js'

/** A sign-in that a browser was sent to. */
export interface CodeSignIn {
  /** Where the person's browser goes. */
  readonly url: string
  readonly state: string
  readonly verifier: string
  readonly redirectUri: string
}

/** Begins a sign-in in the browser, bound to us by PKCE (RFC 7636) and by a state that only its own answer carries. */
export function startCodeSignIn(
  authorizeUrl: string,
  app: { readonly clientId: string; readonly scope: string; readonly redirectUri: string },
): CodeSignIn {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const parameters = new URLSearchParams({
    client_id: app.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: app.redirectUri,
    scope: app.scope,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'select_account',
    state,
  })
  return { url: `${authorizeUrl}?${parameters.toString()}`, state, verifier, redirectUri: app.redirectUri }
}

/** Redeems what the browser brought back; `query` is the query of the redirect. */
export async function finishCodeSignIn(
  endpoint: TokenEndpoint,
  app: { readonly clientId: string; readonly clientSecret: string; readonly scope: string },
  begun: CodeSignIn,
  options: { readonly query: URLSearchParams; readonly signal: AbortSignal },
): Promise<{ readonly refreshToken: string; readonly accessToken: string }> {
  const { query, signal } = options
  const again = { remedy: `Run "${endpoint.repair}" again.` }
  if (query.get('state') !== begun.state) throw new Fault('signed-out', 'The browser brought back the answer to another sign-in.', again)
  const refused = query.get('error')
  if (refused !== null) throw new Fault('signed-out', `The sign-in to ${endpoint.name} was refused: ${query.get('error_description') ?? refused}`, { ...again, code: refused })
  const code = query.get('code') ?? ''
  if (code === '') throw new Fault('signed-out', 'The browser brought back no code.', again)
  const form = { grant_type: 'authorization_code', code, redirect_uri: begun.redirectUri, code_verifier: begun.verifier, client_id: app.clientId, client_secret: app.clientSecret, scope: app.scope }
  const answer = await askForToken(endpoint, form, signal)
  if (answer.refreshToken === null) {
    throw new Fault('signed-out', `The sign-in to ${endpoint.name} gave no refresh token.`, { remedy: 'Allow "offline_access" for the app registration, then sign in again.' })
  }
  return { refreshToken: answer.refreshToken, accessToken: answer.accessToken }
}
