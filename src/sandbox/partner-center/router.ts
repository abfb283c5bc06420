import type { Faults } from '../faults.js'
import type { SimHandler, SimRequest, SimResponse } from '../http.js'
import type { WebhookSigner } from '../signing.js'
import { withFault } from '../with-faults.js'
import type { Caller, Gate, Note } from './access.js'
import { empty, faultAnswer, platformResponse, referralsResponse, refusalAnswer, requestIds, type Answer } from './answers.js'
import type { Call, callLog } from './calls.js'
import { createReferral } from './create.js'
import type { Deliveries } from './deliveries.js'
import { listReferrals } from './listing.js'
import { patchReferral, seenBy } from './patch.js'
import { compliance, isPersonalProfile, profile, type ProfileFacts } from './profiles.js'
import { isMarketplaceLead, type Referral } from './model.js'
import { invalid, notFound, PlatformRefused, Refused, Throttled } from './refusal.js'
import { TRIGGER_PATH, triggerEvent } from './trigger.js'
import type { WebhookApi } from './webhook-registration.js'
import { referralJson } from './wire.js'
import type { World } from './world.js'

interface Parts {
  readonly guard: Gate
  readonly webhook: WebhookApi
  readonly calls: ReturnType<typeof callLog>
  readonly faults: Faults
  readonly facts: ProfileFacts
  readonly signer: WebhookSigner
  readonly deliveries: Deliveries
}

const referralsPath = '/v1.0/engagements/referrals'

/** One handler for both hosts: the path tells which of them is meant, and so which audience and which error bodies. */
export function router(world: World, parts: Parts): SimHandler {
  const nextId = requestIds()
  const overQuota = quota(world)
  return async (request) => {
    const [path = '/'] = request.path.split('?')
    // Certificates are public files on a storage host: no token, no faults of the API.
    if (path.startsWith('/cert/')) return certificate(parts.signer, request.method, path)
    if (path === TRIGGER_PATH) return triggerEvent(world, parts.deliveries, request)
    world.baseOf(request) // remembers under which address callers know this host
    const requestId = nextId()
    const area = path.startsWith('/v1.0/') ? 'referrals' : 'platform'
    const finish = area === 'referrals' ? referralsResponse : platformResponse
    const log = (status: number, caller: Caller | null): void => parts.calls.add(callOf(world, request, { status, requestId, caller }))
    const rule = parts.faults.draw({ method: request.method, path: request.path })
    let logged = false
    const response = await withFault(rule, {
      clock: world.clock,
      carryOut: () => {
        let caller: Caller | null = null
        const note: Note = (known) => (caller = known)
        const answer = guarded(() => {
          overQuota()
          return (area === 'referrals' ? referrals : platform)(world, { ...parts, note }, request, path)
        })
        log(answer.status, caller)
        logged = true
        return finish(world, request, withMfaEcho(request, answer, caller), requestId)
      },
      refuse: (refused) => finish(world, request, faultAnswer(area, refused), requestId),
    })
    if (!logged) log(response.status, null)
    return response
  }
}

function guarded(work: () => Answer): Answer {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refused || error instanceof PlatformRefused || error instanceof Throttled) return refusalAnswer(error)
    throw error
  }
}

function callOf(world: World, request: SimRequest, about: { status: number; requestId: string; caller: Caller | null }): Call {
  const { status, requestId, caller } = about
  return {
    method: request.method,
    path: request.path,
    status,
    atMs: world.clock.now(),
    requestId,
    ifMatch: request.headers['if-match'] ?? null,
    clientRequestId: request.headers['client-request-id'] ?? request.headers['ms-correlationid'] ?? null,
    appId: caller?.appId ?? null,
    email: caller?.email ?? null,
    mfa: caller?.mfa ?? false,
  }
}

type Noted = Parts & { readonly note: Note }

