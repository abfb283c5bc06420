import type { AuditEvent } from '../../../src/core/audit.js'
import type {
  ConnectionView,
  DeviceCode,
  InstallJob,
  NoticeView,
  RegisterOutcome,
  Registration,
  SignInState,
  WebhookTest,
  WebhookView,
} from '../../../src/engine/administration.js'
import type { Change, Conflict } from '../../../src/core/change.js'
import type { Field, FieldValue, Person, Projection, Solution } from '../../../src/core/deal.js'
import type { LinkState, Reason, ReasonCode } from '../../../src/core/link.js'
import type { InstallPlan, RemoteSchema } from '../../../src/core/ports.js'
import type { Side } from '../../../src/core/ref.js'
import type {
  Activity,
  AuditLine,
  AuditRecord,
  Check,
  ConflictRow,
  DealRow,
  DealView,
  FieldView,
  FlowView,
  Intention,
  Issue,
  MappingRowView,
  MappingTrial,
  MappingView,
  Overview,
  QuotaView,
  PlanChangeView,
  PlanDocument,
  PlanItem,
  Proposal,
  RunRow,
  SettingsSummary,
  SyncSummary,
  VersionView,
} from '../../../src/engine/views.js'

/** The part of a JSON Schema that words to choose from are taken from. */
export interface SchemaPart {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, SchemaPart>>
  readonly description?: string
  readonly properties?: Readonly<Record<string, SchemaPart>>
  readonly enum?: readonly unknown[]
  readonly const?: unknown
}

/** The API's shapes, taken from the service itself, so that a page that reads a member that is not there does not compile. */
export type {
  ConnectionView,
  DeviceCode,
  InstallJob,
  InstallPlan,
  MappingRowView,
  MappingTrial,
  MappingView,
  NoticeView,
  RegisterOutcome,
  Registration,
  SignInState,
  WebhookTest,
  WebhookView,
  Activity,
  AuditEvent,
  AuditLine,
  AuditRecord,
  Change,
  Check,
  Conflict,
  ConflictRow,
  DealRow,
  DealView,
  Field,
  FieldValue,
  FieldView,
  FlowView,
  Intention,
  Issue,
  LinkState,
  Overview,
  QuotaView,
  Person,
  Projection,
  PlanChangeView,
  PlanDocument,
  PlanItem,
  Proposal,
  RemoteSchema,
  SettingsSummary,
  VersionView,
  Reason,
  ReasonCode,
  RunRow,
  Side,
  Solution,
  SyncSummary,
}

export type Role = 'viewer' | 'operator' | 'admin'
export interface Me {
  readonly name: string
  readonly role: Role
  readonly via: string
}

export interface SessionView {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly createdAt: number
  readonly lastSeenAt: number
}
