/**
 * Everything about Partner Center that its public documentation leaves open, or that a person may want to make worse.
 * A plain record: change it while the simulator runs. In each union the first member is the default.
 */
export interface PartnerCenterOptions {
  /** Where callers reach the simulator; null: `http://` and the Host header of the request. */
  publicBase: string | null

  // How the Referrals API answers.
  createStatus: 200 | 201
  conflictStatus: 412 | 409
  linksForm: 'correct' | 'misspelled'
  nextLinkForm: 'correct' | 'http-without-engagements'
  /** `@odata.count` when nobody asked for it: samples show it, the reference does not promise it. */
  countUnasked: 'page' | 'absent'
  /** `$top` above one page: continued by nextLink, or answered at once. */
  topAbovePage: 'paged' | 'one-page'
  /** What a continuation remembers: the last row it showed, or how many rows it showed. */
  continuation: 'position' | 'offset'
  /** A page without rows before each that has some: the service cuts its pages before it leaves out what the caller may not see. */
  emptyPages: 'none' | 'between'
  pageSize: number
  /** `ignored`: a filter on a date is taken and everything is listed. */
  dateLiteral: 'unquoted' | 'quoted' | 'unsupported' | 'ignored'
  /** `gt ge lt le ne or not` are not in the documentation. */
  filterOperators: 'all' | 'documented'
  /** Filters on createdDateTime, id, externalReferenceId, name and mpnId. */
  undocumentedFilters: 'refused' | 'accepted'
  marketplaceLeads: 'off' | 'on'
  /** Whether a listing without an engagement filter shows the referrals of Microsoft and other partners. */
  relatedInListing: 'shown' | 'engagement-filter-only'
  /** Whether a listing shows records whole, or without their version, their invitation, and what Microsoft tracks. */
  listedRecords: 'whole' | 'summary'
  outOfScopeStatus: 403 | 404
  /** Listings show the world as it was up to this long ago. */
  listingLagMs: number
  /** For this long after a write, reading by id shows the referral as it was before: a new one is not there yet. */
  readLagMs: number
  /** Whether lagging listings keep the order of the writes, or an older write may appear after a newer one. */
  listingLagOrder: 'kept' | 'any'
  timestamps: 'ticks' | 'milliseconds'
  /** Whether a property that is null is shown, or left out. */
  emptyValues: 'shown' | 'left-out'
  /** Whether a PATCH that asks for the record is answered with it, or with 204 all the same. */
  preferRepresentation: 'honoured' | 'ignored'
  /** Where the version of a record is told: in the record and the header, or in one of them. */
  eTagShown: 'both' | 'record' | 'header'
  /** What a throttled caller is told in Retry-After: seconds, a date, or nothing. */
  retryAfter: 'seconds' | 'date' | 'absent'

  // What the Referrals API accepts.
  /** The rules of portal and bulk upload, or only the four properties the reference calls required. */
  createRules: 'effective' | 'documented'
  unknownProperties: 'refused' | 'ignored'
  mpnId: 'required' | 'defaulted'
  /** Solution ids that exist; `any` accepts every id. */
  solutionCatalogue: 'any' | readonly string[]
  /** Which referral of a co-sell carries the help code. */
  helpCodeOn: 'microsoft-referral' | 'own-referral'
  secondMicrosoftReferral: 'refused' | 'created'
  selfCreatedDirection: 'Outgoing' | 'Incoming'
  patchCoercion: 'on' | 'strings-only' | 'numbers-only'
  unlistedPatchPath: 'refused' | 'accepted'
  errorSubstatus: 'accepted' | 'refused'
  closingReason: 'optional' | 'required'
  registrationEligibility: 'enforced' | 'ignored'
  referralsUser: 'manages-own' | 'reads-own'
  /** Whether the caller's `X-Caller-Id` shows up in `lastModifiedVia`. */
  callerMark: 'absent' | 'last-modified-via'
  /** What stands as the organisation of Microsoft's referral: the word by which it is invited, or an id like everybody's. */
  microsoftOrganization: 'msft' | 'guid'
  /** Where the id of Microsoft's opportunity appears once Microsoft accepts. */
  msxIdOn: 'microsoft-referral' | 'both'

