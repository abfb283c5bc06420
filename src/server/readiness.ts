import { isFault } from '../core/fault.js'
import type { Clock, Store } from '../core/ports.js'

/** `ready` only between the end of the start (migrations included) and the beginning of the stop. */
export type Readiness = 'ready' | 'starting' | 'draining'

export interface ReadinessDeps {
  readonly store: { readonly queue: Pick<Store['queue'], 'depth'> } & Pick<Store, 'setValue'>
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly ready: () => Readiness
}

export interface Line {
  readonly name: string
  readonly status: 'pass' | 'fail'
  readonly detail: string
}
export interface Told {
  readonly good: boolean
  readonly lines: readonly Line[]
}

const storeAnswersWithinMs = 2_000 // A probe asks every few seconds; a store that takes longer is as good as away.
const provedForMs = 10_000 // One small commit in so many seconds, however often somebody asks.
const triedAgainMs = 1_000 // While it fails: its end shows in the next answer, and a full disk is not hammered.
export const proofName = 'ready.proof'

/** Whether the service can do its work now: it is started, its store answers, and keeps what is written. */
export function readiness(deps: ReadinessDeps): () => Promise<Told> {
  const commits = commitProof(deps)
  return async () => {
    const ready = deps.ready()
    // Both at once: a probe waits for one answer that does not come, not for two.
    const asked = await Promise.all([inTime(deps, reads(deps)), ...(ready === 'ready' ? [commits()] : [])])
    const lines = [phase(ready), ...asked]
    return { good: lines.every(({ status }) => status === 'pass'), lines }
  }
}

function phase(ready: Readiness): Line {
  switch (ready) {
    case 'ready':
      return { name: 'service', status: 'pass', detail: 'Started; the migrations of the store are done.' }
    case 'starting':
      return { name: 'service', status: 'fail', detail: 'Starting.' }
    case 'draining':
      return { name: 'service', status: 'fail', detail: 'Stopping: what is under way is being finished.' }
  }
}

const late: Line = { name: 'store', status: 'fail', detail: 'Does not answer in time.' }

async function inTime({ clock }: ReadinessDeps, asked: Promise<Line>, instead: Line = late): Promise<Line> {
  const answered = new AbortController()
  try {
    return await Promise.race([asked, clock.sleep(storeAnswersWithinMs, answered.signal).then(() => instead)])
  } finally {
    answered.abort()
  }
}

const reads = ({ store, clock }: ReadinessDeps): Promise<Line> =>
  store.queue.depth(clock.now()).then(
    (depth): Line => ({
      name: 'store',
      status: 'pass',
      detail: `Answers; ${depth.due} due, ${depth.later} later, ${depth.leased} being worked.`,
    }),
    // Why is in the log and the doctor's; a probe's answer is open to everybody.
    (): Line => ({ name: 'store', status: 'fail', detail: 'Cannot be read.' }),
  )

/** A store that can be read may still take nothing: a full disk, one that fails, a server that became a copy. Only a commit shows it. */
function commitProof(deps: ReadinessDeps): () => Promise<Line> {
  const { store, clock } = deps
  let last: { readonly line: Line; readonly at: number } | null = null
  let trying: Promise<Line> | null = null
  const prove = async (): Promise<Line> => {
    const at = clock.now()
    const line = await store.setValue(proofName, at, { expect: 'any', now: at }).then(
      (): Line => ({ name: 'commit', status: 'pass', detail: 'Keeps what is written.' }),
      (error: unknown): Line => ({ name: 'commit', status: 'fail', detail: refusal(error) }),
    )
    last = { line, at: clock.now() }
    trying = null
    return line
  }
  return async () => {
    const fresh = last !== null && clock.now() - last.at < (last.line.status === 'pass' ? provedForMs : triedAgainMs)
    if (last !== null && fresh) return last.line
    // A disk that is only busy is not called broken: until it has answered, what it last did counts.
    return inTime(deps, (trying ??= prove()), last?.line ?? late)
  }
}

/** In words that tell a stranger nothing about the machine. */
function refusal(error: unknown): string {
  const codes = [error, isFault(error) ? error.cause : null].map((one) => (one instanceof Error && 'code' in one ? String(one.code) : ''))
  const has = (pattern: RegExp): boolean => codes.some((code) => pattern.test(code))
  if (has(/^(SQLITE_FULL|ENOSPC|EDQUOT|53100)$/)) return 'Does not take what is written: its disk is full.'
  if (has(/^(SQLITE_READONLY|EROFS|25006)/)) return 'Does not take what is written: it can only be read.'
  if (has(/^(SQLITE_IOERR|EIO|58030)/) || (isFault(error) && error.kind === 'misconfigured')) return 'Does not keep what is written: its disk fails.'
  return 'Does not take what is written.'
}
