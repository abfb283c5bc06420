import type { AuditRecord } from '../core/audit.js'
import type { Change, Conflict } from '../core/change.js'
import type { Field, FieldValue, Projection } from '../core/deal.js'
import type { Link, LinkState, Reason, ReasonCode, WaitsFor } from '../core/link.js'
import type { MatchReport } from '../core/matching.js'
import type { ObservedOutcome } from '../core/observation.js'
import type { FlowName, FlowSwitch } from '../core/policy.js'
import type { Check } from '../core/ports.js'
import type { Instant, Side } from '../core/ref.js'
import type { Settings, SettingsVersion } from '../core/settings.js'
import type { Take } from '../core/stage.js'
import type { Activity, QuotaView } from './activity-views.js'
import type { MappingDesk } from './mapping-views.js'
import type { ApplyReport, PlanDocument, PlanItem, PlanProgress } from './plan-views.js'
import type { Brake, SweepReport } from './sweep.js'

/** One row of the list of deals. The names are promised to scripts. */
export interface DealRow {
  readonly id: string
  readonly name: string | null
  readonly kind: 'opportunity' | 'lead'
  readonly state: LinkState
  readonly reason: Reason | null
  readonly referralId: string | null
  readonly engagementId: string | null
  readonly crmId: string | null
  readonly crmEntity: string | null
  readonly status: string | null
  readonly substatus: string | null
  /** ISO-8601 UTC. */
  readonly lastSyncedAt: string | null
  /** The reason's sentence, when a person is needed. */
  readonly problem: string | null
  /** Until when an unanswered referral must be accepted or declined, as Partner Center says. */
  readonly answerDue: string | null
  /** What Microsoft's own referral of the deal says, as `Active/Accepted`; null where Microsoft takes no part. */
  readonly microsoft: string | null
  /** Pages of the two records in their own systems. */
  readonly urls: { readonly partner: string | null; readonly crm: string | null }
}

export interface FieldView {
  readonly field: Field
  readonly partner: FieldValue | undefined
  readonly crm: FieldValue | undefined
  readonly basePartner: FieldValue | undefined
  readonly baseCrm: FieldValue | undefined
  readonly differs: boolean
  readonly changedBy: readonly Side[]
  /** Which side's value was last carried over to the other, and when; null: never, or longer ago than is looked at. */
  readonly carried: { readonly from: Side; readonly at: string; readonly run: string | null } | null
}

/** Everything about one deal. With `live`, both sides are read now; else the fields show what they last agreed on. */
export interface DealView extends DealRow {
  readonly live: boolean
  /** With `live`: what the look at each side met; null without. A side that cannot be reached shows what was last agreed. */
  readonly seen: { readonly [S in Side]: { readonly kind: 'present' | 'absent' | 'moved' | 'unreachable'; readonly message: string | null } } | null
  readonly fields: readonly FieldView[]
  readonly conflicts: readonly Conflict[]
  readonly planned: readonly Change[]
  readonly orders: readonly { readonly take: Take; readonly reason: string | null; readonly by: string; readonly at: string }[]
  readonly ignored: boolean
}

export interface ConflictRow {
  readonly deal: string
  readonly name: string | null
  /** In which the amounts of the deal are. */
  readonly currency: string | null
  readonly conflict: Conflict
}

/** One pass over a deal that did something, or failed. */
export interface RunRow {
  readonly id: string
  readonly deal: string | null
  /** What the deal is called now; null when it has no name, or is gone. */
  readonly name: string | null
  readonly at: string
  readonly because: string
  readonly outcome: 'settled' | 'again' | 'stopped'
  readonly writes: number
  readonly ms: number
  readonly attempt: number
  readonly fault: string | null
  readonly message: string | null
  /** The version of the settings it worked by; null in entries of an earlier version of this program. */
  readonly settingsVersion: number | null
}

export interface SyncSummary {
  readonly sweeps: readonly SweepReport[]
  readonly passes: number
  readonly braked: readonly Brake[]
  /** Deals by state when it ended. */
  readonly states: Readonly<Record<LinkState, number>>
  /** Retries that are due later and were not waited for. */
  readonly later: number
  /** Of the deals that were worked: those that need a person. */
  readonly attention: number
  /** Deals that could not be reached, with the first message. */
  readonly unreachable: { readonly count: number; readonly message: string | null }
}

export interface FlowView {
  readonly flow: FlowName
  readonly value: FlowSwitch
  readonly origin: 'file' | 'command'
}

