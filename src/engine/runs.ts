import type { AuditFilter } from '../core/filters.js'
import type { AuditRecord } from '../core/audit.js'
import { Fault } from '../core/fault.js'
import type { LinkId } from '../core/ref.js'
import type { Engine } from './engine.js'
import { findDeal } from './find-deal.js'
import type { AuditLine, RunRow, Service } from './views.js'

const entriesMost = 2_000 // One pass over one deal records a few dozen.

function runRow(record: AuditLine): RunRow {
  const { event } = record
  const ran = event?.kind === 'ran' ? event : null
  return {
    id: record.run ?? record.id,
    deal: record.link,
    name: record.name,
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
export async function runsOf(engine: Engine, filter: Parameters<Service['runs']>[0]): Promise<{ runs: RunRow[]; next: string | null }> {
  const outcomes = filter.outcome === undefined ? (filter.failedOnly ? (['again', 'stopped'] as const) : undefined) : [filter.outcome]
  const page = await auditOf(engine, {
    kinds: ['ran'],
    limit: filter.limit,
    after: filter.after ?? null,
    ...(filter.deal === undefined ? {} : { link: (await findDeal(engine, filter.deal)).id }),
    ...(filter.since === undefined ? {} : { since: filter.since }),
    ...(outcomes === undefined ? {} : { outcomes }),
  })
  return { runs: page.records.map(runRow), next: page.next }
}

/** One pass with everything it recorded, newest first. @throws Fault `missing`. */
export async function runOf(engine: Engine, id: string): Promise<{ run: RunRow; entries: AuditRecord[] }> {
  const { records } = await auditOf(engine, { run: id, limit: entriesMost })
  const found = records.find(({ event }) => event?.kind === 'ran') ?? records[0]
  if (found === undefined) throw new Fault('missing', `No run has the id "${id}".`, { remedy: 'See "cosell runs list".' })
  return { run: runRow(found), entries: records }
}

/** Entries of the ledger with the names their deals have now. */
export async function auditOf({ store }: Engine, filter: AuditFilter): Promise<{ records: AuditLine[]; next: string | null }> {
  const { records, next } = await store.audit(filter)
  const deals = new Set(records.flatMap(({ link }): LinkId[] => (link === null ? [] : [link])))
  const names = await store.namesOf([...deals])
  return { records: records.map((record) => ({ ...record, name: record.link === null ? null : (names.get(record.link) ?? null) })), next }
}
