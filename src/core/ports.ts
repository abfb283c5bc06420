import type { AuditEntry, AuditRecord } from './audit.js'
import type { Change, CreateChange, PatchChange, StepChange } from './change.js'
import type { Field, Projection } from './deal.js'
import type { Fault, FaultKind, Outcome } from './fault.js'
import type { AuditFilter, LinkFilter } from './filters.js'
import type { Hands, Lease } from './lease.js'
import type { Link, LinkState, Reason } from './link.js'
import type { EndKind, EndRef, Instant, LinkId, Ref, Side, Version } from './ref.js'
import type { RemoteSchema } from './remote-schema.js'

/** Time arrives as an argument, so that a test can turn the hand. */
export interface Clock {
  now(): Instant
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
/** A float in [0, 1). */
export type Random = () => number

// ---------------------------------------------------------------------------------------------------------------- reading

/** A value a record shows that we have no meaning for: the deal is held and this is said, never guessed around. */
export interface Unreadable {
  readonly field: Field
  /** What the record shows, as text. */
  readonly shows: string
  readonly text: string
  readonly remedy: string
}

/** What one look at one record told us. */
export interface Present {
  readonly kind: 'present'
  readonly ref: EndRef
  readonly version: Version | null
  readonly deal: Projection
  /** The other record's id as this record carries it: `externalReferenceId`, or the CRM's referral identifier. */
  readonly otherId: string | null
  /** May edits of this record leave it? The CRM's Sync switch; always true for a referral. */
  readonly sync: boolean
  readonly category: 'opportunity' | 'lead'
  /** Fields this record takes no more (locked after sharing). `sealed` = it takes no write at all (closed). */
  readonly locked: readonly Field[]
  readonly sealed: boolean
  readonly unreadable: readonly Unreadable[]
  /** Why an open record does not say that somebody answered, although it is not shown as one that waits. Absent: it does. */
  readonly unanswered?: string
  readonly engagementId: string | null
  readonly aliases: readonly EndRef[]
  readonly parts: readonly Ref[]
  /** CRM only: the audit text as it stands, and whether the status fields exist. */
  readonly auditText: string | null
  /** Planning on this record is safe only after this many ms (where a precondition knows whole seconds only). */
  readonly settlesInMs: number
  readonly modifiedAt: Instant | null
  readonly createdAt: Instant | null
}
export type Reading =
  | Present
  /** `belongsTo`: the record that the other side names is there, and names this one instead. */
  | { readonly kind: 'absent'; readonly ref: EndRef | null; readonly belongsTo?: string }
  /** A lead became an opportunity, a record was merged into another. */
  | { readonly kind: 'moved'; readonly ref: EndRef; readonly to: EndRef }
  | { readonly kind: 'unreachable'; readonly ref: EndRef | null; readonly fault: Fault }
export type Readings = { readonly [S in Side]: Reading }

// ---------------------------------------------------------------------------------------------------------------- adapter

export interface Capabilities {
  readonly precondition: 'version' | 'second' | 'none'
  /** Whether the system itself refuses a second record with the same marker. */
  readonly markerIsUnique: boolean
  /** How long after a create its marker may not yet be found by a search. */
  readonly markerLagMs: number
  /** Most characters of the audit text; 0 where there is none. */
  readonly auditLimit: number
  /** What a record that comes of another, as an opportunity of a lead, may show although nobody wrote it and the other did not have it. */
  readonly makesUp: readonly Field[]
}

/** What a write told us. `version` null: unknown, read again before the next write of this record. */
export interface Receipt {
  readonly ref: EndRef
  readonly version: Version | null
  /** A creation met its own record: it shows what an earlier attempt wrote and what people made of it since, not what was sent now. */
  readonly found?: true
  /** Values the target shows that differ from what was written because an existing record was used (a found account). Overrides `canonical`. */
  readonly resolved: Projection
  /** What stands there instead of what was to be written, and may be somebody's: it is not agreed on, and the two sides meet there anew. */
  readonly unsure?: readonly Field[]
  /** Things a person should know (an owner who is no CRM user). Goes into the audit and the note. */
  readonly remarks: readonly string[]
  /** What a person should look into although everything was written. */
  readonly doubt?: Reason
}

/** What a page of a change feed or listing brings. */
export interface TouchedPage {
  readonly records: readonly TouchedRecord[]
  /** Where to continue after this page was durably noted; null while a round is incomplete (a feed whose cursor comes with its last page). */
  readonly cursor: string | null
  /** Of the last page: what changed while the round was under way was left to the next one. */
  readonly cutShort?: boolean
  /** Of the last page: of these kinds the round listed every record that is ours. One of a deal that was not among them must be looked for. */
  readonly wholeOf?: readonly EndKind[]
  /** What is in sight, changed or not: deals that are not known are new, and those that are known differ or are left alone. */
  readonly again?: boolean
}
export interface TouchedRecord {
  readonly ref: Ref
  /** For a related referral: the engagement it belongs to, by which its deal is found. */
  readonly engagementId: string | null
  /** The full picture where the listing carries it: good for first creations and for counting, never for writing over a linked record. */
  readonly reading: Reading | null
}
export interface TouchedOptions {
  /** Null: from the beginning (a full round). */
  readonly cursor: string | null
  /** The first sync looks at deals changed since then. */
  readonly since: Instant | null
  /** The first sync takes open deals only. */
  readonly openOnly: boolean
  readonly signal: AbortSignal
}

export interface ReadOptions {
  /** Also read what hangs around the record and changes rarely (Microsoft's referral of the same engagement). */
  readonly wide: boolean
  readonly signal: AbortSignal
}
export interface CallOptions {
  readonly signal: AbortSignal
}

export interface Check {
  readonly name: string
  readonly status: 'pass' | 'warn' | 'fail'
  readonly detail: string
  readonly remedy: string | null
  /** What kind of fault a call of the check ended in; absent: none did. */
  readonly fault?: FaultKind
}

/** What the engine asks of a remote system. All calls throw `Fault` and nothing else. */
export interface Adapter {
  readonly side: Side
  readonly can: Capabilities
  /**
   * What this side will show after being given these values: limits applied, losses taken. Pure; twice is once. What becomes of a value depends
   * on itself alone and, for an amount, on `details.currency` beside it: the planner asks for one field at a time.
   */
  canonical(deal: Projection, as: EndKind): Projection
  /** A deep link for people. */
  webUrl(ref: EndRef): string
  read(ref: EndRef, options: ReadOptions): Promise<Reading>
  readMany(refs: readonly EndRef[], options: ReadOptions): Promise<Reading[]>
  /** Records that carry this marker. May lag `can.markerLagMs`. */
  find(
    marker: { readonly as: EndKind | 'related'; readonly value: string; readonly notBefore: Instant | null },
    options: CallOptions,
  ): Promise<EndRef[]>
  /** @throws Fault `ambiguous` when the answer was lost after the request may have been carried out. */
  create(change: CreateChange, options: CallOptions): Promise<Receipt>
  /** What the receipt of a create would say as `resolved`, for one whose answer was lost. Absent: a new record shows what was written. */
  resolved?(change: CreateChange, options: CallOptions): Promise<Projection>
  write(change: PatchChange | StepChange, options: CallOptions): Promise<Receipt>
  /** Several writes of different records in few calls; one answer per change, in order. */
  writeMany(changes: readonly Change[], options: CallOptions): Promise<(Receipt | Fault)[]>
  touched(options: TouchedOptions): AsyncIterable<TouchedPage>
  /** Every opportunity there is, also those nobody shares: for meeting two systems that were filled before. Absent: `touched` shows all there is. */
  opportunities?(options: CallOptions): AsyncIterable<readonly EndRef[]>
  /** `rights`: columns that security keeps from our user are asked about too, and are not writable then. */
  describe(options: CallOptions, rights?: 'asked'): Promise<RemoteSchema>
  /** Prerequisites, one line each, for `doctor`. */
  checks(options: CallOptions): Promise<Check[]>
}

/** Where to look. Never carries values. */
export interface Hint {
  readonly ref: Ref
  /** For a related referral whose deal we may know only by its engagement. */
  readonly engagementId: string | null
  /** The hint is about a referral other than ours, so that it must be read too. */
  readonly wide: boolean
}
/** A raw request from outside, body unparsed. Header names are lower case. */
export interface InboundRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
  readonly body: Buffer
}
/** Verifies the sender first; then says where to look. */
export interface Inbound {
  receive(request: InboundRequest): Promise<InboundAnswer>
}
export type InboundAnswer =
  /** `eventKey` makes a repeat recognisable; null where the system gives nothing to tell repeats by. */
  | {
      readonly kind: 'accepted'
      readonly events: readonly { readonly eventKey: string | null; readonly name: string; readonly hints: readonly Hint[] }[]
      readonly reply: { readonly contentType: string; readonly body: string } | null
    }
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 413 | 503; readonly title: string; readonly detail: string }

