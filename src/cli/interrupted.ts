const told = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time a person means it.
    if (told.signal.aborted) process.exit(130)
    told.abort()
  })
}

/** Aborted once somebody wants the process to end. */
export const interrupted: AbortSignal = told.signal

export const untilInterrupted = (): Promise<void> =>
  new Promise((resolve) => {
    // It may have come while we started.
    if (interrupted.aborted) resolve()
    else interrupted.addEventListener('abort', () => resolve(), { once: true })
  })
