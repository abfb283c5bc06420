import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Instant } from '../../core/ref.js'
import { earlier, type Stamp } from './stamp.js'

/**
 * Where a sweep stands: the newest time of change it has handed out, and which records of the last minutes it has handed out in which
 * version. Those minutes are asked for again each time, because a listing may show a change late; what was handed out already is not
 * repeated.
 */
export interface Position {
  readonly at: Stamp | null
  /** Digest of id and version, by time of change. */
  readonly seen: ReadonlyMap<string, Stamp>
  /** Nothing older than this is wanted (first sync). */
  readonly since: Stamp | null
  /** The first round takes open deals only; null once it is through. */
  readonly openOnly: true | null
  /** When everything in sight was last listed; null: the first round, which does so, is not through. */
  readonly wholeAt: Instant | null
}

const seenMost = 2_000 // About 60 KB of cursor; more changes in ten minutes are handed out twice, which costs a look and nothing else.

const longAgo: Instant = 0

const schema = z.strictObject({
  v: z.literal(1),
  at: z.string().nullable(),
  since: z.string().nullable(),
  openOnly: z.literal(true).nullable(),
  wholeAt: z.number().nullable().optional(), // Earlier versions did not note it.
  seen: z.array(z.tuple([z.string(), z.string()])).max(10 * seenMost),
})

/** Null for a cursor that we did not write: the round then starts from the beginning. */
export function readPosition(cursor: string): Position | null {
  try {
    const { at, since, openOnly, seen, wholeAt } = schema.parse(JSON.parse(cursor))
    return { at, since, openOnly, seen: new Map(seen), wholeAt: wholeAt === undefined ? longAgo : wholeAt }
  } catch {
    return null
  }
}

export const writePosition = ({ at, since, openOnly, seen, wholeAt }: Position): string =>
  JSON.stringify({ v: 1, at, since, openOnly, wholeAt, seen: [...seen] })

export const digestOf = (id: string, version: string | null): string =>
  createHash('sha256')
    .update(`${id}\n${version ?? ''}`)
    .digest('base64url')
    .slice(0, 12)

/** Keeps what the next round's overlap can bring again, newest first when there is too much. */
export function pruned(seen: ReadonlyMap<string, Stamp>, at: Stamp, overlapMs: number): ReadonlyMap<string, Stamp> {
  const from = earlier(at, overlapMs + 1_000)
  const recent = [...seen].filter(([, stamp]) => stamp >= from)
  if (recent.length <= seenMost) return new Map(recent)
  return new Map(recent.sort(([, a], [, b]) => (a < b ? 1 : -1)).slice(0, seenMost))
}
