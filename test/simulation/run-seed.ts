import type { PartnerCenterOptions } from '../../src/sandbox/partner-center/index.js'
import { seededRng, type SandboxRng } from '../../src/sandbox/rng.js'
import { checkEnd, checkQuiet } from './checker.js'
import type { Violation } from './checker-words.js'
import type { CrmKind, CrmOptions } from './crm.js'
import { CRMS } from './crms.js'
import { drawScript, type Script } from './script.js'
import { drawWeather, type Weather } from './weather.js'
import { world, type World } from './world.js'

/** All that one run is made of. */
export interface Case {
  readonly seed: number
  readonly crm: CrmKind
  readonly script: Script
  readonly weather: Weather
  readonly options: { readonly partner: Partial<PartnerCenterOptions>; readonly crm: CrmOptions }
}
export interface Verdict {
  readonly violations: readonly Violation[]
  readonly trace: readonly string[]
  readonly simulatedMs: number
  readonly writes: number
}

export function drawCase(seed: number, crm: CrmKind): Case {
  const rng = seededRng(seed)
  return { seed, crm, weather: drawWeather(rng), script: drawScript(rng), options: { partner: drawPartner(rng), crm: CRMS[crm].draw(rng) } }
}

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
  for (const act of given.script.acts) await here.play(act)
  await here.pass(60_000)
  here.clear()
  const rested = await untilRest(here)
  if (!rested) violations.push({ invariant: 'I1', text: 'The queue is not empty four hours after the last fault.' })
  violations.push(...(await checkEnd(here, given)))
  const before = here.writes.length
  await here.hintAll()
  await here.pass(30_000)
  violations.push(...checkQuiet(here, before))
  return { violations, trace: here.trace, simulatedMs: here.clock.now(), writes: here.writes.length }
}

async function untilRest(here: World): Promise<boolean> {
  await here.pass(sweepsMs)
  for (let round = 0; round < roundsMost; round += 1) {
    await here.pass(roundMs)
    const depth = await here.store.queue.depth(here.clock.now())
    if (depth.due + depth.leased + depth.later === 0) return true
  }
  return false
}