/** What observe mode would have done, beside what came of it without us. */
export interface ObserveReport {
  /** Since when observations count: the last switch to observe, unless another time was asked for; null: all there are. */
  readonly since: string | null
  readonly flows: readonly FlowView[]
  /** False: there are more observations than were looked at. */
  readonly complete: boolean
  /** Fields, but for `deals`. */
  readonly totals: {
    readonly deals: number
    readonly agreed: number
    readonly different: number
    readonly notDone: number
    readonly withdrawn: number
  }
  /** What is different or was not done, deal by deal. */
  readonly rows: readonly {
    readonly deal: string
    readonly name: string | null
    readonly referralId: string | null
    readonly crmId: string | null
    /** Where we would have written. */
    readonly side: Side
    readonly kind: Change['kind']
    readonly field: Field
    readonly at: string
    readonly ours: FieldValue
    readonly before: FieldValue
    readonly theirs: FieldValue
    readonly outcome: ObservedOutcome
  }[]
}

export interface Overview {
  readonly environment: string
  readonly states: Readonly<Record<LinkState, number>>
  readonly queue: {
    readonly due: number
    readonly later: number
    readonly leased: number
    readonly oldestDueAt: Instant | null
    readonly nextDueAt: Instant | null
  }
  readonly lastEventAt: string | null
  readonly lastSweepAt: { readonly partner: string | null; readonly crm: string | null }
  /** Sides that were read whole once, and should have been since: what no event tells of waits there unseen. */
  readonly behind: readonly Side[]
  readonly flows: readonly FlowView[]
  readonly brakes: readonly Brake[]
  /** How far the plan is that this process makes at the moment. */
  readonly planning: PlanProgress | null
}

/** An entry of the ledger, with the name its deal has now. */
export type AuditLine = AuditRecord & { readonly name: string | null }

/** Deals that are kept from being in sync by the same cause. */
export interface Issue {
  readonly state: LinkState
  readonly reason: ReasonCode
  readonly count: number
  readonly sample: readonly DealRow[]
}

/** What a person is about to do with a deal, to see beforehand what it would write. */
export type Intention =
  | { readonly kind: 'order'; readonly take: 'accept' | 'decline' | 'win' | 'lose' | 'share'; readonly reason: string | null }
  | { readonly kind: 'resolve'; readonly field: string; readonly keep: Side }
  | { readonly kind: 'sync' }
  /** Connect these two records, whichever deals they stand in now. */
  | { readonly kind: 'link'; readonly referral: string; readonly crm: string }

export type { Activity, AuditRecord, Check, Link, MatchReport, Projection, QuotaView }

export type { ApplyReport, PlanChangeView, PlanDocument, PlanItem, PlanProgress, PlanWatch } from './plan-views.js'
export type { MappingDesk, MappingRowView, MappingTrial, MappingTrialRow, MappingView } from './mapping-views.js'

/** One version of the settings. `proposed`: written down and not in force, because another person has yet to agree. */
export interface SettingsSummary extends Omit<SettingsVersion, 'settings' | 'at'> {
  /** ISO-8601 UTC. */
  readonly at: string
  readonly state: 'in-force' | 'proposed' | 'past'
}
export interface VersionView extends SettingsSummary {
  readonly settings: Settings
}
/** What a document would change here, and whether it fits this CRM. */
export interface Proposal {
  readonly against: number
  readonly changes: SettingsVersion['changes']
  readonly checks: readonly Check[]
}

/** Words that Partner Center renews every year, by field, and how many deals carry each. `listed`: the file names it. */
export interface TaxonomyView {
  readonly date: string
  /** The file, or `delivered`. */
  readonly source: string
  readonly lists: readonly {
    readonly field: string
    readonly values: readonly { readonly value: string; readonly listed: boolean; readonly deals: number }[]
  }[]
}
export interface TaxonomyDesk {
  show(): Promise<TaxonomyView>
  /** The lists with what deals carry, as a file to edit. */
  export(): Promise<string>
}

/** Versions of mapping, stages, policies and switches. A document is what `export` gives: YAML, without addresses and credentials. */
export interface SettingsDesk {
  list(): Promise<readonly SettingsSummary[]>
  /** Null: the version in force. @throws Fault `missing`. */
  show(number: number | null): Promise<VersionView>
  export(number: number | null): Promise<string>
  compare(document: string, signal: AbortSignal): Promise<Proposal>
  /** @throws Fault `misconfigured` for a document that is not one, `rejected` when it does not fit this CRM. */
  promote(
    document: string,
    options: { readonly note: string | null; readonly by: string; readonly signal: AbortSignal },
  ): Promise<VersionView>
  approve(number: number, by: string): Promise<VersionView>
  rollback(number: number | null, options: { readonly flows: 'keep' | 'restore'; readonly by: string }): Promise<VersionView>
}

