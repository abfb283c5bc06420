import { request } from './http.js'
import type {
  Activity,
  AuditLine,
  AuditRecord,
  Check,
  ConnectionView,
  ConflictRow,
  DealRow,
  DealView,
  FlowView,
  Intention,
  Issue,
  LinkState,
  Me,
  Overview,
  PlanDocument,
  PlanItem,
  Proposal,
  RemoteSchema,
  RunRow,
  SchemaPart,
  Side,
  SettingsSummary,
  SyncSummary,
  VersionView,
  DeviceCode,
  InstallJob,
  InstallPlan,
  MappingTrial,
  MappingView,
  NoticeView,
  RegisterOutcome,
  Registration,
  SignInState,
  SessionView,
  WebhookTest,
  WebhookView,
} from './types.js'

const base = '/api/v1'
const of = (deal: string): string => `${base}/deals/${encodeURIComponent(deal)}`
type Signal = AbortSignal | undefined

export interface DealFilter {
  readonly state?: LinkState | undefined
  readonly kind?: 'opportunity' | 'lead' | undefined
  readonly reason?: string | undefined
  readonly search?: string | undefined
  readonly waitsFor?: 'us' | 'microsoft' | undefined
  readonly order?: 'newest' | 'due' | undefined
}
export interface RunFilter {
  readonly deal?: string | undefined
  readonly failedOnly: boolean
  readonly outcome?: RunRow['outcome'] | undefined
  readonly since?: number | undefined
}
export interface AuditFilter {
  readonly deal?: string | undefined
  readonly since?: number | undefined
  readonly kind?: string | undefined
  readonly by?: string | undefined
  readonly search?: string | undefined
}
export type OrderTake = 'accept' | 'decline' | 'win' | 'lose' | 'share'

interface Page {
  readonly limit: number
  readonly after: string | null
  readonly signal?: Signal
}

