import { currencies, customers, day, type Stage } from './people.js'
import type { Crowd, Legacy } from './script.js'

export interface Pair {
  readonly referral: string
  readonly record: string
}

/** Two records of one deal, made by people or by an earlier installation before this one was started. Every third pair has drifted apart. */
export function pairFromBefore({ partner, crm, fresh }: Stage, legacy: Legacy): Pair {
  const n = fresh()
  const customer = customers[n % customers.length] ?? customers[0]
  const currency = currencies[n % 2] ?? 'USD'
  const record = crm.people.opportunity({ n, customer, account: null, currency, day: day(n), notes: `notes ${n}`, help: false, sync: true })
  const { own } = partner.portal.create('private', {
    name: `Deal ${n}`,
    customerProfile: {
      name: `${customer.name} ${n}`,
      address: { addressLine1: customer.line, city: customer.city, state: '', postalCode: customer.code, country: customer.country },
      team: [{ firstName: 'Mara', lastName: 'Vogt', email: `contact${n}@customer.example`, phoneNumber: '+49 40 1' }],
    },
    details: {
      dealValue: 1_000 + n,
      notes: n % 3 === 0 ? `notes ${fresh()}` : `notes ${n}`,
      closingDateTime: `${day(n)}T00:00:00Z`,
      currency,
      requirements: { solutions: [{ id: `SOL-${n}`, name: 'Insights', type: 'Name', publisherName: 'x', solutionType: '3P' }] },
    },
  })
  if (legacy !== 'the record names the referral') partner.portal.edit(own.id, { externalReferenceId: record })
  if (legacy !== 'the referral names the record') crm.people.identify({ kind: 'opportunity', id: record }, own.id)
  return { referral: own.id, record }
}

/** What became of a crowd, for the checker. */
export interface CrowdStory {
  readonly crowd: Crowd
  readonly pairs: readonly Pair[]
  /** What every record said before and says since, by its id. */
  readonly edits: ReadonlyMap<string, { readonly was: number; readonly is: number }>
  /** The deals that were linked and agreed on at that moment: what became one later is a first meeting, and no brake counts those. */
  readonly linked: ReadonlySet<string>
  /** A sweep of the side was under way when they were changed. */
  readonly midSweep: boolean
  readonly atMs: number
  /** From when on a person wants the changes to be carried. */
  releasedAtMs: number | null
  brakes: number
}

/** Somebody changes the value of every deal at once, on one side. */
export function changeAll(stage: Stage, crowd: Crowd, pairs: readonly Pair[]): CrowdStory['edits'] {
  const edits = new Map<string, { was: number; is: number }>()
  for (const { referral, record } of pairs) {
    const id = crowd.side === 'partner' ? referral : record
    const known = stage.truth.records.get(id)
    if (known === undefined || known.gone || known.shown.value === null || !/^(open|Active)/.test(known.shown.stage)) continue
    const is = 1_000 + stage.fresh()
    if (setValue(stage, crowd, { id, value: is })) edits.set(id, { was: known.shown.value, is })
  }
  return edits
}

/** Whoever looked at what the brake tells found that it was a mistake. What was edited again meanwhile stays. */
export function putBack(stage: Stage, { crowd, edits }: CrowdStory): void {
  for (const [id, { was, is }] of edits) if (stage.truth.records.get(id)?.shown.value === is) setValue(stage, crowd, { id, value: was })
}

function setValue({ partner, crm }: Stage, { side }: Crowd, { id, value }: { readonly id: string; readonly value: number }): boolean {
  try {
    if (side === 'partner') partner.portal.edit(id, { dealValue: value })
    else crm.people.value({ kind: 'opportunity', id }, value)
    return true
  } catch {
    return false // The system refuses it to people, too: a closed or a deleted record.
  }
}
