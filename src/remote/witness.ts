import type { WireCall } from '../core/audit.js'
import { Fault } from '../core/fault.js'
import type { Instant } from '../core/ref.js'

/**
 * Who watches the calls that one piece of work makes, wherever in the adapters they are made. The ledger keeps them beside the write, so that
 * a person can read what was really asked and answered, and the remote system's support gets its own request ids. And no call of it leaves
 * when its time is over: a process that stood still while the call waited for its turn would write beside whoever has taken over.
 *
 * A piece of work is known by its signal, which goes with every call it makes. (Node's own way, AsyncLocalStorage, would make every promise
 * of the process dearer.)
 */
const watching = new WeakMap<AbortSignal, { readonly calls: WireCall[]; readonly until: Instant }>()

const callsMost = 20 // A write is one to four calls; a bulk write of thousands is not kept call by call.
const textMost = 4_000 // Characters of a body: a whole referral's patch, not a whole listing.

/** Hands `work` a signal of its own, which ends with `signal`. */
export async function witnessed<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  { until, saw }: { readonly until: Instant; readonly saw: (calls: readonly WireCall[]) => void },
): Promise<T> {
  const calls: WireCall[] = []
  const own = new AbortController()
  const end = (): void => own.abort(signal.reason)
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  watching.set(own.signal, { calls, until })
  try {
    return await work(own.signal)
  } finally {
    signal.removeEventListener('abort', end)
    saw(calls)
  }
}

/** The last look before the wire, when the call has its turn and again when it has its connection. @throws Fault `lease-lost` when the time of the work that makes the call is over */
export function assertInTime(signal: AbortSignal, now: Instant): void {
  const { until } = watching.get(signal) ?? {}
  if (until === undefined || now < until) return
  throw new Fault('lease-lost', 'The call waited for longer than the deal was held; it was not sent.', { remedy: 'Nothing to do: the deal is worked again.' })
}

export interface Seen extends Omit<WireCall, 'asked' | 'answered'> {
  readonly body: string | Uint8Array | null
  readonly answer: Buffer | null
}

/** Headers are never kept: the token is among them. */
export function note(signal: AbortSignal, { body, answer, ...call }: Seen): void {
  const { calls } = watching.get(signal) ?? {}
  if (calls === undefined || calls.length >= callsMost) return
  calls.push({
    ...call,
    asked: body === null ? null : shortened(body),
    answered: answer === null || answer.length === 0 ? null : shortened(answer),
  })
}

function shortened(body: string | Uint8Array): string {
  const text = typeof body === 'string' ? body : Buffer.from(body.subarray(0, 4 * textMost)).toString('utf8')
  return text.length <= textMost ? text : `${text.slice(0, textMost)}…`
}