/** Everything the console asks of the service, one line an operation. */
export const api = {
  me: (signal: Signal) => request<Me>(`${base}/me`, { signal }),
  signIn: (token: string) => request<void>(`${base}/session`, { method: 'POST', body: { token } }),
  signOut: () => request<void>(`${base}/session`, { method: 'DELETE' }),

  overview: (signal: Signal) => request<Overview>(`${base}/overview`, { signal }),
  activity: (signal: Signal) => request<Activity>(`${base}/activity`, { signal }),
  issues: (signal: Signal) => request<{ issues: Issue[] }>(`${base}/issues`, { signal }),
  deals: (filter: DealFilter, { limit, after, signal }: Page) =>
    request<{ deals: DealRow[]; next: string | null; total: number }>(`${base}/deals`, { query: { ...filter, limit, after }, signal }),
  dealsAt: (filter: DealFilter, { limit, offset, signal }: { limit: number; offset: number; signal?: Signal }) =>
    request<{ deals: DealRow[]; next: string | null; total: number }>(`${base}/deals`, { query: { ...filter, limit, offset }, signal }),
  deal: (deal: string, live: boolean, signal: Signal) => request<DealView>(of(deal), { query: { live }, signal }),
  order: (deal: string, take: OrderTake, reason: string | null) =>
    request<DealView>(`${of(deal)}/order`, { method: 'POST', body: { take, reason } }),
  preview: (deal: string, intention: Intention, signal: Signal) =>
    request<PlanItem>(`${of(deal)}/preview`, { method: 'POST', body: { intention }, signal }),
  hold: (deal: string, on: boolean) => request<DealRow>(`${of(deal)}/hold`, { method: 'POST', body: { on } }),
  link: (referral: string, crm: string) => request<DealView>(`${base}/links`, { method: 'POST', body: { referral, crm } }),
  unlink: (deal: string) => request<DealRow>(`${of(deal)}/unlink`, { method: 'POST', body: {} }),
  conflicts: (signal: Signal) => request<{ conflicts: ConflictRow[] }>(`${base}/conflicts`, { signal }),
  resolve: (deal: string, field: string, keep: Side) => request<DealView>(`${of(deal)}/resolve`, { method: 'POST', body: { field, keep } }),
  runs: (filter: RunFilter, { limit, after, signal }: Page) =>
    request<{ runs: RunRow[]; next: string | null }>(`${base}/runs`, { query: { ...filter, limit, after }, signal }),
  run: (id: string, signal: Signal) =>
    request<{ run: RunRow; entries: AuditRecord[] }>(`${base}/runs/${encodeURIComponent(id)}`, { signal }),
  retry: (deal: string | null) =>
    request<{ retried: number }>(`${base}/retry`, { method: 'POST', body: deal === null ? { all: true } : { deal } }),
  sync: (deals: readonly string[], release: boolean) => request<SyncSummary>(`${base}/sync`, { method: 'POST', body: { deals, release } }),
  plan: (deals: readonly string[], signal?: Signal) => request<PlanDocument>(`${base}/plan`, { method: 'POST', body: { deals }, signal }),
  audit: (filter: AuditFilter, { limit, after, signal }: Page) =>
    request<{ records: AuditLine[]; next: string | null }>(`${base}/audit`, { query: { ...filter, limit, after }, signal }),
  verifyAudit: () =>
    request<{ entries: number; chains: number; broken: { link: string | null; sequence: number; why: string }[] }>(
      `${base}/audit/verification`,
    ),
  flows: (signal: Signal) => request<{ flows: FlowView[] }>(`${base}/flows`, { signal }),
  setFlow: (flow: FlowView['flow'] | 'all', value: FlowView['value']) =>
    request<{ flows: FlowView[] }>(`${base}/flows/${flow}`, { method: 'PUT', body: { value } }),
  webhook: (signal: Signal) => request<WebhookView>(`${base}/webhook`, { signal }),
  registerWebhook: (overwrite: boolean) => request<RegisterOutcome>(`${base}/webhook/register`, { method: 'POST', body: { overwrite } }),
  restoreWebhook: () => request<{ now: Registration }>(`${base}/webhook/restore`, { method: 'POST', body: {} }),
  testWebhook: () => request<WebhookTest>(`${base}/webhook/test`, { method: 'POST', body: {} }),
  connections: (signal: Signal) => request<{ connections: ConnectionView[] }>(`${base}/connections`, { signal }),
  installPlan: (signal: Signal) => request<InstallPlan>(`${base}/install/plan`, { signal }),
  installJob: (signal: Signal) => request<InstallJob>(`${base}/install`, { signal }),
  beginInstall: (alter: boolean) => request<InstallJob>(`${base}/install`, { method: 'POST', body: { alter } }),
  beginBrowserSignIn: () => request<{ url: string }>(`${base}/connections/partner-center/browser-sign-in`, { method: 'POST', body: {} }),
  signInState: (signal: Signal) => request<SignInState>(`${base}/connections/partner-center/sign-in`, { signal }),
  beginSignIn: () => request<DeviceCode>(`${base}/connections/partner-center/sign-in`, { method: 'POST', body: {} }),
  notices: (signal: Signal) => request<{ notices: NoticeView[] }>(`${base}/notices`, { signal }),
  mapping: (signal: Signal) => request<MappingView>(`${base}/mapping`, { signal }),
  checkMapping: (text: string) => request<{ checks: Check[] }>(`${base}/mapping/check`, { method: 'POST', body: { text } }),
  tryMapping: (deal: string, text: string) => request<MappingTrial>(`${base}/mapping/try`, { method: 'POST', body: { deal, text } }),
  planMapping: (text: string, deals: readonly string[]) =>
    request<PlanDocument>(`${base}/mapping/plan`, { method: 'POST', body: { text, deals } }),
  mappingSchema: (signal: Signal) => request<SchemaPart>(`${base}/mapping/schema`, { signal }),
  acceptColumns: () => request<{ accepted: boolean }>(`${base}/mapping/columns/accept`, { method: 'POST', body: {} }),
  columns: (signal: Signal) => request<RemoteSchema>(`${base}/mapping/columns`, { signal }),
  versions: (signal: Signal) => request<{ versions: SettingsSummary[] }>(`${base}/settings/versions`, { signal }),
  version: (signal: Signal) => request<VersionView>(`${base}/settings/version`, { signal }),
  /** One version as a document; without a number the one in force. */
  exportSettings: (number?: number) =>
    request<{ document: string }>(`${base}/settings/export${number === undefined ? '' : `?number=${number}`}`),
  compareSettings: (document: string, signal: Signal) =>
    request<Proposal>(`${base}/settings/compare`, { method: 'POST', body: { document }, signal }),
  promoteSettings: (document: string, note: string | null) =>
    request<VersionView>(`${base}/settings/promote`, { method: 'POST', body: { document, note } }),
  approveSettings: (number: number) => request<VersionView>(`${base}/settings/versions/${number}/approve`, { method: 'POST', body: {} }),
  rollbackSettings: (number: number) => request<VersionView>(`${base}/settings/rollback`, { method: 'POST', body: { number } }),
  sessions: (signal: Signal) => request<{ sessions: SessionView[] }>(`${base}/sessions`, { signal }),
  endSession: (id: string) => request<void>(`${base}/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
  checks: (signal: Signal) => request<{ checks: Check[] }>(`${base}/checks`, { signal }),
} as const
