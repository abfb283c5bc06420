import type { Store } from '../../src/core/ports.js'
import type { PartnerCenter } from '../../src/sandbox/partner-center/index.js'
import type { CrmSide } from './crm.js'
import { atTheDesk } from './desk.js'
import type { Node } from './node.js'
import type { Office } from './office.js'
import { rarely, type Twins } from './rare-people.js'
import { chosen, type Act } from './script.js'
import type { Known, Truth } from './truth.js'

export interface Stage {
  readonly partner: PartnerCenter
  readonly crm: CrmSide
  readonly truth: Truth
  readonly store: Store
  readonly office: Office
  readonly twins: Twins[]
  readonly now: () => number
  /** A process that lives. */
  readonly node: () => Node | null
  /** A number that was never used before: every value a person writes is told from every other. */
  readonly fresh: () => number
}

export const customers = [
  { name: 'Nordlicht AG', line: 'Weg 1', city: 'Bern', code: '3011', country: 'CH', countryName: 'Switzerland' },
  { name: 'Fabrikam GmbH', line: 'Allee 7', city: 'Hamburg', code: '20095', country: 'DE', countryName: 'Germany' },
] as const
export const currencies = ['USD', 'EUR'] as const
export const day = (n: number): string => new Date(Date.UTC(2027, 0, 1) + (n % 3_000) * 86_400_000).toISOString().slice(0, 10)

/** Plays one act. What the system itself refuses to a person is no act. @returns what was done, for the trace; null when nothing could be. */
export async function play(stage: Stage, act: Act & { readonly about?: string }): Promise<string | null> {
  const [side = '', what = '', how = ''] = act.kind.split('.')
  try {
    if (side === 'desk') return await atTheDesk(stage, [what, how], act.pick)
    const rare = rarely(stage, act)
    if (rare !== undefined) return rare
    if (side === 'both') return onBoth(stage, what, act.pick)
    if (side === 'inbound' || what === 'create') return begin(stage, act)
    if (side === 'microsoft') return microsoft(stage, what, act.pick)
    const gone = what === 'undelete'
    const records = [...stage.truth.records.values()].filter((record) => record.side === side && record.gone === gone)
    const record = records.find(({ id }) => id === act.about) ?? chosen(records, act.pick)
    if (record === null) return null
    const told = side === 'partner' ? atPartner(stage, record, [what, how]) : inCrm(stage, record, [what, how], act.pick)
    return told === null ? null : `${act.kind} of ${record.kind} ${record.id}: ${told}`
  } catch (error) {
    return `${act.kind}: refused, ${error instanceof Error ? error.message.slice(0, 100) : String(error)}`
  }
}

export function dealOf(stage: Stage, pick: number): { name: string; details: object; customerProfile: object } {
  const n = stage.fresh()
  const customer = customers[pick % customers.length] ?? customers[0]
  return {
    name: `Deal ${n}`,
    customerProfile: {
      name: customer.name,
      address: { addressLine1: customer.line, city: customer.city, state: '', postalCode: customer.code, country: customer.country },
      team: [{ firstName: 'Mara', lastName: 'Vogt', email: 'mara@customer.example', phoneNumber: '+49 40 1' }],
    },
    details: {
      dealValue: 1_000 + n,
      notes: `notes ${n}`,
      closingDateTime: `${day(n)}T00:00:00Z`,
      currency: currencies[pick % 2] ?? 'USD',
      requirements: { solutions: [{ id: `SOL-${n}`, name: 'Insights', type: 'Name', publisherName: 'x', solutionType: '3P' }] },
    },
  }
}

