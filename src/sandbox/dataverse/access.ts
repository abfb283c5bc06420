import type { SimRequest } from '../http.js'
import type { Context } from './emission.js'
import { badQuery, cannotImpersonate, coded, DataverseError, userDisabled, userNotMember } from './errors.js'
import { demand, has } from './privileges.js'
import { fold, type Row } from './row-store.js'
import { list } from './steps.js'
import { isGuid } from './values.js'
import { secondsIso, table as tableNamed, type World } from './world.js'

/** Who checks tokens: the Entra simulator, or a stand-in. */
export type VerifyToken = (authorizationHeader: string | undefined, audience: string) => TokenVerdict

export type TokenVerdict =
  | {
      readonly ok: true
      readonly claims: { readonly appid?: string; readonly oid?: string; readonly upn?: string; readonly idtyp?: string }
    }
  | { readonly ok: false; readonly reason: string }

/** At most this many step ids may be bypassed at once. Source: learn.microsoft.com "Bypass custom Dataverse logic" (read 2023-10). */
const bypassedStepsMax = 3

/** The systemuser behind a token. */
export function authenticate(world: World, verify: VerifyToken, authorization: string | undefined): Row {
  const verdict = verify(authorization, world.options.origin)
  if (!verdict.ok) throw unauthorized(world)
  const users = tableNamed(world, 'systemuser')
  const { appid, oid, upn, idtyp } = verdict.claims
  const isPerson = idtyp !== 'app' && (oid !== undefined || upn !== undefined)
  const [id] = isPerson
    ? [...users.rows.find('azureactivedirectoryobjectid', fold(oid ?? '')), ...users.rows.find('domainname', fold(upn ?? ''))]
    : users.rows.find('applicationid', fold(appid ?? ''))
  const user = id === undefined ? undefined : users.rows.get(id)
  if (user === undefined) throw userNotMember()
  if (user.cells['isdisabled'] === true) throw userDisabled()
  return user
}

/** The answer that tells a caller where to get a token. */
export function unauthorized(world: World): DataverseError {
  const { origin, tenantId } = world.options
  const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize, resource_id=${origin}/`
  return new DataverseError(401, '', '', { 'www-authenticate': challenge })
}

/** Reads from the headers on whose behalf and how a call is made. */
export function contextOf(world: World, caller: Row, headers: SimRequest['headers'], query: ReadonlyMap<string, string>): Context {
  const nowMs = world.clock.now()
  const initiatingUserId = caller.id
  const base: Context = {
    userId: impersonated(world, caller, headers) ?? caller.id,
    initiatingUserId,
    nowMs,
    now: secondsIso(nowMs),
    correlationId: guidHeader(world, headers['x-ms-correlation-id'] ?? headers['x-ms-correlation-request-id']),
    requestId: world.guid(),
    userAgent: headers['user-agent'] ?? '',
    tag: query.get('tag') ?? null,
    bypass: 'none',
    solution: headers['mscrm.solutionuniquename'] ?? null,
    mergeLabels: headers['mscrm.mergelabels']?.toLowerCase() === 'true',
    detectDuplicates: headers['mscrm.suppressduplicatedetection']?.toLowerCase() === 'false',
    trusted: false,
  }
  return { ...base, bypass: bypassOf(world, base, headers) }
}

const guidHeader = (world: World, given: string | undefined): string =>
  given !== undefined && isGuid(given) ? given.toLowerCase() : world.guid()

function impersonated(world: World, caller: Row, headers: SimRequest['headers']): string | null {
  const objectId = headers['callerobjectid']
  const userId = headers['mscrmcallerid']
  const given = objectId ?? userId
  if (given === undefined) return null
  if (objectId !== undefined && userId !== undefined) throw badQuery('CallerObjectId and MSCRMCallerID cannot be used together.')
  if (!has(world, caller.id, 'prvActOnBehalfOfAnotherUser')) throw cannotImpersonate(caller.id)
  const users = tableNamed(world, 'systemuser')
  const user =
    objectId === undefined
      ? users.rows.get(given.toLowerCase())
      : users.rows.get(users.rows.find('azureactivedirectoryobjectid', fold(objectId))[0] ?? '')
  if (user === undefined) throw coded(403, '0x80072560', `The user ${given} is not a member of the organization.`)
  if (user.cells['isdisabled'] === true) throw userDisabled()
  return user.id
}

function bypassOf(world: World, context: Context, headers: SimRequest['headers']): Context['bypass'] {
  if (headers['mscrm.bypasscustompluginexecution']?.toLowerCase() === 'true') demand(world, context, 'prvBypassCustomPlugins')
  const logic = headers['mscrm.bypassbusinesslogicexecution']
  const steps = headers['mscrm.bypassbusinesslogicexecutionstepids']
  if (logic === undefined && steps === undefined) return 'none'
  demand(world, context, 'prvBypassCustomBusinessLogic')
  if (steps !== undefined) {
    const ids = list(steps.toLowerCase())
    if (ids.length > bypassedStepsMax)
      throw coded(400, '0x80040203', `At most ${bypassedStepsMax} step ids can be bypassed in one request.`)
    return { steps: ids }
  }
  const kinds = list(logic ?? '')
  for (const kind of kinds)
    if (kind !== 'CustomSync' && kind !== 'CustomAsync') throw coded(400, '0x80040203', `'${kind}' is not a kind of business logic.`)
  // Webhook steps are asynchronous custom logic; skipping synchronous logic alone leaves them.
  return kinds.includes('CustomAsync') ? 'custom-async' : 'none'
}
