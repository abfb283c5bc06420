import type { SandboxClock } from '../clock.js'
import { faults, type Faults } from '../faults.js'
import type { SimHandler, SimRequest, SimResponse } from '../http.js'
import type { SandboxRng } from '../rng.js'
import { withFault } from '../with-faults.js'
import { authorize } from './authorize.js'
import { answerDevice, devicePage, startDevice, type DeviceAnswer } from './device.js'
import { exchange, newRefreshToken } from './grants.js'
import { entraDefaults, personOf, type EntraApp, type EntraOptions, type EntraUser, type Tenant, type TokenCheck } from './model.js'
import { jsonAnswer, Refusal, refusals, refusedAnswer } from './refusal.js'
import { asked } from './request.js'
import { tokenMint, type Signatures, type TokenMint } from './tokens.js'

export type { EntraApp, EntraOptions, EntraUser, TokenCheck, TokenClaims } from './model.js'
export type { Signatures } from './tokens.js'

export interface EntraWorld {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly tenantId: string
  /** A verified domain of the tenant, accepted in its place in paths. */
  readonly domain?: string
  readonly apps?: readonly EntraApp[]
  readonly users?: readonly EntraUser[]
  /** Audiences of the tenant beyond the apps' consents, e.g. a Dataverse environment that is only used app-only. */
  readonly audiences?: readonly string[]
  readonly signatures?: Signatures
  readonly options?: Partial<Omit<EntraOptions, 'audiences'>>
}

/** A simulated Entra ID tenant. */
export interface Entra {
  readonly handle: SimHandler
  readonly options: EntraOptions
  readonly faults: Faults
  readonly tenantId: string
  /** What the other simulators ask about an Authorization header. */
  verify(authorization: string | undefined, audience: string): TokenCheck
  addApp(app: EntraApp): void
  addUser(user: EntraUser): void
  removeUser(email: string): void
  rolesOf(email: string): readonly string[]
  /** A refresh token as it would be left by an earlier sign-in of this person. */
  seedRefreshToken(of: { clientId: string; email: string; audience?: string; token?: string; expiresAtMs?: number }): string
  /** An Authorization header value, for tests and demo consoles that act as this person, or as the app itself. */
  authorization(of: { clientId: string; email?: string; audience: string }): string
  /** Ends refresh tokens: all of them, or those of one person. Access tokens live on until they expire, as in Entra. */
  revoke(of?: { email: string }): void
  /** Ends every access token at once. */
  expireAccessTokens(): void
  /** What a person does on the device page, without the page. Returns what went wrong, or null. */
  answerDevice(userCode: string, answer: DeviceAnswer): string | null
}

export function entra(world: EntraWorld): Entra {
  const tenant: Tenant = {
    clock: world.clock,
    rng: world.rng,
    tenantId: world.tenantId,
    domain: world.domain ?? 'sandbox.onmicrosoft.com',
    options: { ...entraDefaults, ...world.options, audiences: new Set(world.audiences ?? []) },
    apps: new Map((world.apps ?? []).map((app) => [app.clientId.toLowerCase(), app])),
    users: new Map((world.users ?? []).map((user) => [user.email.toLowerCase(), user])),
    refreshTokens: new Map(),
    codes: new Map(),
    devices: new Map(),
  }
  const mint = tokenMint(tenant, world.signatures ?? 'rs256')
  const rules = faults(world.rng)

  return {
    handle: (request) =>
      withFault(rules.draw({ method: request.method, path: request.path }), {
        clock: world.clock,
        carryOut: () => route(tenant, mint, request),
        refuse: (refused) => faultAnswer(tenant, refused.kind, 'retryAfterSeconds' in refused ? refused.retryAfterSeconds : null),
      }),
    options: tenant.options,
    faults: rules,
    tenantId: world.tenantId,
    verify: (authorization, audience) => mint.check(authorization, audience),
    addApp: (app) => void tenant.apps.set(app.clientId.toLowerCase(), app),
    addUser: (user) => void tenant.users.set(user.email.toLowerCase(), user),
    removeUser: (email) => void tenant.users.delete(email.toLowerCase()),
    rolesOf: (email) => personOf(tenant, email)?.roles ?? [],
    expireAccessTokens: () => mint.expireAccessTokens(),
    answerDevice: (userCode, answer) => answerDevice(tenant, userCode, answer),
    ...seeding(tenant, mint),
  }
}

/** What a person or a test may put into a tenant without going through a sign-in. */
function seeding(tenant: Tenant, mint: TokenMint): Pick<Entra, 'seedRefreshToken' | 'authorization' | 'revoke'> {
  const found = (of: { clientId: string; email?: string }) => {
    const app = tenant.apps.get(of.clientId.toLowerCase())
    if (app === undefined) throw new Error(`The sandbox tenant has no app ${of.clientId}: register it with addApp first.`)
    const user = of.email === undefined ? null : (personOf(tenant, of.email) ?? null)
    if (user === null && of.email !== undefined) {
      throw new Error(`The sandbox tenant has nobody called ${of.email}: register them with addUser first.`)
    }
    return { app, user }
  }
  return {
    seedRefreshToken(of) {
      const { app, user } = found(of)
      if (user === null) throw new Error('A refresh token belongs to a person: give an email.')
      const scopes = ['openid', 'profile', 'offline_access']
      const made = newRefreshToken(tenant, { app, user, mfa: user.mfa, audience: of.audience ?? null, scopes })
      if (of.token === undefined && of.expiresAtMs === undefined) return made
      const grant = tenant.refreshTokens.get(made)
      tenant.refreshTokens.delete(made)
      if (grant !== undefined) tenant.refreshTokens.set(of.token ?? made, { ...grant, expiresAtMs: of.expiresAtMs ?? grant.expiresAtMs })
      return of.token ?? made
    },
    authorization(of) {
      const { app, user } = found(of)
      return `Bearer ${mint.accessToken({ app, user, audience: of.audience, mfa: user?.mfa ?? false }).token}`
    },
    revoke(of) {
      for (const grant of tenant.refreshTokens.values()) {
        if (of === undefined || grant.email.toLowerCase() === of.email.toLowerCase()) grant.state = 'revoked'
      }
    },
  }
}

