import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { keys } from './queries.js'
import type { Overview } from './types.js'

const gatherMs = 400 // A burst of changes throws the lists away once.
const pollMs = 5_000

/** Listens to the service. While the stream is interrupted, the page asks every few seconds instead. */
export function useLive(): 'live' | 'polling' {
  const client = useQueryClient()
  const [mode, setMode] = useState<'live' | 'polling'>('live')
  useEffect(() => {
    const source = new EventSource('/api/v1/events')
    const lists = gathered(() => forgetLists(client))
    source.addEventListener('open', () => {
      setMode('live')
      lists()
    })
    source.addEventListener('error', () => setMode('polling'))
    source.addEventListener('overview', (event: MessageEvent<string>) => {
      client.setQueryData<Overview>(keys.overview, (old) => ({ ...old, ...(JSON.parse(event.data) as Overview) })) // the service's own shape
    })
    source.addEventListener('deals', (event: MessageEvent<string>) => {
      const { deals } = JSON.parse(event.data) as { deals: readonly string[] } // likewise
      for (const deal of deals) void client.invalidateQueries({ queryKey: keys.deal(deal) })
      lists()
    })
    return () => {
      source.close()
      lists.cancel()
    }
  }, [client])
  useEffect(() => {
    if (mode === 'live') return
    const timer = setInterval(() => void client.invalidateQueries(), pollMs)
    return () => clearInterval(timer)
  }, [mode, client])
  return mode
}

function forgetLists(client: QueryClient): void {
  for (const queryKey of [keys.deals, keys.conflicts, keys.runs, keys.audit, keys.issues])
    void client.invalidateQueries({ queryKey })
}

function gathered(work: () => void): (() => void) & { cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | null = null
  const later = (): void => {
    timer ??= setTimeout(() => {
      timer = null
      work()
    }, gatherMs)
  }
  return Object.assign(later, { cancel: () => (timer === null ? undefined : clearTimeout(timer)) })
}
