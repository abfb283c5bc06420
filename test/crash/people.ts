import type { Sandbox } from '../../src/sandbox/index.js'
import { seededRng } from '../../src/sandbox/rng.js'
import type { Desk } from './crm.js'

/** One deal as the people who made and changed it remember it: what both systems must show in the end. */
export interface Remembered {
  readonly origin: 'partner' | 'inbound' | 'crm' | 'crm-with-help'
  readonly referralId: string | null
  readonly opportunityId: string | null
  readonly name: string
  readonly dealValue: number
  readonly notes: string
  /** What the last person did about its stage. */
  readonly stage: 'New/Pending' | 'Active/Accepted' | 'Closed/Won' | 'Closed/Declined'
}

export interface People {
  /** One act of somebody, on one of the two sides. */
  act(): void
  readonly acts: () => number
  readonly refused: () => readonly string[]
  readonly remembered: () => readonly Remembered[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * People at work in both systems. Each field is edited on one side only (the value in Partner Center, the notes in the CRM), so that what
 * must stand there in the end is known to the letter, whatever was killed in between.
 */
export function people(sandbox: Sandbox, desk: Desk, seed: number): People {
  const rng = seededRng(seed)
  const { partnerCenter } = sandbox
  const deals: Mutable<Remembered>[] = []
  const refused: string[] = []
  let acts = 0
  let number = 0

  const remember = (deal: Remembered): void => void deals.push({ ...deal })
  const wish = () => {
    number += 1
    return { name: `Deal ${number}`, dealValue: 1_000 + number, currency: 'USD', notes: `Notes ${number}` }
  }
  const created = {
    partner: () => {
      const { name, dealValue, notes, currency } = wish()
      const { own } = partnerCenter.portal.create('private', { name, details: { dealValue, currency, notes } })
      remember({ origin: 'partner', referralId: own.id, opportunityId: null, name, dealValue, notes, stage: 'Active/Accepted' })
    },
    inbound: () => {
      const { name, dealValue, notes, currency } = wish()
      const { own } = partnerCenter.inbound.coSell({ name, dealValue, notes, currency })
      remember({ origin: 'inbound', referralId: own.id, opportunityId: null, name, dealValue, notes, stage: 'New/Pending' })
    },
    crm: (help: boolean) => {
      const { name, dealValue, notes } = wish()
      const opportunityId = desk.share({ number, name, notes, dealValue, help })
      const origin = help ? 'crm-with-help' : 'crm'
      remember({ origin, referralId: null, opportunityId, name, dealValue, notes, stage: 'Active/Accepted' })
    },
  }

  const referralOf = (deal: Remembered): string | undefined =>
    deal.referralId ?? [...partnerCenter.referrals()].find((one) => one.externalReferenceId === deal.opportunityId && one.organizationId !== 'msft')?.id
  const opportunityOf = (deal: Remembered): string | undefined =>
    deal.opportunityId ?? desk.idOf(deal.referralId)

  const isCarried = (deal: Remembered): boolean => {
    const referral = partnerCenter.referral(referralOf(deal) ?? '')
    return referral?.details.notes === deal.notes && desk.valueOf(opportunityOf(deal) ?? '') === deal.dealValue
  }

  const editReferral = (deal: Mutable<Remembered>): void => {
    const id = referralOf(deal)
    if (id === undefined || deal.stage !== 'Active/Accepted') return
    const dealValue = 10_000 + rng.int(1_000_000)
    partnerCenter.portal.edit(id, { dealValue })
    deal.dealValue = dealValue
  }
  const editOpportunity = (deal: Mutable<Remembered>): void => {
    const id = opportunityOf(deal)
    if (id === undefined || deal.stage !== 'Active/Accepted') return
    const notes = `Notes ${rng.int(1_000_000)}`
    desk.editNotes(id, notes)
    deal.notes = notes
  }
  const answer = (deal: Mutable<Remembered>): void => {
    const id = opportunityOf(deal)
    if (id === undefined || deal.stage !== 'New/Pending') return
    if (rng.chance(0.7)) {
      desk.moveOn(id)
      deal.stage = 'Active/Accepted'
    } else {
      desk.lose(id)
      deal.stage = 'Closed/Declined'
    }
  }
  const win = (deal: Mutable<Remembered>): void => {
    const id = referralOf(deal)
    // A deal is won once both sides show what was last said, so that nobody's edit crosses the closing.
    if (id === undefined || deal.origin !== 'partner' || deal.stage !== 'Active/Accepted' || !isCarried(deal)) return
    partnerCenter.portal.win(id)
    deal.stage = 'Closed/Won'
  }
  const someone = (doIt: (deal: Mutable<Remembered>) => void): void => {
    const deal = deals[rng.int(Math.max(1, deals.length))]
    if (deal !== undefined) doIt(deal)
  }

  return {
    act() {
      const draw = rng.int(100)
      try {
        if (draw < 12) created.partner()
        else if (draw < 20) created.inbound()
        else if (draw < 28) created.crm(false)
        else if (draw < 33) created.crm(true)
        else if (draw < 60) someone(editReferral)
        else if (draw < 85) someone(editOpportunity)
        else if (draw < 97) for (const deal of deals.filter(({ stage }) => stage === 'New/Pending').slice(0, 1)) answer(deal)
        else someone(win)
        acts += 1
      } catch (error) {
        // A person's act may be refused by the system, for example on a record that was closed a moment ago.
        refused.push(error instanceof Error ? error.message : String(error))
      }
    },
    acts: () => acts,
    refused: () => refused,
    remembered: () => deals,
  }
}