function referrals(world: World, { guard, note }: Noted, request: SimRequest, path: string): Answer {
  const caller = guard.referrals(request, note)
  const plain = path.replace(/\/+$/, '') // the published OpenAPI declares one address three times, with trailing slashes
  if (plain === referralsPath) {
    if (request.method === 'GET') return listReferrals(world, caller, request)
    if (request.method === 'POST') return shown(world, request, createReferral(world, bodyOf(request)), world.options.createStatus)
    throw notOffered(request.method, plain)
  }
  const id = /^\/v1\.0\/engagements\/referrals\/([^/]+)$/.exec(plain)?.[1]
  if (id === undefined) throw new Refused({ status: 404, code: 'itemNotFound', message: `There is nothing at '${path}'.`, target: 'uri' })
  if (request.method === 'GET') {
    const found = seenBy(world, caller, id)
    if (isMarketplaceLead(found) && world.options.marketplaceLeads === 'off') throw notFound(id)
    const read = world.store.shown(found)
    if (read === null) throw notFound(id)
    return shown(world, request, read, 200)
  }
  if (request.method === 'PATCH') {
    const changed = patchReferral(world, caller, { id, request, body: bodyOf(request) })
    const wantsBody = /\breturn=representation\b/.test(request.headers['prefer'] ?? '')
    return wantsBody && world.options.preferRepresentation === 'honoured' ? shown(world, request, changed, 200) : empty(204, changed.eTag)
  }
  // PUT was replaced by PATCH in 2020; deleting was never possible.
  throw notOffered(request.method, plain)
}

function shown(world: World, request: SimRequest, referral: Referral, status: number): Answer {
  return { status, json: referralJson(world, referral, world.baseOf(request), 'entity'), eTag: referral.eTag }
}

const notOffered = (method: string, path: string): Refused =>
  new Refused({ status: 405, code: 'invalidRequest', message: `The method ${method} is not allowed on '${path}'.`, target: 'method' })

function bodyOf(request: SimRequest): unknown {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') {
    const message = `The content type '${type}' is not supported: use application/json.`
    throw new Refused({ status: 415, code: 'invalidRequest', message, target: 'body' })
  }
  try {
    return JSON.parse(request.body.toString('utf8'))
  } catch {
    throw invalid('The body is not valid JSON.', 'body')
  }
}

function platform(world: World, parts: Noted, request: SimRequest, path: string): Answer {
  if (path.startsWith('/webhooks/')) {
    parts.guard.webhooks(request, parts.note)
    return parts.webhook.handle(request.method, path, looseBody(world, request))
  }
  parts.guard.platform(request, parts.note, isPersonalProfile(path) ? 'people' : 'people-and-apps')
  if (request.method !== 'GET') throw new PlatformRefused({ status: 405, code: 405, message: `${request.method} ${path} is not offered.` })
  const answer = profile(world, parts.facts, new URL(request.path, 'http://sandbox')) ?? compliance(world, parts.calls, path)
  if (answer === null) throw new PlatformRefused({ status: 404, code: 404, message: `There is nothing at '${path}'.` })
  return answer
}

function looseBody(world: World, request: SimRequest): unknown {
  if (request.body.length === 0) {
    const named = request.method !== 'GET' && (request.headers['content-type'] ?? '') !== ''
    if (named && world.options.typeWithoutBody === 'refused') throw new PlatformRefused({ status: 400, code: 400, message: 'The body is empty.' })
    return {}
  }
  try {
    return JSON.parse(request.body.toString('utf8'))
  } catch {
    throw new PlatformRefused({ status: 400, code: 400, message: 'The body is not valid JSON.' })
  }
}

/** Whoever sends `ValidateMfa: true` is told whether the token would pass. */
function withMfaEcho(request: SimRequest, answer: Answer, caller: Caller | null): Answer {
  if (request.headers['validatemfa']?.toLowerCase() !== 'true' || caller === null) return answer
  return { ...answer, headers: { ...answer.headers, ismfacompliant: String(caller.mfa) } }
}

function quota(world: World): () => void {
  let windowStartMs = Number.NEGATIVE_INFINITY
  let used = 0
  return () => {
    const { quota: limit } = world.options
    if (limit === null) return
    const nowMs = world.clock.now()
    if (nowMs - windowStartMs >= limit.windowMs) {
      windowStartMs = nowMs
      used = 0
    }
    used += 1 // refused calls count too, as Microsoft's throttling guidance says
    if (used > limit.requests) throw new Throttled(Math.max(1, Math.ceil((windowStartMs + limit.windowMs - nowMs) / 1_000)))
  }
}

function certificate(signer: WebhookSigner, method: string, path: string): SimResponse {
  if (method !== 'GET' || path !== `/cert/${signer.certificateName}.cer`) {
    return { status: 404, headers: { 'content-type': 'application/xml' }, body: '<Error><Code>ResourceNotFound</Code></Error>' }
  }
  return { status: 200, headers: { 'content-type': 'application/x-x509-ca-cert' }, body: signer.certificate() }
}
