import type { SimRequest } from '../http.js'
import { isAdmin, isOwn, maySee, type Caller } from './access.js'
import { listProblems } from './create-rules.js'
import { registrationOf, registrationPaths, registrationProblems, registrationShape } from './deal-registration.js'
import type { Loose } from './drafts.js'
import { msft, type DealRegistration, type Referral } from './model.js'
import { listedPaths, unlistedPaths, withChange, type PatchPath } from './patch-paths.js'
import { denied, invalid, notFound, Refused } from './refusal.js'
import { bind, type Shape } from './shapes.js'
import { editProblems, stageProblem, withStageDates } from './transitions.js'
import type { World } from './world.js'

interface Operation {
  readonly op: 'add' | 'replace'
  readonly path: string
  readonly value: unknown
}

/** The referral a caller may read, or the documented refusal. */
export function seenBy(world: World, caller: Caller, id: string): Referral {
  const referral = world.store.get(id)
  if (referral === undefined) throw notFound(id)
  if (maySee(world, caller, referral)) return referral
  throw world.options.outOfScopeStatus === 404 ? notFound(id) : denied(`The referral '${id}' is outside the scope of the caller.`)
}

/**
 * `PATCH /referrals/{id}`: all operations or none.
 * Source: learn.microsoft.com/partner-center/developer/patch-a-referral, read 2023-10.
 */
export function patchReferral(world: World, caller: Caller, about: { id: string; request: SimRequest; body: unknown }): Referral {
  const before = seenBy(world, caller, about.id)
  if (!isOwn(world, before)) throw denied(`The referral '${about.id}' belongs to ${before.organizationName}: only its owner may change it.`)
  if (!isAdmin(caller) && world.options.referralsUser === 'reads-own') throw denied('The role "Referrals user" may not change referrals.')
  demandMatch(world, before, about.request.headers['if-match'])
  const operations = operationsOf(about.body)
  let after = before
  for (const operation of operations) after = applied(world, after, operation, before)
  const marked = mark(world, after, about.request)
  return commitEdit(world, before, marked)
}

function demandMatch(world: World, { eTag, id }: Referral, condition: string | undefined): void {
  if (condition === undefined || condition === '*' || condition === eTag) return
  throw new Refused({
    status: world.options.conflictStatus,
    code: 'resourceModified',
    message: `The referral '${id}' was modified since it was read: the value of If-Match is not its current eTag.`,
  })
}

/** Checks an edit by the owner and writes it. The portal and the API both come through here. */
export function commitEdit(world: World, before: Referral, after: Referral): Referral {
  const members = world.store.ofEngagement(before.engagementId)
  const helpAsked = members.some((other) => other.organizationId === msft && other.id !== before.id)
  const stage = stageProblem(before, after, world.options)
  const problems = [
    ...(stage === null ? [] : [stage]),
    ...editProblems(before, after, { helpAsked }),
    ...(before.details === after.details && before.team === after.team ? [] : listProblems(after, world.options)),
  ]
  if (problems.length > 0) throw invalid(problems.join('; '))
  return world.store.replace(withStageDates(before, after, world.store.now()))
}

function mark(world: World, after: Referral, request: SimRequest): Referral {
  const callerId = request.headers['x-caller-id']
  return world.options.callerMark === 'last-modified-via' && callerId !== undefined ? { ...after, lastModifiedVia: callerId } : after
}

function operationsOf(body: unknown): readonly Operation[] {
  if (!Array.isArray(body) || body.length === 0) throw invalid('The body must be an array of at least one operation.', 'patch')
  return body.map((item: unknown) => {
    if (typeof item !== 'object' || item === null) throw invalid('An operation must be an object.', 'patch')
    const { op, path, value, ...rest } = item as Record<string, unknown> // an object, as was just seen
    if (op !== 'add' && op !== 'replace') throw invalid(`The operation '${String(op)}' is not supported: use replace or add.`, 'patch')
    if (typeof path !== 'string') throw invalid('An operation needs a path.', 'patch')
    if (!('value' in item)) throw invalid(`The operation on '${path}' needs a value.`, 'patch')
    const [extra] = Object.keys(rest)
    if (extra !== undefined) throw invalid(`The property '${extra}' does not exist on an operation.`, 'patch')
    return { op, path, value }
  })
}

function applied(world: World, referral: Referral, operation: Operation, before: Referral): Referral {
  const { op, path } = operation
  if (path.startsWith('/registrations/')) return registrationApplied(world, referral, operation)
  if (before.status === 'Closed') throw invalid(`The referral is closed: '${path}' cannot be changed any more.`, path)
  const known = listedPaths.get(path) ?? (world.options.unlistedPatchPath === 'accepted' ? unlistedPaths.get(path) : undefined)
  if (known === undefined) throw invalid(`The path '${path}' cannot be changed.`, path)
  if (known.appends && op === 'replace') throw invalid(`'${path}' names no item to replace: use add.`, path)
  return withChange(referral, path.slice(1).split('/'), known.whole(boundValue(world, operation, known)))
}

function boundValue(world: World, { path, value }: Operation, { shape }: { shape: Shape } | PatchPath): unknown {
  const problems: string[] = []
  const { patchCoercion, unknownProperties } = world.options
  const coercion = ({ on: 'both', 'strings-only': 'strings-only', 'numbers-only': 'none' } as const)[patchCoercion]
  const result = bind(shape, value, path, { coercion, unknown: unknownProperties, problems })
  if (problems.length > 0) throw invalid(problems.join('; '), path)
  return result
}

function registrationApplied(world: World, referral: Referral, operation: Operation): Referral {
  const { op, path } = operation
  if (path === '/registrations/-') {
    if (op !== 'add') throw invalid("'/registrations/-' names no item to replace: use add.", path)
    const given = boundValue(world, operation, { shape: registrationShape }) as Loose<DealRegistration> // bound to that shape
    const problems = registrationProblems(world, referral, given)
    if (problems.length > 0) throw invalid(problems.join('; '), path)
    const registration = registrationOf(world, given)
    return { ...referral, registrations: [registration], registrationStatus: registration.status }
  }
  const place = path.slice('/registrations/0/'.length)
  const shape = path.startsWith('/registrations/0/') ? registrationPaths.get(place) : undefined
  if (shape === undefined) throw invalid(`The path '${path}' cannot be changed.`, path)
  const [first] = referral.registrations
  if (first === undefined) throw invalid('The deal has no registration.', path)
  if (first.status !== 'ActionRequired') throw invalid(`The registration is ${first.status}: it cannot be changed now.`, path)
  return withChange(referral, path.slice(1).split('/'), boundValue(world, operation, { shape }))
}
