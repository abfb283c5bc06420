import type { Change, Conflict } from './change.js'
import type { Field, Projection } from './deal.js'
import type { Reason } from './link.js'
import type { Instant, LinkId, Ref, Side } from './ref.js'

/** One thing that happened, as it is kept in the ledger. `link` null: about the installation, not a deal. */
export interface AuditEntry {
  readonly link: LinkId | null
  readonly at: Instant
  /** Who: `cosell` itself, a person's name or e-mail, or `partner-center` / `crm` for their events. */
  readonly by: string
  /** The pass over the deal that this belongs to; null outside a pass. */
  readonly run: string | null
  readonly event: AuditEvent
}

/** One exchange with a remote system, as the ledger keeps it beside a write: bodies cut to a few thousand characters, headers never. */
export interface WireCall {
  readonly system: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Null: no answer came. */
  readonly status: number | null
  readonly ms: number
  readonly requestId: string | null
  readonly asked: string | null
  readonly answered: string | null
}

export type AuditEvent =
  | { readonly kind: 'hinted'; readonly source: string; readonly name: string; readonly ref: Ref | null }
  | { readonly kind: 'planned'; readonly verdict: string; readonly changes: readonly Change[]; readonly policyVersion: number }
  | { readonly kind: 'wrote'; readonly change: Change; readonly before: Projection; readonly ref: Ref; readonly requestId: string | null; readonly remarks: readonly string[]; readonly calls: readonly WireCall[] }
  | { readonly kind: 'found-written'; readonly change: Change; readonly ref: Ref | null }
  | { readonly kind: 'failed'; readonly change: Change | null; readonly fault: string; readonly message: string; readonly remedy: string; readonly requestId: string | null; readonly calls: readonly WireCall[] }
  | { readonly kind: 'conflict'; readonly conflict: Conflict }
  /** What both sides are known to agree on moved: the fields of each side that changed, and those that are agreed on no more. */
  | { readonly kind: 'agreed'; readonly partner: Projection; readonly crm: Projection; readonly dropped: { readonly [S in Side]: readonly Field[] } }
  /** Nothing is agreed on any more: the records were parted, or meet anew. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'linked'; readonly ends: { readonly [S in Side]: Ref | null }; readonly how: string }
  | { readonly kind: 'unlinked'; readonly ends: { readonly [S in Side]: Ref | null }; readonly how: string }
  | { readonly kind: 'moved'; readonly from: Ref; readonly to: Ref }
  | { readonly kind: 'state'; readonly state: string; readonly reason: Reason | null }
  | { readonly kind: 'ordered'; readonly what: string; readonly detail: string | null }
  /** `before`: what the records showed of those fields, change by change; absent in entries of earlier versions. */
  | { readonly kind: 'observed'; readonly changes: readonly Change[]; readonly before?: readonly Projection[] }
  | { readonly kind: 'ran'; readonly because: string; readonly outcome: 'settled' | 'again' | 'stopped'; readonly writes: number; readonly ms: number; readonly attempt: number; readonly fault: string | null; readonly message: string | null; readonly settingsVersion?: number }
  | { readonly kind: 'setting'; readonly name: string; readonly detail: string }

/** An entry as stored: numbered, chained and verifiable. `event` is null after its payload was erased. */
export interface AuditRecord extends Omit<AuditEntry, 'event'> {
  readonly id: string
  readonly sequence: number
  readonly event: AuditEvent | null
  readonly hash: string
}