// ------------------------------------------------------------------------------------------------------------------ store

export interface Mark {
  readonly link: LinkId
  readonly dueAt: Instant
  /** 0 = a person waits, 1 = event, 2 = sweep. Lower goes first. */
  readonly urgency: 0 | 1 | 2
  readonly wide: boolean
  readonly because: string
  /** W3C traceparent of what marks it; absent: nobody traces. */
  readonly trace?: string
}

export type { Hands, Lease, LeasedDeal } from './lease.js'
export type { RemoteSchema, SchemaField } from './remote-schema.js'
/** The dirty set: a set of keys, never two runs of one key, a mark during a run means run again. */
export interface Queue {
  mark(marks: readonly Mark[], now: Instant): Promise<void>
  /** Due and unleased (or lease expired), most urgent first. */
  take(options: {
    readonly limit: number
    readonly now: Instant
    readonly leaseMs: number
    readonly only?: readonly LinkId[]
    /** Retries that became due later than this are left alone. Absent: none is. */
    readonly retriesDueBy?: Instant
  }): Promise<Lease[]>
  /** True while this lease still holds. Prolongs it when `leaseMs` is given. */
  holds(lease: Lease, now: Instant, leaseMs?: number): Promise<boolean>
  /** Hands a lease back untouched (shutdown). */
  release(leases: readonly Lease[], now: Instant): Promise<void>
  /** The clock was set back, or may have been: what was marked in what is the future now is due, and no lease lasts longer than one made now. */
  setBack(now: Instant, leaseMs: number): Promise<void>
  depth(
    now: Instant,
  ): Promise<{
    readonly due: number
    readonly later: number
    readonly leased: number
    readonly oldestDueAt: Instant | null
    readonly nextDueAt: Instant | null
  }>
  /** Calls back when marks may be due sooner than the poll would see (LISTEN/NOTIFY, or in-process). Returns unsubscribe. */
  onMark(callback: () => void): () => void
  /**
   * From now on a deal that an event marks is leased to these hands by the transaction that takes the event, where a place is free and nobody
   * has it; and the one that is due next by the transaction that ends another, in whose place. Returns how to withdraw the offer.
   */
  offer(hands: Hands): () => void
}

