import type { Stamp } from '../core/change.js'
import { isFault, type Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Present, Readings } from '../core/ports.js'
import type { Engine } from './engine.js'
import { noteLine, prependLines, problemLine } from './note-text.js'
import type { Pass } from './pass.js'

/** Puts onto the CRM record what a seller should see there: the audit line of an outbound sync, or what is missing. Writes nothing that already stands there. */
export async function tellRecord(engine: Engine, pass: Pass, now: Readings): Promise<{ kind: 'told' } | { kind: 'failed'; fault: Fault }> {
  const { link } = pass
  const { crm } = now
  if (crm.kind !== 'present' || !maySpeak(engine, link, crm)) {
    // A closed record takes no line any more; the ledger has it.
    if (crm.kind === 'present' && crm.sealed) pass.link = { ...link, notes: [] }
    return { kind: 'told' }
  }
  const wanted = message(link)
  const news = wanted !== null && wanted !== (link.told ?? 'in-sync')
  if (!news && link.notes.length === 0) return { kind: 'told' }
  try {
    await pass.assertLease()
    const expect = crm.version ?? (await fresh(engine, pass, crm))
    await engine.adapters.crm.write({ kind: 'patch', side: 'crm', ref: crm.ref, expect, set: {}, stamp: stampOf(engine, link, crm, news) }, pass)
    pass.writes += 1
    pass.link = { ...link, notes: [], told: wanted ?? link.told }
    return { kind: 'told' }
  } catch (error) {
    if (!isFault(error)) throw error
    // Refused for good (a field was removed, a rule of the CRM): the deal itself is in order, so say it here and go on.
    if (error.kind !== 'rejected' && error.kind !== 'forbidden') return { kind: 'failed', fault: error }
    pass.note({ kind: 'failed', change: null, fault: error.kind, message: error.message, remedy: error.remedy, requestId: error.requestId, calls: [] })
    pass.link = { ...link, notes: [], told: wanted ?? link.told }
    return { kind: 'told' }
  }
}

/** Only onto records that are shared or asked to be, that take writes, and while the flow into the CRM is on. */
function maySpeak(engine: Engine, link: Link, crm: Present): boolean {
  return !crm.sealed && engine.policy().policy.flows.partnerToCrm === 'on' && (link.ends.partner !== null || crm.sync)
}

function message(link: Link): string | null {
  switch (link.state) {
    case 'in-sync':
      return waits(link) ? `in-sync: ${link.reason?.text ?? ''}` : 'in-sync'
    case 'needs-attention':
    case 'stopped':
      return `needs-attention: ${link.reason?.text ?? ''}`
    case 'pending':
    case 'unlinked':
      return null
  }
}

/** Nothing is wrong, and the seller should know all the same that what was edited is not sent yet. */
const waits = ({ state, reason }: Link): boolean => state === 'in-sync' && reason?.code === 'unanswered'

function stampOf(engine: Engine, link: Link, crm: Present, news: boolean): Stamp {
  const at = engine.clock.now()
  const problem = link.state === 'in-sync' && !waits(link) ? null : (link.reason?.text ?? null)
  const lines = [...link.notes, ...(news && problem !== null ? [waits(link) ? noteLine(at, problem) : problemLine(at, problem)] : [])]
  const status: Stamp = { status: link.state, problem }
  return {
    ...status,
    ...(lines.length === 0 ? {} : { audit: prependLines(lines, crm.auditText, engine.adapters.crm.can.auditLimit) }),
    ...(link.notes.length === 0 ? {} : { lastSynced: new Date(at).toISOString() }),
  }
}

async function fresh(engine: Engine, pass: Pass, crm: Present): Promise<Present['version']> {
  const reading = await engine.adapters.crm.read(crm.ref, { wide: false, signal: pass.signal })
  return reading.kind === 'present' ? reading.version : null
}
