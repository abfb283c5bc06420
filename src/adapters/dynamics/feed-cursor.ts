import { z } from 'zod'
import type { Instant } from '../../core/ref.js'

/** Where one table's feed goes on: at a link of the CRM, or at a moment, with what was already seen at and after it. */
export type Position =
  | { readonly kind: 'delta'; readonly link: string }
  | { readonly kind: 'window'; readonly since: string; readonly seen: Readonly<Record<string, string>> }

const position = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delta'), link: z.string() }),
  z.object({ kind: z.literal('window'), since: z.string(), seen: z.record(z.string(), z.string()) }),
])
const cursor = z.object({ version: z.literal(1), tables: z.record(z.string(), position), fullAt: z.number().nullable().default(null) })

/** Where every table goes on, and when all deals were last listed in full; null where that was not noted. */
export interface Cursor {
  readonly tables: ReadonlyMap<string, Position>
  readonly fullAt: Instant | null
}
const NOWHERE: Cursor = { tables: new Map(), fullAt: null }

/** A cursor that cannot be read is like none: a full round is slow and right. */
export function readCursor(text: string | null): Cursor {
  if (text === null) return NOWHERE
  try {
    const parsed = cursor.safeParse(JSON.parse(text))
    return parsed.success ? { tables: new Map(Object.entries(parsed.data.tables)), fullAt: parsed.data.fullAt } : NOWHERE
  } catch {
    return NOWHERE
  }
}

export const writeCursor = ({ tables, fullAt }: Cursor): string =>
  JSON.stringify({ version: 1, tables: Object.fromEntries(tables), fullAt })
