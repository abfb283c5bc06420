import type { Clock, Store } from '../core/ports.js'
import type { NoticeView } from '../engine/administration.js'

/** Something a person should know now, in words for them. The key names the occasion: a second notice of one key is never sent. */
export interface Notice {
  readonly key: string
  /** `urgent` is told also in quiet hours. */
  readonly level: 'urgent' | 'normal'
  readonly title: string
  readonly text: string
  readonly remedy: string
  /** The deal it is about. */
  readonly deal: string | null
  /** By when something has to be done; absent: nobody said. */
  readonly dueAt?: number
}

/** How a notice stands: told to the channels in `told`, over when the condition behind it ended. */
export interface StoredNotice extends Notice {
  readonly raisedAt: number
  readonly told: readonly string[]
  readonly tries: number
  readonly nextTryAt: number
  readonly overAt: number | null
}

export interface Channel {
  readonly name: string
  /** @throws when it certainly was not taken. */
  send(notice: Notice, signal: AbortSignal): Promise<void>
}

/** What a look at a condition came to. `lasts`: it is as it was. */
export type ConditionTurn = 'began' | 'ended' | 'lasts'

/** The notices of this installation, shared by all its workers. */
export interface NoticeBoard {
  /** False: it was raised before. */
  raise(notice: Notice): Promise<boolean>
  /** While a condition lasts there is one notice of it; when it comes again later there is another. `null`: all is well. */
  condition(name: string, notice: Omit<Notice, 'key'> | null): Promise<ConditionTurn>
  /** Newest first; what is over is left out. */
  open(): Promise<readonly StoredNotice[]>
  deliver(channels: readonly Channel[], options: { readonly quiet: boolean; readonly signal: AbortSignal }): Promise<void>
}

export const viewOf = ({ key, level, title, text, remedy, deal, raisedAt }: StoredNotice): NoticeView => ({
  key,
  level,
  title,
  text,
  remedy,
  deal,
  raisedAt: new Date(raisedAt).toISOString(),
})

const prefix = 'notice.'
const firstPauseMs = 30_000
const pauseMostMs = 3_600_000
const horizonMs = 72 * 3_600_000 // Told three days late it is no news any more; it still stands on the board.

type Values = Pick<Store, 'getValue' | 'setValue' | 'listValues'>
type Warn = (message: string, details: Record<string, unknown>) => void

interface Parts {
  readonly store: Values
  readonly clock: Pick<Clock, 'now'>
  readonly warn: Warn
}
interface Item {
  readonly notice: StoredNotice
  readonly name: string
  readonly revision: number
}

export function noticeBoard(store: Values, clock: Pick<Clock, 'now'>, warn: Warn): NoticeBoard {
  const parts: Parts = { store, clock, warn }
  return {
    raise: (notice) => raise(parts, notice),
    condition: (name, notice) => condition(parts, name, notice),
    async open() {
      const notices = (await itemsOf(store)).map(({ notice }) => notice)
      return notices.filter(({ overAt }) => overAt === null).sort((a, b) => b.raisedAt - a.raisedAt)
    },
    async deliver(channels, { quiet, signal }) {
      const now = clock.now()
      for (const item of await itemsOf(store)) {
        const { notice } = item
        const left = channels.filter((channel) => !notice.told.includes(channel.name))
        const waits = notice.overAt !== null || notice.nextTryAt > now || now - notice.raisedAt > horizonMs || (quiet && notice.level !== 'urgent')
        if (left.length === 0 || waits || signal.aborted) continue
        await tell(parts, item, left, signal)
      }
    },
  }
}

const itemsOf = async (store: Values): Promise<Item[]> =>
  (await store.listValues(prefix)).map(({ name, value, revision }) => ({ notice: value as StoredNotice, name, revision })) // written here, nowhere else

function raise({ store, clock }: Parts, notice: Notice): Promise<boolean> {
  const now = clock.now()
  const stored: StoredNotice = { ...notice, raisedAt: now, told: [], tries: 0, nextTryAt: now, overAt: null }
  return store.setValue(`${prefix}${notice.key}`, stored, { expect: null, now })
}

async function condition(parts: Parts, name: string, notice: Omit<Notice, 'key'> | null): Promise<ConditionTurn> {
  const { store, clock } = parts
  const since = await store.getValue<{ key: string | null }>(`condition.${name}`)
  const key = since?.value.key ?? null
  const now = clock.now()
  const expect = since?.revision ?? null
  if (notice !== null) {
    if (key !== null) {
      // The one who began it may have died before it was raised.
      await raise(parts, { ...notice, key })
      return 'lasts'
    }
    const next = `${name}.${now}`
    // Whoever writes this first raises the notice; the others find it there.
    if (!(await store.setValue(`condition.${name}`, { key: next }, { expect, now }))) return 'lasts'
    await raise(parts, { ...notice, key: next })
    return 'began'
  }
  if (key === null) return 'lasts'
  await end(parts, `${prefix}${key}`)
  return (await store.setValue(`condition.${name}`, { key: null }, { expect, now })) ? 'ended' : 'lasts'
}

const endTriesMost = 5 // It may be told just now by another worker, once a channel.
async function end({ store, clock }: Parts, name: string): Promise<void> {
  for (let tries = 0; tries < endTriesMost; tries += 1) {
    const stored = await store.getValue<StoredNotice>(name)
    const now = clock.now()
    if (stored === null || (await store.setValue(name, { ...stored.value, overAt: now }, { expect: stored.revision, now }))) return
  }
}

/** Written down as told before it is sent: a process that dies in between tells it once less, never twice. */
async function tell(
  { store, clock, warn }: Parts,
  { notice, name, revision }: Item,
  channels: readonly Channel[],
  signal: AbortSignal,
): Promise<void> {
  const claimed: StoredNotice = { ...notice, told: [...notice.told, ...channels.map((channel) => channel.name)], tries: notice.tries + 1 }
  if (!(await store.setValue(name, claimed, { expect: revision, now: clock.now() }))) return
  const failed: string[] = []
  for (const channel of channels) {
    try {
      await channel.send(notice, signal)
    } catch (error) {
      failed.push(channel.name)
      const reason = error instanceof Error ? error.message : String(error)
      warn(`The notice "${notice.title}" could not be sent by ${channel.name} and is tried again.`, { reason })
    }
  }
  if (failed.length === 0) return
  const nextTryAt = clock.now() + Math.min(pauseMostMs, firstPauseMs * 2 ** notice.tries)
  const again: StoredNotice = { ...claimed, told: claimed.told.filter((told) => !failed.includes(told)), nextTryAt }
  await store.setValue(name, again, { expect: revision + 1, now: clock.now() })
}

export interface QuietHours {
  /** Minutes after midnight. */
  readonly from: number
  readonly until: number
  /** IANA name, e.g. Europe/Berlin. */
  readonly timeZone: string
}

/** Whether it is quiet now where the people are; hours may span midnight. */
export function isQuiet(hours: QuietHours | null, now: number): boolean {
  if (hours === null) return false
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: hours.timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now)
  const read = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0)
  const minute = read('hour') * 60 + read('minute')
  return hours.from <= hours.until ? minute >= hours.from && minute < hours.until : minute >= hours.from || minute < hours.until
}
