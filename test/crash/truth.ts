import type { Sandbox } from '../../src/sandbox/index.js'
import type { Desk } from './crm.js'

/** What the two systems hold, read from inside them and not through their APIs. */
export interface Truth {
  readonly referrals: readonly ReferralFacts[]
  readonly opportunities: readonly OpportunityFacts[]
  /** Names of accounts with how many there are, where more than one. */
  readonly accountsTwice: readonly string[]
  /** `opportunity: solution` that stands more than once. */
  readonly solutionsTwice: readonly string[]
  /** Deliveries that were answered 2xx: name and record. */
  readonly acknowledged: readonly { readonly name: string; readonly id: string; readonly at: string }[]
}
export interface ReferralFacts {
  readonly id: string
  readonly own: boolean
  readonly engagementId: string
  readonly externalReferenceId: string | null
  readonly name: string
  readonly dealValue: number
  readonly notes: string
  readonly closing: string
  readonly stage: string
}
export interface OpportunityFacts {
  readonly id: string
  readonly referralId: string | null
  readonly name: string
  readonly dealValue: number | null
  readonly notes: string
  readonly closing: string
  readonly phase: 'waiting' | 'open' | 'won' | 'lost'
  readonly status: unknown
  readonly problem: unknown
}

export function truthOf({ partnerCenter }: Sandbox, desk: Desk): Truth {
  const referrals = [...partnerCenter.referrals()].map((referral) => ({
    id: referral.id,
    own: referral.organizationId === partnerCenter.organization.organizationId,
    engagementId: referral.engagementId,
    externalReferenceId: referral.externalReferenceId ?? null,
    name: String(referral.name ?? ''),
    dealValue: Number(referral.details.dealValue),
    notes: String(referral.details.notes ?? ''),
    closing: String(referral.details.closingDateTime).slice(0, 10),
    stage: `${referral.status}/${referral.substatus}`,
  }))
  return {
    referrals,
    opportunities: desk.opportunities(),
    accountsTwice: twice(desk.accountNames()),
    solutionsTwice: twice(desk.solutions()),
    acknowledged: partnerCenter.deliveries.attempts().flatMap(({ status, event }) =>
      status >= 200 && status < 300 ? [{ name: event.name, id: event.resourceUri.split('/').at(-1) ?? '', at: event.at }] : [],
    ),
  }
}

function twice(items: readonly string[]): string[] {
  const seen = new Map<string, number>()
  for (const item of items) seen.set(item, (seen.get(item) ?? 0) + 1)
  return [...seen].flatMap(([item, count]) => (count > 1 ? [`${item} (${count}x)`] : []))
}
