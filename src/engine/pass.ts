import type { AuditEntry, AuditEvent } from '../core/audit.js'
import { Fault } from '../core/fault.js'
import type { Outcome } from '../core/fault.js'
import type { Link, Reason } from '../core/link.js'
import type { Lease } from '../core/ports.js'
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
  /** Why a write of this pass was refused for good. */
  lastRefusal: Reason | null = null
  private entries: AuditEntry[] = []
  private readonly engine: Engine
  readonly signal: AbortSignal

  constructor(engine: Engine, link: Link, lease: Lease, signal: AbortSignal) {
    this.engine = engine
    this.link = link
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

  /** Takes back the lines of something that did not happen. */
  unnote(noted: number): void {
    this.entries = this.entries.slice(0, noted)
  }

  /** Saves the link and the collected audit lines in one transaction; with an outcome, the lease ends with it. */
  async save(link: Link, outcome: Outcome | null = null): Promise<void> {
    const audit = this.entries
    this.entries = []
    try {
      this.link = await this.engine.store.save({ lease: this.lease, link, audit, now: this.engine.clock.now(), outcome })
    } catch (error) {
      this.entries = [...audit, ...this.entries]
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
