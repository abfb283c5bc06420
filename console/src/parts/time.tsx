import { useEffect, useSyncExternalStore } from 'react'
import { useFormat, useText } from '../i18n/locale.js'

const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | null = null

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const each of listeners) each()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }
}

/** The present second; every relative time on a page moves with one timer. */
export function useNow(): number {
  useEffect(() => {
    now = Date.now()
  }, [])
  return useSyncExternalStore(subscribe, () => now)
}

/** How long ago, with the local and the UTC time on hover. */
export function Ago({ at, brief = false }: { readonly at: string | number | null; readonly brief?: boolean }) {
  const format = useFormat()
  const { common } = useText()
  const present = useNow()
  if (at === null) return <span className="muted">{common.clocks.never}</span>
  return (
    <time dateTime={new Date(at).toISOString()} title={`${format.dateTime(at)} · ${format.utc(at)}`}>
      {brief ? format.relativeBrief(at, present) : format.relative(at, present)}
    </time>
  )
}

export function At({ at }: { readonly at: string | number }) {
  const format = useFormat()
  return (
    <time dateTime={new Date(at).toISOString()} title={format.utc(at)}>
      {format.dateTime(at)}
    </time>
  )
}
