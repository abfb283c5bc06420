import type { AuditEntry, AuditEvent } from '../core/audit.js'
import type { Base } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import type { Outcome } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Lease } from '../core/ports.js'
import { movedAgreement } from '../core/replay.js'
import { entry, type Engine } from './engine.js'

/** Safety margin before the end of a lease: a request that starts later could outlive it. */
const leaseMarginMs = 30_000

/** One pass over one deal: the link as it stands, the lease, and the audit lines that wait for the next save. */
export class Pass {
  readonly startedAt: number
  readonly run: string
  link: Link
  lease: Lease
  writes = 0
  rounds = 0
  /** A creation was sent whose answer is lost: it is not searched for before this moment. */
  searchAfter: number | null = null
  private entries: AuditEntry[] = []
  /** How the deal stood when the pass began: what differs from it in the end is news. */
  readonly stood: Pick<Link, 'state' | 'reason' | 'base' | 'newest'>
  /** As the store has it. */
  private agreed: Base | null
  private readonly engine: Engine
  readonly signal: AbortSignal

  constructor(engine: Engine, link: Link, lease: Lease, signal: AbortSignal) {
    this.engine = engine
    this.link = link
    this.stood = link
    this.agreed = link.base
    this.lease = lease
    this.signal = signal
    this.run = engine.newId()
    this.startedAt = engine.clock.now()
  }

  note(event: AuditEvent): void {
    this.entries.push(entry({ link: this.link.id, run: this.run, at: this.engine.clock.now() }, event))
  }

  /** How many lines wait for the next save. */
  noted(): number {
    return this.entries.length
  }
  /** The lines themselves, for who saves them in another way. */
  get lines(): readonly AuditEntry[] {
    return this.entries
  }

  /** A process that stood still before the wire may have sent a creation long after its lease: what is searched for too early is made twice. */
  putOffSearch(until: number): void {
    this.searchAfter = until
    this.link = searchedAfter(this.link, until)
  }

  /** Takes back the lines of something that did not happen. */
  unnote(noted: number): void {
    this.entries = this.entries.slice(0, noted)
  }

  /** The link as the store has it now, after two deals were joined. */
  joined(link: Link): void {
    this.link = link
    this.agreed = link.base
  }


  /** What the store has as agreed on; the link of the pass may be ahead of it. */
  get stored(): Base | null {
    return this.agreed
  }

  /** Saves the link and the collected audit lines in one transaction; with an outcome, the lease ends with it. */
  async save(link: Link, outcome: Outcome | null = null): Promise<void> {
    const noted = this.entries
    const at = this.engine.clock.now()
    const moved = movedAgreement(this.agreed, link.base).map((event) => entry({ link: link.id, run: this.run, at }, event))
    const audit = [...noted, ...moved]
    this.entries = []
    try {
      this.link = await this.engine.store.save({ lease: this.lease, link, audit, now: this.engine.clock.now(), outcome })
      this.agreed = this.link.base
    } catch (error) {
      this.entries = [...noted, ...this.entries]
      throw error
    }
  }

  /** Before every remote write: the deal is still ours, for long enough to learn the answer. */
  async assertLease(): Promise<void> {
    const now = this.engine.clock.now()
    if (now < this.lease.until - leaseMarginMs) return
    const { store, leaseMs } = this.engine
    if (now >= this.lease.until || !(await store.queue.holds(this.lease, now, leaseMs))) {
      throw new Fault('lease-lost', `Another worker took over deal ${this.link.id}.`, { remedy: 'Nothing to do: the other worker finishes it.' })
    }
    this.lease = { ...this.lease, until: now + leaseMs }
  }
}

/** The link with every creation of unknown fate searched for no earlier than that. */
export const searchedAfter = (link: Link, until: number): Link => ({
  ...link,
  intents: link.intents.map((intent) =>
    intent.change.kind === 'create' && intent.searchAfter < until
      ? { ...intent, searchAfter: until, putOffFrom: intent.putOffFrom ?? intent.searchAfter }
      : intent,
  ),
})
