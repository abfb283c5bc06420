import { QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import { api } from './client.js'
import { ApiError } from './http.js'

/** What a person may do nothing about by asking again: a refusal, a missing record. */
const isFinal = (error: unknown): boolean => error instanceof ApiError && error.problem.status >= 400 && error.problem.status < 500

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => !isFinal(error) && count < 2,
        // Live updates say when something changed; coming back to the window asks again all the same.
        refetchOnWindowFocus: true,
      },
    },
  })
}

/** Where each answer is kept. Live updates throw away what begins with a key. */
export const keys = {
  me: ['me'],
  overview: ['overview'],
  activity: ['activity'],
  deals: ['deals'],
  deal: (deal: string) => ['deal', deal],
  conflicts: ['conflicts'],
  runs: ['runs'],
  run: (id: string) => ['run', id],
  audit: ['audit'],
  flows: ['flows'],
  checks: ['checks'],
  issues: ['issues'],
  connections: ['connections'],
  webhook: ['webhook'],
  notices: ['notices'],
  mapping: ['mapping'],
  columns: ['columns'],
  mappingSchema: ['mapping-schema'],
  installPlan: ['install-plan'],
  installJob: ['install-job'],
  versions: ['versions'],
  version: ['version'],
  sessions: ['sessions'],
} as const

export const meQuery = queryOptions({ queryKey: keys.me, queryFn: ({ signal }) => api.me(signal), staleTime: 60_000 })
export const overviewQuery = queryOptions({ queryKey: keys.overview, queryFn: ({ signal }) => api.overview(signal) })
export const useMe = () => useQuery(meQuery)
const noticesEveryMs = 30_000 // They are rare, and the worst of them come by mail and chat as well.
export const useNotices = () =>
  useQuery({ queryKey: keys.notices, queryFn: ({ signal }) => api.notices(signal), refetchInterval: noticesEveryMs })
export const useOverview = () => useQuery(overviewQuery)

/** Whether the person may do what needs this role; the server asks again. */
export function useMay(role: 'operator' | 'admin'): boolean {
  const mine = useMe().data?.role
  return mine === 'admin' || mine === role
}
