import { changeDeal } from '../../src/engine/find-deal.js'
import { intended } from '../../src/engine/intended.js'
import type { Store } from '../../src/core/ports.js'
import type { Dataverse } from '../../src/sandbox/dataverse/index.js'
import { currencyId } from '../../src/sandbox/dataverse/index.js'
import type { PartnerCenter } from '../../src/sandbox/partner-center/index.js'
import type { Node } from './node.js'
import type { Act } from './script.js'
import type { Known, Truth } from './truth.js'

export interface Stage {
  readonly partner: PartnerCenter
  readonly crm: Dataverse
  readonly truth: Truth
  readonly store: Store
  /** A process that lives. */
  readonly node: () => Node | null
  /** A number that was never used before: every value a person writes is told from every other. */
  readonly fresh: () => number
}

const customers = [
  { name: 'Nordlicht AG', line: 'Weg 1', city: 'Bern', code: '3011', country: 'CH', countryName: 'Switzerland' },
  { name: 'Fabrikam GmbH', line: 'Allee 7', city: 'Hamburg', code: '20095', country: 'DE', countryName: 'Germany' },
] as const
const currencies = ['USD', 'EUR'] as const
const helpCode = 412_500_000
const day = (n: number): string => new Date(Date.UTC(2027, 0, 1) + (n % 3_000) * 86_400_000).toISOString().slice(0, 10)

function chosen<T>(items: readonly T[], pick: number): T | null {
  return items[pick % Math.max(1, items.length)] ?? null
}

/** Plays one act. What the system itself refuses to a person is no act. @returns what was done, for the trace; null when nothing could be. */
export async function play(stage: Stage, act: Act): Promise<string | null> {
  const [side = '', what = '', how = ''] = act.kind.split('.')
  try {
    if (side === 'desk') return await atTheDesk(stage, what, how, act.pick)
    if (side === 'both') return onBoth(stage, what, act.pick)
    if (side === 'inbound' || what === 'create') return begin(stage, act)
    if (side === 'microsoft') return microsoft(stage, what, act.pick)
    const records = [...stage.truth.records.values()].filter((record) => record.side === side && !record.gone)
    const record = chosen(records, act.pick)
    if (record === null) return null
    const told = side === 'partner' ? atPartner(stage, record, [what, how]) : inCrm(stage, record, [what, how], act.pick)
    return told === null ? null : `${act.kind} of ${record.kind} ${record.id}: ${told}`
  } catch (error) {
    return `${act.kind}: refused, ${error instanceof Error ? error.message.slice(0, 100) : String(error)}`
  }
}

