import type { Projection } from './deal.js'
import { isClosed } from './stage.js'

/** What is compared of one record that belongs to no deal yet. */
export interface Unpaired {
  readonly id: string
  /** The other record's id as this one carries it. */
  readonly otherId: string | null
  readonly name: string | null
  readonly customer: string | null
  readonly postalCode: string | null
  readonly value: number | null
  readonly currency: string | null
  /** `YYYY-MM-DD` */
  readonly closes: string | null
  readonly phase: 'open' | 'closed'
  /** A person asked to leave it alone. */
  readonly aside: boolean
}

/** Why a pair is never linked without a person's look at it. */
export type MatchDoubt = 'ambiguous' | 'other-id' | 'stage' | 'ignored'

export interface MatchPair {
  readonly referral: Unpaired
  readonly opportunity: Unpaired
  /** 0 to 1. Only an identifier that one record carries of the other gives 1. */
  readonly score: number
  readonly by: 'identifier' | 'content'
  readonly doubts: readonly MatchDoubt[]
}

export interface MatchReport {
  /** Best first. A record stands in several pairs only where they are too close to tell. */
  readonly pairs: readonly MatchPair[]
  readonly leftovers: { readonly referrals: readonly Unpaired[]; readonly opportunities: readonly Unpaired[] }
}

/** Below this a pair is not worth a person's time. */
export const MATCH_FLOOR = 0.5
/** What is linked without a look, unless a person names another score. */
export const MATCH_THRESHOLD = 0.8
/** Two candidates this close are one guess, not two facts. */
export const MATCH_MARGIN = 0.05

const contentMost = 0.99 // Likeness is never as good as an identifier.
const weights = { name: 0.4, customer: 0.3, value: 0.15, closes: 0.15 } as const
const unknown = 0.5 // What one side does not say speaks neither for nor against.
const dayMs = 86_400_000
const daysApartMost = 60
const valueApartMost = 0.2
const commonWordMost = 50 // A word that more records share tells nothing about which belong together.

export function unpaired(id: string, deal: Projection, about: { readonly otherId: string | null; readonly aside: boolean }): Unpaired {
  return {
    id,
    otherId: about.otherId,
    name: deal.name ?? null,
    customer: deal['customerProfile.name'] ?? null,
    postalCode: deal['customerProfile.address.postalCode'] ?? null,
    value: deal['details.dealValue'] ?? null,
    currency: deal['details.currency'] ?? null,
    closes: deal['details.closingDateTime'] ?? null,
    phase: deal.status !== undefined && isClosed(deal.status) ? 'closed' : 'open',
    aside: about.aside,
  }
}

/** Proposes which referral and which opportunity are the same deal. Pure; every record ends in a pair or among the leftovers. */
export function matchRecords(referrals: readonly Unpaired[], opportunities: readonly Unpaired[]): MatchReport {
  const known = pairsByIdentifier(referrals, opportunities)
  const taken = new Set(known.flatMap((pair) => [pair.referral, pair.opportunity]))
  const ids = new Set([...referrals, ...opportunities].map(({ id }) => id.toLowerCase()))
  const rest = (records: readonly Unpaired[]): Unpaired[] => records.filter((record) => !taken.has(record))
  const likely = pairsByContent(rest(referrals), rest(opportunities)).filter(
    ({ referral, opportunity }) => !isClaimed(referral, opportunity, ids),
  )
  const pairs = [...best(known), ...best(likely)].sort((a, b) => b.score - a.score || a.referral.id.localeCompare(b.referral.id))
  const paired = new Set(pairs.flatMap((pair) => [pair.referral, pair.opportunity]))
  const left = (records: readonly Unpaired[]): Unpaired[] => records.filter((record) => !paired.has(record))
  return { pairs, leftovers: { referrals: left(referrals), opportunities: left(opportunities) } }
}

const names = (record: Unpaired, other: Unpaired): boolean => record.otherId?.toLowerCase() === other.id.toLowerCase()
const namesAnother = (record: Unpaired, other: Unpaired): boolean => record.otherId !== null && !names(record, other)

