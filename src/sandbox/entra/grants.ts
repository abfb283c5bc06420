import { createHash } from 'node:crypto'
import type { SimResponse } from '../http.js'
import { objectId, personOf, remember, type EntraApp, type EntraUser, type Tenant } from './model.js'
import { refusals, jsonAnswer } from './refusal.js'
import { authenticateApp, demandConsent, required, wanted, type Asked, type Wanted } from './request.js'
import type { TokenMint } from './tokens.js'

interface Session {
  readonly app: EntraApp
  readonly user: EntraUser
  readonly mfa: boolean
  readonly audience: string | null
  readonly scopes: readonly string[]
  readonly resourceScope: string | null
  readonly nonce: string | null
}

/** The token endpoint: one grant in, tokens or a Refusal out. */
export function exchange(tenant: Tenant, mint: TokenMint, request: Asked): SimResponse {
  const grant = required(request.form, 'grant_type')
  switch (grant) {
    case 'client_credentials':
      return clientCredentials(tenant, mint, request)
    case 'refresh_token':
      return delegatedAnswer(tenant, mint, request, refreshed(tenant, request))
    case 'authorization_code':
      return delegatedAnswer(tenant, mint, request, redeemed(tenant, request))
    case 'urn:ietf:params:oauth:grant-type:device_code':
    case 'device_code':
      return delegatedAnswer(tenant, mint, request, approved(tenant, request))
    default:
      throw refusals.grantUnsupported(grant)
  }
}

function clientCredentials(tenant: Tenant, mint: TokenMint, request: Asked): SimResponse {
  if (['common', 'organizations', 'consumers'].includes(request.tenantPath)) throw refusals.tenantMissing()
  const app = authenticateApp(tenant, request)
  if (app.secret === null && (app.certificates ?? []).length === 0) throw refusals.secretMissing()
  const wish = wanted(tenant, request)
  if (wish.audience === null) {
    throw request.version === 'v1' ? refusals.parameterMissing('resource') : refusals.parameterMissing('scope')
  }
  const scope = wish.resourceScope ?? ''
  if (request.version === 'v2' && !scope.endsWith('/.default')) throw refusals.scopeNotDefault(scope)
  const { token, claims } = mint.accessToken({ app, user: null, audience: wish.audience, mfa: false })
  const seconds = tenant.options.accessTokenSeconds
  if (request.version === 'v2') {
    return jsonAnswer(200, { token_type: 'Bearer', expires_in: seconds, ext_expires_in: seconds, access_token: token })
  }
  return jsonAnswer(200, {
    token_type: 'Bearer',
    expires_in: String(seconds),
    ext_expires_in: String(seconds),
    expires_on: String(claims.exp),
    not_before: String(claims.nbf),
    resource: wish.audience,
    access_token: token,
  })
}

function refreshed(tenant: Tenant, request: Asked): Session {
  const app = authenticateApp(tenant, request)
  const grant = tenant.refreshTokens.get(required(request.form, 'refresh_token'))
  if (grant === undefined || grant.clientId !== app.clientId) throw refusals.grantMalformed()
  if (grant.state === 'revoked') throw refusals.refreshRevoked()
  if (tenant.clock.now() >= grant.expiresAtMs) {
    throw refusals.refreshExpired(new Date(grant.expiresAtMs - tenant.options.refreshTokenSeconds * 1_000).toISOString())
  }
  if (grant.state === 'used' && tenant.options.usedRefreshToken === 'refused') throw refusals.grantMalformed()
  const user = personOf(tenant, grant.email)
  if (user === undefined) throw refusals.refreshRevoked()
  const wish = wanted(tenant, request)
  const audience = wish.audience ?? grant.audience
  if (audience !== null) demandConsent(app, audience)
  grant.state = 'used'
  return { app, user, mfa: grant.mfa, audience, scopes: merged(grant.scopes, wish), resourceScope: wish.resourceScope, nonce: null }
}

function redeemed(tenant: Tenant, request: Asked): Session {
  const app = authenticateApp(tenant, request)
  const grant = tenant.codes.get(required(request.form, 'code'))
  if (grant === undefined || grant.clientId !== app.clientId) throw refusals.grantMalformed()
  if (grant.redeemed) throw refusals.codeRedeemed()
  if (tenant.clock.now() >= grant.expiresAtMs) throw refusals.codeExpired()
  const redirectUri = required(request.form, 'redirect_uri')
  if (redirectUri !== grant.redirectUri) throw refusals.redirectDiffers(redirectUri)
  if (grant.challenge !== null) {
    const verifier = required(request.form, 'code_verifier')
    const proof = grant.challenge.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier
    if (proof !== grant.challenge.value) throw refusals.verifierWrong()
  }
  const user = personOf(tenant, grant.email)
  if (user === undefined) throw refusals.grantMalformed()
  const wish = wanted(tenant, request)
  const audience = wish.audience ?? grant.audience
  if (audience !== null) demandConsent(app, audience)
  grant.redeemed = true
  return { app, user, mfa: user.mfa, audience, scopes: merged(grant.scopes, wish), resourceScope: wish.resourceScope, nonce: grant.nonce }
}

