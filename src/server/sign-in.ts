import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as openid from 'openid-client'
import type { Clock } from '../core/ports.js'
import type { Logger } from '../log.js'
import type { Role } from './principal.js'
import { signInPage } from './sign-in-pages.js'
import { isLoopbackName } from './loopback.js'
import type { Sessions } from './sessions.js'

export interface SignInSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly roles: { readonly [R in Role]: readonly string[] }
  /** How requests to the provider leave; null: the runtime's own way. */
  readonly fetch: openid.CustomFetch | null
}
export interface SignInDeps {
  readonly settings: SignInSettings | null
  readonly sessions: Sessions
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  /** The address people use, without a slash at its end. */
  readonly origin: () => string
}

/** A sign-in that a browser was sent away for. Bound to that browser by a cookie, to the answer by state and nonce, to us by PKCE. */
interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly returnTo: string
  readonly until: number
}

const pendingMs = 10 * 60_000
const pendingMost = 1_000
const providerTimeoutSeconds = 10
const pendingCookie = 'cosell_sign_in'
const callback = '/auth/callback'

/** People sign in with the company's OpenID Connect provider. Its tokens are used here once and never reach the browser. */
export function signInRoutes(app: FastifyInstance, deps: SignInDeps): void {
  const open = { config: { access: { kind: 'public' } as const } }
  const pending = new Map<string, Pending>()
  const provider = lazyProvider(deps.settings)
  const cookieOptions = () => ({ path: '/auth', httpOnly: true, sameSite: 'lax' as const, secure: deps.origin().startsWith('https:') })

  app.get('/auth/sign-in', open, async (request, reply) => {
    if (deps.settings === null)
      return signInPage(request, reply, { kind: 'not-set-up' })
    const known = await reached(provider, deps.log)
    if (known === null)
      return signInPage(request, reply, { kind: 'not-now' })
    const begun = await begin(known, deps, localPath(request))
    if (pending.size >= pendingMost) dropOldest(pending)
    const key = randomBytes(16).toString('base64url')
    pending.set(key, begun.pending)
    return reply.setCookie(pendingCookie, key, { ...cookieOptions(), maxAge: pendingMs / 1_000 }).redirect(begun.url, 303)
  })

  app.get(callback, open, async (request, reply) => {
    const key = request.cookies[pendingCookie] ?? ''
    const known = pending.get(key)
    pending.delete(key)
    void reply.clearCookie(pendingCookie, cookieOptions())
    if (deps.settings === null || known === undefined || known.until < deps.clock.now()) {
      return signInPage(request, reply, { kind: 'over' })
    }
    return finish(await provider(), deps, { known, request, reply })
  })

  app.post('/auth/sign-out', { config: { access: { kind: 'role', role: 'viewer' } } }, (request, reply) => {
    deps.sessions.close(request, reply)
    return reply.code(204).send()
  })
}

function dropOldest(pending: Map<string, Pending>): void {
  const oldest = pending.keys().next()
  if (oldest.done === false) pending.delete(oldest.value)
}

/** Where to go afterwards: a path of ours. `//host` and `/\host` are addresses of others to a browser. */
function localPath(request: FastifyRequest): string {
  const given = new URL(request.url, 'http://cosell').searchParams.get('returnTo') ?? '/'
  return /^\/(?![/\\])[^\\\s]*$/.test(given) ? given : '/'
}

/** Asked for once it is needed and kept: the service starts while the provider is away. */
function lazyProvider(settings: SignInSettings | null): () => Promise<openid.Configuration> {
  let found: Promise<openid.Configuration> | null = null
  return async () => {
    if (settings === null) throw new Error('Sign-in is not configured.')
    found ??= discover(settings)
    try {
      return await found
    } catch (error) {
      found = null
      throw error
    }
  }
}

async function reached(provider: () => Promise<openid.Configuration>, log: Logger): Promise<openid.Configuration | null> {
  try {
    return await provider()
  } catch (error) {
    log.warn({ err: error }, 'the sign-in provider does not answer as it should')
    return null
  }
}

function discover(settings: SignInSettings): Promise<openid.Configuration> {
  const issuer = new URL(settings.issuer)
  // The configuration takes plain http for this machine only.
  const plain = issuer.protocol === 'http:' && isLoopbackName(issuer.hostname)
  return openid.discovery(issuer, settings.clientId, undefined, openid.ClientSecretPost(settings.clientSecret), {
    timeout: providerTimeoutSeconds,
    // The signature of the id token is checked too, although it comes straight from the provider.
    execute: [openid.enableNonRepudiationChecks, ...(plain ? [openid.allowInsecureRequests] : [])],
    ...(settings.fetch === null ? {} : { [openid.customFetch]: settings.fetch }),
  })
}

async function begin(provider: openid.Configuration, deps: SignInDeps, returnTo: string): Promise<{ url: string; pending: Pending }> {
  const verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  const nonce = openid.randomNonce()
  const url = openid.buildAuthorizationUrl(provider, {
    redirect_uri: `${deps.origin()}${callback}`,
    scope: 'openid profile email',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  return { url: url.href, pending: { state, nonce, verifier, returnTo, until: deps.clock.now() + pendingMs } }
}

interface Answered {
  readonly known: Pending
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

async function finish(provider: openid.Configuration, deps: SignInDeps, { known, request, reply }: Answered): Promise<FastifyReply> {
  let claims: openid.IDToken | undefined
  try {
    const tokens = await openid.authorizationCodeGrant(provider, new URL(`${deps.origin()}${request.url}`), {
      expectedState: known.state,
      expectedNonce: known.nonce,
      pkceCodeVerifier: known.verifier,
      idTokenExpected: true,
    })
    claims = tokens.claims()
  } catch (error) {
    deps.log.warn({ request_id: request.id, error: error instanceof Error ? error.message : String(error) }, 'a sign-in failed')
    return signInPage(request, reply, { kind: 'failed', requestId: request.id })
  }
  const person = claims === undefined ? null : personOf(claims, deps.settings?.roles ?? { admin: [], operator: [], viewer: [] })
  if (person === null || person.role === null) {
    deps.log.warn({ request_id: request.id, person: person?.name }, 'somebody signed in who has no role here')
    return signInPage(request, reply, { kind: 'no-role', person: person?.name ?? null })
  }
  deps.sessions.open(reply, { name: person.name, role: person.role })
  deps.log.info({ request_id: request.id, person: person.name, role: person.role }, 'signed in')
  return reply.redirect(known.returnTo, 303)
}

const ordered: readonly Role[] = ['admin', 'operator', 'viewer']

/**
 * The highest role that one of the person's roles, groups or names is given. An e-mail address counts only when the provider says that it was
 * verified: in Entra ID people can set theirs to anything.
 */
export function personOf(claims: Readonly<Record<string, unknown>>, roles: SignInSettings['roles']): { name: string; role: Role | null } {
  const text = (name: string): string[] => (typeof claims[name] === 'string' && claims[name] !== '' ? [claims[name]] : [])
  const list = (name: string): string[] => {
    const value: unknown = claims[name]
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : text(name)
  }
  const names = [...text('preferred_username'), ...text('upn'), ...(claims['email_verified'] === true ? text('email') : [])]
  const held = new Set([...list('roles'), ...list('groups'), ...names].map((item) => item.toLowerCase()))
  const role = ordered.find((candidate) => roles[candidate].some((item) => held.has(item.toLowerCase()))) ?? null
  return { name: (names[0] ?? text('name')[0] ?? text('sub')[0] ?? 'somebody').slice(0, 120), role }
}