/** A record that names another one of this very list belongs to that one, however alike this one looks. */
function isClaimed(referral: Unpaired, opportunity: Unpaired, ids: ReadonlySet<string>): boolean {
  return [referral, opportunity].some(({ otherId }) => otherId !== null && ids.has(otherId.toLowerCase()))
}

function pairsByIdentifier(referrals: readonly Unpaired[], opportunities: readonly Unpaired[]): MatchPair[] {
  const byId = new Map(opportunities.map((record) => [record.id.toLowerCase(), record]))
  const byOther = new Map<string, Unpaired[]>()
  for (const record of opportunities)
    if (record.otherId !== null) byOther.set(record.otherId.toLowerCase(), [...(byOther.get(record.otherId.toLowerCase()) ?? []), record])
  return referrals.flatMap((referral) => {
    const named = referral.otherId === null ? undefined : byId.get(referral.otherId.toLowerCase())
    const naming = byOther.get(referral.id.toLowerCase()) ?? []
    return [...new Set([...(named === undefined ? [] : [named]), ...naming])].map((opportunity) =>
      pairOf(referral, opportunity, 1, 'identifier'),
    )
  })
}

function pairsByContent(referrals: readonly Unpaired[], opportunities: readonly Unpaired[]): MatchPair[] {
  const index = new Map<string, Unpaired[]>()
  for (const record of opportunities) for (const key of keysOf(record)) index.set(key, [...(index.get(key) ?? []), record])
  return referrals.flatMap((referral) => {
    const near = new Set(
      keysOf(referral).flatMap((key) => {
        const found = index.get(key) ?? []
        return key.startsWith('word ') && found.length > commonWordMost ? [] : found
      }),
    )
    return [...near].flatMap((opportunity) => {
      const score = scoreOf(referral, opportunity)
      return score < MATCH_FLOOR ? [] : [pairOf(referral, opportunity, score, 'content')]
    })
  })
}

function pairOf(referral: Unpaired, opportunity: Unpaired, score: number, by: MatchPair['by']): MatchPair {
  const doubts: MatchDoubt[] = [
    ...(namesAnother(referral, opportunity) || namesAnother(opportunity, referral) ? (['other-id'] as const) : []),
    // Linking an open record with a closed one closes a deal, or tries to: that is a person's to say.
    ...(referral.phase === opportunity.phase ? [] : (['stage'] as const)),
    ...(referral.aside || opportunity.aside ? (['ignored'] as const) : []),
  ]
  return { referral, opportunity, score: Math.round(score * 1_000) / 1_000, by, doubts }
}

/**
 * The pairs that are worth showing, best first: a record that is clearly spoken for is not offered again. Whether a pair is ambiguous is
 * judged by everything that was found, also what is not shown.
 */
function best(pairs: readonly MatchPair[]): MatchPair[] {
  const of = new Map<Unpaired, MatchPair[]>()
  const shown = new Map<Unpaired, number>()
  const taken = new Set<Unpaired>()
  const both = (pair: MatchPair): [Unpaired, Unpaired] => [pair.referral, pair.opportunity]
  for (const pair of pairs) for (const record of both(pair)) of.set(record, [...(of.get(record) ?? []), pair])
  return [...pairs]
    .sort((a, b) => b.score - a.score)
    .flatMap((pair) => {
      const isBehind = (record: Unpaired): boolean => taken.has(record) || (shown.get(record) ?? 0) - pair.score > MATCH_MARGIN + rounding
      if (both(pair).some(isBehind)) return []
      const rivals = both(pair).flatMap((record) => (of.get(record) ?? []).filter((other) => other !== pair))
      const ambiguous = rivals.some((rival) => pair.score - rival.score <= MATCH_MARGIN + rounding)
      for (const record of both(pair)) {
        shown.set(record, Math.max(shown.get(record) ?? 0, pair.score))
        if (!ambiguous) taken.add(record)
      }
      return [ambiguous ? { ...pair, doubts: ['ambiguous' as const, ...pair.doubts] } : pair]
    })
}
const rounding = 1e-9 // Scores have three digits; their difference has more.

