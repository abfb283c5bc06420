import { dayOfMoment } from '../../core/calendar.js'
import { HELP, isEmpty, VISIBILITY, type Field, type FieldValue, type Person, type Projection, type Solution } from '../../core/deal.js'
import type { Present, Unreadable } from '../../core/ports.js'
import { asVersion, type EndRef } from '../../core/ref.js'
import { isClosed, STAGES, type Stage } from '../../core/stage.js'
import { FIELDS, FIELD_NAMES } from '../../core/deal.js'
import { canonicalValue, INTENT } from './canonical.js'
import { canonicalId, isMicrosoft, referralRef } from './ids.js'
import { instantOf, stampOf } from './stamp.js'
import type { Referral, WireMember } from './wire.js'

/** What hangs around a referral, read with it on a wide look. */
export interface Surroundings {
  readonly microsoft: Referral | null
  /** Other parties' referrals of the engagement. */
  readonly related: readonly EndRef[]
}

const CONTACTS = 'customerProfile.team'

type Parent = Readonly<Record<string, unknown>> | null | undefined

/** A member of an object that is there; undefined where the object itself is missing: then this look did not carry it. */
function inside(parent: Parent, name: string): FieldValue | undefined {
  if (parent === null || parent === undefined) return undefined
  return (parent[name] ?? null) as FieldValue // the schema admits what canonicalValue can take
}

export const peopleOf = (members: readonly WireMember[] | null): readonly Person[] =>
  (members ?? []).map(({ email, firstName, lastName, phoneNumber }) => ({
    email: email ?? '',
    firstName: firstName ?? null,
    lastName: lastName ?? null,
    phone: phoneNumber ?? null,
  }))

const solutionsOf = (referral: Referral): readonly Solution[] | undefined => {
  const found = referral.details?.requirements?.solutions
  return found === undefined ? undefined : (found ?? []).map(({ id, name }) => ({ id: id ?? '', name: name ?? null }))
}

const people = (members: readonly WireMember[] | null | undefined): readonly Person[] | undefined =>
  members === undefined ? undefined : peopleOf(members)

/** `additionalRequirements.attributes` holds pairs of a type and an id. */
function attribute(referral: Referral, type: string): string | null | undefined {
  const requirements = referral.details?.requirements
  if (requirements === null || requirements === undefined) return undefined
  return requirements.additionalRequirements?.attributes?.find((item) => item.type === type)?.id ?? null
}

const duns = (referral: Referral): string | null | undefined => {
  const profile = referral.customerProfile
  if (profile === null || profile === undefined) return undefined
  return profile.ids?.find(({ profileType }) => profileType?.toLowerCase() === 'duns')?.id ?? null
}

export const helpIn = (referral: Referral | null): string | null => {
  const code = canonicalValue(HELP, referral?.inviteContext?.assistanceRequestCode ?? null)
  return typeof code === 'string' ? code : null
}