function dealOf(stage: Stage, pick: number): { name: string; details: object; customerProfile: object } {
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
  const customer = customers[pick % customers.length] ?? customers[0]
  const account = crm.people.account({
    name: `${customer.name} ${n}`,
    address1_line1: customer.line,
    address1_city: customer.city,
    address1_postalcode: customer.code,
    address1_country: customer.countryName,
  })
  const contact = crm.people.contact({ telephone1: '+49 40 1', emailaddress1: `contact${n}@customer.example` })
  const id = crm.people.opportunity({
    name: `Deal ${n}`,
    description: how === 'incomplete' ? null : `notes ${n}`,
    estimatedvalue: 1_000 + n,
    estimatedclosedate: day(n),
    'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currencyId(currencies[pick % 2] ?? 'USD')})`,
    'parentaccountid@odata.bind': `/accounts(${account})`,
    'parentcontactid@odata.bind': `/contacts(${contact})`,
    ...(how === 'help' ? { cosell_help: helpCode } : {}),
  })
  crm.people.addSolution(id, { solutionId: `SOL-${n}`, name: 'Insights' })
  if (how !== 'unshared') crm.people.edit('opportunity', id, { cosell_syncwithpartnercenter: true })
  return id
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

function inCrm({ crm, fresh, truth }: Stage, { id, kind }: Known, [what = '', how = '']: readonly string[], pick: number): string | null {
  const { people } = crm
  const n = fresh()
  const table = kind === 'lead' ? 'lead' : 'opportunity'
  const edit = (values: Record<string, unknown>): string => {
    people.edit(table, id, values)
    return JSON.stringify(values)
  }
  const onlyOpportunity = kind === 'opportunity'
  const rows = crm.find('cosell_microsoftsolution', { _cosell_opportunityid_value: id })
  switch (what) {
    case 'value':
      return edit({ [kind === 'lead' ? 'estimatedamount' : 'estimatedvalue']: 1_000 + n })
    case 'notes':
      return edit({ description: `notes ${n}` })
    case 'empty':
      return edit({ description: null })
    case 'date':
      return edit({ estimatedclosedate: day(n) })
    case 'currency':
      return edit({ 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currencyId(currencies[n % 2] ?? 'USD')})` })
    case 'solution':
      if (!onlyOpportunity) return null
      if (how === 'add') people.addSolution(id, { solutionId: `SOL-${n}`, name: 'Insights' })
      else if (rows.length < 2) return null
      else people.removeSolution(String(rows[0]?.['cosell_microsoftsolutionid']))
      return `${how} ${how === 'add' ? `SOL-${n}` : String(rows[0]?.['cosell_solutionid'])}`
    case 'sync':
      return edit({ cosell_syncwithpartnercenter: how === 'on' })
    case 'visible':
      return edit({ cosell_referralvisibility: true })
    case 'help':
      return edit({ cosell_help: helpCode })
    case 'win':
      if (onlyOpportunity) people.win(id)
      return 'won'
    case 'lose':
      if (onlyOpportunity) people.lose(id)
      return 'lost'
    case 'hold':
      if (onlyOpportunity) people.hold(id)
      return 'on hold'
    case 'move-on':
      if (onlyOpportunity) people.moveOn(id)
      return 'in progress'
    case 'reopen':
      people.reopen(table, id)
      return 'open'
    case 'qualify':
      return kind === 'lead' ? `to ${people.qualify(id).opportunityId ?? ''}` : null
    case 'disqualify':
      if (kind === 'lead') people.disqualify(id)
      return 'disqualified'
    case 'delete':
      people.delete(table, id)
      return 'deleted'
    case 'rename-account':
    case 'merge-accounts':
      return accounts(crm, what, n, pick, truth)
    default:
      return null
  }
}

function accounts(crm: Dataverse, what: string, n: number, pick: number, _truth: Truth): string | null {
  const rows = crm.find('account', { statecode: 0 })
  const id = String(chosen(rows, pick)?.['accountid'])
  if (what === 'rename-account') {
    crm.people.edit('account', id, { name: `Renamed ${n}` })
    return `account ${id} is Renamed ${n}`
  }
  const loser = String(chosen(rows, pick + 1)?.['accountid'])
  if (rows.length < 2 || loser === id) return null
  crm.people.merge('account', { winner: id, loser })
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

/** The same deal on both sides, as far as the records name each other. */
export function counterpart(truth: Truth, referral: Known): Known | null {
  const named = referral.shown.otherId === null ? undefined : truth.records.get(referral.shown.otherId)
  const naming = [...truth.records.values()].filter(({ side, gone, shown }) => side === 'crm' && !gone && shown.otherId === referral.id)
  return naming.find(({ kind }) => kind === 'opportunity') ?? naming[0] ?? named ?? null
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
    stage.crm.people.lose(other.id)
    return about
  }
  if (what === 'same-value') {
    const value = 1_000 + stage.fresh()
    stage.partner.portal.edit(referral.id, { dealValue: value })
    stage.crm.people.edit(other.kind, other.id, { [other.kind === 'lead' ? 'estimatedamount' : 'estimatedvalue']: value })
    return `${about}: ${value}`
  }
  return `${about}: ${String(atPartner(stage, referral, [what]))} against ${String(inCrm(stage, other, [what], pick))}`
}

async function atTheDesk({ store, node }: Stage, what: string, how: string, pick: number): Promise<string | null> {
  const here = node()
  if (here === null) return null
  const now = here.engine.clock.now()
  const engine = { ...here.engine, store }
  const { links } = await store.list({ limit: 200 })
  if (what === 'retry') {
    for (const link of links)
      if (link.rejected !== null)
        await changeDeal(
          engine,
          link.id,
          (current) => ({ ...current, rejected: null }),
          () => [],
        )
    await store.queue.mark(
      links.map(({ id }) => ({ link: id, dueAt: now, urgency: 0 as const, wide: true, because: 'retry' })),
      now,
    )
    return 'desk.retry'
  }
  if (what === 'release') {
    void here.sweep('partner', true)
    void here.sweep('crm', true)
    return 'desk.release'
  }
  const held = links.flatMap((link) =>
    link.conflicts.filter(({ winner, kind }) => winner === null && kind !== 'info').map(({ field }) => ({ link, field })),
  )
  const choice = chosen(held, pick)
  if (choice === null) return null
  const keep = how === 'crm' ? 'crm' : 'partner'
  await changeDeal(
    engine,
    choice.link.id,
    (current) => intended(current, { kind: 'resolve', field: choice.field, keep }, { by: 'kim', at: now }),
    () => [],
  )
  await store.queue.mark([{ link: choice.link.id, dueAt: now, urgency: 0, wide: true, because: 'resolved' }], now)
  return `desk.resolve ${choice.field} of ${choice.link.id} for ${keep}`
}
