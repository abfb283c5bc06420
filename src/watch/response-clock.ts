import type { Link } from '../core/link.js'
import type { Clock, Store } from '../core/ports.js'
import type { NoticeBoard } from './notice.js'

const dayMs = 86_400_000
/** Source: learn.microsoft.com "Manage co-sell opportunities" (read 2023-10): an unanswered referral expires after 14 days. */
export const ANSWER_DAYS = 14
const reminderDays = [7, 10, 13] as const
const pageSize = 200
const pagesMost = 500 // 100,000 waiting deals; beyond that nobody reads reminders.

export interface Due {
  readonly link: Link
  readonly waitsFor: 'us' | 'microsoft'
  readonly since: number
  readonly dueAt: number
}

/** When an answer is due: as Partner Center says, else 14 days after the deal was first seen waiting. */
export async function dueOf(
  store: Pick<Store, 'getValue' | 'setValue'>,
  link: Link,
  waitsFor: 'us' | 'microsoft',
  now: number,
): Promise<Due> {
  const expires = waitsFor === 'us' ? link.base?.partner.expirationDateTime : null
  const stated = typeof expires === 'string' ? Date.parse(`${expires.slice(0, 10)}T23:59:59Z`) : Number.NaN
  if (!Number.isNaN(stated)) return { link, waitsFor, since: stated - ANSWER_DAYS * dayMs, dueAt: stated }
  const name = `waiting.${waitsFor}.${link.id}`
  await store.setValue(name, { since: now }, { expect: null, now })
  const since = (await store.getValue<{ since: number }>(name))?.value.since ?? now
  return { link, waitsFor, since, dueAt: since + ANSWER_DAYS * dayMs }
}

/** Reminds of answers that are due, on days 7, 10 and 13: each once. A day that passed while nothing ran is told by the latest one only. */
export async function remind(store: Store, board: NoticeBoard, clock: Pick<Clock, 'now'>): Promise<void> {
  for (const waitsFor of ['us', 'microsoft'] as const) {
    let after: string | null = null
    for (let pages = 0; pages < pagesMost; pages += 1) {
      const page: Awaited<ReturnType<Store['list']>> = await store.list({ waitsFor, limit: pageSize, after })
      for (const link of page.links) await remindOf(await dueOf(store, link, waitsFor, clock.now()), board, clock.now())
      after = page.next
      if (after === null) break
    }
  }
}

async function remindOf({ link, waitsFor, since, dueAt }: Due, board: NoticeBoard, now: number): Promise<void> {
  const day = reminderDays.findLast((candidate) => now >= since + candidate * dayMs)
  if (day === undefined || now >= dueAt) return
  const name = link.name ?? 'A deal'
  const left = Math.max(1, Math.ceil((dueAt - now) / dayMs))
  const days = `${left} ${left === 1 ? 'day' : 'days'}`
  const until = new Date(dueAt).toISOString().slice(0, 10)
  await board.raise({
    // The moment is part of the key: a deal that waits anew is reminded of anew.
    key: `answer.${waitsFor}.${link.id}.${since}.${day}`,
    level: 'normal',
    deal: link.id,
    dueAt,
    title: waitsFor === 'us' ? `${name}: answer within ${days}` : `${name}: Microsoft has not answered yet`,
    text:
      waitsFor === 'us'
        ? `The deal was sent to you and expires unanswered on ${until}.`
        : `Microsoft was asked for help and has until ${until} to answer.`,
    remedy:
      waitsFor === 'us'
        ? 'Accept or decline it in the CRM, in the console, or with "cosell deals accept|decline".'
        : 'Talk to your Microsoft contact; after that day the request expires.',
  })
}
