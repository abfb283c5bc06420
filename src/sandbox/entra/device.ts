import type { SimRequest, SimResponse } from '../http.js'
import { personOf, remember, type DeviceGrant, type Tenant } from './model.js'
import { escaped, page, personForm } from './pages.js'
import { jsonAnswer, refusals } from './refusal.js'
import { required, wanted, type Asked } from './request.js'

const letters = 'BCDFGHJKLMNPQRSTVWXZ23456789' // no vowels and no look-alikes, so that codes spell nothing

/** Starts a device code sign-in. */
export function startDevice(tenant: Tenant, request: Asked): SimResponse {
  const clientId = required(request.form, 'client_id')
  const app = tenant.apps.get(clientId.toLowerCase())
  if (app === undefined) throw refusals.clientUnknown(clientId)
  const wish = wanted(tenant, request)
  const { deviceCodeSeconds, deviceIntervalSeconds } = tenant.options
  const userCode = Array.from({ length: 9 }, () => letters.charAt(tenant.rng.int(letters.length))).join('')
  const deviceCode = `D${tenant.rng.guid()}${tenant.rng.guid()}`
  remember(tenant.devices, deviceCode, {
    clientId: app.clientId,
    userCode,
    audience: wish.audience,
    scopes: wish.identity,
    expiresAtMs: tenant.clock.now() + deviceCodeSeconds * 1_000,
    intervalMs: deviceIntervalSeconds * 1_000,
    lastPollMs: null,
    state: { kind: 'pending' },
  })
  const address = `${request.base}/devicelogin`
  return jsonAnswer(200, {
    user_code: userCode,
    device_code: deviceCode,
    ...(request.version === 'v1' ? { verification_url: address } : { verification_uri: address }),
    expires_in: request.version === 'v1' ? String(deviceCodeSeconds) : deviceCodeSeconds,
    interval: request.version === 'v1' ? String(deviceIntervalSeconds) : deviceIntervalSeconds,
    message: `To sign in, use a web browser to open the page ${address} and enter the code ${userCode} to authenticate.`,
  })
}

function grantOf(tenant: Tenant, userCode: string): DeviceGrant | undefined {
  const wantedCode = userCode.trim().toUpperCase()
  for (const grant of tenant.devices.values()) if (grant.userCode === wantedCode) return grant
  return undefined
}

export type DeviceAnswer = { readonly kind: 'declined' } | { readonly kind: 'approved'; readonly email: string }

/** Approves or declines a device by its user code. Returns what went wrong, or null. */
export function answerDevice(tenant: Tenant, userCode: string, answer: DeviceAnswer): string | null {
  const grant = grantOf(tenant, userCode)
  if (grant === undefined || grant.state.kind !== 'pending') return 'That code did not work. Check the code and try again.'
  if (tenant.clock.now() >= grant.expiresAtMs) return 'That code has expired. Start again on the device.'
  if (answer.kind === 'approved') {
    const person = personOf(tenant, answer.email)
    if (person === undefined) return `Nobody here is called ${answer.email}.`
    grant.state = { kind: 'approved', email: person.email }
  } else {
    grant.state = { kind: 'declined' }
  }
  return null
}

/** The page where a person types the code and chooses who to be. */
export function devicePage(tenant: Tenant, request: SimRequest): SimResponse {
  const query = new URLSearchParams(request.path.split('?')[1] ?? '')
  const form = request.method === 'POST' ? new URLSearchParams(request.body.toString('utf8')) : query
  const userCode = form.get('user_code') ?? form.get('otc') ?? ''
  const email = form.get('sandbox_person')
  const title = 'Sign in on a device'
  const trouble = (text: string) => page(400, title, `<p role="alert">${escaped(text)}</p>`)
  if (request.method === 'POST' && (email !== null || form.get('sandbox_decline') !== null)) {
    const problem = answerDevice(tenant, userCode, email === null ? { kind: 'declined' } : { kind: 'approved', email })
    if (problem !== null) return trouble(problem)
    return page(200, email === null ? 'You declined' : 'You are signed in', '<p>Return to the device. You may close this window.</p>')
  }
  if (userCode === '') {
    const field = '<label>Code shown on the device<input name="user_code" autofocus autocomplete="off"></label>'
    return page(200, title, `<form method="get">${field}<button>Next</button></form>`)
  }
  const grant = grantOf(tenant, userCode)
  if (grant === undefined) return trouble('That code did not work. Check the code and try again.')
  const people = personForm('/devicelogin', { user_code: grant.userCode }, [...tenant.users.values()])
  return page(200, title, `<p>Choose a demo person for code ${escaped(grant.userCode)}.</p>${people}`)
}
