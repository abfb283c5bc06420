import type { SimRequest, SimResponse } from '../http.js'
import { personOf, remember, type EntraApp, type Tenant } from './model.js'
import { escaped, page, personForm } from './pages.js'
import { Refusal, refusals } from './refusal.js'
import { demandConsent, wantedV1, wantedV2 } from './request.js'

/** The sign-in page of the authorization code flow: GET shows it, POST is the click on a person. */
export function authorize(tenant: Tenant, request: SimRequest, about: { version: 'v1' | 'v2'; path: string }): SimResponse {
  const query = new URLSearchParams(request.path.split('?')[1] ?? '')
  const form = request.method === 'POST' ? new URLSearchParams(request.body.toString('utf8')) : query
  const app = tenant.apps.get((form.get('client_id') ?? '').toLowerCase())
  const redirectUri = form.get('redirect_uri') ?? ''
  // Neither an unknown app nor an unknown address is ever sent a redirect: the person sees the reason instead.
  if (app === undefined) return refusedPage(refusals.clientUnknown(form.get('client_id') ?? ''))
  if (!mayRedirect(app, redirectUri)) return refusedPage(refusals.redirectUnknown(redirectUri))
  const back = (values: Record<string, string>) => redirect(redirectUri, form, values)
  const fail = (error: string, text: string) => back({ error, error_description: text })
  if (form.get('response_type') !== 'code') return fail('unsupported_response_type', 'AADSTS700054: only response_type code is offered.')
  const challenge = challengeOf(form)
  if (challenge === 'invalid') return fail('invalid_request', 'AADSTS501491: code_challenge or its method is not valid.')
  if (form.get('sandbox_decline') !== null) return fail('access_denied', 'AADSTS65004: the person declined to consent.')
  try {
    const wish = about.version === 'v1' ? wantedV1(tenant, form) : wantedV2(tenant, form)
    const email = form.get('sandbox_person') ?? tenant.options.signInAs
    if (email === null) {
      if (form.get('prompt') === 'none') return fail('login_required', 'AADSTS50058: nobody is signed in.')
      return choose(tenant, app, form, about.path)
    }
    const person = personOf(tenant, email)
    if (person === undefined) return choose(tenant, app, form, about.path)
    if (wish.audience !== null) demandConsent(app, wish.audience)
    const code = `0.${tenant.rng.guid()}${tenant.rng.guid()}`
    remember(tenant.codes, code, {
      clientId: app.clientId,
      email: person.email,
      redirectUri,
      audience: wish.audience,
      scopes: wish.identity,
      nonce: form.get('nonce'),
      challenge,
      expiresAtMs: tenant.clock.now() + tenant.options.authorizationCodeSeconds * 1_000,
      redeemed: false,
    })
    return back({ code, session_state: tenant.rng.guid() })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return back({ error: error.error, error_description: `AADSTS${error.code}: ${error.message}` })
  }
}

function challengeOf(form: URLSearchParams): { method: 'S256' | 'plain'; value: string } | null | 'invalid' {
  const value = form.get('code_challenge')
  if (value === null) return null
  const method = form.get('code_challenge_method') ?? 'plain'
  if ((method !== 'S256' && method !== 'plain') || value.length < 43 || value.length > 128) return 'invalid'
  return { method, value }
}

/** Registered addresses must match exactly; loopback addresses match on any port, as Entra does for native apps. */
function mayRedirect(app: EntraApp, uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { hostname, protocol, pathname } = new URL(uri)
  const loopback = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  if (app.redirectUris === undefined) return loopback
  return app.redirectUris.some((known) => {
    if (known === uri) return true
    if (!loopback || protocol !== 'http:' || !URL.canParse(known)) return false
    const registered = new URL(known)
    return registered.protocol === 'http:' && registered.hostname === hostname && registered.pathname === pathname
  })
}

function redirect(uri: string, form: URLSearchParams, values: Record<string, string>): SimResponse {
  const state = form.get('state')
  const all = state === null ? values : { ...values, state }
  const mode = form.get('response_mode') ?? 'query'
  if (mode === 'form_post') {
    const fields = Object.entries(all).map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    const content = `<form method="post" action="${escaped(uri)}">${fields.join('')}<button>Continue</button></form>`
    return page(200, 'Signing in', `${content}<script>document.forms[0].submit()</script>`)
  }
  const encoded = new URLSearchParams(all).toString()
  const location = mode === 'fragment' ? `${uri}#${encoded}` : `${uri}${uri.includes('?') ? '&' : '?'}${encoded}`
  return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' }
}

function choose(tenant: Tenant, app: EntraApp, form: URLSearchParams, action: string): SimResponse {
  const hint = form.get('login_hint')?.toLowerCase()
  const people = [...tenant.users.values()].sort((a, b) => Number(b.email.toLowerCase() === hint) - Number(a.email.toLowerCase() === hint))
  const hidden = Object.fromEntries([...form].filter(([name]) => !name.startsWith('sandbox_')))
  const question = `<p>${escaped(app.name ?? app.clientId)} asks you to sign in. Choose a demo person.</p>`
  return page(200, 'Sign in', `${question}${personForm(action, hidden, people)}`)
}

function refusedPage(refusal: Refusal): SimResponse {
  return page(400, 'Sign-in failed', `<p>AADSTS${refusal.code}: ${escaped(refusal.message)}</p>`)
}
