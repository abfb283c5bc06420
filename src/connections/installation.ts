import type { AuditEntry } from '../core/audit.js'
import { Fault } from '../core/fault.js'
import type { CatalogueEntry, InstallPlan, InstallProgress, InstallReport } from '../core/ports.js'
import type { CrmUpkeep } from '../engine/administration.js'
import type { Config } from '../config/index.js'
import type { ConnectionParts, CrmConnection } from './parts.js'

/** Preparing the CRM: its fields and tables, and the events it sends to us. `by` names the person for the ledger. */
export interface Installation extends CrmUpkeep {
  plan(signal: AbortSignal): Promise<InstallPlan>
  apply(options: {
    readonly existing: 'alter' | 'leave'
    readonly by: string
    readonly onProgress: (progress: InstallProgress) => void
    readonly signal: AbortSignal
  }): Promise<InstallReport>
  /** Where the CRM's events would go. @throws Fault `misconfigured` without a public address or a key. */
  callbackUrl(): string
  /** What an import would do. Writes nothing. */
  compareSolutions(entries: readonly CatalogueEntry[] | null, signal: AbortSignal): Promise<Foreseen>
}
export interface Foreseen {
  readonly added: readonly CatalogueEntry[]
  readonly changed: readonly CatalogueEntry[]
  readonly unchanged: number
}

// eslint-disable-next-line max-lines-per-function -- one entry for everything the CRM is prepared with; the work is the installer's
export function installation(parts: ConnectionParts & { readonly config: Config; readonly crm: CrmConnection }): Installation {
  const { config, crm, store, clock } = parts
  const installer = (): NonNullable<CrmConnection['installer']> => {
    if (crm.installer !== null) return crm.installer
    throw new Fault('misconfigured', 'This CRM is prepared by its own package, not by this command.', {
      remedy: 'Run "cosell install package" and install what it writes.',
    })
  }
  const record = async (by: string, detail: string): Promise<void> => {
    const entry: AuditEntry = { link: null, at: clock.now(), by, run: null, event: { kind: 'setting', name: 'crm', detail } }
    await store.addAudit([entry], clock.now())
  }
  return {
    plan: (signal) => installer().plan({ signal }),
    async apply({ existing, by, onProgress, signal }) {
      const report = await installer().apply({ existing, onProgress, signal })
      if (report.done.length > 0) await record(by, `installed: ${report.done.length} changes at ${config.crm.url}`)
      return report
    },
    planRemoval: (options) => installer().planRemoval(options),
    async remove({ by, ...options }) {
      const report = await installer().remove(options)
      if (report.done.length > 0) await record(by, `removed: ${report.done.length} changes at ${config.crm.url}`)
      return report
    },
    async registerCallbacks({ by, signal }) {
      const [url, key] = [callbackUrl(config), callbackKey(config)]
      const report = await installer().registerCallbacks({ url, key }, { signal })
      await record(by, `events of the CRM go to ${url}`)
      return { ...report, url }
    },
    callbackUrl() {
      callbackKey(config)
      return callbackUrl(config)
    },
    async removeCallbacks({ by, signal }) {
      const removed = await installer().removeCallbacks({ signal })
      if (removed.length > 0) await record(by, 'events of the CRM are no longer sent here')
      return removed
    },
    async solutions(signal) {
      const [known, used] = [await installer().catalogue({ signal }), await usedSolutions(store)]
      const ids = new Set(known.map(({ id }) => id))
      return [
        ...known.map((entry) => ({ ...entry, deals: used.get(entry.id)?.deals ?? 0, known: true })),
        ...[...used.values()].filter(({ id }) => !ids.has(id)).map((entry) => ({ ...entry, known: false })),
      ]
    },
    async compareSolutions(entries, signal) {
      const known = new Map((await installer().catalogue({ signal })).map((entry) => [entry.id, entry]))
      const wanted = entries ?? [...(await usedSolutions(store)).values()].filter(({ id }) => !known.has(id))
      const added = wanted.filter(({ id }) => !known.has(id))
      const changed = wanted.filter((entry) => differs(known.get(entry.id), entry))
      return { added, changed, unchanged: wanted.length - added.length - changed.length }
    },
    async importSolutions({ entries, by, signal }) {
      const known = new Set(entries === null ? (await installer().catalogue({ signal })).map(({ id }) => id) : [])
      // What past deals used adds ids; names a person gave them stay.
      const wanted = entries ?? [...(await usedSolutions(store)).values()].filter(({ id }) => !known.has(id))
      const counts = await installer().fillCatalogue(wanted, { signal })
      if (counts.added + counts.changed > 0) await record(by, `catalogue of solutions: ${counts.added} added, ${counts.changed} changed`)
      return { read: wanted.length, ...counts }
    },
  }
}

/** What the file leaves out stays as it is. */
const differs = (held: CatalogueEntry | undefined, { name, type, publisher }: CatalogueEntry): boolean =>
  held !== undefined && (held.name !== name || (type ?? held.type) !== held.type || (publisher ?? held.publisher) !== held.publisher)

function callbackKey({ crm }: Config): string {
  if (crm.webhookKey !== null) return crm.webhookKey
  throw new Fault('misconfigured', 'There is no key that the CRM could show.', { remedy: 'Set crm.webhookKey to a long random text.' })
}

function callbackUrl({ server, crm }: Config): string {
  if (server.publicUrl === null)
    throw new Fault('misconfigured', 'There is no address that the CRM could call.', {
      remedy: 'Set server.publicUrl to the https address that leads to this service.',
    })
  return `${server.publicUrl.replace(/\/+$/, '')}/hooks/${crm.kind}`
}

const pageMost = 1_000

/** Solutions as the deals last showed them. */
async function usedSolutions(store: ConnectionParts['store']): Promise<ReadonlyMap<string, CatalogueEntry & { readonly deals: number }>> {
  const found = new Map<string, CatalogueEntry & { readonly deals: number }>()
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<typeof store.list>> = await store.list({ limit: pageMost, after })
    for (const { base } of page.links) {
      for (const { id, name } of base?.partner['details.requirements.solutions'] ?? [])
        found.set(id, { id, name: name ?? id, type: null, publisher: null, deals: (found.get(id)?.deals ?? 0) + 1 })
    }
    after = page.next
  } while (after !== null)
  return found
}
