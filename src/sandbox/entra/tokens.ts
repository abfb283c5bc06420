import { createHash, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { bareAudience, objectId, remember, type EntraApp, type EntraUser, type Tenant, type TokenCheck, type TokenClaims } from './model.js'

export interface AccessWish {
  readonly app: EntraApp
  /** null: the app acts as itself. */
  readonly user: EntraUser | null
  readonly audience: string
  readonly mfa: boolean
}

export interface IdWish {
  readonly app: EntraApp
  readonly user: EntraUser
  readonly issuer: string
  readonly nonce: string | null
  readonly version: '1.0' | '2.0'
}

/**
 * Makes and checks JSON web tokens. node:crypto is used directly and synchronously: a library that signs on a thread pool
 * would let the machine's scheduling into simulations that must repeat exactly.
 */
export interface TokenMint {
  accessToken(wish: AccessWish): { readonly token: string; readonly claims: TokenClaims }
  idToken(wish: IdWish): string
  check(authorization: string | undefined, audience: string): TokenCheck
  jwks(): { readonly keys: readonly Record<string, unknown>[] }
  /** Every access token handed out so far stops being accepted. */
  expireAccessTokens(): void
}

/** `recorded`: tokens carry a constant signature and are known by heart; for simulations that have no time for RSA. */
export type Signatures = 'rs256' | 'recorded'

let shared: { readonly privateKey: KeyObject; readonly publicKey: KeyObject; readonly kid: string } | undefined

function signingKey(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject; readonly kid: string } {
  if (shared === undefined) {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const kid = createHash('sha1')
      .update(pair.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
    shared = { ...pair, kid }
  }
  return shared
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(claims: object, signatures: Signatures): string {
  if (signatures === 'recorded') return `${encode({ typ: 'JWT', alg: 'RS256', kid: 'recorded' })}.${encode(claims)}.cmVjb3JkZWQ`
  const { privateKey, kid } = signingKey()
  const content = `${encode({ typ: 'JWT', alg: 'RS256', x5t: kid, kid })}.${encode(claims)}`
  return `${content}.${sign('RSA-SHA256', Buffer.from(content), privateKey).toString('base64url')}`
}

function parsePart(part: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null // an object was just asked for
  } catch {
    return null
  }
}

export function tokenMint(tenant: Tenant, signatures: Signatures): TokenMint {
  const issued = new Map<string, TokenClaims>()
  const ended = new Set<string>()

  const claimsOf = (token: string): TokenClaims | 'malformed' | 'signature' => {
    const known = issued.get(token)
    if (known !== undefined) return known
    const [header, payload, signature] = token.split('.')
    const claims = parsePart(payload)
    if (parsePart(header) === null || claims === null || signature === undefined) return 'malformed'
    if (signatures === 'recorded') return 'signature'
    const genuine = verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), signingKey().publicKey, Buffer.from(signature, 'base64url'))
    if (!genuine || claims['ver'] !== '1.0') return 'signature'
    const trusted = claims as unknown as TokenClaims // this process signed it, and only ever signs access tokens of version 1.0
    remember(issued, token, trusted)
    return trusted
  }

  return {
    accessToken(wish) {
      const claims = accessClaims(tenant, wish)
      const token = signed(claims, signatures)
      remember(issued, token, claims)
      return { token, claims }
    },

    idToken: (wish) => signed(idClaims(tenant, wish), signatures),

    check(authorization, audience) {
      if (authorization === undefined || authorization === '') return { ok: false, reason: 'missing' }
      const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1]
      if (token === undefined) return { ok: false, reason: 'malformed' }
      const claims = claimsOf(token)
      if (typeof claims === 'string') return { ok: false, reason: claims }
      const nowSeconds = tenant.clock.now() / 1_000
      if (claims.exp <= nowSeconds || ended.has(claims.uti)) return { ok: false, reason: 'expired' }
      if (bareAudience(claims.aud) !== bareAudience(audience)) return { ok: false, reason: 'audience' }
      return { ok: true, claims }
    },

    jwks() {
      const { publicKey, kid } = signingKey()
      return { keys: [{ ...publicKey.export({ format: 'jwk' }), kty: 'RSA', use: 'sig', alg: 'RS256', kid, x5t: kid }] }
    },

    expireAccessTokens() {
      // By name and not by time: a hand-turned clock may stand still while the next token is issued.
      ended.clear()
      for (const claims of issued.values()) ended.add(claims.uti)
    },
  }
}

function accessClaims(tenant: Tenant, { app, user, audience, mfa }: AccessWish): TokenClaims {
  const nowSeconds = Math.floor(tenant.clock.now() / 1_000)
  return {
    aud: audience,
    iss: `https://sts.windows.net/${tenant.tenantId}/`,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + tenant.options.accessTokenSeconds,
    appid: app.clientId,
    tid: tenant.tenantId,
    oid: objectId(user?.email ?? app.clientId),
    ver: '1.0',
    uti: tenant.rng.guid(),
    ...(user === null
      ? { idtyp: 'app' as const }
      : { idtyp: 'user' as const, upn: user.email, scp: 'user_impersonation', amr: mfa ? ['pwd', 'mfa'] : ['pwd'] }),
  }
}

function idClaims(tenant: Tenant, { app, user, issuer, nonce, version }: IdWish): object {
  const nowSeconds = Math.floor(tenant.clock.now() / 1_000)
  return {
    aud: app.clientId,
    iss: issuer,
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 3_600,
    name: user.name ?? user.email,
    oid: objectId(user.email),
    sub: createHash('sha256').update(`${app.clientId}:${user.email}`).digest('base64url'),
    tid: tenant.tenantId,
    preferred_username: user.email,
    upn: user.email,
    email: user.email,
    ver: version,
    ...(nonce === null ? {} : { nonce }),
  }
}

/** The verdict on a client assertion (RFC 7523), `good` or what is wrong with it. */
export function checkAssertion(
  assertion: string,
  expected: { clientId: string; certificates: readonly string[]; tokenUrl: string; nowMs: number },
): 'good' | 'signature' | 'time' | 'audience' {
  const [header, payload, signature] = assertion.split('.')
  const claims = parsePart(payload)
  const algorithm = parsePart(header)?.['alg']
  if (claims === null || signature === undefined || (algorithm !== 'RS256' && algorithm !== 'PS256')) return 'signature'
  const content = Buffer.from(`${header}.${payload}`)
  const bytes = Buffer.from(signature, 'base64url')
  const genuine = expected.certificates.some((pem) => {
    const key = createPublicKey(pem)
    // 6 is RSA_PKCS1_PSS_PADDING; PS256 uses a salt as long as its hash.
    return verify('RSA-SHA256', content, algorithm === 'RS256' ? key : { key, padding: 6, saltLength: 32 }, bytes)
  })
  if (!genuine || claims['iss'] !== expected.clientId || claims['sub'] !== expected.clientId) return 'signature'
  const nowSeconds = expected.nowMs / 1_000
  const { exp, nbf } = claims
  if (typeof exp !== 'number' || exp <= nowSeconds || (typeof nbf === 'number' && nbf > nowSeconds + 300)) return 'time'
  const audiences: readonly unknown[] = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']]
  // The token endpoint, its v1 form, or the issuer are all taken.
  const path = new URL(expected.tokenUrl).pathname
  const tenant = path.split('/')[1] ?? ''
  const tenantOf = (audience: unknown) =>
    typeof audience === 'string' && URL.canParse(audience) ? new URL(audience).pathname.split('/')[1] : null
  const good = audiences.some((audience) => tenantOf(audience) === tenant)
  return good ? 'good' : 'audience'
}
