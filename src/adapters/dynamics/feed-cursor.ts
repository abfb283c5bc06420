import { z } from 'zod'

/** Where one table's feed goes on: at a link of the CRM, or at a moment, with what was already seen at and after it. */
export type Position =
  | { readonly kind: 'delta'; readonly link: string }
  | { readonly kind: 'window'; readonly since: string; readonly seen: Readonly<Record<string, string>> }

const position = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delta'), link: z.string() }),
  z.object({ kind: z.literal('window'), since: z.string(), seen: z.record(z.string(), z.string()) }),
])
const cursor = z.object({ version: z.literal(1), tables: z.record(z.string(), position) })

/** A cursor that cannot be read is like none: a full round is slow and right. */
export function readCursor(text: string | null): Map<string, Position> {
  if (text === null) return new Map()
  try {
    const parsed = cursor.safeParse(JSON.parse(text))
    return new Map(parsed.success ? Object.entries(parsed.data.tables) : [])
  } catch {
    return new Map()
  }
}

export const writeCursor = (positions: ReadonlyMap<string, Position>): string =>
  JSON.stringify({ version: 1, tables: Object.fromEntries(positions) })
