import { z } from 'zod'

/** Where one object's feed goes on. All moments are the server's, in milliseconds since the epoch. */
export interface Position {
  /** The next poll asks from here on: the latest stamp seen, less the overlap. */
  readonly since: number
  /** Nothing older than this can still appear: what a long transaction stamped before may. */
  readonly floor: number
  /** When the floor was last asked about and what lies above it read again. */
  readonly rescannedAt: number
  /** What a deal of these rows could be made of and the org did not show; null: these are no deals, or an earlier version of this program was here. */
  readonly lacking: string | null
  /** When rows that are gone from the recycle bin were last asked about. */
  readonly purgesSeenAt: number
  /** Stamps by id of what was told already. */
  readonly seen: ReadonlyMap<string, number>
}

const seenMost = 5_000 // What falls out is told once more, which costs a look and changes nothing.
const position = z.object({
  since: z.number(),
  // The first cursors had neither; what they lack is asked for at the next poll.
  floor: z.number().optional(),
  rescannedAt: z.number().default(0),
  lacking: z.string().nullable().default(null),
  purgesSeenAt: z.number().default(0),
  seen: z.record(z.string(), z.number()),
})
const cursor = z.object({ version: z.literal(1), org: z.string(), objects: z.record(z.string(), position) })

/** A cursor that cannot be read, or of another org (a refreshed sandbox is another one), is like none: a full round is slow and right. */
export function readCursor(text: string | null, org: string): ReadonlyMap<string, Position> {
  if (text === null) return new Map()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return new Map()
  }
  const parsed = cursor.safeParse(json)
  if (!parsed.success || parsed.data.org !== org) return new Map()
  return new Map(
    Object.entries(parsed.data.objects).map(([name, one]) => [
      name,
      { ...one, floor: one.floor ?? one.since, seen: new Map(Object.entries(one.seen)) },
    ]),
  )
}

export function writeCursor(org: string, objects: ReadonlyMap<string, Position>): string {
  const written = [...objects].map(([name, one]) => {
    const from = Math.min(one.since, one.floor)
    const kept = [...one.seen].filter(([, at]) => at >= from).sort(([, a], [, b]) => b - a)
    return [name, { ...one, seen: Object.fromEntries(kept.slice(0, seenMost)) }] as const
  })
  return JSON.stringify({ version: 1, org, objects: Object.fromEntries(written) } satisfies z.input<typeof cursor>)
}
