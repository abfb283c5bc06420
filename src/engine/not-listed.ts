import type { Link } from '../core/link.js'
import type { Store } from '../core/ports.js'
import type { EndKind, LinkId, Side } from '../core/ref.js'

const pageOfDeals = 500

/**
 * Deals whose record was not among those of a round that listed all of its kind: what was deleted while no feed told of it (before the first
 * round, or after the CRM had forgotten where we stood) shows by nothing else. A record that was made while the round went on is among them too.
 */
export async function* notListed(
  store: Pick<Store, 'list'>,
  { side, kinds, shown }: { readonly side: Side; readonly kinds: readonly EndKind[]; readonly shown: ReadonlySet<LinkId> },
): AsyncGenerator<Link> {
  if (kinds.length === 0) return
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<Store['list']>> = await store.list({ limit: pageOfDeals, after })
    for (const link of page.links) {
      const end = link.ends[side]
      if (end !== null && kinds.includes(end.kind) && !link.ignored && !shown.has(link.id)) yield link
    }
    if (page.next === null) return
    after = page.next
  }
}
