import { describe, expect, it } from 'vitest'
import { matchRecords, scoreOf, type MatchPair, type Unpaired } from './matching.js'

const record = (id: string, more: Partial<Unpaired> = {}): Unpaired => ({
  id,
  otherId: null,
  name: 'Data estate move',
  customer: 'Fabrikam GmbH',
  postalCode: '20095',
  value: 185_000,
  currency: 'EUR',
  closes: '2027-03-31',
  phase: 'open',
  aside: false,
  ...more,
})
const other = { name: 'Office roll-out', customer: 'Tailspin Toys', postalCode: '80331', value: 9_000, closes: '2026-12-01' }
const ends = ({ referral, opportunity, doubts }: MatchPair): string => `${referral.id}=${opportunity.id} ${doubts.join()}`.trim()

describe('which records are the same deal', () => {
  it('takes the identifier that a referral or an opportunity carries before anything that looks alike', () => {
    const referrals = [record('r1', { otherId: 'C1' }), record('r2', other)]
    const report = matchRecords(referrals, [record('c1', { ...other }), record('c2'), record('c3', { name: 'x', otherId: 'r2' })])
    expect(report.pairs.map(ends)).toEqual(['r1=c1', 'r2=c3'])
    expect(report.pairs.every(({ score, by }) => score === 1 && by === 'identifier')).toBe(true)
    expect(report.leftovers.opportunities.map(({ id }) => id)).toEqual(['c2'])
  })

  it('finds a deal by name, customer, value and date, in other words for the same', () => {
    const c = record('c1', { name: 'DATA estate: move', customer: 'Fabrikam', value: 190_000, closes: '2027-04-05' })
    const report = matchRecords([record('r1'), record('r2', other)], [c])
    expect(report.pairs.map(ends)).toEqual(['r1=c1'])
    expect(report.pairs[0]?.score).toBeGreaterThan(0.9)
    expect(report.leftovers.referrals.map(({ id }) => id)).toEqual(['r2'])
  })

  it('never takes likeness for an identifier', () => {
    expect(scoreOf(record('r1'), record('c1'))).toBeLessThan(1)
  })

  it('does not take what one side does not say for a difference, nor a name alone for a match', () => {
    const silent = { value: null, closes: null } as const
    expect(scoreOf(record('r1'), record('c1', silent))).toBeGreaterThan(0.8)
    expect(scoreOf(record('r1'), record('c1', { ...silent, customer: null, postalCode: null }))).toBeLessThan(0.8)
    expect(scoreOf(record('r1'), record('c1', { currency: 'USD' }))).toBeLessThan(scoreOf(record('r1'), record('c1', { value: null })))
  })

  it.each([
    ['opportunities', [record('r1')], [record('c1'), record('c2', { closes: '2027-04-10' })]],
    ['referrals', [record('r1'), record('r2', { value: 186_000 })], [record('c1')]],
  ])('calls a pair ambiguous when two %s are within five hundredths', (_side, referrals, opportunities) => {
    const { pairs } = matchRecords(referrals, opportunities)
    expect(pairs).toHaveLength(2)
    expect(pairs.every(({ doubts }) => doubts.includes('ambiguous'))).toBe(true)
  })

  it('calls two referrals with the same identifier ambiguous', () => {
    const { pairs } = matchRecords([record('r1', { otherId: 'c1' }), record('r2', { otherId: 'c1' })], [record('c1')])
    expect(pairs.map(ends)).toEqual(['r1=c1 ambiguous', 'r2=c1 ambiguous'])
  })

  it('offers a record once where its best partner is clear', () => {
    const near = { name: 'Data estate move, phase two', value: 120_000, closes: '2027-09-30' }
    const { pairs } = matchRecords([record('r1'), record('r2', near)], [record('c1'), record('c2', near)])
    expect(pairs.map(ends).sort()).toEqual(['r1=c1', 'r2=c2'])
  })

  it('doubts a pair that carries the id of something else, whose stages differ, or that a person set aside', () => {
    const doubts = (more: Partial<Unpaired>): string[] => matchRecords([record('r1')], [record('c1', more)]).pairs.map(ends)
    expect(doubts({ otherId: 'gone' })).toEqual(['r1=c1 other-id'])
    expect(doubts({ phase: 'closed' })).toEqual(['r1=c1 stage'])
    expect(doubts({ aside: true })).toEqual(['r1=c1 ignored'])
  })

  it('is through with a large estate in no time, and keeps every record', () => {
    const named = (id: string, n: number): Unpaired =>
      record(id, { name: `Deal ${n} of ours`, customer: `Customer ${n % 500} Inc`, value: 1_000 + n, closes: null })
    const numbers = Array.from({ length: 3_000 }, (_, n) => n)
    const { pairs, leftovers } = matchRecords(
      numbers.map((n) => named(`r${n}`, n)),
      numbers.slice(1).map((n) => named(`c${n}`, n)),
    )
    const kept = new Set([...pairs.map(({ referral }) => referral.id), ...leftovers.referrals.map(({ id }) => id)])
    expect(kept.size).toBe(3_000)
  }, 10_000)
})