function baseOf(tenant: Tenant, request: SimRequest): string {
  return (tenant.options.publicBase ?? `http://${request.headers['host'] ?? 'localhost'}`).replace(/\/+$/, '')
}

function route(tenant: Tenant, mint: TokenMint, request: SimRequest): SimResponse {
  const base = baseOf(tenant, request)
  const [pathname = '/'] = request.path.split('?')
  if (pathname === '/devicelogin') return devicePage(tenant, request)
  const [tenantPath = '', ...rest] = pathname.split('/').filter((part) => part !== '')
  const what = rest.join('/')
  try {
    if (!knowsTenant(tenant, tenantPath)) throw refusals.tenantUnknown(tenantPath)
    switch (`${request.method} ${what}`) {
      case 'POST oauth2/token':
        return exchange(tenant, mint, asked(request, { version: 'v1', tenantPath, base }))
      case 'POST oauth2/v2.0/token':
        return exchange(tenant, mint, asked(request, { version: 'v2', tenantPath, base }))
      case 'POST oauth2/devicecode':
        return startDevice(tenant, asked(request, { version: 'v1', tenantPath, base }))
      case 'POST oauth2/v2.0/devicecode':
        return startDevice(tenant, asked(request, { version: 'v2', tenantPath, base }))
      case 'GET oauth2/authorize':
      case 'POST oauth2/authorize':
        return authorize(tenant, request, { version: 'v1', path: pathname })
      case 'GET oauth2/v2.0/authorize':
      case 'POST oauth2/v2.0/authorize':
        return authorize(tenant, request, { version: 'v2', path: pathname })
      case 'GET v2.0/.well-known/openid-configuration':
      case 'GET .well-known/openid-configuration':
        return jsonAnswer(200, discovery({ base, tenantPath, tenantId: tenant.tenantId, version: what.startsWith('v2.0') ? 'v2' : 'v1' }))
      case 'GET discovery/instance':
        return jsonAnswer(200, instance(base))
      case 'GET discovery/v2.0/keys':
      case 'GET discovery/keys':
        return jsonAnswer(200, mint.jwks())
      default:
        return nothingAt(`${request.method} ${pathname}`)
    }
  } catch (error) {
    if (error instanceof Refusal) return refusedAnswer(tenant, error, base)
    throw error
  }
}

function nothingAt(what: string): SimResponse {
  return { status: 404, headers: { 'content-type': 'text/plain' }, body: `The sandbox's Entra ID has nothing at ${what}.` }
}

function knowsTenant(tenant: Tenant, written: string): boolean {
  return [tenant.tenantId, tenant.domain, 'common', 'organizations'].some((name) => name.toLowerCase() === written.toLowerCase())
}

function discovery(about: { base: string; tenantPath: string; tenantId: string; version: 'v1' | 'v2' }): unknown {
  const { base, tenantPath, tenantId, version } = about
  const path = version === 'v2' ? 'oauth2/v2.0' : 'oauth2'
  // The documents of the shared endpoints name no tenant: their issuer is a template, as Entra's own are.
  const named = tenantPath === 'common' || tenantPath === 'organizations' ? '{tenantid}' : tenantId
  return {
    issuer: version === 'v2' ? `${base}/${named}/v2.0` : `https://sts.windows.net/${named}/`,
    authorization_endpoint: `${base}/${tenantPath}/${path}/authorize`,
    token_endpoint: `${base}/${tenantPath}/${path}/token`,
    device_authorization_endpoint: `${base}/${tenantPath}/${path}/devicecode`,
    jwks_uri: `${base}/${tenantPath}/discovery/${version === 'v2' ? 'v2.0/' : ''}keys`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    code_challenge_methods_supported: ['plain', 'S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'oid', 'upn', 'email'],
    tenant_region_scope: 'EU',
  }
}

function instance(base: string): unknown {
  const { host } = new URL(base)
  return {
    tenant_discovery_endpoint: `${base}/common/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  }
}

function faultAnswer(tenant: Tenant, kind: 'throttle' | 'unavailable' | 'server-error', retryAfterSeconds: number | null): SimResponse {
  const facts = {
    throttle: { status: 429, error: 'temporarily_unavailable', code: 90055, text: 'The request was throttled. Wait and try again.' },
    unavailable: { status: 503, error: 'temporarily_unavailable', code: 90033, text: 'A transient error has occurred. Please try again.' },
    'server-error': { status: 500, error: 'server_error', code: 90014, text: 'An unexpected error occurred.' },
  }[kind]
  const answer = refusedAnswer(tenant, new Refusal(facts), tenant.options.publicBase ?? 'http://localhost')
  return retryAfterSeconds === null ? answer : { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } }
}
