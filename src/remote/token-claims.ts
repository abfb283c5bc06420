import type { Instant } from '../core/ref.js'

/** What a token says about itself. Not verified: shown to people, never trusted. */
export interface TokenClaims {
  readonly user: string | null
  readonly tenant: string | null
  readonly audience: string | null
  /** How the user signed in; `mfa` stands for a second factor. */
  readonly methods: readonly string[]
  /** What the token may be used for: of a person its scopes, of an application its roles. */
  readonly scopes: readonly string[]
  readonly expiresAt: Instant | null
}

const nothing: TokenClaims = { user: null, tenant: null, audience: null, methods: [], scopes: [], expiresAt: null }

export function claimsOf(token: string): TokenClaims {
  const payload = payloadOf(token)
  if (payload === null) return nothing
  const text = (name: string): string | null => (typeof payload[name] === 'string' ? payload[name] : null)
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [])
  return {
    user: text('upn') ?? text('preferred_username') ?? text('unique_name') ?? text('email'),
    tenant: text('tid'),
    audience: text('aud'),
    methods: texts(payload['amr']),
    scopes: [...(text('scp') ?? '').split(' ').filter((scope) => scope !== ''), ...texts(payload['roles'])],
    expiresAt: typeof payload['exp'] === 'number' ? payload['exp'] * 1000 : null,
  }
}

function payloadOf(token: string): Readonly<Record<string, unknown>> | null {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    return typeof payload === 'object' && payload !== null ? (payload as Record<string, unknown>) : null // any object has string keys
  } catch {
    return null
  }
}
