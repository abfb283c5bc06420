import type { Clock } from '../../src/core/ports.js'
import { Fault } from '../../src/core/fault.js'
import { dynamicsInstaller, type Notebook } from '../../src/adapters/dynamics/install/installer.js'
import type { Send } from '../../src/remote/send.js'
import { standardApplicationId } from '../../src/sandbox/dataverse/index.js'
import { kit, origin, type Kit } from '../../src/sandbox/dataverse/test-kit.js'

/** A simulated environment on a hand-turned clock, and our way to speak to it. */
export interface Environment {
  readonly kit: Kit
  readonly send: Send
  readonly clock: Clock
  readonly notebook: Notebook
  /** Cuts the connection at the n-th write from now: before it is carried out, or after, when the answer is lost. */
  cut(at: number, when: 'before' | 'after'): void
  calls(): number
  installer(): ReturnType<typeof dynamicsInstaller>
}

export const never = new AbortController().signal

export function environment(given: Parameters<typeof kit>[0] = {}): Environment {
  const made = kit({ options: { requestLimit: null }, ...given })
  const notes = new Map<string, unknown>()
  let calls = 0
  let cut: { at: number; when: 'before' | 'after' } | null = null
  const send: Send = async ({ method, url, headers, body }) => {
    // What only reads can be cut anywhere without a difference.
    if (method !== 'GET') calls += 1
    const isCut = cut !== null && calls >= cut.at
    if (isCut && cut?.when === 'before') throw new Killed()
    const answer = await made.simulator.handle({
      method,
      path: url.slice(origin.length),
      headers: lowerCase({ ...headers, authorization: `Bearer ${standardApplicationId}` }),
      body: Buffer.from(body ?? ''),
    })
    if (isCut) throw new Killed()
    if (answer.drop === true) throw new Fault('ambiguous', 'no answer', { remedy: 'none' })
    const texts = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
    return { status: answer.status, headers: Object.fromEntries(texts), body: Buffer.from(answer.body) }
  }
  const clock: Clock = {
    now: () => made.clock.now(),
    sleep: async (ms) => {
      made.clock.advance(ms)
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
    },
  }
  const notebook: Notebook = {
    read: (name) => Promise.resolve(notes.get(name) ?? null),
    write: (name, value) => Promise.resolve(void notes.set(name, value)),
  }
  return {
    kit: made,
    send,
    clock,
    notebook,
    cut(at, when) {
      calls = 0
      cut = { at, when }
    },
    calls: () => calls,
    installer: () => {
      const installed = dynamicsInstaller({ url: origin, send, clock, notebook, mapped: () => [] })
      return installed
    },
  }
}

/** The process is gone: nothing catches this and goes on. */
export class Killed extends Error {}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
