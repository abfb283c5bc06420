import { because } from '../core/plan-types.js'
import type { Outcome } from '../core/fault.js'
import type { Link, Reason } from '../core/link.js'
import type { Readings } from '../core/ports.js'
import { otherSide, sameRef, type EndRef } from '../core/ref.js'
import type { Engine } from './engine.js'
import type { Look } from './look.js'
import type { Pass } from './pass.js'

/** Passes that end before anything is planned, because the records themselves must be sorted out by a person. */

export function holdDuplicates(engine: Engine, pass: Pass, refs: readonly EndRef[]): Promise<Outcome> {
  const items = refs.map((ref) => `${ref.kind} ${ref.id}`)
  return hold(
    engine,
    pass,
    because(
      'duplicate-marker',
      `Several records claim to be this deal: ${items.join(', ')}. None was touched.`,
      'Remove the identifier from all but one, then run "cosell runs retry".',
      items,
    ),
  )
}

type Move = NonNullable<Look['moved']>

/** The other deal that has the record which ours became: somebody converted a lead into the opportunity of another referral, or merged two that are linked. */
export async function rivalFor(engine: Engine, link: Link, { side, to }: Move): Promise<Link | null> {
  if (side !== 'crm') return null
  const owners = await engine.store.linksOf(to, null)
  const isRival = ({ id, ends, engagementId }: Link): boolean =>
    id !== link.id &&
    ends.crm?.id === to.id &&
    ends.partner !== null &&
    link.ends.partner !== null &&
    ends.partner.id !== link.ends.partner.id &&
    (engagementId === null || engagementId !== link.engagementId)
  return owners.find(isRival) ?? null
}

/**
 * The other end of the deal that has the record which ours was found to belong to. Two deals that each have another counterpart for it are not
 * one: joining them would leave one of the records to nobody, without a word.
 */
export function ownerOf(owners: readonly Link[], link: Link, { side, ref, former }: NonNullable<Look['found']>): string | null {
  const here = otherSide(side)
  const ours = link.ends[here]
  const rival = owners.find(
    ({ id, ends, aliases, engagementId }) =>
      id !== link.id &&
      ends[side]?.id === ref.id &&
      ends[here] !== null &&
      !sameRef(ends[here], ours) && // A lead and an opportunity may have the same id: we choose both.
      !sameRef(ends[here], former ?? null) &&
      !aliases.some((alias) => alias.id === ours?.id) &&
      !link.aliases.some((alias) => alias.id === ends[here]?.id) &&
      (engagementId === null || engagementId !== link.engagementId),
  )
  return rival?.ends[here]?.id ?? null
}

/** Two referrals and one record: the deal that has it keeps it, whatever their ages. */
export function holdTaken(engine: Engine, pass: Pass, { move, rival, now }: { move: Move; rival: Link; now: Readings }): Promise<Outcome> {
  const { from, to } = move
  if (now.partner.kind === 'present' && now.partner.sealed)
    return hold(engine, pass, because('closed', `Closed (${now.partner.deal.status ?? 'Closed'}); nothing is synchronised any more.`, 'Nothing to do.'), 'in-sync')
  return hold(
    engine,
    pass,
    because(
      'linked-record-missing',
      `The ${from.kind} of this deal became ${to.kind} ${to.id}, which belongs to the deal of referral ${String(rival.ends.partner?.id)}. Neither was touched.`,
      `Answer this referral in Partner Center; or, if the record is to follow this one instead: "cosell deals unlink ${to.id}", then "cosell runs retry ${pass.link.id}".`,
    ),
  )
}

async function hold(engine: Engine, pass: Pass, reason: Reason, state: Link['state'] = 'needs-attention'): Promise<Outcome> {
  if (pass.link.reason?.text !== reason.text) pass.note({ kind: 'state', state, reason })
  const outcome: Outcome = { kind: 'settled' }
  closeRun(engine, pass, outcome)
  await pass.save({ ...pass.link, state, reason }, outcome)
  return outcome
}

/** An earlier attempt failed, and said so. One that only waited for a moment is no news, and neither is the look that ends the waiting. */
const recovers = ({ lease, stood }: Pass): boolean => lease.attempts > 0 && stood.reason?.code === 'retrying'

export function closeRun(engine: Engine, pass: Pass, outcome: Outcome): void {
  if (outcome.kind === 'settled' && pass.writes === 0 && !recovers(pass)) return
  const fault = outcome.kind === 'settled' ? null : outcome.because
  pass.note({
    kind: 'ran',
    because: pass.lease.because,
    outcome: outcome.kind,
    writes: pass.writes,
    ms: engine.clock.now() - pass.startedAt,
    attempt: pass.lease.attempts + 1,
    fault: fault?.kind ?? null,
    message: fault?.message ?? null,
    settingsVersion: engine.policy().version,
  })
}
