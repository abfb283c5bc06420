import type { PatchChange, StepChange } from '../../core/change.js'
import { pick, sameValue, VISIBILITY, type Field, type Projection } from '../../core/deal.js'
import { stageAfter } from '../../core/stage.js'
import type { Document } from './api.js'
import { canonicalDeal } from './canonical.js'
import { decodeDeal } from './decode.js'
import type { Referral } from './wire.js'

const fieldsOf = (deal: Projection): Field[] => Object.keys(deal) as Field[] // a Projection's keys are fields

/**
 * Where a new referral shows something else than it was given. Its answer is the creation itself: nobody knew the record before,
 * so nobody's edit can stand in it.
 */
export function madeOf(deal: Projection, made: Referral): Projection {
  const shows = decodeDeal(made, null)
  const given: Projection = { ...canonicalDeal(deal), status: 'Active/Accepted' }
  return pick(shows, fieldsOf(shows).filter((field) => field in given && !sameValue(given[field], shows[field])))
}

/**
 * Whether the record that came back with a write shows more than that write: then somebody's edit stands in it that was not seen
 * before, and its version is not one to plan on.
 */
export function showsMore(change: PatchChange | StepChange, before: Document | null, after: Document): boolean {
  if (before === null) return change.expect === null
  const [was, is] = [decodeDeal(before.referral, null), decodeDeal(after.referral, null)]
  const wrote = writtenBy(change)
  const expected: Projection = { ...was, ...wrote }
  return fieldsOf({ ...was, ...is }).some((field) => !sameValue(expected[field], is[field]))
}

function writtenBy(change: PatchChange | StepChange): Projection {
  const set = canonicalDeal(change.set)
  if (change.kind === 'patch') return set
  const stage = stageAfter(change.take)
  return {
    ...set,
    ...(stage === null ? {} : { status: stage }),
    ...(change.take === 'share' ? { [VISIBILITY]: true } : {}),
    ...(change.reason === null ? {} : { statusReason: change.reason.trim() === '' ? null : change.reason.trim() }),
  }
}
