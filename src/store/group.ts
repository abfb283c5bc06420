interface Waiting<I, R> {
  readonly item: I
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

export interface Grouping<I> {
  /** More than this in one transaction would make the first caller wait for the last. */
  readonly most: number
  /** What the next group waits for, so that it is worth a transaction: the disk, which whoever waits for it waits for all the same. */
  readonly gather: (items: readonly I[]) => Promise<void>
}

/**
 * Commits together what comes together. Callers that come while a commit is under way share the next one, so that one transaction and one
 * flush to disk serve them all; each is answered only after the commit that holds its item. When a group fails, each of its items is
 * committed again on its own, so that one bad item never fails its neighbours and each gets its own error.
 */
export function groupCommit<I, R>(
  commit: (items: readonly I[]) => Promise<readonly R[]>,
  { most, gather }: Grouping<I>,
): (item: I) => Promise<R> {
  const waiting: Waiting<I, R>[] = []
  let busy = false

  const alone = async ({ item, resolve, reject }: Waiting<I, R>): Promise<void> => {
    try {
      for (const result of await commit([item])) resolve(result)
    } catch (error) {
      reject(error)
    }
  }
  const together = async (group: readonly Waiting<I, R>[]): Promise<void> => {
    try {
      const results = await commit(group.map(({ item }) => item))
      results.forEach((result, index) => group[index]?.resolve(result))
    } catch (error) {
      const [only, ...others] = group
      if (only !== undefined && others.length === 0) return only.reject(error)
      for (const one of group) await alone(one)
    }
  }
  const pump = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, most)
      await together(group)
      await gather(group.map(({ item }) => item)).catch(() => undefined) // Told to those who wait for it themselves.
    }
    busy = false
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (busy) return
      busy = true
      // What else arrives in this turn of the event loop comes along.
      setImmediate(() => void pump())
    })
}
