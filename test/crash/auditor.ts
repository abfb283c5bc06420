import { isDeepStrictEqual } from 'node:util'
import type { AuditRecord } from '../../src/core/audit.js'
import type { Link } from '../../src/core/link.js'
import { replay } from '../../src/core/replay.js'
import { openStore } from '../../src/store/index.js'
import type { Remembered } from './people.js'
import type { OpportunityFacts, ReferralFacts, Truth } from './truth.js'

/** What the store says once everything is still. */
export interface Kept {
  readonly links: readonly Link[]
  readonly queue: { readonly due: number; readonly later: number; readonly leased: number }
  readonly hinted: readonly AuditRecord[]
  /** Deals whose entries in the ledger do not lead to their base. */
  readonly unreplayed: readonly string[]
  /** Where a chain of the ledger is broken. */
  readonly broken: readonly { readonly why: string }[]
}

export interface Verdict {
  readonly accepted: number
  readonly worked: number
  readonly lost: number
  readonly doubled: number
  /** One sentence for each thing that is not as it must be. */
  readonly problems: readonly string[]
}

/** Reads the store of a service that was stopped. */
export async function keptIn(url: string): Promise<Kept> {
  const store = await openStore({ url, now: () => Date.now() })
  try {
    const links: Link[] = []
    for (let after: string | null = null; ; ) {
      const page = await store.list({ limit: 500, after })
      links.push(...page.links)
      after = page.next
      if (after === null) break
    }
    return { links, queue: await store.queue.depth(Date.now()), hinted: await entries(store, ['hinted']), unreplayed: await unreplayed(store, links), broken: (await store.verifyAudit()).broken }
  } finally {
    await store.close()
  }
}

/** Holds the truth of both systems against what the people remember, and the store against the truth. */
export function audit(remembered: readonly Remembered[], truth: Truth, kept: Kept): Verdict {
  const problems: string[] = []
  const lost: string[] = []
  const doubled: string[] = [...truth.accountsTwice.map((name) => `account ${name}`), ...truth.solutionsTwice.map((name) => `solution ${name}`)]
  for (const deal of remembered) oneDeal(deal, { truth, kept, problems, lost, doubled })
  strangers(remembered, truth, doubled)
  const acknowledged = new Map(truth.acknowledged.map((event) => [`${event.name} ${event.id} ${event.at}`, event]))
  const unheard = notHeard([...acknowledged.values()], kept.hinted)
  for (const { why } of kept.broken) problems.push(`The ledger is broken: ${why}.`)
  for (const id of kept.unreplayed) problems.push(`The ledger of deal ${id} does not lead to its base.`)
  if (kept.queue.due + kept.queue.later + kept.queue.leased > 0) problems.push(`The queue is not empty: ${JSON.stringify(kept.queue)}.`)
  return {
    accepted: acknowledged.size,
    worked: acknowledged.size - unheard.length,
    lost: lost.length + unheard.length,
    doubled: doubled.length,
    problems: [
      ...problems,
      ...lost.map((what) => `Lost: ${what}.`),
      ...doubled.map((what) => `Twice: ${what}.`),
      ...unheard.map(({ name, id }) => `Acknowledged and not in the ledger: ${name} ${id}.`),
    ],
  }
}

/** Each acknowledged event stands in the ledger as often as there were different ones of its name and record. */
function notHeard(acknowledged: Truth['acknowledged'], hinted: readonly AuditRecord[]): Truth['acknowledged'] {
  const left = new Map<string, number>()
  for (const { event } of hinted) {
    if (event?.kind !== 'hinted' || event.ref === null) continue
    const key = `${event.name} ${event.ref.id}`
    left.set(key, (left.get(key) ?? 0) + 1)
  }
  return acknowledged.filter(({ name, id }) => {
    const key = `${name} ${id}`
    const count = left.get(key) ?? 0
    left.set(key, count - 1)
    return count <= 0
  })
}

interface Desk {
  readonly truth: Truth
  readonly kept: Kept
  readonly problems: string[]
  readonly lost: string[]
  readonly doubled: string[]
}