function begin({ ...stage }: Stage, { kind, pick }: Act): string {
  const { partner } = stage
  const [, what = '', how = ''] = kind.split('.')
  const deal = dealOf(stage, pick)
  if (kind.startsWith('partner.create')) return `${kind}: ${partner.portal.create(how as 'private', deal).own.id}` // the simulator checks what it is given
  if (kind.startsWith('inbound')) {
    const { details } = deal as {
      details: { dealValue: number; notes: string; closingDateTime: string; currency: string; requirements: { solutions: never[] } }
    } // as dealOf() builds it
    const wish = {
      name: deal.name,
      customer: deal.customerProfile,
      dealValue: details.dealValue,
      notes: details.notes,
      closingDateTime: details.closingDateTime,
      currency: details.currency,
      solutions: details.requirements.solutions,
    }
    return `${kind}: ${what === 'lead' ? partner.inbound.qualifiedLead(wish).own.id : partner.inbound.coSell(wish).own.id}`
  }
  return `${kind}: ${opportunity(stage, how, pick)}`
}

function opportunity({ crm, fresh }: Stage, how: string, pick: number): string {
  const n = fresh()
  return crm.people.opportunity({
    n,
    customer: customers[pick % customers.length] ?? customers[0],
    account: how === 'same-account' ? chosen(crm.people.accounts(), pick) : null,
    currency: currencies[pick % 2] ?? 'USD',
    day: day(n),
    notes: how === 'incomplete' ? null : `notes ${n}`,
    help: how === 'help',
    sync: how !== 'unshared',
  })
}

function atPartner({ partner, fresh }: Stage, { id }: Known, [what = '', how = '']: readonly string[]): string | null {
  const { portal } = partner
  const n = fresh()
  const solutions = partner.referral(id)?.details.requirements.solutions ?? []
  switch (what) {
    case 'value':
      return `${String(portal.edit(id, { dealValue: 1_000 + n }).details.dealValue)}`
    case 'notes':
      return `${String(portal.edit(id, { notes: `notes ${n}` }).details.notes)}`
    case 'date':
      return String(portal.edit(id, { closingDateTime: `${day(n)}T00:00:00Z` }).details.closingDateTime)
    case 'currency':
      return String(portal.edit(id, { currency: currencies[n % 2] ?? 'USD' }).details.currency)
    case 'solution': {
      if (how === 'add')
        portal.edit(id, { solutions: [...solutions, { id: `SOL-${n}`, name: 'Insights', type: 'Name', solutionType: '3P' }] })
      else if (solutions.length < 2) return null
      else portal.edit(id, { solutions: solutions.slice(1) })
      return `${how} ${how === 'add' ? `SOL-${n}` : (solutions[0]?.id ?? '')}`
    }
    case 'accept':
      return portal.accept(id).status
    case 'decline':
      return portal.decline(id).status
    case 'win':
      return portal.win(id).status
    case 'lose':
      return portal.lose(id).status
    case 'share':
      return String(portal.share(id).type)
    case 'invite':
      return portal.inviteMicrosoft(id).id
    default:
      return null
  }
}

function inCrm(stage: Stage, { id, kind }: Known, [what = '', how = '']: readonly string[], pick: number): string | null {
  const { crm, fresh } = stage
  const { people } = crm
  const n = fresh()
  const record = { id, kind: kind === 'lead' ? 'lead' : 'opportunity' } as const
  switch (what) {
    case 'value':
      return people.value(record, 1_000 + n)
    case 'notes':
      return people.notes(record, `notes ${n}`)
    case 'empty':
      return people.notes(record, null)
    case 'date':
      return people.date(record, day(n))
    case 'currency':
      return people.currency(record, currencies[n % 2] ?? 'USD')
    case 'solution':
      if (kind !== 'opportunity') return null
      if (how === 'remove') return people.removeSolution(id)
      people.addSolution(id, { id: `SOL-${n}`, name: 'Insights' })
      return `add SOL-${n}`
    case 'sync':
      return people.sync(record, how === 'on')
    case 'visible':
      return people.visible(record)
    case 'help':
      return people.help(record)
    case 'win':
      return people.stage(record, 'won')
    case 'lose':
      return people.stage(record, 'lost')
    case 'hold':
      return people.stage(record, 'on hold')
    case 'move-on':
      return people.stage(record, 'in progress')
    case 'reopen':
      return people.stage(record, 'open again')
    case 'qualify':
      return kind === 'lead' ? `to ${people.qualify(id)}` : null
    case 'disqualify':
      if (kind === 'lead') people.disqualify(id)
      return 'disqualified'
    case 'delete':
      people.remove(record)
      return 'deleted'
    case 'undelete':
      return people.restore(record)
    case 'rename-account':
    case 'merge-accounts':
      return accounts(stage, what, n, pick)
    default:
      return null
  }
}