/** Everything one pass changes, committed together. Fails with fault `lease-lost` when the lease or the link's revision moved. */
export interface Commit {
  readonly lease: Lease | null
  readonly link: Link
  readonly audit: readonly AuditEntry[]
  readonly now: Instant
  /** What becomes of the dirty row; null keeps the lease. */
  readonly outcome: Outcome | null
}

export interface Store {
  readonly queue: Queue
  /** The link with this end, or whose engagement or part this is. */
  linksOf(ref: Ref, engagementId: string | null): Promise<Link[]>
  linksOfMany(refs: readonly { readonly ref: Ref; readonly engagementId: string | null }[]): Promise<Map<string, Link[]>>
  load(id: LinkId): Promise<Link | null>
  loadMany(ids: readonly LinkId[]): Promise<Link[]>
  /** The same for deals that are about to be worked: what their first save needs besides is read along. */
  loadToWork(ids: readonly LinkId[]): Promise<Link[]>
  /** Adds a link; when another link already has one of its ends, that one is returned instead. */
  add(link: Link, audit: readonly AuditEntry[], now: Instant): Promise<Link>
  /** Saves with revision check; returns the link with its new revision. */
  save(commit: Commit): Promise<Link>
  /** Several first-sync links in one transaction. */
  saveMany(commits: readonly Commit[]): Promise<(Link | Fault)[]>
  /** Two links that turned out to be one deal: the older takes the younger's ends, the younger is detached. */
  merge(keep: Link, drop: Link, audit: readonly AuditEntry[], now: Instant): Promise<Link>
  /** The names of deals, for lists that speak of them. */
  namesOf(ids: readonly LinkId[]): Promise<ReadonlyMap<LinkId, string | null>>
  list(filter: LinkFilter): Promise<{ readonly links: Link[]; readonly next: string | null; readonly total: number }>
  counts(): Promise<Readonly<Record<LinkState, number>>>
  /** Deals that wait for our answer, by the day it is due. */
  answersDue(): Promise<readonly { readonly day: string | null; readonly deals: number }[]>
  linkedCount(): Promise<number>
  /** Records an event once; false when its key was seen before. Marks in the same transaction. */
  acceptEvents(events: readonly AcceptedEvent[], now: Instant): Promise<boolean[]>
  /** Small named values: cursors, switches, brake, settings versions. Compare-and-set by revision; `expect` null = must not exist. */
  getValue<T>(name: string): Promise<{ readonly value: T; readonly revision: number } | null>
  setValue(name: string, value: unknown, options: { readonly expect: number | null | 'any'; readonly now: Instant }): Promise<boolean>
  listValues(prefix: string): Promise<{ readonly name: string; readonly value: unknown; readonly revision: number }[]>
  dropValue(name: string): Promise<void>
  /** A lease on something that is not a deal (a customer's account creation, a token refresh, a sweep, a turn of the schedule); the same token renews it. */
  claim(name: string, options: ClaimOptions): Promise<boolean>
  unclaim(name: string, token: string): Promise<void>
  /** Newest first. A search looks through a bounded stretch of entries and may return few with a `next` to go on from. */
  audit(filter: AuditFilter): Promise<{ readonly records: AuditRecord[]; readonly next: string | null }>
  addAudit(entries: readonly AuditEntry[], now: Instant): Promise<void>
  /** Walks every chain; the first broken entry per chain is returned. */
  verifyAudit(): Promise<{
    readonly entries: number
    readonly chains: number
    readonly broken: { readonly link: LinkId | null; readonly sequence: number; readonly why: string }[]
  }>
  close(): Promise<void>
}
export interface ClaimOptions {
  readonly token: string
  readonly forMs: number
  readonly now: Instant
  /** The longest a claim of this name is ever made for; absent: `forMs`. One that would last longer was made by a clock that has been set back since: nobody waits for it. */
  readonly mostMs?: number
}
export interface AcceptedEvent {
  readonly source: 'partner-center' | 'crm'
  readonly eventKey: string | null
  readonly name: string
  readonly hints: readonly Hint[]
  /** Links to mark, found or made by intake; resolved inside the same transaction. */
  readonly urgency: 1 | 2
  /** W3C traceparent of its arrival; null: nobody traces. */
  readonly trace?: string | null
}