function oneDeal(deal: Remembered, { truth, kept, problems, lost, doubled }: Desk): void {
  const { referralId, opportunityId } = deal
  const isReferral = (one: ReferralFacts): boolean =>
    one.id === referralId || (opportunityId !== null && one.externalReferenceId === opportunityId)
  const isOpportunity = (one: OpportunityFacts): boolean =>
    one.id === opportunityId || (referralId !== null && one.referralId === referralId)
  const referrals = truth.referrals.filter((one) => one.own && isReferral(one))
  const opportunities = truth.opportunities.filter(isOpportunity)
  const what = `${deal.origin} deal "${deal.name}" (${deal.referralId ?? deal.opportunityId ?? '?'})`
  if (referrals.length > 1) doubled.push(`${what} has ${referrals.length} referrals`)
  if (opportunities.length > 1) doubled.push(`${what} has ${opportunities.length} opportunities`)
  const [referral] = referrals
  const [opportunity] = opportunities
  if (referral === undefined) return void lost.push(`${what} has no referral; its record says ${JSON.stringify([opportunities[0]?.status, opportunities[0]?.problem])}`)
  if (opportunity === undefined) return void lost.push(`${what} has no opportunity`)
  // A referral that a person closed before the connector came to it takes no identifier any more.
  const unstamped = referral.externalReferenceId === null && deal.stage.startsWith('Closed/')
  if (referral.externalReferenceId !== opportunity.id && !unstamped) problems.push(`The referral of ${what} names ${String(referral.externalReferenceId)}.`)
  if (opportunity.referralId !== referral.id) problems.push(`The opportunity of ${what} names ${String(opportunity.referralId)}.`)
  sameOnBoth(deal, referral, opportunity, (text) => problems.push(`${what}: ${text}`))
  if (deal.origin === 'crm-with-help') {
    const engagement = truth.referrals.filter(({ engagementId }) => engagementId === referral.engagementId)
    if (engagement.length !== 2) doubled.push(`${what} has an engagement of ${engagement.length} referrals`)
  }
  const links = kept.links.filter((link) => link.ends.partner?.id === referral.id || link.ends.crm?.id === opportunity.id)
  if (links.length !== 1) problems.push(`${what} is ${links.length} deals of the store.`)
  for (const link of links) sameInStore(link, referral, opportunity, (text) => problems.push(`${what}: ${text}`))
}

const phases: Readonly<Record<Remembered['stage'], OpportunityFacts['phase']>> = {
  'New/Pending': 'waiting',
  'Active/Accepted': 'open',
  'Closed/Won': 'won',
  'Closed/Declined': 'lost',
}

function sameOnBoth(deal: Remembered, referral: ReferralFacts, opportunity: OpportunityFacts, say: (text: string) => void): void {
  const expected = { name: deal.name, dealValue: deal.dealValue, notes: deal.notes }
  for (const field of ['name', 'dealValue', 'notes'] as const) {
    if (referral[field] !== expected[field]) say(`${field} in Partner Center is ${String(referral[field])}, not ${String(expected[field])}`)
    if (opportunity[field] !== expected[field]) say(`${field} in the CRM is ${String(opportunity[field])}, not ${String(expected[field])}`)
  }
  if (referral.closing !== opportunity.closing) say(`closes ${referral.closing} in Partner Center and ${opportunity.closing} in the CRM`)
  if (referral.stage !== deal.stage) say(`is ${referral.stage} in Partner Center, not ${deal.stage}`)
  if (opportunity.phase !== phases[deal.stage]) say(`is ${opportunity.phase} in the CRM, not ${phases[deal.stage]}`)
}

function sameInStore(link: Link, referral: ReferralFacts, opportunity: OpportunityFacts, say: (text: string) => void): void {
  if (link.state !== 'in-sync') say(`the store has it ${link.state}: ${link.reason?.text ?? 'no reason'}`)
  if (link.intents.length > 0) say(`${link.intents.length} intents are still open`)
  if (link.conflicts.length > 0) say(`a conflict nobody caused: ${JSON.stringify(link.conflicts)}`)
  for (const [side, facts] of [['partner', referral], ['crm', opportunity]] as const) {
    const base = link.base?.[side]
    if (base === undefined) return say('the store has no agreement')
    if (base.name !== facts.name) say(`the base of ${side} says name ${String(base.name)}`)
    if (Number(base['details.dealValue']) !== facts.dealValue) say(`the base of ${side} says value ${String(base['details.dealValue'])}`)
    if (base['details.notes'] !== facts.notes) say(`the base of ${side} says notes ${String(base['details.notes'])}`)
  }
}

/** Records that nobody made. */
function strangers(remembered: readonly Remembered[], truth: Truth, doubled: string[]): void {
  const made = new Set(remembered.flatMap(({ referralId, opportunityId }) => [referralId, opportunityId]))
  for (const { id, own, externalReferenceId } of truth.referrals) if (own && !made.has(id) && !made.has(externalReferenceId)) doubled.push(`referral ${id} belongs to nobody`)
  for (const { id, referralId } of truth.opportunities) if (!made.has(id) && !made.has(referralId)) doubled.push(`opportunity ${id} belongs to nobody`)
}

type OpenStore = Awaited<ReturnType<typeof openStore>>

/** Newest first. */
async function entries(store: OpenStore, kinds: readonly string[]): Promise<AuditRecord[]> {
  const found: AuditRecord[] = []
  for (let after: string | null = null; ; ) {
    const page = await store.audit({ kinds, limit: 500, after })
    found.push(...page.records)
    after = page.next
    if (after === null) return found
  }
}

async function unreplayed(store: OpenStore, links: readonly Link[]): Promise<string[]> {
  const told = (await entries(store, ['agreed', 'forgotten'])).reverse()
  return links.flatMap((link) => {
    const base = replay(told.filter((entry) => entry.link === link.id).map(({ event }) => event))
    return isDeepStrictEqual(base, link.base) ? [] : [link.id]
  })
}
