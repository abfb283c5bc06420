import { dealRegistration } from './body-shapes.js'
import type { Loose } from './drafts.js'
import { msft, sharedWithMicrosoft, type DealRegistration, type Referral, type RegisteredSolution } from './model.js'
import { boolean, date, number, word, type Shape } from './shapes.js'
import type { World } from './world.js'

/**
 * Registering a won deal for the Azure IP co-sell incentive.
 * Source: learn.microsoft.com/partner-center/register-deals and the published OpenAPI of the referrals connector, read 2023-10.
 */
export const registrationShape = dealRegistration

/** Smallest deal that may be registered, in US dollars; the simulator knows no exchange rates and takes every currency as dollars. */
const valueMin = 25_000
const hoursBeforeWonMin = 72
const daysAfterSignatureMax = 60

/** The paths under `/registrations/0/` that may be changed while action is required. */
export const registrationPaths: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['contract/startDateTime', date],
  ['contract/endDateTime', date],
  ['contract/signDateTime', date],
  ['contract/term', word('Perpetual', 'Finite')],
  ['contract/value', number],
  ['solutionDetails/0/value', number],
  ['solutionDetails/0/currency', { kind: 'text' }],
  ['solutionDetails/0/isDeployedOnAzure', boolean],
  ['solutionDetails/0/primaryDeploymentOn', word('Customer', 'Partner')],
  ['solutionDetails/0/pricingModel', word('PayAsYouGo', 'Other')],
  ['solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted', boolean],
  ['solutionDetails/0/marketplaceTransactionDetails/marketplaceTransactionDateTime', date],
])

/** Why this referral cannot be registered now. */
export function registrationProblems(world: World, referral: Referral, given: Loose<DealRegistration>): readonly string[] {
  if (referral.registrations.length > 0) return ['The deal is registered already.']
  const problems: string[] = []
  if (referral.substatus !== 'Won') problems.push('Only a deal that is won can be registered.')
  if (world.options.registrationEligibility === 'ignored') return problems
  if (!sharedWithMicrosoft(referral)) problems.push('Only a deal that is shared with Microsoft can be registered.')
  if ((referral.details.dealValue ?? 0) < valueMin) problems.push(`The deal value must be at least USD ${valueMin}.`)
  if ((given.contract?.value ?? 0) < valueMin) problems.push(`The contract value must be at least USD ${valueMin}.`)
  const wonAfterMs = Date.parse(referral.closedDateTime ?? '') - Date.parse(referral.createdDateTime)
  if (wonAfterMs < hoursBeforeWonMin * 3_600_000) {
    problems.push(`At least ${hoursBeforeWonMin} hours must lie between creating and winning the deal.`)
  }
  const signedMs = Date.parse(given.contract?.signDateTime ?? '')
  if (Number.isNaN(signedMs)) problems.push('The date of signature is required.')
  else if (world.clock.now() - signedMs > daysAfterSignatureMax * 86_400_000) {
    problems.push(`A deal must be registered within ${daysAfterSignatureMax} days after the contract was signed.`)
  }
  if ((given.solutionDetails ?? []).length === 0) problems.push('A solution is required.')
  const theirs = world.store.ofEngagement(referral.engagementId).find((other) => other.organizationId === msft)
  if (theirs !== undefined && !['Accepted', 'Won'].includes(theirs.substatus)) problems.push('Microsoft has not accepted the deal.')
  return problems
}

export function registrationOf(world: World, given: Loose<DealRegistration>): DealRegistration {
  const now = world.store.now()
  const { contract } = given
  return {
    id: world.rng.guid(),
    registrationDateTime: now,
    type: given.type ?? 'AzureIPCoSell',
    status: 'ReviewPending',
    statusReason: null,
    contract: {
      value: contract?.value ?? null,
      currency: contract?.currency ?? null,
      startDateTime: contract?.startDateTime ?? null,
      endDateTime: contract?.endDateTime ?? null,
      signDateTime: contract?.signDateTime ?? null,
      term: contract?.term ?? null,
    },
    solutionDetails: (given.solutionDetails ?? []).map((solution) => registeredSolution(solution ?? {})),
    statusHistory: {
      reviewPendingDateTime: now,
      actionRequiredDateTime: null,
      passedDateTime: null,
      failedDateTime: null,
      approvedDateTime: null,
    },
  }
}

function registeredSolution(solution: Loose<RegisteredSolution>): RegisteredSolution {
  const marketplace = solution.marketplaceTransactionDetails
  return {
    id: solution.id ?? null,
    name: solution.name ?? null,
    value: solution.value ?? null,
    currency: solution.currency ?? null,
    isDeployedOnAzure: solution.isDeployedOnAzure ?? null,
    primaryDeploymentOn: solution.primaryDeploymentOn ?? null,
    pricingModel: solution.pricingModel ?? null,
    marketplaceTransactionDetails: {
      isMarketplaceTransacted: marketplace?.isMarketplaceTransacted ?? null,
      marketplaceTransactionDateTime: marketplace?.marketplaceTransactionDateTime ?? null,
    },
  }
}

export type Review = 'ReviewPending' | 'ActionRequired' | 'Approved' | 'Passed' | 'Failed' | 'Closed'

/** A registration after Microsoft looked at it. */
export function reviewed(registration: DealRegistration, status: Review, at: { now: string; reason: string | null }): DealRegistration {
  const moment = `${status.charAt(0).toLowerCase()}${status.slice(1)}DateTime`
  const known = moment in registration.statusHistory
  return {
    ...registration,
    status,
    statusReason: at.reason,
    statusHistory: known ? { ...registration.statusHistory, [moment]: at.now } : registration.statusHistory,
  }
}
