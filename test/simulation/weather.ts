import type { FaultKind, FaultRule } from '../../src/sandbox/faults.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'

/** Everything that may go wrong in one run. A seed draws which kinds it has: many faults at once hide each other. */
export interface Weather {
  readonly workers: 1 | 2
  /** Chance of a process to die at each await. */
  readonly crash: number
  /** Chance of a call of the store to fail, before or after it was carried out. */
  readonly storeTrouble: number
  /** Faults of the two remote systems, per request. */
  readonly partnerFaults: readonly FaultRule[]
  readonly crmFaults: readonly FaultRule[]
  /** A request or its answer takes up to this long. */
  readonly latencyMs: number
  /** Chance of an answer that comes after everybody has stopped waiting. */
  readonly hang: number
  /** Chance of a process to be stopped for longer than a lease at each remote call, and to go on afterwards. */
  readonly pause: number
  readonly eventLoss: number
  readonly eventDuplicate: number
  readonly eventLateMs: number
  readonly listingLagMs: number
  /** How far the clocks of the workers differ. */
  readonly skewMs: number
  /** Chance of a person to edit a record of a system in the very moment before a write of ours reaches it. */
  readonly rush: number
  /** Whether that edit is of the very record and value that the write is about. */
  readonly aimed: boolean
  /** Chance of each further page of a listing not to come. */
  readonly torn: number
  /** Chance of each act to come with a jump of the clock. */
  readonly jump: number
}

export const calm: Weather = {
  workers: 1,
  crash: 0,
  storeTrouble: 0,
  partnerFaults: [],
  crmFaults: [],
  latencyMs: 80,
  hang: 0,
  pause: 0,
  eventLoss: 0,
  eventDuplicate: 0,
  eventLateMs: 0,
  listingLagMs: 0,
  skewMs: 0,
  rush: 0,
  aimed: false,
  torn: 0,
  jump: 0,
}

const kinds: readonly FaultKind[] = ['throttle', 'unavailable', 'server-error', 'bad-gateway-html', 'drop-before', 'drop-after']

function someFaults(rng: SandboxRng): FaultRule[] {
  return kinds.flatMap((kind): FaultRule[] =>
    rng.chance(0.35) ? [{ kind, rate: rng.pick([0.02, 0.08, 0.2]), amount: rng.pick([1, 5, 30]) }] : [],
  )
}

/** `later` draws what was thought of later: older seeds keep the rest of their course. */
export function drawWeather(rng: SandboxRng, later: SandboxRng): Weather {
  const maybe = <T>(chance: number, draw: () => T, otherwise: T): T => (rng.chance(chance) ? draw() : otherwise)
  return {
    workers: maybe<1 | 2>(0.5, () => 2, 1),
    crash: maybe(0.35, () => rng.pick([0.002, 0.01, 0.03]), 0),
    storeTrouble: maybe(0.15, () => rng.pick([0.005, 0.02]), 0),
    partnerFaults: maybe(0.5, () => someFaults(rng), []),
    crmFaults: maybe(0.5, () => someFaults(rng), []),
    latencyMs: rng.pick([5, 80, 400, 3_000]),
    hang: maybe(0.2, () => rng.pick([0.01, 0.05]), 0),
    pause: maybe(0.15, () => rng.pick([0.01, 0.04]), 0),
    eventLoss: maybe(0.4, () => rng.pick([0.2, 0.6, 1]), 0),
    eventDuplicate: maybe(0.3, () => 0.4, 0),
    eventLateMs: maybe(0.4, () => rng.pick([2_000, 60_000, 900_000]), 0),
    listingLagMs: maybe(0.25, () => rng.pick([2_000, 20_000]), 0),
    skewMs: maybe(0.2, () => rng.pick([500, 5_000]), 0),
    rush: maybe(0.45, () => rng.pick([0.1, 0.3]), 0),
    aimed: later.chance(0.5),
    torn: later.chance(0.15) ? later.pick([0.3, 0.7]) : 0,
    jump: maybe(0.15, () => 0.2, 0),
  }
}

/** Weathers with one kind of fault less, for shrinking. */
export function calmer(weather: Weather): Weather[] {
  return (Object.keys(calm) as (keyof Weather)[]) // the keys of a literal are its own names
    .filter((key) => JSON.stringify(weather[key]) !== JSON.stringify(calm[key]))
    .map((key) => ({ ...weather, [key]: calm[key] }))
}
