import type { Store } from '../../src/core/ports.js'
import type { SimHandler } from '../../src/sandbox/http.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'

/** One simulated operating-system process: it can die at any moment between two lines, and then nothing of it ever happens again. */
export interface SimProcess {
  readonly died: Promise<void>
  isDead(): boolean
  kill(): void
}

export function simProcess(): SimProcess {
  let dead = false
  let announce: () => void = () => undefined
  const died = new Promise<void>((resolve) => {
    announce = resolve
  })
  return {
    died,
    isDead: () => dead,
    kill() {
      dead = true
      announce()
    },
  }
}

const never = (): Promise<never> => new Promise(() => undefined)

/** How likely a process is to die at each call, before and after it is carried out. */
export interface Mortality {
  readonly process: SimProcess
  readonly rng: SandboxRng
  readonly rate: () => number
}

async function mortal<T>({ process, rng, rate }: Mortality, work: () => Promise<T>): Promise<T> {
  if (process.isDead()) return never()
  if (rng.chance(rate())) {
    process.kill()
    return never()
  }
  // A few turns of the scheduler by chance, so that two workers meet in every order.
  for (let turns = rng.int(4); turns > 0; turns -= 1) await Promise.resolve()
  const result = await work()
  if (process.isDead()) return never()
  if (rng.chance(rate())) {
    process.kill()
    return never()
  }
  return result
}

/** The store as one process sees it. */
export function mortalStore(store: Store, life: Mortality): Store {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name, receiver) {
        const value: unknown = Reflect.get(object, name, receiver)
        if (name === 'queue') return wrap(value as object)
        if (typeof value !== 'function' || name === 'onMark') return value
        return (...args: unknown[]) => mortal(life, () => (value as (...all: unknown[]) => Promise<unknown>).apply(object, args)) // every other method of the port is asynchronous
      },
    })
  return wrap(store)
}

/** A remote system as one process reaches it. */
export const mortalHandler =
  (handler: SimHandler, life: Mortality): SimHandler =>
  (request) =>
    mortal(life, () => handler(request))