// ---------------------------------------------------------------------------------------------------------------- installer

/** One thing the connector needs in the CRM. */
export interface InstallItem {
  /** Stable, for scripts: `column:opportunity.cosell_help`. */
  readonly id: string
  readonly what: string
  /** `differs`: it is there, but not as it must be. */
  readonly state: 'present' | 'missing' | 'differs'
  /** What would be done; null where nothing is to do, or where only a person can do it (then `note` says what). */
  readonly change: string | null
  /** Whether the change alters something that stands in the CRM already. */
  readonly touches: 'new' | 'existing'
  readonly note: string | null
}
export interface InstallPlan {
  readonly crm: string
  readonly items: readonly InstallItem[]
}
export interface InstallReport {
  /** What was done, in order. */
  readonly done: readonly string[]
  /** How the environment stands afterwards, read back. */
  readonly items: readonly InstallItem[]
}
export interface InstallProgress {
  readonly done: number
  readonly total: number
  readonly what: string
}
export interface ApplyOptions extends CallOptions {
  /** Whether what stands in the CRM already may be altered: forms, views, definitions of delivered tables. */
  readonly existing: 'alter' | 'leave'
  readonly onProgress: (progress: InstallProgress) => void
}
/** Where the CRM sends its events, and the key it shows. */
export interface CallbackWish {
  readonly url: string
  readonly key: string
}

/** One solution that can be put on a deal, as the CRM's catalogue holds it. */
export interface CatalogueEntry {
  readonly id: string
  readonly name: string
  readonly type: string | null
  readonly publisher: string | null
}

export interface RemovalOptions extends CallOptions {
  /** Columns and tables hold data: they stay, or are deleted with what they hold. */
  readonly data: 'keep' | 'delete'
}

/** Prepares a CRM for the connector. Every call may be repeated: what is there is left as it is. */
export interface Installer {
  plan(options: CallOptions): Promise<InstallPlan>
  apply(options: ApplyOptions): Promise<InstallReport>
  /** What of ours is still there: `change` says what would be done, `note` why something stays. */
  planRemoval(options: RemovalOptions): Promise<InstallPlan>
  /** Takes away what `apply` and `registerCallbacks` made, and nothing else. `items` is what is left. */
  remove(options: RemovalOptions & Pick<ApplyOptions, 'onProgress'>): Promise<InstallReport>
  /** Makes the CRM send its events to us. */
  registerCallbacks(wish: CallbackWish, options: CallOptions): Promise<InstallReport>
  removeCallbacks(options: CallOptions): Promise<readonly string[]>
  /** The catalogue that sellers pick solutions from. @throws Fault `misconfigured` where its table is missing. */
  catalogue(options: CallOptions): Promise<readonly CatalogueEntry[]>
  /** Adds entries and brings the names of known ones up to date; removes nothing. */
  fillCatalogue(entries: readonly CatalogueEntry[], options: CallOptions): Promise<{ readonly added: number; readonly changed: number }>
}
