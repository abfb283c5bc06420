import type { SimRequest } from '../http.js'
import { bareAudience, knowsAudience, type EntraApp, type Tenant } from './model.js'
import { refusals } from './refusal.js'
import { checkAssertion } from './tokens.js'

/** One request to the token or device endpoint, taken apart. */
export interface Asked {
  readonly version: 'v1' | 'v2'
  /** The tenant segment of the path as it was written. */
  readonly tenantPath: string
  readonly base: string
  readonly form: URLSearchParams
  readonly authorization: string | null
}

export function asked(request: SimRequest, about: { version: 'v1' | 'v2'; tenantPath: string; base: string }): Asked {
  return { ...about, form: new URLSearchParams(request.body.toString('utf8')), authorization: request.headers['authorization'] ?? null }
}

export function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null || value === '') throw refusals.parameterMissing(name)
  return value
}

/** Finds the app and, for confidential apps, checks its secret or its signed assertion. */
export function authenticateApp(tenant: Tenant, { form, authorization, base, tenantPath }: Asked): EntraApp {
  const basic = basicCredentials(authorization)
  const clientId = basic?.clientId ?? required(form, 'client_id')
  const secret = basic?.secret ?? form.get('client_secret')
  const app = tenant.apps.get(clientId.toLowerCase())
  if (app === undefined) throw refusals.clientUnknown(clientId)
  const assertion = form.get('client_assertion')
  if (assertion !== null) {
    const verdict = checkAssertion(assertion, {
      clientId: app.clientId,
      certificates: app.certificates ?? [],
      tokenUrl: `${base}/${tenantPath}/oauth2/v2.0/token`,
      nowMs: tenant.clock.now(),
    })
    if (verdict === 'signature') throw refusals.assertionSignature()
    if (verdict === 'time') throw refusals.assertionTime()
    if (verdict === 'audience') throw refusals.assertionAudience()
    return app
  }
  if (secret !== null && secret !== '') {
    if (app.secret === null || secret !== app.secret) throw refusals.secretWrong(clientId)
    if (app.secretExpiresAtMs !== undefined && tenant.clock.now() >= app.secretExpiresAtMs) throw refusals.secretExpired(clientId)
    return app
  }
  if (app.secret !== null || (app.certificates ?? []).length > 0) throw refusals.secretMissing()
  return app
}

function basicCredentials(authorization: string | null): { clientId: string; secret: string } | null {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  const [clientId = '', secret = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  // RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
  const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
  return { clientId: plain(clientId), secret: plain(secret) }
}

/** What a request wants a token for. `audience` null: nothing but who the person is. */
export interface Wanted {
  readonly audience: string | null
  /** The scopes that are no resource: openid, profile, offline_access. */
  readonly identity: readonly string[]
  /** The resource scope as it was written, for the answer. */
  readonly resourceScope: string | null
}

const identityScopes = new Set(['openid', 'profile', 'email', 'offline_access'])

export function wantedV1(tenant: Tenant, form: URLSearchParams): Wanted {
  const resource = form.get('resource')
  const identity = (form.get('scope') ?? '').split(/\s+/).filter((scope) => identityScopes.has(scope))
  if (resource === null || resource === '') return { audience: null, identity, resourceScope: null }
  if (!knowsAudience(tenant, resource)) throw refusals.resourceUnknown(resource)
  return { audience: resource, identity, resourceScope: 'user_impersonation' }
}

export function wantedV2(tenant: Tenant, form: URLSearchParams): Wanted {
  const scopes = (form.get('scope') ?? '').split(/\s+/).filter((scope) => scope !== '')
  const identity = scopes.filter((scope) => identityScopes.has(scope))
  const resources = scopes.filter((scope) => !identityScopes.has(scope))
  const audiences = new Set<string>()
  for (const scope of resources) {
    const parts = /^(https?:\/\/[^\s]+|api:\/\/[^\s]+|[0-9a-f-]{36})\/([^/\s]+)$/i.exec(scope)
    if (parts?.[1] === undefined) throw refusals.scopeInvalid(scope)
    if (!knowsAudience(tenant, parts[1])) throw refusals.resourceUnknown(parts[1])
    audiences.add(parts[1])
  }
  // One token has one audience: Entra refuses scopes of two resources in one request.
  if (audiences.size > 1) throw refusals.scopeInvalid(resources.join(' '))
  const [audience] = audiences
  return { audience: audience ?? null, identity, resourceScope: resources.length === 0 ? null : resources.join(' ') }
}

export function wanted(tenant: Tenant, request: Asked): Wanted {
  return request.version === 'v1' ? wantedV1(tenant, request.form) : wantedV2(tenant, request.form)
}

export function demandConsent(app: EntraApp, audience: string): void {
  const consented = app.kind === 'delegated' && app.consents.some((known) => bareAudience(known) === bareAudience(audience))
  if (!consented) throw refusals.consentMissing(`'${app.clientId}' for '${audience}'`)
}