function accounts({ crm: { people }, twins, now }: Stage, what: string, n: number, pick: number): string | null {
  const ids = people.accounts()
  const id = chosen(ids, pick)
  if (id === null) return null
  if (what === 'rename-account') {
    people.renameAccount(id, `Renamed ${n}`)
    return `account ${id} is Renamed ${n}`
  }
  const loser = chosen(ids, pick + 1)
  if (loser === null || loser === id) return null
  people.mergeAccounts(id, loser)
  // Was the loser ours, somebody has said which of two that fit is meant.
  for (const pair of twins) if (pair.ids.includes(id)) pair.untilMs = Math.min(pair.untilMs, now())
  return `account ${loser} into ${id}`
}

function microsoft({ partner, truth }: Stage, what: string, pick: number): string | null {
  const referral = chosen(
    [...truth.records.values()].filter(({ side }) => side === 'partner'),
    pick,
  )
  if (referral === null) return null
  const id = what === 'expire' ? referral.id : (referral.engagementId ?? referral.id)
  if (what === 'accept') partner.microsoft.accept(id)
  else if (what === 'decline') partner.microsoft.decline(id)
  else partner.microsoft.expire(id)
  return `microsoft.${what} ${referral.id}`
}

/** Where somebody wrote into identifiers, they say nothing: whose record the product took it for is told by what it wrote there itself. */
function agreedWith(truth: Truth, referral: Known): Known | null {
  // The latest first: what stood there from before may have been written over before the product came to see it.
  const named = [...truth.kin(referral.id)].reverse().flatMap((id) => truth.records.get(id) ?? [])
  const grown = [...truth.records.values()].filter(({ cameFrom }) => named.some(({ id }) => id === cameFrom))
  const all = [...grown, ...named]
  return all.find(({ kind, gone }) => kind === 'opportunity' && !gone) ?? all.find(({ gone }) => !gone) ?? all[0] ?? null
}

/** The same deal on both sides, as far as the records name each other. */
export function counterpart(truth: Truth, referral: Known): Known | null {
  const byHand = truth.meddled.size > 0 ? agreedWith(truth, referral) : null
  if (byHand !== null) return byHand
  const named = referral.shown.otherId === null ? undefined : truth.records.get(referral.shown.otherId)
  const naming = [...truth.records.values()].filter(({ side, gone, shown }) => side === 'crm' && !gone && shown.otherId === referral.id)
  // An opportunity that was closed before the connector could name the referral on it takes no write any more: its lead still says whose it is.
  const became = named !== undefined && naming.some(({ id }) => id === named.cameFrom) ? named : undefined
  return naming.find(({ kind }) => kind === 'opportunity') ?? became ?? naming[0] ?? named ?? null
}

function onBoth(stage: Stage, what: string, pick: number): string | null {
  const pairs = [...stage.truth.records.values()].flatMap((record) => {
    const other = record.side === 'partner' ? counterpart(stage.truth, record) : null
    return other === null || other.gone ? [] : [[record, other] as const]
  })
  const pair = chosen(pairs, pick)
  if (pair === null) return null
  const [referral, other] = pair
  const about = `both.${what} of ${referral.id} and ${other.id}`
  if (what === 'close-differently') {
    stage.partner.portal.win(referral.id)
    if (other.kind === 'opportunity') stage.crm.people.stage({ kind: other.kind, id: other.id }, 'lost')
    return about
  }
  if (what === 'same-value') {
    const value = 1_000 + stage.fresh()
    stage.partner.portal.edit(referral.id, { dealValue: value })
    stage.crm.people.value({ kind: other.kind === 'lead' ? 'lead' : 'opportunity', id: other.id }, value)
    return `${about}: ${value}`
  }
  return `${about}: ${String(atPartner(stage, referral, [what]))} against ${String(inCrm(stage, other, [what], pick))}`
}
