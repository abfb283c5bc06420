import type { Clock, Store } from '../core/ports.js'
import type { Instant } from '../core/ref.js'
import type { QuotaView } from '../engine/views.js'
import type { CallReport } from '../remote/send.js'

/** How much the remote systems are asked, over all processes of the installation, and what they last said of their allowances. */
export interface CallBook {
  called(report: CallReport): void
  /** Adds what this process has counted to the store. */
  note(): Promise<void>
  show(): Promise<QuotaView[]>
}

interface Page {
  /** By the start of each slice. */
  readonly slices: Readonly<Record<string, { readonly calls: number; readonly throttled: number }>>
  readonly allowances: QuotaView['allowances']
  readonly lastThrottledAt: Instant | null
  readonly waitsUntil: Instant | null
  readonly lastError: QuotaView['lastError']
}

const sliceMs = 300_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const triesMost = 5 // Another process added its own in between; five in a row are left for the next turn.
const prefix = 'calls.'
const empty: Page = { slices: {}, allowances: [], lastThrottledAt: null, waitsUntil: null, lastError: null }

export function callBook(store: Pick<Store, 'getValue' | 'setValue' | 'listValues'>, clock: Pick<Clock, 'now'>): CallBook {
  const pending = new Map<string, Page>()
  const note = async (): Promise<void> => {
    for (const [system, page] of [...pending]) {
      pending.delete(system)
      try {
        if (!(await add(system, page))) keep(system, page)
      } catch (error) {
        keep(system, page)
        throw error
      }
    }
  }
  const keep = (system: string, page: Page): void => void pending.set(system, merged(page, pending.get(system) ?? empty))
  const add = async (system: string, page: Page): Promise<boolean> => {
    const name = `${prefix}${system}`
    for (let attempt = 0; attempt < triesMost; attempt += 1) {
      const before = await store.getValue<Page>(name)
      const next = recent(merged(before?.value ?? empty, page), clock.now())
      if (await store.setValue(name, next, { expect: before?.revision ?? null, now: clock.now() })) return true
    }
    return false
  }
  return {
    called(report) {
      const now = clock.now()
      const start = sliceOf(now)
      const counted = pending.get(report.system)
      const slice = counted?.slices[start]
      // Nearly every call is one more of its slice and says nothing else that is new.
      if (counted === undefined || slice === undefined || report.waitMs !== null || isTrouble(report.status))
        return keep(report.system, pageOf(report, now))
      const allowances = report.allowances.length === 0 ? counted.allowances : newestOf(counted.allowances, allowancesAt(report, now))
      pending.set(report.system, { ...counted, allowances, slices: { ...counted.slices, [start]: { ...slice, calls: slice.calls + 1 } } })
    },
    note,
    async show() {
      await note()
      const pages = await store.listValues(prefix)
      return pages.map(({ name, value }) => viewOf(name.slice(prefix.length), { ...empty, ...(value as Partial<Page>) }, clock.now())) // written by add() from a Page
    },
  }
}

// A missing record, a changed version or a token that had run out belong to the day's work.
const isTrouble = (status: number | null): boolean => status === null || status === 403 || status === 429 || status >= 500

const sliceOf = (now: Instant): string => String(Math.floor(now / sliceMs) * sliceMs)
function allowancesAt({ allowances }: CallReport, now: Instant): Page['allowances'] {
  const at = new Date(now).toISOString()
  return allowances.map(({ name, left, limit }) => ({ name, left, limit, at }))
}
function newestOf(a: Page['allowances'], b: Page['allowances']): Page['allowances'] {
  const newest = new Map<string, Page['allowances'][number]>()
  for (const allowance of [...a, ...b]) {
    const known = newest.get(allowance.name)
    if (known === undefined || known.at <= allowance.at) newest.set(allowance.name, allowance)
  }
  return [...newest.values()]
}

function pageOf(report: CallReport, now: Instant): Page {
  const { waitMs, status, method, path } = report
  return {
    slices: { [sliceOf(now)]: { calls: 1, throttled: waitMs === null ? 0 : 1 } },
    allowances: allowancesAt(report, now),
    lastThrottledAt: waitMs === null ? null : now,
    waitsUntil: waitMs === null ? null : now + waitMs,
    lastError: isTrouble(status) ? { at: new Date(now).toISOString(), call: `${method} ${path}`, status } : null,
  }
}

const later = (a: Instant | null, b: Instant | null): Instant | null => (a === null ? b : b === null ? a : Math.max(a, b))

function merged(a: Page, b: Page): Page {
  const slices: Record<string, Page['slices'][string]> = { ...a.slices }
  for (const [start, { calls, throttled }] of Object.entries(b.slices)) {
    const before = slices[start] ?? { calls: 0, throttled: 0 }
    slices[start] = { calls: before.calls + calls, throttled: before.throttled + throttled }
  }
  return {
    slices,
    allowances: newestOf(a.allowances, b.allowances),
    lastThrottledAt: later(a.lastThrottledAt, b.lastThrottledAt),
    waitsUntil: later(a.waitsUntil, b.waitsUntil),
    lastError: (b.lastError?.at ?? '') >= (a.lastError?.at ?? '') ? (b.lastError ?? a.lastError) : a.lastError,
  }
}

const recent = (page: Page, now: Instant): Page => ({
  ...page,
  slices: Object.fromEntries(Object.entries(page.slices).filter(([start]) => Number(start) > now - dayMs)),
})

function viewOf(system: string, page: Page, now: Instant): QuotaView {
  const within = (ms: number, what: 'calls' | 'throttled'): number =>
    Object.entries(page.slices).reduce((sum, [start, slice]) => (Number(start) > now - ms ? sum + slice[what] : sum), 0)
  return {
    system,
    callsLastHour: within(hourMs, 'calls'),
    callsLastDay: within(dayMs, 'calls'),
    throttledLastDay: within(dayMs, 'throttled'),
    lastThrottledAt: page.lastThrottledAt === null ? null : new Date(page.lastThrottledAt).toISOString(),
    waitsUntil: page.waitsUntil === null || page.waitsUntil <= now ? null : new Date(page.waitsUntil).toISOString(),
    lastError: page.lastError !== null && Date.parse(page.lastError.at) > now - dayMs ? page.lastError : null,
    allowances: page.allowances,
  }
}
