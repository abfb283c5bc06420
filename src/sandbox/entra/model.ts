import type { SandboxClock } from '../clock.js'
import type { SandboxRng } from '../rng.js'

/** What an access token says. The names are Entra's; the v1 shape, because both Partner Center audiences and Dataverse receive it. */
export interface TokenClaims {
  readonly aud: string
  readonly iss: string
  readonly tid: string
  readonly appid: string
  readonly oid: string
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly ver: '1.0'
  readonly uti: string
  /** `app` on app-only tokens, `user` on delegated ones. */
  readonly idtyp: 'app' | 'user'
  /** The e-mail of the signed-in person; delegated tokens only. */
  readonly upn?: string
  readonly scp?: string
  /** How the person proved who they are; contains `mfa` when a second factor was used. */
  readonly amr?: readonly string[]
}

export type TokenCheck =
  | { readonly ok: true; readonly claims: TokenClaims }
  | { readonly ok: false; readonly reason: 'missing' | 'malformed' | 'signature' | 'expired' | 'audience' }

export interface EntraApp {
  readonly clientId: string
  readonly name?: string
  /** null: a public client without a secret. */
  readonly secret: string | null
  /** The secret is refused from this moment on. */
  readonly secretExpiresAtMs?: number
  /** Public keys (PEM, certificate or SPKI) that may sign client assertions. */
  readonly certificates?: readonly string[]
  /** `app` may only act as itself; `delegated` may also act for a signed-in person. */
  readonly kind: 'app' | 'delegated'
  /** Audiences an administrator consented to for delegated use; also makes the audience known to the tenant. */
  readonly consents: readonly string[]
  /** Absent: any redirect on loopback. */
  readonly redirectUris?: readonly string[]
}

export interface EntraUser {
  readonly email: string
  readonly name?: string
  readonly roles: readonly string[]
  /** Whether this person signs in with a second factor. */
  readonly mfa: boolean
}

/** Everything that may be changed while the simulator runs. */
export interface EntraOptions {
  /** Where callers reach the simulator; null: `http://` and the Host header of the request. */
  publicBase: string | null
  accessTokenSeconds: number
  refreshTokenSeconds: number
  authorizationCodeSeconds: number
  deviceCodeSeconds: number
  deviceIntervalSeconds: number
  /** A refresh token that was already exchanged: Entra keeps accepting it until it expires. */
  usedRefreshToken: 'accepted' | 'refused'
  /** E-mail of the person the sign-in page signs in without asking; null shows the page. */
  signInAs: string | null
  /** Audiences known to the tenant beyond those of the registered apps. */
  readonly audiences: Set<string>
}

export const entraDefaults: Omit<EntraOptions, 'audiences'> = {
  publicBase: null,
  accessTokenSeconds: 3_599,
  refreshTokenSeconds: 90 * 86_400, // Entra's default for a refresh token that is not used.
  authorizationCodeSeconds: 600,
  deviceCodeSeconds: 900,
  deviceIntervalSeconds: 5,
  usedRefreshToken: 'accepted',
  signInAs: null,
}

export interface RefreshGrant {
  readonly clientId: string
  readonly email: string
  readonly mfa: boolean
  readonly audience: string | null
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
  state: 'fresh' | 'used' | 'revoked'
}

export interface CodeGrant {
  readonly clientId: string
  readonly email: string
  readonly redirectUri: string
  readonly audience: string | null
  readonly scopes: readonly string[]
  readonly nonce: string | null
  readonly challenge: { readonly method: 'S256' | 'plain'; readonly value: string } | null
  readonly expiresAtMs: number
  redeemed: boolean
}

export interface DeviceGrant {
  readonly clientId: string
  readonly userCode: string
  readonly audience: string | null
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
  intervalMs: number
  lastPollMs: number | null
  state: { readonly kind: 'pending' | 'declined' | 'redeemed' } | { readonly kind: 'approved'; readonly email: string }
}

/** The state of one simulated tenant. */
export interface Tenant {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly tenantId: string
  readonly domain: string
  readonly options: EntraOptions
  readonly apps: Map<string, EntraApp>
  readonly users: Map<string, EntraUser>
  readonly refreshTokens: Map<string, RefreshGrant>
  readonly codes: Map<string, CodeGrant>
  readonly devices: Map<string, DeviceGrant>
}

// Sandboxes run for days; the oldest entries of a full table go first.
const entriesMax = 20_000

/** Puts an entry into a table that never outgrows its limit. */
export function remember<V>(table: Map<string, V>, key: string, value: V): void {
  table.set(key, value)
  if (table.size <= entriesMax) return
  const oldest = table.keys().next()
  if (!oldest.done) table.delete(oldest.value)
}

/** Audiences are compared without their trailing slash: callers write `https://org.crm.dynamics.com` and `…com/` alike. */
export function bareAudience(audience: string): string {
  return audience.replace(/\/+$/, '').toLowerCase()
}

export function knowsAudience(tenant: Tenant, audience: string): boolean {
  const bare = bareAudience(audience)
  for (const known of tenant.options.audiences) if (bareAudience(known) === bare) return true
  for (const app of tenant.apps.values()) if (app.consents.some((known) => bareAudience(known) === bare)) return true
  return false
}

export function personOf(tenant: Tenant, email: string): EntraUser | undefined {
  return tenant.users.get(email.toLowerCase())
}

/** A stable object id for a person or an app, so that two tokens of one person agree. */
export function objectId(name: string): string {
  let left = 0x811c9dc5
  let right = 0x9747b28c
  for (const character of name.toLowerCase()) {
    left = Math.imul(left ^ (character.codePointAt(0) ?? 0), 0x01000193)
    right = Math.imul(right ^ (character.codePointAt(0) ?? 0), 0x85ebca6b)
  }
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0')
  const all = `${hex(left)}${hex(right)}${hex(left ^ right)}${hex(Math.imul(left, 31) ^ right)}`
  return `${all.slice(0, 8)}-${all.slice(8, 12)}-4${all.slice(13, 16)}-8${all.slice(17, 20)}-${all.slice(20, 32)}`
}
