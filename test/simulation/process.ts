import type { Clock, Store } from '../../src/core/ports.js'
import { Fault } from '../../src/core/fault.js'
import type { HandClock } from '../../src/sandbox/clock.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'
import { sleepOn } from './hand-clock.js'

/** One simulated operating-system process: it can die or be stopped at any moment between two lines. What died never does anything again. */
export interface SimProcess {
  isDead(): boolean
  kill(): void
  /** Stops the process until then; everything that arrives meanwhile waits. */
  stopUntil(atMs: number): void
  /** Resolves when the process may go on; never for a dead one. */
  running(): Promise<void>
}

const never = (): Promise<never> => new Promise(() => undefined)

export function simProcess(hand: HandClock): SimProcess {
  let dead = false
  let stoppedUntilMs = 0
  return {
    isDead: () => dead,
    kill() {
      dead = true
    },
    stopUntil(atMs) {
      stoppedUntilMs = Math.max(stoppedUntilMs, atMs)
    },
    async running() {
      while (!dead && hand.now() < stoppedUntilMs) await new Promise<void>((resolve) => void hand.at(stoppedUntilMs, resolve))
      if (dead) await never()
    },
  }
}

/** How likely a process is to die at each call, before and after it is carried out, and the store to fail. */
export interface Mortality {
  readonly process: SimProcess
  readonly rng: SandboxRng
  readonly crash: () => number
  readonly storeTrouble: () => number
}

/** A call of something outside the process. */
export async function mortal<T>({ process, rng, crash }: Mortality, work: () => Promise<T>): Promise<T> {
  await process.running()
  if (rng.chance(crash())) {
    process.kill()
    return never()
  }
  // A few turns of the scheduler by chance, so that two workers meet in every order.
  for (let turns = rng.int(4); turns > 0; turns -= 1) await Promise.resolve()
  try {
    return await work()
  } finally {
    await process.running()
    if (rng.chance(crash())) {
      process.kill()
      await never()
    }
  }
}

const broken = (): Fault => new Fault('offline', 'the store did not answer', { remedy: 'Wait.' })

async function troubled<T>({ rng, storeTrouble }: Mortality, work: () => Promise<T>): Promise<T> {
  const rate = storeTrouble()
  if (rate > 0 && rng.chance(rate)) throw broken()
  const result = await work()
  if (rate > 0 && rng.chance(rate)) throw broken()
  return result
}

type Method = (...all: unknown[]) => Promise<unknown>

/** The store as one process sees it: every call may be the last, and may fail. */
export function mortalStore(store: Store, life: Mortality): Store {
  const wrap = <T extends object>(target: T, keep: readonly string[]): T => {
    const wrapped = Object.entries(target).map(([name, value]): [string, unknown] => {
      if (keep.includes(name)) return [name, value]
      const method = value as Method // every other member of the port is an asynchronous method
      return [name, (...args: unknown[]) => mortal(life, () => troubled(life, () => method(...args)))]
    })
    return Object.fromEntries(wrapped) as T // the same names, the same shapes
  }
  // What a process takes in, and what follows what it ends, is handed over to its own worker, never to another one's or to one that is dead.
  let withOffer = <T>(work: () => T): T => work()
  const offer: Store['queue']['offer'] = (hands) => {
    withOffer = (work) => {
      const withdraw = store.queue.offer(hands)
      try {
        return work() // The store in memory has done it when the call returns.
      } finally {
        withdraw()
      }
    }
    return () => (withOffer = (work) => work())
  }
  const acceptEvents: Store['acceptEvents'] = (events, now) => withOffer(() => store.acceptEvents(events, now))
  const save: Store['save'] = (commit) => withOffer(() => store.save(commit))
  return wrap({ ...store, acceptEvents, save, queue: wrap({ ...store.queue, offer }, ['onMark', 'offer']) }, ['queue'])
}

/** Time as one process sees it: a little off, and standing still while it is stopped. */
export function mortalClock(hand: HandClock, process: SimProcess, skewMs: number): Clock {
  return {
    now: () => hand.now() + skewMs,
    async sleep(ms, signal) {
      await sleepOn(hand, ms, signal)
      await process.running()
    },
  }
}
