import type { AuditRecord } from '../core/audit.js'
import type { Engine } from './engine.js'
import { findDeal } from './find-deal.js'
import type { RunRow } from './views.js'

export function runRow(record: AuditRecord): RunRow {
  const { event } = record
  const ran = event?.kind === 'ran' ? event : null
  return {
    id: record.run ?? record.id,
    deal: record.link,
    at: new Date(record.at).toISOString(),
    because: ran?.because ?? '',
    outcome: ran?.outcome ?? 'settled',
    writes: ran?.writes ?? 0,
    ms: ran?.ms ?? 0,
    attempt: ran?.attempt ?? 1,
    fault: ran?.fault ?? null,
    message: ran?.message ?? null,
    settingsVersion: ran?.settingsVersion ?? null,
  }
}

/** Passes that did something or failed, newest first. */
export async function runsOf(
  engine: Engine,
  filter: { readonly deal?: string; readonly failedOnly: boolean; readonly limit: number; readonly after?: string | null },
): Promise<{ runs: RunRow[]; next: string | null }> {
  const link = filter.deal === undefined ? undefined : (await findDeal(engine, filter.deal)).id
  const page = await engine.store.audit({
    kinds: ['ran'],
    limit: filter.limit,
    after: filter.after ?? null,
    ...(link === undefined ? {} : { link }),
  })
  const runs = page.records.map(runRow)
  return { runs: filter.failedOnly ? runs.filter((run) => run.fault !== null) : runs, next: page.next }
}
