import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import type { DealRow } from '../../api/types.js'
import type { DealsSearch } from '../../app/search.js'

export const pageSize = 100
const settleMs = 80 // A page that is only flown over is not asked for.
const keptMs = 60_000

const paused = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, settleMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(new DOMException('The page was left.', 'AbortError'))
    })
  })

/** The first page of the list, and with it how long the list is. */
export function useFirstPage(search: DealsSearch) {
  return useQuery({
    queryKey: [...keys.deals, search, 0],
    queryFn: ({ signal }) => api.dealsAt(search, { limit: pageSize, offset: 0, signal }),
    placeholderData: keepPreviousData,
  })
}

/** The pages in which rows `from` to `to` lie: only these are asked for, wherever in the list they are. A row that is on its way is undefined. */
export function useDealRows(
  search: DealsSearch,
  { from, to }: { readonly from: number; readonly to: number },
): (index: number) => DealRow | undefined {
  const first = Math.floor(from / pageSize)
  const last = Math.floor(to / pageSize)
  // The same list of questions for as long as the same pages are in sight: while one scrolls within them nothing is compared or begun anew.
  const queries = useMemo(
    () =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index).map((number) => ({
        queryKey: [...keys.deals, search, number],
        queryFn: async ({ signal }: { readonly signal: AbortSignal }) => {
          if (number > 0) await paused(signal)
          return api.dealsAt(search, { limit: pageSize, offset: number * pageSize, signal })
        },
        gcTime: keptMs,
      })),
    [search, first, last],
  )
  const pages = useQueries({ queries })
  return (index) => pages[Math.floor(index / pageSize) - first]?.data?.deals[index % pageSize]
}
