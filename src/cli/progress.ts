import type { Service } from '../assemble.js'
import type { Io } from './app.js'

export interface Progress {
  show(progress: { readonly done: number; readonly total: number; readonly what: string }): void
  end(): void
}

const lookEveryMs = 1_000

/** Watches the queue while a sync works it. `work` goes on whether or not anybody looks. */
export async function watched<T>(io: Io, service: Pick<Service, 'overview'>, work: Promise<T>): Promise<T> {
  if (!io.errIsTty) return work
  const bar = progressBar(io)
  let most = 0
  const look = setInterval(() => {
    service.overview().then(({ queue: { due, leased }, states }) => {
      most = Math.max(most, due + leased)
      const deals = Object.values(states).reduce((sum, count) => sum + count, 0)
      // A first sync makes most records while it sweeps, without a queue.
      if (most === 0) bar.show({ done: 0, total: 0, what: `sweeping both sides, ${deals} deals so far` })
      else bar.show({ done: most - due - leased, total: most, what: 'deals worked' })
    }, () => undefined) // Only a display; what is wrong is told by the work itself.
  }, lookEveryMs)
  try {
    return await work
  } finally {
    clearInterval(look)
    bar.end()
  }
}

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
