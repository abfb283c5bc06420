import type { DemoCrm } from './demo-crm.js'
import type { Sandbox } from './sandbox.js'

/** The sample deals of the demo, of every kind, so that every page has something to show. Returns how many there are of each. */
export function fillWithDeals({ partnerCenter }: Sandbox, crm: DemoCrm): Readonly<Record<string, number>> {
  const { portal, microsoft, inbound } = partnerCenter
  crm.prepare()
  const counts: Record<string, number> = {}
  const times = (kind: string, count: number, make: (index: number) => void): void => {
    for (let index = 0; index < count; index += 1) make(index)
    counts[kind] = count
  }
  times('private deals of our own', 60, () => void portal.create('private'))
  times('deals shared with Microsoft', 30, () => void portal.create('partner-led'))
  times('co-sell deals that wait for Microsoft', 10, () => void portal.create('co-sell'))
  times('co-sell deals that Microsoft accepted', 10, () => {
    const { own } = portal.create('co-sell')
    microsoft.accept(own.engagementId)
  })
  times('deals from Microsoft that wait for an answer', 20, () => void inbound.coSell())
  times('leads', 15, () => void inbound.qualifiedLead())
  times('deals from other partners', 5, () => void inbound.partnerToPartner())
  times('won deals', 12, () => void portal.win(portal.create('private').own.id))
  times('lost deals', 8, () => void portal.lose(portal.create('private').own.id, 'Customer did not respond'))
  times('opportunities to be shared', 20, crm.share)
  times('opportunities that still miss something', 10, crm.shareIncomplete)
  return counts
}

/** A change on both sides of the same field, so that there is a conflict to decide. Called once the first sync is through. */
export function causeConflicts({ partnerCenter }: Sandbox, crm: DemoCrm, most: number): number {
  let caused = 0
  for (const { referralId, setAmount } of crm.linked()) {
    if (partnerCenter.referral(referralId)?.status !== 'Active') continue
    partnerCenter.portal.edit(referralId, { dealValue: 111_000 + caused })
    setAmount(222_000 + caused)
    caused += 1
    if (caused >= most) break
  }
  return caused
}
