import type { Raised } from './emission.js'

/**
 * All writes happen inside a transaction: either all of them and their events, or none. Undoing walks a list of undo steps
 * backwards, so that a rolled back change set costs what it wrote and not what the table holds.
 */
export interface Transactions {
  /** Runs `work`; nested runs join the outer one but can fail on their own. */
  run<T>(work: () => T): T
  /** Remembers how to take back what was just done. */
  undo(step: () => void): void
  /** An event that leaves if and when the outermost transaction succeeds. */
  emit(message: string, table: string, make: Raised['make']): void
}

export function transactions(onCommit: (emissions: readonly Raised[]) => void): Transactions {
  const steps: (() => void)[] = []
  let emissions: Raised[] = []
  let depth = 0
  return {
    run(work) {
      const stepMark = steps.length
      const emissionMark = emissions.length
      depth += 1
      try {
        const result = work()
        depth -= 1
        if (depth === 0) {
          const leaving = emissions
          emissions = []
          steps.length = 0
          if (leaving.length > 0) onCommit(leaving)
        }
        return result
      } catch (error) {
        if (steps.length >= stepMark) while (steps.length > stepMark) steps.pop()?.()
        emissions.length = Math.min(emissions.length, emissionMark)
        depth = Math.max(0, depth - 1)
        throw error
      }
    },
    undo: (step) => void steps.push(step),
    emit: (message, table, make) => void emissions.push({ message, table, make }),
  }
}