function approved(tenant: Tenant, request: Asked): Session {
  const app = authenticateApp(tenant, request)
  const grant = tenant.devices.get(request.form.get('device_code') ?? required(request.form, 'code'))
  if (grant === undefined || grant.clientId !== app.clientId) throw refusals.deviceUnknown()
  const nowMs = tenant.clock.now()
  if (nowMs >= grant.expiresAtMs) throw refusals.deviceExpired()
  const sinceLastPollMs = grant.lastPollMs === null ? Number.POSITIVE_INFINITY : nowMs - grant.lastPollMs
  grant.lastPollMs = nowMs
  switch (grant.state.kind) {
    case 'pending': {
      // Half a second of grace, because a caller's timer and this clock never agree to the millisecond.
      if (sinceLastPollMs < grant.intervalMs - 500) {
        grant.intervalMs += 5_000 // RFC 8628 section 3.5: slow_down adds five seconds to the interval.
        throw refusals.deviceTooFast()
      }
      throw refusals.devicePending()
    }
    case 'declined':
      throw refusals.deviceDeclined()
    case 'redeemed':
      throw refusals.codeRedeemed()
    case 'approved': {
      const user = personOf(tenant, grant.state.email)
      if (user === undefined) throw refusals.deviceUnknown()
      if (grant.audience !== null) demandConsent(app, grant.audience)
      grant.state = { kind: 'redeemed' }
      return { app, user, mfa: user.mfa, audience: grant.audience, scopes: grant.scopes, resourceScope: null, nonce: null }
    }
    default:
      return assertNever(grant.state)
  }
}

function merged(before: readonly string[], wish: Wanted): readonly string[] {
  return [...new Set([...before, ...wish.identity])]
}

function delegatedAnswer(tenant: Tenant, mint: TokenMint, request: Asked, session: Session): SimResponse {
  const { app, user } = session
  // Without a resource the token speaks to Graph, as Entra's default does; no simulated system accepts that audience.
  const audience = session.audience ?? 'https://graph.microsoft.com'
  const { token, claims } = mint.accessToken({ app, user, audience, mfa: session.mfa })
  const seconds = tenant.options.accessTokenSeconds
  // The v1 endpoint always hands out a refresh token; v2 only for offline_access.
  const refreshToken = request.version === 'v1' || session.scopes.includes('offline_access') ? newRefreshToken(tenant, session) : null
  const issuer = request.version === 'v1' ? `https://sts.windows.net/${tenant.tenantId}/` : `${request.base}/${tenant.tenantId}/v2.0`
  const idToken = session.scopes.includes('openid')
    ? mint.idToken({ app, user, issuer, nonce: session.nonce, version: request.version === 'v1' ? '1.0' : '2.0' })
    : null
  const shown = session.scopes.filter((scope) => scope !== 'offline_access')
  const form =
    request.version === 'v1'
      ? {
          scope: 'user_impersonation',
          expires_in: String(seconds),
          ext_expires_in: String(seconds),
          expires_on: String(claims.exp),
          not_before: String(claims.nbf),
          resource: audience,
        }
      : {
          scope: [session.resourceScope ?? `${audience}/user_impersonation`, ...shown].join(' '),
          expires_in: seconds,
          ext_expires_in: seconds,
        }
  return jsonAnswer(200, {
    token_type: 'Bearer',
    ...form,
    access_token: token,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    ...(idToken === null ? {} : { id_token: idToken }),
    ...(request.form.get('client_info') === '1' ? { client_info: clientInfo(tenant, user) } : {}),
  })
}

/** What MSAL needs to tell accounts apart. */
function clientInfo(tenant: Tenant, user: EntraUser): string {
  return Buffer.from(JSON.stringify({ uid: objectId(user.email), utid: tenant.tenantId })).toString('base64url')
}

export function newRefreshToken(
  tenant: Tenant,
  about: { app: EntraApp; user: EntraUser; mfa: boolean; audience: string | null; scopes: readonly string[] },
): string {
  const token = `1.${tenant.rng.guid().replaceAll('-', '')}${tenant.rng.guid().replaceAll('-', '')}`
  remember(tenant.refreshTokens, token, {
    clientId: about.app.clientId,
    email: about.user.email,
    mfa: about.mfa,
    audience: about.audience,
    scopes: about.scopes,
    expiresAtMs: tenant.clock.now() + tenant.options.refreshTokenSeconds * 1_000,
    state: 'fresh',
  })
  return token
}

function assertNever(value: never): never {
  throw new Error(`Not a state of a device code: ${JSON.stringify(value)}`)
}
