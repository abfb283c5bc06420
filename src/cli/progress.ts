import type { Io } from './app.js'

export interface Progress {
  show(progress: { readonly done: number; readonly total: number; readonly what: string }): void
  end(): void
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
