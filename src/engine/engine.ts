import type { FaultKind } from '../core/fault.js'
import type { AuditEntry, WireCall } from '../core/audit.js'
import type { Policy } from '../core/policy.js'
import type { Adapter, Clock, Random, Store } from '../core/ports.js'
import type { Tracing } from '../core/tracing.js'
import type { Instant, LinkId, Ref, Side } from '../core/ref.js'
import type { MappedRows } from './mapped-rows.js'

/** The policy in force and the number of the settings version it comes from. */
export interface PolicyInForce {
  readonly policy: Policy
  readonly version: number
  /** What its rows read and write; null in a world without a mapping. */
  readonly mapping: MappedRows | null
}

/** One wide line per pass, for logs and metrics. */
export interface PassReport {
  readonly link: LinkId
  readonly run: string
  readonly because: string
  readonly outcome: 'settled' | 'again' | 'stopped'
  readonly state: string
  readonly writes: number
  readonly rounds: number
  readonly ms: number
  /** From the oldest mark to the end of the pass. */
  readonly delayMs: number
  readonly fault: FaultKind | null
  readonly message: string | null
  /** Which attempt in a row this was, from 1. */
  readonly attempt: number
  /** Id of the trace it stands in; null or absent: nobody traces. */
  readonly trace?: string | null
}

/** Everything the engine needs of the world. Built once by assemble.ts, or by a simulation. */
export interface Engine {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly newId: () => string
  readonly adapters: { readonly [S in Side]: Adapter }
  readonly policy: () => PolicyInForce
  /** Reads the settings anew: another process may have put others in force. */
  readonly freshen: () => Promise<void>
  /** The id a CRM record gets that is made for this referral: the same whoever makes it, so that a second one is refused as existing. */
  readonly crmIdFor: (referralId: string) => string
  /**
   * Whether every referral that may already exist is known. Before the first sweep of Partner Center is through (a new store, or one restored
   * from a backup), a record that looks unshared may have been shared long ago: nothing is created there until then.
   */
  readonly referralsKnown: () => Promise<boolean>
  /** Runs a write under a signal of its own: no call of it leaves after `until`, and which were made is told, also when it fails. */
  readonly witness: Witness
  readonly leaseMs: number
  /** Absent: nobody traces. */
  readonly tracing?: Tracing
  readonly report: (report: PassReport) => void
  readonly warn: (message: string, details: Record<string, unknown>) => void
}

/** The engine as it is now: a pass that began under one version of the settings ends under it, while the next begins under another. */
export function pinned(engine: Engine): Engine {
  const now = engine.policy()
  return { ...engine, adapters: { partner: engine.adapters.partner, crm: engine.adapters.crm }, policy: () => now }
}

export type Witness = <T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  options: { readonly until: Instant; readonly saw: (calls: readonly WireCall[]) => void },
) => Promise<T>
/** For a world whose adapters make no calls. */
export const unwitnessed: Witness = (signal, work) => work(signal)

// Two request deadlines of 25 s, and a margin to save the outcome.
export const LEASE_MS = 60_000

export interface EntryContext {
  readonly link: LinkId | null
  readonly run: string | null
  readonly at: Instant
  readonly by?: string
}
export const entry = (context: EntryContext, event: AuditEntry['event']): AuditEntry => ({
  link: context.link,
  run: context.run,
  at: context.at,
  by: context.by ?? 'cosell',
  event,
})

export const isSameEnd = (a: Ref | null, b: Ref | null): boolean => a?.id === b?.id && a?.kind === b?.kind && a?.side === b?.side
