/**
 * The sandbox's own clock. Real time by default; a hand-turned one in tests and simulation.
 * Timers of the sandbox (webhook retries, expiry, key activation) run on it, so that turning the hand turns everything.
 */
export interface SandboxClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `job` once when the clock reaches `atMs`. Returns a function that takes it back. */
  at(atMs: number, job: () => void): () => void
}

/** A clock that only moves when told to; due jobs run in order of time, then of registration. */
export interface HandClock extends SandboxClock {
  advance(ms: number): void
}

export function realClock(): SandboxClock {
  return {
    now: () => Date.now(),
    at(atMs, job) {
      const timer = setTimeout(job, Math.max(0, atMs - Date.now()))
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}

export function handClock(startMs: number): HandClock {
  let nowMs = startMs
  let nextId = 0
  const jobs = new Map<number, { atMs: number; job: () => void }>()
  const nextDue = (untilMs: number) => {
    let due: { id: number; atMs: number; job: () => void } | undefined
    for (const [id, entry] of jobs) {
      if (entry.atMs <= untilMs && (due === undefined || entry.atMs < due.atMs)) due = { id, ...entry }
    }
    return due
  }
  return {
    now: () => nowMs,
    at(atMs, job) {
      const id = nextId++
      jobs.set(id, { atMs, job })
      return () => jobs.delete(id)
    },
    advance(ms) {
      const untilMs = nowMs + ms
      for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
        jobs.delete(due.id)
        nowMs = Math.max(nowMs, due.atMs)
        due.job()
      }
      nowMs = untilMs
    },
  }
}