  // Who may call.
  mfa: 'required' | 'reported'
  /** The webhook API lists other roles than the ones the connector's instructions sign in with. */
  webhookRoles: 'listed' | 'referrals-admin-too'
  /** At most this many requests per window, else 429 with Retry-After; null is no quota. */
  quota: { readonly requests: number; readonly windowMs: number } | null

  // Webhooks.
  noRegistration: '404' | '200-null' | '204'
  postOverRegistration: 'refused' | 'replaced'
  putWithoutRegistration: 'refused' | 'created'
  /** A POST that names a content type and carries nothing. */
  typeWithoutBody: 'refused' | 'accepted'
  /** Whether the result of a test event can be read before it was delivered for the first time. */
  validationResult: 'at-once' | 'after-delivery'
  signatureHeader: 'authorization' | 'x-ms-signature-prefixed' | 'x-ms-signature-bare'
  eventCasing: 'pascal' | 'camel'
  relatedEventId: 'related' | 'own'
  deliveryAttemptsMax: number
  deliveryTimeoutMs: number
  deliveryFirstRetryMs: number
  deliveryRetryFactor: number
  deliveryRetryOn: 'any-non-2xx' | 'server-errors-only'
  /** Time between a change and its first delivery. */
  eventDelayMs: number
  eventDuplicateRate: number
  eventLossRate: number
  eventReorderRate: number
  /** A reordered or duplicated event comes up to this much later. */
  eventReorderMs: number

  /** Who plays Microsoft's seller. */
  microsoftAnswers: { readonly kind: 'by-hand' } | { readonly kind: 'automatic'; readonly afterMs: number; readonly declineRate: number }
  responseWindowDays: number
}

export const partnerCenterDefaults: PartnerCenterOptions = {
  publicBase: null,
  createStatus: 200,
  conflictStatus: 412,
  linksForm: 'correct',
  nextLinkForm: 'correct',
  countUnasked: 'page',
  topAbovePage: 'paged',
  continuation: 'position',
  emptyPages: 'none',
  pageSize: 100,
  dateLiteral: 'unquoted',
  filterOperators: 'all',
  undocumentedFilters: 'refused',
  marketplaceLeads: 'off',
  relatedInListing: 'shown',
  listedRecords: 'whole',
  outOfScopeStatus: 403,
  listingLagMs: 0,
  readLagMs: 0,
  listingLagOrder: 'kept',
  timestamps: 'ticks',
  emptyValues: 'shown',
  preferRepresentation: 'honoured',
  eTagShown: 'both',
  retryAfter: 'seconds',
  createRules: 'effective',
  unknownProperties: 'refused',
  mpnId: 'required',
  solutionCatalogue: 'any',
  helpCodeOn: 'microsoft-referral',
  secondMicrosoftReferral: 'refused',
  selfCreatedDirection: 'Outgoing',
  patchCoercion: 'on',
  unlistedPatchPath: 'refused',
  errorSubstatus: 'accepted',
  closingReason: 'optional',
  registrationEligibility: 'enforced',
  referralsUser: 'manages-own',
  callerMark: 'absent',
  microsoftOrganization: 'msft',
  msxIdOn: 'microsoft-referral',
  mfa: 'required',
  webhookRoles: 'listed',
  quota: null,
  noRegistration: '404',
  postOverRegistration: 'refused',
  putWithoutRegistration: 'refused',
  typeWithoutBody: 'refused',
  validationResult: 'at-once',
  signatureHeader: 'authorization',
  eventCasing: 'pascal',
  relatedEventId: 'related',
  deliveryAttemptsMax: 10,
  deliveryTimeoutMs: 10_000,
  deliveryFirstRetryMs: 1_000,
  deliveryRetryFactor: 2,
  deliveryRetryOn: 'any-non-2xx',
  eventDelayMs: 0,
  eventDuplicateRate: 0,
  eventLossRate: 0,
  eventReorderRate: 0,
  eventReorderMs: 5_000,
  microsoftAnswers: { kind: 'by-hand' },
  responseWindowDays: 14,
}