const READERS: { readonly [F in Field]?: (referral: Referral) => FieldValue | undefined } = {
  name: (referral) => referral.name ?? null,
  statusReason: (referral) => referral.statusReason ?? null,
  'details.dealValue': ({ details }) => {
    const value = inside(details, 'dealValue')
    return typeof value === 'string' ? Number(value) : value
  },
  'details.currency': ({ details }) => inside(details, 'currency'),
  'details.closingDateTime': ({ details }) => inside(details, 'closingDateTime'),
  'details.notes': ({ details }) => inside(details, 'notes'),
  'details.requirements.solutions': solutionsOf,
  [INTENT]: (referral) => attribute(referral, 'CustomerMarketplaceIntent'),
  'details.requirements.partnerRole': (referral) => attribute(referral, 'PartnerRole'),
  'details.requirements.solutionArea': (referral) => attribute(referral, 'SolutionArea'),
  'details.requirements.solutionPlay': (referral) => attribute(referral, 'SolutionPlay'),
  [VISIBILITY]: ({ consent }) => inside(consent, 'consentToShareReferralWithMicrosoftSellers'),
  'customerProfile.name': ({ customerProfile }) => inside(customerProfile, 'name'),
  'customerProfile.address.addressLine1': ({ customerProfile }) => inside(customerProfile?.address, 'addressLine1'),
  'customerProfile.address.addressLine2': ({ customerProfile }) => inside(customerProfile?.address, 'addressLine2'),
  'customerProfile.address.city': ({ customerProfile }) => inside(customerProfile?.address, 'city'),
  // Records use `state` and `region` for the same thing.
  'customerProfile.address.state': ({ customerProfile }) =>
    inside(customerProfile?.address, 'state') ?? inside(customerProfile?.address, 'region'),
  'customerProfile.address.postalCode': ({ customerProfile }) => inside(customerProfile?.address, 'postalCode'),
  'customerProfile.address.country': ({ customerProfile }) => inside(customerProfile?.address, 'country'),
  'customerProfile.size': ({ customerProfile }) => inside(customerProfile, 'size'),
  'customerProfile.ids.duns': duns,
  'customerProfile.team': ({ customerProfile }) => people(customerProfile?.team),
  team: (referral) => people(referral.team),
  campaignId: (referral) => referral.campaignId ?? null,
  referralProgram: (referral) => referral.referralProgram ?? null,
  salesStage: (referral) => referral.salesStage ?? null,
  expirationDateTime: (referral) => referral.expirationDateTime ?? null,
}

/** A date is kept as midnight UTC; any other time is a moment, and people in the zone saw its day. */
const inZone = (field: Field, value: FieldValue, zone: string | null): FieldValue =>
  FIELDS[field].kind === 'date' && typeof value === 'string' ? dayOfMoment(value, zone) : value

/** The deal as our own referral shows it. Keys that a look did not carry are absent: those of Microsoft's referral on a narrow one. */
export function decodeDeal(referral: Referral, around: Surroundings | null, zone: string | null = null): Projection {
  const deal: Record<string, FieldValue> = {}
  // The keys are the table's own.
  for (const [field, read] of Object.entries(READERS) as [Field, (referral: Referral) => FieldValue | undefined][]) {
    // the table's own keys
    const value = read(referral)
    if (value !== undefined) deal[field] = canonicalValue(field, inZone(field, value, zone))
  }
  const stage = stageOf(referral)
  if (stage !== null) deal['status'] = stage
  // Partner Center hides who the customer's people are once nobody has answered in time: what is hidden was not taken away by anybody.
  if (stage === 'Closed/Expired' && isEmpty(deal[CONTACTS])) delete deal[CONTACTS]
  // The text for Microsoft stands on our referral or on theirs, is never edited, and nobody empties it: only what is there is told.
  const notes = notesIn(referral) ?? notesIn(around?.microsoft ?? null)
  if (notes !== null) deal['inviteContext.notes'] = notes
  if (around !== null) Object.assign(deal, microsoftFields(referral, around.microsoft))
  return deal // every value was made for its field
}

const notesIn = (referral: Referral | null): FieldValue => canonicalValue('inviteContext.notes', referral?.inviteContext?.notes ?? null)

function microsoftFields(own: Referral, microsoft: Referral | null): Projection {
  return {
    [HELP]: helpIn(microsoft) ?? helpIn(own),
    'microsoft.status': microsoft === null ? null : stagePair(microsoft),
    'microsoft.team': canonicalValue('microsoft.team', peopleOf(microsoft?.team ?? null)) as readonly Person[], // people in, people out
    'trackingInfo.microsoftMsxId': (microsoft?.trackingInfo?.microsoftMsxId ?? own.trackingInfo?.microsoftMsxId ?? '').trim() || null,
  }
}

const stagePair = ({ status, substatus }: Referral): string => `${status ?? 'None'}/${substatus ?? 'None'}`
const stageOf = (referral: Referral): Stage | null =>
  STAGES.find((stage) => stage.toLowerCase() === stagePair(referral).toLowerCase()) ?? stageByStatus(referral)

