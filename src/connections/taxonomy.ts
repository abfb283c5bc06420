import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { FileText } from '../config/config.js'
import { Fault } from '../core/fault.js'
import type { Field } from '../core/deal.js'
import type { Store } from '../core/ports.js'
import type { TaxonomyDesk, TaxonomyView } from '../engine/views.js'

const delivered = new URL('./taxonomy.yaml', import.meta.url)
const document = z.strictObject({
  /** When the lists were true. */
  date: z.iso.date(),
  lists: z.record(z.string(), z.array(z.string())),
})
type Taxonomy = z.output<typeof document>
const pageSize = 1_000

/** Lists that Microsoft renews every year, and what our own deals carry beside them. Nothing is ever refused because of them. */
export function taxonomyDesk(store: Pick<Store, 'list'>, file: FileText | null): TaxonomyDesk {
  const taxonomy = file === null ? read(readFileSync(delivered, 'utf8'), 'the delivered one') : read(file.text, file.path)
  const show = async (): Promise<TaxonomyView> => {
    const seen = await seenIn(store, Object.keys(taxonomy.lists))
    const lists = Object.entries(taxonomy.lists).map(([field, listed]) => {
      const counts = seen.get(field) ?? new Map<string, number>()
      const values = [...new Set([...listed, ...counts.keys()])]
      return { field, values: values.map((value) => ({ value, listed: listed.includes(value), deals: counts.get(value) ?? 0 })) }
    })
    return { date: taxonomy.date, source: file?.path ?? 'delivered', lists }
  }
  return {
    show,
    async export() {
      const { date, lists } = await show()
      const written: Taxonomy = {
        date,
        lists: Object.fromEntries(lists.map(({ field, values }) => [field, values.map(({ value }) => value)])),
      }
      return stringify(written)
    },
  }
}

function read(text: string, path: string): Taxonomy {
  const remedy = 'Write it like the file of "cosell taxonomy export": a date, and lists of words by field.'
  try {
    const parsed = document.safeParse(parse(text))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new Fault('misconfigured', `The taxonomy ${path} cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`, {
      remedy,
    })
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('misconfigured', `The taxonomy ${path} is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`, {
      remedy,
      cause,
    })
  }
}

/** How many deals carry which word, as Partner Center showed it last. */
async function seenIn(store: Pick<Store, 'list'>, fields: readonly string[]): Promise<Map<string, Map<string, number>>> {
  const seen = new Map<string, Map<string, number>>()
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['list']>> = await store.list({ limit: pageSize, after })
    for (const { base } of page.links) {
      for (const field of fields) {
        const value = base?.partner[field as Field] // a list of another name shows nothing
        if (typeof value !== 'string' || value === '') continue
        const counts = seen.get(field) ?? new Map<string, number>()
        seen.set(field, counts.set(value, (counts.get(value) ?? 0) + 1))
      }
    }
    after = page.next
  } while (after !== null)
  return seen
}