/** Everything a person or a script can do. The CLI, the API and the console all go through it. `by` names the person for the ledger. */
export interface Service {
  deals(filter: {
    readonly state?: LinkState
    readonly kind?: 'opportunity' | 'lead'
    readonly reason?: string
    readonly search?: string
    /** Whose answer the deal waits for. */
    readonly waitsFor?: WaitsFor
    readonly order?: 'newest' | 'due'
    readonly limit: number
    readonly after?: string | null
    readonly offset?: number
  }): Promise<{ readonly deals: DealRow[]; readonly next: string | null; readonly total: number }>
  /** `deal` is the deal's id, its referral id or its CRM id. @throws Fault `missing`. */
  deal(deal: string, options: { readonly live: boolean }): Promise<DealView>
  /** Orders a step. It is carried out by the next pass; returns the deal after that pass. */
  order(
    deal: string,
    order: { readonly take: 'accept' | 'decline' | 'win' | 'lose' | 'share'; readonly reason: string | null; readonly by: string },
  ): Promise<DealView>
  hold(deal: string, options: { readonly on: boolean; readonly by: string }): Promise<DealRow>
  link(ends: { readonly referral: string; readonly crm: string; readonly by: string }): Promise<DealView>
  /** Which unlinked referrals and opportunities look like the same deal. Reads both systems whole and writes nothing. */
  match(signal: AbortSignal): Promise<MatchReport>
  unlink(deal: string, options: { readonly by: string }): Promise<DealRow>
  conflicts(): Promise<ConflictRow[]>
  resolve(deal: string, choice: { readonly field: string; readonly keep: Side; readonly by: string }): Promise<DealView>
  runs(filter: {
    readonly deal?: string
    readonly failedOnly: boolean
    readonly outcome?: RunRow['outcome']
    readonly since?: Instant
    readonly limit: number
    readonly after?: string | null
  }): Promise<{ readonly runs: RunRow[]; readonly next: string | null }>
  run(id: string): Promise<{ readonly run: RunRow; readonly entries: AuditRecord[] }>
  /** Marks stopped and failing deals due now. @returns how many. */
  retry(target: { readonly deal: string; readonly by: string } | { readonly all: true; readonly by: string }): Promise<number>
  sync(options: {
    readonly deals: readonly string[]
    readonly release: boolean
    readonly signal: AbortSignal
    readonly by: string
  }): Promise<SyncSummary>
  plan(options: { readonly deals: readonly string[]; readonly signal: AbortSignal }): Promise<PlanDocument>
  /** `foresee`: only says what would be applied and what refused. */
  apply(plan: PlanDocument, options: { readonly by: string; readonly signal: AbortSignal; readonly only?: 'foresee' }): Promise<ApplyReport>
  audit(filter: {
    readonly deal?: string
    readonly since?: Instant
    readonly until?: Instant
    readonly kinds?: readonly string[]
    readonly by?: string
    readonly search?: string
    readonly limit: number
    readonly after?: string | null
  }): Promise<{ readonly records: AuditLine[]; readonly next: string | null }>
  verifyAudit(): Promise<{
    readonly entries: number
    readonly chains: number
    readonly broken: readonly { readonly link: string | null; readonly sequence: number; readonly why: string }[]
  }>
  flows(): Promise<FlowView[]>
  setFlow(flow: FlowName | 'all', value: FlowSwitch, by: string): Promise<FlowView[]>
  /** Compares what observe mode would have written with what the records show since. Reads both systems. */
  observeReport(options: { readonly since: Instant | null; readonly signal: AbortSignal }): Promise<ObserveReport>
  overview(): Promise<Overview>
  activity(): Promise<Activity>
  issues(): Promise<Issue[]>
  /** What would be written if a person did this now. Reads both systems and writes nothing. */
  preview(deal: string, intention: Intention, signal: AbortSignal): Promise<PlanItem>
  readonly mapping: MappingDesk
  readonly settings: SettingsDesk
  readonly taxonomy: TaxonomyDesk
  checks(signal: AbortSignal): Promise<Check[]>
}
