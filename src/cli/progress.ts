import type { Overview, Service } from '../assemble.js'
import type { Io } from './app.js'
import { counted } from './print.js'

export interface Progress {
  show(progress: { readonly done: number; readonly total: number; readonly what: string }): void
  end(): void
}

const lookEveryMs = 1_000

type Shown = { readonly done: number; readonly total: number; readonly what: string }
/** What the running service tells of the work that is being waited for; null: nothing yet. */
export type Look = (overview: Overview) => Shown | null

/** Watches a long work while it goes on, which it does whether or not anybody looks. Where stderr is no terminal, nobody does. */
export async function watched<T>(io: Io, service: Pick<Service, 'overview'>, work: Promise<T>, look: Look): Promise<T> {
  if (!io.errIsTty) return work
  const bar = progressBar(io)
  let seconds = 0
  const looking = setInterval(() => {
    seconds += lookEveryMs / 1_000
    service.overview().then((overview) => {
      const now = look(overview)
      if (now !== null) bar.show({ ...now, what: `${now.what}${pace(now, seconds)}` })
    }, () => undefined) // Only a display; what is wrong is told by the work itself.
  }, lookEveryMs)
  try {
    return await work
  } finally {
    clearInterval(looking)
    bar.end()
  }
}

/** Rate and what is left by it, once there is something to reckon with. */
function pace({ done, total }: Shown, seconds: number): string {
  if (done === 0 || done >= total) return ''
  const rate = done / seconds
  const left = (total - done) / rate
  const text = left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`
  return `, ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second, about ${text} left`
}

/** A sync works a queue. A first sync makes most records while it sweeps, without one. */
export function syncing(): Look {
  let most = 0
  return ({ queue: { due, leased }, states }) => {
    most = Math.max(most, due + leased)
    const deals = Object.values(states).reduce((sum, count) => sum + count, 0)
    return most === 0 ? { done: 0, total: 0, what: `sweeping both sides, ${counted(deals, 'deal')} so far` } : { done: most - due - leased, total: most, what: 'deals worked' }
  }
}

export const planning: Look = ({ planning: now }) => (now === null ? null : { ...now, what: 'deals planned' })

const width = 24
const lineMost = 100

/** A bar on stderr for people; where stderr is no terminal, nothing: a log has no use for it. */
export function progressBar(io: Io): Progress {
  if (!io.errIsTty) return { show: () => undefined, end: () => undefined }
  let shown = false
  return {
    show({ done, total, what }) {
      shown = true
      const filled = total === 0 ? 0 : Math.round((width * done) / total)
      const text = `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${done}/${total} ${what}`
      io.err(`\r${text.slice(0, lineMost).padEnd(lineMost)}`)
    },
    end() {
      if (shown) io.err(`\r${' '.repeat(lineMost)}\r`)
    },
  }
}
