import type { Stamp } from '../core/change.js'
import { isFault, type Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Present, Readings } from '../core/ports.js'
import type { Instant } from '../core/ref.js'
import type { Engine } from './engine.js'
import { noteLine, prependLines, problemLine } from './note-text.js'
import type { Pass } from './pass.js'
import { forSeller } from './seller-words.js'

// An automation of the CRM that changes a field at every write makes each line the cause of the next change, and that of the next line. People rarely
// edit one deal ten times in an hour; from then on the lines are gathered, and one write brings them all.
const linesMost = 10
const linesWithinMs = 3_600_000
const gatherMs = 10 * 60_000

/** `later`: what is to be told waits for this moment, so that the record is not written too often. */
export type Told = { readonly kind: 'told' } | { readonly kind: 'later'; readonly at: Instant } | { readonly kind: 'failed'; readonly fault: Fault }

/** Puts onto the CRM record what a seller should see there: the audit line of an outbound sync, or what is missing. Writes nothing that already stands there. */
export async function tellRecord(engine: Engine, pass: Pass, now: Readings): Promise<Told> {
  const { link } = pass
  const { crm } = now
  if (crm.kind !== 'present' || !maySpeak(engine, link, crm)) {
    // A closed record takes no line any more; the ledger has it.
    if (crm.kind === 'present' && crm.sealed) pass.link = { ...link, notes: [] }
    return { kind: 'told' }
  }
  const word = wordOf(link, crm)
  const told = word?.key ?? link.told
  const isNews = word !== null && word.key !== (link.told ?? 'in-sync')
  if (!isNews && link.notes.length === 0) return { kind: 'told' }
  const at = engine.clock.now()
  const lined = (link.lined ?? []).filter((moment) => at - moment < linesWithinMs)
  const mayAt = (lined.at(-1) ?? 0) + gatherMs
  if (!isNews && lined.length >= linesMost && at < mayAt) return later(engine, pass, mayAt)
  try {
    await pass.assertLease()
    const expect = crm.version ?? (await fresh(engine, pass, crm))
    await engine.adapters.crm.write({ kind: 'patch', side: 'crm', ref: crm.ref, expect, set: {}, stamp: stampOf(engine, link, crm, { word, isNews }) }, pass)
    pass.writes += 1
    pass.link = { ...link, notes: [], told, lined: isNews ? lined : [...lined, at].slice(-linesMost) }
    return { kind: 'told' }
  } catch (error) {
    if (!isFault(error)) throw error
    // Refused for good (a field was removed, a rule of the CRM): the deal itself is in order, so say it here and go on.
    if (error.kind !== 'rejected' && error.kind !== 'forbidden') return { kind: 'failed', fault: error }
    pass.note({ kind: 'failed', change: null, fault: error.kind, message: error.message, remedy: error.remedy, requestId: error.requestId, calls: [] })
    pass.link = { ...link, notes: [], told }
    return { kind: 'told' }
  }
}

function later(engine: Engine, pass: Pass, at: Instant): Told {
  const { link } = pass
  if (!link.notes.some((line) => line.endsWith(gathered))) {
    pass.link = { ...link, notes: [noteLine(engine.clock.now(), gathered), ...link.notes] }
    engine.warn(`Deal ${link.id}: ${gathered}`, { deal_id: link.id })
  }
  return { kind: 'later', at }
}
const gathered = 'The record changed again after each of the last syncs, as if an automation of the CRM changed it at every write. Lines are gathered for ten minutes.'

/** Only onto records that are shared or asked to be, that take writes and are not to be left alone, and while the flow into the CRM is on. */
function maySpeak(engine: Engine, link: Link, crm: Present): boolean {
  return !crm.sealed && !link.ignored && engine.policy().policy.flows.partnerToCrm === 'on' && (link.ends.partner !== null || crm.sync)
}

/** What a record shows of its deal. `key` tells one word from another, so that each is written once. */
interface Word {
  readonly key: string
  readonly problem: string | null
  readonly isTrouble: boolean
}

function wordOf({ state, reason, ends }: Link, crm: Present): Word | null {
  const text = reason === null ? '' : forSeller(reason)
  switch (state) {
    case 'in-sync':
      // Nothing is wrong, and the seller should know all the same that what was edited is not sent yet.
      return reason?.code === 'unanswered' ? { key: `in-sync: ${text}`, problem: text, isTrouble: false } : { key: 'in-sync', problem: null, isTrouble: false }
    case 'needs-attention':
    case 'stopped':
      return { key: `needs-attention: ${text}`, problem: text, isTrouble: true }
    case 'unlinked': {
      // Who switches Sync on for a lead waits for something that does not come.
      const isOwnLead = crm.ref.kind === 'lead' && crm.sync && ends.partner === null && reason?.code === 'excluded'
      return isOwnLead ? { key: `unlinked: ${text}`, problem: text, isTrouble: false } : null
    }
    case 'pending':
      return null
  }
}

interface Telling {
  readonly word: Word | null
  readonly isNews: boolean
}
function stampOf(engine: Engine, link: Link, crm: Present, { word, isNews }: Telling): Stamp {
  const at = engine.clock.now()
  const problem = word !== null ? word.problem : link.reason === null ? null : forSeller(link.reason)
  const line = problem === null || !isNews ? [] : [word?.isTrouble === true ? problemLine(at, problem) : noteLine(at, problem)]
  const lines = [...link.notes, ...line]
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