/** How alike two records are, by what people write into both systems. */
export function scoreOf(a: Unpaired, b: Unpaired): number {
  const alike = {
    name: likeness(a.name, b.name, wordsOf),
    customer: customerLikeness(a, b),
    value: valueLikeness(a, b),
    closes: dateLikeness(a.closes, b.closes),
  }
  const total = (Object.keys(weights) as (keyof typeof weights)[]).reduce((sum, key) => sum + weights[key] * (alike[key] ?? unknown), 0) // the keys of a literal are its own names
  return total * contentMost
}

function customerLikeness(a: Unpaired, b: Unpaired): number | null {
  const byName = likeness(a.customer, b.customer, companyWordsOf)
  if (byName === null || a.postalCode === null || b.postalCode === null) return byName
  return 0.75 * byName + 0.25 * (plain(a.postalCode).join('') === plain(b.postalCode).join('') ? 1 : 0)
}

function valueLikeness(a: Unpaired, b: Unpaired): number | null {
  if (a.value === null || b.value === null) return null
  if (a.currency !== null && b.currency !== null && a.currency !== b.currency) return 0
  const most = Math.max(Math.abs(a.value), Math.abs(b.value))
  return most === 0 ? 1 : Math.max(0, 1 - Math.abs(a.value - b.value) / most / valueApartMost)
}

function dateLikeness(a: string | null, b: string | null): number | null {
  if (a === null || b === null) return null
  const days = Math.abs(Date.parse(a) - Date.parse(b)) / dayMs
  return Number.isNaN(days) ? null : Math.max(0, 1 - days / daysApartMost)
}

const legalForms = new Set(
  'ag bv co corp corporation gmbh inc incorporated kg limited llc llp ltd nv oy plc pty sa sarl sas se spa srl the'.split(' '),
)

const plain = (text: string): string[] =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
const wordsOf = (text: string): string[] => plain(text)
const companyWordsOf = (text: string): string[] => {
  const words = plain(text)
  const telling = words.filter((word) => !legalForms.has(word))
  return telling.length === 0 ? words : telling
}

/** Sørensen–Dice over pairs of letters: forgives spelling and order of words. */
function likeness(a: string | null, b: string | null, words: (text: string) => string[]): number | null {
  const [left, right] = [a === null ? [] : words(a), b === null ? [] : words(b)]
  if (left.length === 0 || right.length === 0) return null
  if (left.join(' ') === right.join(' ')) return 1
  const [ours, theirs] = [lettersOf(left), lettersOf(right)]
  let shared = 0
  for (const [pair, count] of ours) shared += Math.min(count, theirs.get(pair) ?? 0)
  const size = (letters: ReadonlyMap<string, number>): number => [...letters.values()].reduce((sum, count) => sum + count, 0)
  return (2 * shared) / (size(ours) + size(theirs))
}

function lettersOf(words: readonly string[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const word of words) {
    const padded = ` ${word} `
    for (let at = 0; at + 2 <= padded.length; at += 1) {
      const pair = padded.slice(at, at + 2)
      found.set(pair, (found.get(pair) ?? 0) + 1)
    }
  }
  return found
}

/** By what a pair is found at all: comparing everything with everything would take minutes on a large estate. */
function keysOf({ name, customer, value }: Unpaired): string[] {
  const nameWords = name === null ? [] : wordsOf(name)
  const customerWords = customer === null ? [] : companyWordsOf(customer)
  return [
    ...new Set([
      ...(nameWords.length === 0 ? [] : [`name ${nameWords.join(' ')}`]),
      ...(customerWords.length === 0 ? [] : [`customer ${customerWords.join(' ')}`]),
      ...(value === null || value === 0 ? [] : [`word value ${value}`]),
      ...[...nameWords, ...customerWords].map((word) => `word ${word}`),
    ]),
  ]
}
