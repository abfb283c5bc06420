import { sharedWithMicrosoft, type Referral } from './model.js'
import type { PartnerCenterOptions } from './options.js'
import { filled } from './create-rules.js'

type Stage = Pick<Referral, 'status' | 'substatus'>

/** Which substatus goes with which status. Source: learn.microsoft.com/partner-center/developer/referral-resources, read 2023-10. */
const pairs: Readonly<Record<string, readonly string[]>> = {
  New: ['Pending', 'Received'],
  Active: ['Accepted'],
  Closed: ['Won', 'Lost', 'Declined', 'Expired', 'Error'],
}

/** What the owner of a referral may do; only the service expires and receives. */
const moves: Readonly<Record<string, readonly string[]>> = {
  'New/Pending': ['Active/Accepted', 'Closed/Declined', 'Closed/Error'],
  'New/Received': ['Active/Accepted', 'Closed/Declined', 'Closed/Error'],
  'Active/Accepted': ['Closed/Won', 'Closed/Lost', 'Closed/Error'],
}

const nameOf = ({ status, substatus }: Stage): string => `${status}/${substatus}`

/** Why the owner may not take this step, or null. Staying where one is, is a step that is always allowed. */
export function stageProblem(before: Stage, after: Stage & Pick<Referral, 'statusReason'>, options: PartnerCenterOptions): string | null {
  const [from, to] = [nameOf(before), nameOf(after)]
  if (from === to) return null
  const { status, substatus, statusReason } = after
  if (pairs[status]?.includes(substatus) !== true) return `The substatus '${substatus}' does not go with the status '${status}'.`
  if (substatus === 'Error' && options.errorSubstatus === 'refused') return "The substatus 'Error' is not supported."
  if (moves[from]?.includes(to) !== true) return `A referral that is ${from} cannot become ${to}.`
  const needsReason = ['Declined', 'Lost', 'Error'].includes(substatus)
  if (needsReason && options.closingReason === 'required' && !filled(statusReason)) return `A reason is required to close as ${substatus}.`
  return null
}

/**
 * Why an edit by the owner is not allowed: locks that fall with creation and with sharing.
 * Source: learn.microsoft.com/partner-center/bulk-operations, read 2023-10.
 */
export function editProblems(before: Referral, after: Referral, about: { helpAsked: boolean }): readonly string[] {
  const problems: string[] = []
  const lockedSinceCreation: readonly [string, unknown, unknown][] = [
    ['customerProfile/name', before.customerProfile.name, after.customerProfile.name],
    ['customerProfile/address', before.customerProfile.address, after.customerProfile.address],
    ['customerProfile/ids', before.customerProfile.ids, after.customerProfile.ids],
    ['mpnId', before.mpnId, after.mpnId],
    ['consent/consentToToShareInfoWithOthers', before.consent.consentToToShareInfoWithOthers, after.consent.consentToToShareInfoWithOthers],
  ]
  for (const [path, was, is] of lockedSinceCreation) if (was !== is) problems.push(`'${path}' cannot be changed after creation.`)
  if (sharedWithMicrosoft(before) || about.helpAsked) {
    if (before.customerProfile.team !== after.customerProfile.team) {
      problems.push("'customerProfile/team' cannot be changed after the deal was shared with Microsoft.")
    }
    if (before.inviteContext !== after.inviteContext) {
      problems.push("'inviteContext' cannot be changed after the deal was shared with Microsoft.")
    }
  }
  if (sharedWithMicrosoft(before) && !sharedWithMicrosoft(after)) problems.push('Sharing with Microsoft sellers cannot be taken back.')
  return [...problems, ...emptied(before, after)]
}

/** Mandatory fields may be changed but not emptied. */
function emptied(before: Referral, after: Referral): readonly string[] {
  const problems: string[] = []
  const gone = (path: string, was: unknown, is: unknown): void => {
    const empty = is === null || is === '' || (Array.isArray(is) && is.length === 0)
    if (was !== is && empty) problems.push(`One or more mandatory fields are missing: ${path}`)
  }
  gone('name', before.name, after.name)
  gone('details.notes', before.details.notes, after.details.notes)
  gone('details.dealValue', before.details.dealValue, after.details.dealValue)
  gone('details.currency', before.details.currency, after.details.currency)
  gone('details.closingDateTime', before.details.closingDateTime, after.details.closingDateTime)
  const [had, has] = [before.details.requirements.solutions, after.details.requirements.solutions]
  gone('details.requirements.solutions (a solution id is required)', had, has)
  gone('team', before.team, after.team)
  return problems
}

/** The dates that a step of the stage sets. */
export function withStageDates(before: Referral, after: Referral, now: string): Referral {
  const accepted = before.status === 'New' && after.status === 'Active'
  const closed = before.status !== 'Closed' && after.status === 'Closed'
  if (!accepted && !closed) return after
  return { ...after, acceptedDateTime: accepted ? now : after.acceptedDateTime, closedDateTime: closed ? now : after.closedDateTime }
}