const SUBSTATUSES: ReadonlySet<string> = new Set(STAGES.map((stage) => (stage.split('/')[1] ?? '').toLowerCase()))
/**
 * A substatus that nobody has documented (others have met `Active/Engaged`) leaves an open referral what its status says it is. Of a closed one it alone
 * says how it ended, and one that belongs to another status contradicts it: those are not guessed.
 */
function stageByStatus({ status, substatus }: Referral): Stage | null {
  if (SUBSTATUSES.has((substatus ?? '').trim().toLowerCase())) return null
  return BY_STATUS[(status ?? '').trim().toLowerCase()] ?? null
}
const BY_STATUS: Readonly<Record<string, Stage>> = { new: 'New/Received', active: 'Active/Accepted' }

/** A pair that is not in the documented table is said, not guessed around. */
function unreadableIn(referral: Referral): readonly Unreadable[] {
  if (stageOf(referral) !== null) return []
  const shows = stagePair(referral)
  return [
    {
      field: 'status',
      shows,
      text: `Partner Center shows the status ${shows}, which has no meaning here.`,
      remedy: 'Look at the referral in Partner Center; if the status is right, report it.',
    },
  ]
}

/**
 * Marketplace and qualified leads, against co-sell opportunities.
 * Source: the classification table on learn.microsoft.com "Referrals API introduction" (read 2023-10). A deal that Microsoft shares
 * with a partner is missing from that table; its type tells it apart.
 */
export function categoryOf({ type, qualification, inviteContext }: Referral): 'lead' | 'opportunity' {
  if (type?.toLowerCase() !== 'independent') return 'opportunity'
  const inviter = inviteContext?.invitedBy?.organizationId ?? null
  const fromMicrosoft = isMicrosoft(inviter)
  switch (qualification?.toLowerCase()) {
    case 'direct':
      return fromMicrosoft || inviter === null || inviter === '' ? 'lead' : 'opportunity'
    case 'salesqualified':
    case 'marketingqualified':
      return fromMicrosoft ? 'lead' : 'opportunity'
    default:
      return 'opportunity'
  }
}

const createOnly = FIELD_NAMES.filter((field) => FIELDS[field].partner === 'create')

/** Fields that take no edit on this record any more. Source: "locked columns" of learn.microsoft.com "Bulk operations" (read 2023-10). */
function lockedIn(deal: Projection, help: boolean): readonly Field[] {
  const shared = deal[VISIBILITY] === true
  return [
    ...createOnly,
    ...(shared || help ? (['customerProfile.team'] as const) : []),
    ...(shared ? ([VISIBILITY] as const) : []),
    ...(help ? ([HELP] as const) : []),
  ]
}

/** One of our own referrals as a reading. `zone`: IANA name of the zone in which people read dates; null: UTC. */
export function presentOf(
  referral: Referral,
  version: string | null,
  around: Surroundings | null,
  zone: string | null = null,
): Present {
  const deal = decodeDeal(referral, around, zone)
  const otherId = canonicalId(referral.externalReferenceId ?? '')
  return {
    kind: 'present',
    ref: referralRef(referral.id),
    version: version === null ? null : asVersion(version),
    deal,
    otherId: otherId === '' ? null : otherId,
    sync: true,
    category: categoryOf(referral),
    locked: lockedIn(deal, (around?.microsoft ?? null) !== null || helpIn(referral) !== null),
    sealed: deal.status === undefined ? referral.status?.toLowerCase() === 'closed' : isClosed(deal.status),
    unreadable: unreadableIn(referral),
    engagementId: engagementOf(referral),
    aliases: around?.related ?? [],
    parts: [],
    auditText: null,
    settlesInMs: 0,
    modifiedAt: instantOf(stampOf(referral.updatedDateTime)),
    createdAt: instantOf(stampOf(referral.createdDateTime)),
  }
}

export const engagementOf = ({ engagementId }: Pick<Referral, 'engagementId'>): string | null => {
  const id = canonicalId(engagementId ?? '')
  return id === '' ? null : id
}
