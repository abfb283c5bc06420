import type { PartnerCenterOptions } from '../../src/sandbox/partner-center/index.js'
import { seededRng, type SandboxRng } from '../../src/sandbox/rng.js'
import { census } from './census.js'
import { checkEnd, checkQuiet } from './checker.js'
import type { Violation } from './checker-words.js'
import type { CrmKind, CrmOptions } from './crm.js'
import { CRMS } from './crms.js'
import { outage } from './outage.js'
import { drawRare, type Rare } from './rare.js'
import { drawScript, type Script } from './script.js'
import { drawWeather, type Weather } from './weather.js'
import { world, type World } from './world.js'

/** All that one run is made of. */
export interface Case {
  readonly seed: number
  readonly crm: CrmKind
  readonly wide: boolean
  readonly script: Script
  /** Null: the product as delivered, and only what happens often. */
  readonly rare: Rare | null
  readonly weather: Weather
  readonly options: { readonly partner: Partial<PartnerCenterOptions>; readonly crm: CrmOptions }
}
export interface Verdict {
  readonly violations: readonly Violation[]
  readonly trace: readonly string[]
  readonly simulatedMs: number
  readonly writes: number
  readonly census: ReadonlyMap<string, number>
}

/**
 * How much of the world a seed meets. `wide`: also records from before the connector came, a crowd that is changed at once, and the question who
 * wrote every value. `whole`: besides, what seldom happens and other settings than the delivered ones. `lagging`: as wide, and readings of referrals
 * by id do not know of the last write yet; no other breadth plays that, and none of their seeds changes for it.
 */
export type Breadth = 'narrow' | 'wide' | 'whole' | 'lagging'

export function drawCase(seed: number, crm: CrmKind, breadth: Breadth = 'narrow'): Case {
  const rng = seededRng(seed)
  const later = seededRng(Math.imul(seed, 2_246_822_519) ^ 0x5eed)
  const weather = drawWeather(rng, later)
  const drawn = drawScript(rng, later)
  const wide = breadth !== 'narrow'
  const known = wide ? drawn : { ...drawn, legacy: [], crowd: null }
  const { script, rare } = breadth === 'whole' ? drawRare(seededRng(Math.imul(seed, 3_266_489_917) ^ 0xa5e1), known, crm) : { script: known, rare: null }
  const partner = { ...drawPartner(rng), ...lagOf(seed, breadth) }
  return { seed, crm, wide, weather, script, rare, options: { partner, crm: CRMS[crm].draw(rng) } }
}

const lagOf = (seed: number, breadth: Breadth): Case['options']['partner'] =>
  breadth === 'lagging' ? { readLagMs: seededRng(Math.imul(seed, 2_654_435_761) ^ 0x1a6).pick([2_000, 20_000]) } : {}

/** What the documentation of Partner Center leaves open: each run meets another combination. */
function drawPartner(rng: SandboxRng): Case['options']['partner'] {
  return {
    conflictStatus: rng.pick([412, 409]),
    createStatus: rng.pick([200, 201]),
    relatedInListing: rng.pick(['shown', 'engagement-filter-only']),
    helpCodeOn: rng.pick(['microsoft-referral', 'own-referral']),
    relatedEventId: rng.pick(['related', 'own']),
    msxIdOn: rng.pick(['microsoft-referral', 'both']),
    pageSize: rng.pick([100, 2]),
    continuation: rng.pick(['position', 'offset']),
    listingLagOrder: rng.pick(['kept', 'any']),
    outOfScopeStatus: rng.pick([403, 404]),
    microsoftAnswers: rng.chance(0.4) ? { kind: 'automatic', afterMs: 30_000, declineRate: 0.3 } : { kind: 'by-hand' },
  }
}

const roundMs = 120_000
const roundsMost = 120 // Four hours: longer than any pause between two attempts.
const lateRoundsMost = 10 // Twenty minutes: an event is a quarter of an hour late at most.
const sweepsMostMs = 660_000 // Longer than there is between two sweeps.
const sweepsMs = 150_000 // Two sweeps of both sides.

/** Plays a case: first people act while faults rain, then faults end and everything must come to rest, rightly. */
export async function runCase(given: Case): Promise<Verdict> {
  await CRMS[given.crm].prepare()
  const depth = Error.stackTraceLimit
  // Thousands of faults are made and caught in a run; nobody reads where.
  Error.stackTraceLimit = 0
  try {
    return await played(given)
  } finally {
    Error.stackTraceLimit = depth
  }
}

async function played(given: Case): Promise<Verdict> {
  const here = world(given)
  const violations: Violation[] = []
  const { acts } = given.script
  for (const [index, act] of acts.entries()) {
    if (index === Math.floor(acts.length / 2)) await here.stirCrowd()
    await here.play(act)
  }
  await here.pass(60_000)
  if (given.rare?.outage != null) await outage(here, given.rare.outage)
  here.clear()
  if (given.rare !== null) await afterwards(here, given.rare)
  await here.answerBrakes()
  const rested = await untilRest(here, { isBehind: given.weather.listingLagMs > 0 })
  if (!rested) violations.push({ invariant: 'I1', text: 'The queue is not empty four hours after the last fault.' })
  violations.push(...(await checkEnd(here, given)))
  const before = here.writes.length
  await here.hintAll()
  await here.pass(30_000)
  violations.push(...checkQuiet(here, before), ...here.breaches)
  return { violations, trace: here.trace, simulatedMs: here.clock.now(), writes: here.writes.length, census: await census(here, given) }
}

/** What people do once they see that everything works again: open the flows they meant to open, and try again what was given up. */
async function afterwards(here: World, { opens, outage }: Rare): Promise<void> {
  if (opens) await here.play({ afterMs: 1_000, kind: 'desk.open-flow', pick: 0 })
  // An identifier that somebody took off is put back by its event, which may be lost, or with the next look at the deal: no sweep asks for it.
  if (outage !== null || here.truth.meddled.size > 0) await here.play({ afterMs: 1_000, kind: 'desk.retry', pick: 0 })
}

async function untilRest(here: World, { isBehind }: { readonly isBehind: boolean }): Promise<boolean> {
  let hasRested = false
  await here.pass(sweepsMs)
  for (let round = 0; round < roundsMost; round += 1) {
    await here.pass(roundMs)
    const depth = await here.store.queue.depth(here.clock.now())
    if (depth.due + depth.leased + depth.later > 0) continue
    // What was told before the faults ended may be late, and bring what nothing else tells where a listing hides Microsoft's referrals.
    if (round < lateRoundsMost && here.partner.deliveries.pending() > 0) continue
    // What the last write set in motion over there, above all an answer of Microsoft, is at rest as well.
    if (hasRested) return true
    hasRested = true
    // Where a listing is behind its events, the next sweep brings what they could not show.
    if (isBehind) await here.pass(sweepsMostMs)
  }
  return false
}
