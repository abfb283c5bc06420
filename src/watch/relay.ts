import type { Clock, Store } from '../core/ports.js'
import type { Transport, TransportAnswer } from '../remote/transport.js'
import type { NoticeBoard } from './notice.js'

/** An event as it came, signature and all: the receiver verifies it as if Partner Center had sent it there. */
export interface ForeignEvent {
  /** Names a repeat of the same event. */
  readonly key: string
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Passes events that are not ours on to the owner of the webhook before us, who would otherwise never hear of them. */
export interface Relay {
  /** Keeps it on disk until it is delivered; a repeat of one that was delivered is dropped. */
  keep(event: ForeignEvent): Promise<void>
  deliver(signal: AbortSignal): Promise<void>
}

export interface RelayParts {
  readonly store: Pick<Store, 'getValue' | 'setValue' | 'listValues' | 'dropValue'>
  readonly clock: Pick<Clock, 'now'>
  readonly transport: Transport
  readonly board: NoticeBoard
  readonly warn: (message: string, details: Record<string, unknown>) => void
  /** The allow-listed address of the owner before us; null: nobody is to be sent anything. */
  readonly target: () => Promise<string | null>
}

interface Waiting {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly keptAt: number
  readonly tries: number
  readonly nextAt: number
}

const waiting = 'relay.waiting.'
/** Kept as long as the keys of our own events, so that a late repeat is known. */
export const RELAYED = 'relay.done.'
// What proves the sender to the receiver, and nothing else: whatever a proxy of ours added stays here.
const passedOn = ['content-type', 'authorization', 'x-ms-signature', 'x-ms-certificate-url', 'x-ms-signature-algorithm'] as const
const deadlineMs = 15_000
const firstPauseMs = 5_000
const pauseMostMs = 3_600_000
const horizonMs = 72 * 3_600_000
const atOnceMost = 200
const triesBeforeNotice = 3

export function relayOf(parts: RelayParts): Relay {
  const { store, clock } = parts
  return {
    async keep({ key, name, headers, body }) {
      if ((await store.getValue(`${RELAYED}${key}`)) !== null) return
      const now = clock.now()
      const kept: Waiting = { name, headers: provingHeaders(headers), body: body.toString('base64'), keptAt: now, tries: 0, nextAt: now }
      await store.setValue(`${waiting}${key}`, kept, { expect: null, now })
    },
    async deliver(signal) {
      const due = (await store.listValues(waiting))
        .map(({ name, value, revision }) => ({ key: name.slice(waiting.length), event: value as Waiting, revision })) // written above, nowhere else
        .filter(({ event }) => event.nextAt <= clock.now())
        .slice(0, atOnceMost)
      if (due.length === 0) return
      const url = await parts.target()
      let failing = false
      let delivered = false
      for (const { key, event, revision } of due) {
        if (signal.aborted) return
        const why = url === null ? 'nobody who had the webhook before is on relayTo any more' : await send(parts, { url, event, signal })
        if (why === null) {
          await store.setValue(`${RELAYED}${key}`, clock.now(), { expect: 'any', now: clock.now() })
          await store.dropValue(`${waiting}${key}`)
          delivered = true
        } else failing = (await again(parts, { key, event, revision, why })) || failing
      }
      if (failing) await parts.board.condition('relay', troubled(url))
      else if (delivered) await parts.board.condition('relay', null)
    },
  }
}

const provingHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(passedOn.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))

/** @returns why it was not taken; null: it was. Redirects are not followed: only the address that the configuration allows is ever called. */
async function send(
  { transport }: RelayParts,
  { url, event, signal }: { readonly url: string; readonly event: Waiting; readonly signal: AbortSignal },
): Promise<string | null> {
  let answer: TransportAnswer
  try {
    const body = Buffer.from(event.body, 'base64')
    answer = await transport({ method: 'POST', url, headers: event.headers, body, timeoutMs: deadlineMs, signal, bytesMost: 64 * 1024 })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return answer.status >= 200 && answer.status < 300 ? null : `it answered ${answer.status}`
}

/** @returns whether a person should hear of it. */
async function again(
  { store, clock, warn }: RelayParts,
  { key, event, revision, why }: { readonly key: string; readonly event: Waiting; readonly revision: number; readonly why: string },
): Promise<boolean> {
  const now = clock.now()
  if (now - event.keptAt > horizonMs) {
    warn(`The event ${event.name} could not be relayed for three days and was dropped.`, { reason: why, tries: event.tries + 1 })
    await store.dropValue(`${waiting}${key}`)
    return true
  }
  const nextAt = now + Math.min(pauseMostMs, firstPauseMs * 2 ** Math.min(event.tries, 20))
  warn(`The event ${event.name} could not be relayed and is tried again.`, { reason: why, tries: event.tries + 1 })
  await store.setValue(`${waiting}${key}`, { ...event, tries: event.tries + 1, nextAt } satisfies Waiting, { expect: revision, now })
  return event.tries + 1 >= triesBeforeNotice
}

const troubled = (url: string | null) => ({
  level: 'normal' as const,
  deal: null,
  title: 'Events of the earlier webhook owner cannot be passed on',
  text:
    url === null
      ? 'Events that are not ours wait, but nobody who had the webhook before is on partnerCenter.webhook.relayTo any more.'
      : `${new URL(url).host} does not take the events that are not ours. They are kept and tried again for three days.`,
  remedy: url === null ? 'Put the address back, or register the webhook anew without their events.' : 'Ask its owner; nothing else is affected.',
})
