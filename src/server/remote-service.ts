import type { RemoteSchema } from '../core/ports.js'
import type {
  Activity,
  ApplyReport,
  AuditLine,
  AuditRecord,
  Check,
  ConflictRow,
  DealRow,
  DealView,
  FlowView,
  Issue,
  MappingTrial,
  MappingView,
  MatchReport,
  ObserveReport,
  Overview,
  PlanDocument,
  PlanItem,
  Proposal,
  RunRow,
  Service,
  SettingsSummary,
  SyncSummary,
  TaxonomyView,
  VersionView,
} from '../engine/views.js'

/** Calls one operation of a running service by name; the answer is what the operation returns. */
export type CallOperation = (name: string, input: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The service as seen through its API: the same promises, spoken over HTTP to a process that runs. */
export function remoteService(call: CallOperation): Service {
  // Each answer has the type that the operation of that name returns; both ends are compiled from the same views.
  const ask = async <T>(name: string, input: object = {}): Promise<T> => (await call(name, input as Record<string, unknown>)) as T
  return {
    deals: (filter) => ask<Awaited<ReturnType<Service['deals']>>>('deals', filter),
    deal: (deal, { live }) => ask<DealView>('deal', { deal, live }),
    order: (deal, { take, reason }) => ask<DealView>('order', { deal, take, reason }),
    hold: (deal, { on }) => ask<DealRow>('hold', { deal, on }),
    link: ({ referral, crm }) => ask<DealView>('link', { referral, crm }),
    match: () => ask<MatchReport>('match'),
    unlink: (deal) => ask<DealRow>('unlink', { deal }),
    conflicts: async () => (await ask<{ conflicts: ConflictRow[] }>('conflicts')).conflicts,
    resolve: (deal, { field, keep }) => ask<DealView>('resolve', { deal, field, keep }),
    runs: (filter) => ask<{ runs: RunRow[]; next: string | null }>('runs', filter),
    run: (id) => ask<{ run: RunRow; entries: AuditRecord[] }>('run', { id }),
    retry: async (target) => (await ask<{ retried: number }>('retry', 'deal' in target ? { deal: target.deal } : { all: true })).retried,
    sync: ({ deals, release }) => ask<SyncSummary>('sync', { deals, release }),
    plan: ({ deals }) => ask<PlanDocument>('plan', { deals }),
    apply: (plan, { only }) => ask<ApplyReport>('apply', { plan, ...(only === 'foresee' ? { dryRun: true } : {}) }),
    audit: ({ kinds, ...filter }) => ask<{ records: AuditLine[]; next: string | null }>('audit', { ...filter, ...(kinds === undefined ? {} : { kind: kinds[0] }) }),
    verifyAudit: () => ask<Awaited<ReturnType<Service['verifyAudit']>>>('verifyAudit'),
    flows: async () => (await ask<{ flows: FlowView[] }>('flows')).flows,
    setFlow: async (flow, value) => (await ask<{ flows: FlowView[] }>('setFlow', { flow, value })).flows,
    observeReport: ({ since }) => ask<ObserveReport>('observeReport', since === null ? {} : { since }),
    overview: () => ask<Overview>('overview'),
    activity: () => ask<Activity>('activity'),
    issues: async () => (await ask<{ issues: Issue[] }>('issues')).issues,
    preview: (deal, intention) => ask<PlanItem>('preview', { deal, intention }),
    mapping: {
      show: () => ask<MappingView>('mapping'),
      columns: () => ask<RemoteSchema>('mappingColumns'),
      accept: async () => void (await ask<{ accepted: true }>('acceptColumns')),
      check: async (text) => (await ask<{ checks: Check[] }>('checkMapping', { text })).checks,
      try: (deal, text) => ask<MappingTrial>('tryMapping', { deal, text }),
      plan: (text, deals) => ask<PlanDocument>('planMapping', { text, deals }),
    },
    settings: {
      list: async () => (await ask<{ versions: SettingsSummary[] }>('versions')).versions,
      show: (number) => ask<VersionView>('version', number === null ? {} : { number }),
      export: async (number) => (await ask<{ document: string }>('exportSettings', number === null ? {} : { number })).document,
      compare: (document) => ask<Proposal>('compareSettings', { document }),
      promote: (document, { note }) => ask<VersionView>('promoteSettings', { document, note }),
      approve: (number) => ask<VersionView>('approveSettings', { number }),
      rollback: (number, { flows }) => ask<VersionView>('rollbackSettings', { number, withFlows: flows === 'restore' }),
    },
    taxonomy: {
      show: () => ask<TaxonomyView>('taxonomy'),
      export: async () => (await ask<{ document: string }>('exportTaxonomy')).document,
    },
    checks: async () => (await ask<{ checks: Check[] }>('checks')).checks,
  }
}
