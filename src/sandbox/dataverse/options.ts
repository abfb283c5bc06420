/**
 * Everything about Dataverse that its public documentation leaves open, or that a person may want to make worse.
 * A plain record: change it while the simulator runs. In each union the first member is the default.
 */
export interface DataverseOptions {
  /** `https://host[:port]` under which callers reach the environment; also the audience of its tokens. May be set after listening. */
  origin: string
  tenantId: string
  organizationName: string

  // How rows are answered and accepted.
  readOnlyColumns: 'refused' | 'ignored'
  /** Whether a won, lost, qualified or disqualified row takes updates before it is reopened. */
  closedRows: 'refused' | 'accepted'
  /** Setting a potential customer also sets the parent account or contact, and the other way round. */
  customerAlignment: 'kept' | 'none'
  duplicateKeyStatus: 412 | 400
  /** Code of the 412 when `If-None-Match: *` meets a row. */
  rowExistsCode: '0x80060892' | '0x80040237'
  /** Code of the 412 of a stale ETag; documentation samples print an empty one. */
  versionMismatchCode: '0x80060882' | ''
  /** `-1` as the status of Win and Lose. */
  defaultStatusMarker: 'accepted' | 'refused'
  /** Order of the rows QualifyLead answers with. */
  qualifyOrder: 'account-contact-opportunity' | 'opportunity-first'
  /** Whether a qualified lead itself names its opportunity, or only the opportunity names the lead. */
  qualifiedLead: 'names-opportunity' | 'named-by-opportunity'
  /** Whether a patch that reopens a closed row may carry other columns as well. */
  reopening: 'with-other-columns' | 'alone'
  /** Rows of an expanded collection before the link to further ones. */
  expandedRowsMax: number

  // Change tracking.
  deltaLinkOn: 'last-page' | 'every-page'
  expiredDelta: 'error' | 'full-result'
  /** When a switched-on ChangeTrackingEnabled starts to count. */
  trackingStarts: 'on-publish' | 'at-once'

  // $batch.
  batchErrorStatus: 'of-the-part' | 'always-200'
  batchPrefer: 'batch-only' | 'reaches-parts'

  // Events.
  /** Whether Win and Lose also raise Update on the opportunity. */
  closeRaisesUpdate: 'yes' | 'no'
  /** Where the id of the opportunity stands in the events of Win and Lose. */
  closePrimaryEntityId: 'zero' | 'opportunity'
  eventDates: 'plain' | 'with-offset' | 'boxed' | 'iso'
  eventSlashes: 'escaped' | 'bare'
  eventRequestId: 'sent' | 'absent'
  /** Where a writer's `?tag=` shows up. */
  eventTag: 'top-level' | 'parent-context'
  /** Which URLs webhooks may have: the service wants https; a sandbox on one machine has no certificate. */
  eventUrl: 'https-or-loopback' | 'https'
  /** Time between a change and its delivery, and up to how much more by chance: chance reorders. */
  eventDelayMs: number
  eventJitterMs: number
  eventDuplicateRate: number
  eventLossRate: number
  eventTimeoutMs: number
  eventRetryDelayMs: number
  /** Above this many bytes the four large members are left out. */
  eventSizeMax: number

  // Customization.
  keyPendingMs: number
  keyBuildMs: number
  /** How long a background import of a solution takes; it holds the lock meanwhile. */
  importMs: number
  /** Reads without `Consistency: Strong` miss new components for this long. */
  metadataStaleMs: number
  /** Which members of definitions may be selected and filtered by: all there are, or those that Microsoft's pages print in their examples. */
  metadataMembers: 'all' | 'printed'
  /** `held` refuses customizations as if another one were running. */
  customizationLock: 'free' | 'held'

  // Who may do what.
  /** Privileges nobody has, such as `prvWriteOpportunity`. */
  deniedPrivileges: readonly string[]
  /** Requests one user may make per window before 429; null: no limit. */
  requestLimit: { readonly requests: number; readonly windowMs: number } | null
  /** Which of the three limits an injected throttle names. */
  throttleKind: 'requests' | 'execution-time' | 'concurrency'
}

export const dataverseDefaults: DataverseOptions = {
  origin: 'https://org.crm.dynamics.example',
  tenantId: '4c1b0d4e-5a0c-4c36-9d3b-7a3b5b7c9d01',
  organizationName: 'unq0b21c4470',
  readOnlyColumns: 'refused',
  closedRows: 'refused',
  customerAlignment: 'kept',
  duplicateKeyStatus: 412,
  rowExistsCode: '0x80060892',
  versionMismatchCode: '0x80060882',
  defaultStatusMarker: 'accepted',
  qualifyOrder: 'account-contact-opportunity',
  qualifiedLead: 'names-opportunity',
  reopening: 'with-other-columns',
  expandedRowsMax: 5_000,
  deltaLinkOn: 'last-page',
  expiredDelta: 'error',
  trackingStarts: 'on-publish',
  batchErrorStatus: 'of-the-part',
  batchPrefer: 'batch-only',
  closeRaisesUpdate: 'yes',
  closePrimaryEntityId: 'zero',
  eventDates: 'plain',
  eventSlashes: 'escaped',
  eventRequestId: 'sent',
  eventTag: 'top-level',
  eventUrl: 'https-or-loopback',
  eventDelayMs: 400,
  eventJitterMs: 0,
  eventDuplicateRate: 0,
  eventLossRate: 0,
  eventTimeoutMs: 60_000,
  eventRetryDelayMs: 5_000,
  eventSizeMax: 256 * 1_024,
  keyPendingMs: 1_000,
  keyBuildMs: 2_000,
  importMs: 5_000,
  metadataStaleMs: 0,
  metadataMembers: 'all',
  customizationLock: 'free',
  deniedPrivileges: [],
  requestLimit: { requests: 6_000, windowMs: 300_000 },
  throttleKind: 'requests',
}
