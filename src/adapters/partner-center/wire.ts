import { z } from 'zod'
import { Fault } from '../../core/fault.js'

/**
 * What the Referrals API shows, as far as it is read. Members that are not named here are kept, words of enumerations are any text,
 * and everything may be null or missing; but a value of a wrong type is refused, because reading it as empty would empty the other side.
 * Source: learn.microsoft.com "Referral resources" and the definition of Microsoft's "Partner Center Referrals" connector (read 2023-10).
 */
// Some texts are numbers by their nature (a Partner ID, a sales stage in percent) and are shown as such here and there.
const text = z.union([z.string().max(200_000), z.number().transform(String)]).nullish()
const flag = z.boolean().nullish()
const itemsMost = 1_000 // Twenty times what a deal may hold.

const member = z.looseObject({ firstName: text, lastName: text, phoneNumber: text, email: text })
// Some old records show a single person where a list belongs.
const members = z.union([z.array(member).max(itemsMost), member.transform((one) => [one])]).nullish()
const solution = z.looseObject({ id: text, name: text })
const attribute = z.looseObject({ type: text, id: text })
/** The definition of Microsoft's connector calls this a list; every sample shows an object that holds one. */
const attributes = z.array(attribute).max(itemsMost)
const requirements = z
  .union([z.looseObject({ attributes: attributes.nullish() }), attributes.transform((items) => ({ attributes: items }))])
  .nullish()
const organization = z.looseObject({ organizationId: text, organizationName: text })

const referral = z.looseObject({
  id: z.string().min(1).max(200),
  engagementId: text,
  name: text,
  organizationId: text,
  organizationName: text,
  externalReferenceId: text,
  createdDateTime: text,
  updatedDateTime: text,
  expirationDateTime: text,
  status: text,
  substatus: text,
  statusReason: text,
  qualification: text,
  type: text,
  direction: text,
  eTag: text,
  campaignId: text,
  referralProgram: text,
  salesStage: text,
  mpnId: text,
  target: z
    .array(z.looseObject({ type: text, id: text }))
    .max(itemsMost)
    .nullish(),
  customerProfile: z
    .looseObject({
      name: text,
      size: text,
      address: z
        .looseObject({ addressLine1: text, addressLine2: text, city: text, state: text, postalCode: text, country: text, region: text })
        .nullish(),
      team: members,
      // Very old records show an empty object instead of the list.
      ids: z
        .union([z.array(z.looseObject({ profileType: text, id: text })).max(itemsMost), z.looseObject({}).transform(() => [])])
        .nullish(),
    })
    .nullish(),
  consent: z.looseObject({ consentToShareReferralWithMicrosoftSellers: flag }).nullish(),
  details: z
    .looseObject({
      notes: text,
      dealValue: z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]).nullish(),
      currency: text,
      closingDateTime: text,
      requirements: z
        .looseObject({
          solutions: z.array(solution).max(itemsMost).nullish(),
          additionalRequirements: requirements,
        })
        .nullish(),
    })
    .nullish(),
  team: members,
  inviteContext: z.looseObject({ notes: text, assistanceRequestCode: text, invitedBy: organization.nullish() }).nullish(),
  trackingInfo: z.looseObject({ microsoftMsxId: text }).nullish(),
})
export type Referral = z.infer<typeof referral>
export type WireMember = z.infer<typeof member>
export type WireSolution = z.infer<typeof solution>

const page = z.looseObject({ value: z.array(z.unknown()).max(20_000), '@odata.nextLink': text })
export interface WirePage {
  readonly items: readonly unknown[]
  readonly nextLink: string | null
}

const brief = z.looseObject({
  id: z.string().min(1).max(200),
  engagementId: text,
  organizationId: text,
  organizationName: text,
  externalReferenceId: text,
  createdDateTime: text,
  updatedDateTime: text,
  eTag: text,
})
/** The few members that are needed where only the identity of records matters. */
export type Brief = z.infer<typeof brief>

function parsed<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = issue === undefined ? '' : ` (${issue.path.map(String).join('.') || 'whole answer'}: ${issue.message})`
  throw new Fault('invalid-answer', `Partner Center answered ${what} in a form we do not know${where}.`, {
    remedy: 'It is tried again. If it lasts, report it with the time of the log line.',
  })
}

/**
 * Whether a listing showed a record as reading it by its id would. The documentation shows whole records in listings and promises
 * nothing: without its invitation a lead looks like an opportunity, and without its version a write would overwrite what nobody has seen.
 */
export const isWhole = (listed: Referral): boolean => MEMBERS.every((name) => listed[name] !== undefined)
const MEMBERS = ['eTag', 'customerProfile', 'consent', 'details', 'team', 'inviteContext'] as const

/** The same for somebody else's referral, of which only the answer to our invitation is of interest. */
export const isWholeAnswer = (listed: Referral): boolean => ANSWER.every((name) => listed[name] !== undefined)
const ANSWER = ['team', 'inviteContext', 'trackingInfo'] as const

export const parseReferral = (json: unknown, what: string): Referral => parsed(referral, json, what)
export const parseBrief = (json: unknown, what: string): Brief => parsed(brief, json, what)
export function parsePage(json: unknown, what: string): WirePage {
  const found = parsed(page, json, what)
  return { items: found.value, nextLink: found['@odata.nextLink']?.trim() || null }
}
