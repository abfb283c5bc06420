import { closeOpportunity, type Closing } from './actions-close.js'
import { merge } from './actions-merge.js'
import { qualifyLead } from './actions-qualify.js'
import { readBody } from './bodies.js'
import { deleteRow } from './deleting.js'
import type { Context } from './emission.js'
import { invalidArgument } from './errors.js'
import type { Cell, Ref } from './row-store.js'
import { createRow, direct, updateRow } from './rows.js'
import { currencyId, userSeeds } from './seeds.js'
import { fold } from './row-store.js'
import { rowOf, secondsIso, table as tableNamed, type World } from './world.js'

/** Column values as the Web API takes them: plain columns by logical name, lookups as `navigation@odata.bind`. */
export type Values = Readonly<Record<string, unknown>>

/** Who acts; without `as`, the first seller of the environment. */
export interface Act {
  readonly as?: string
}

export interface CloseWish {
  readonly status?: number
  readonly actualRevenue?: number
  /** `YYYY-MM-DD`; today when absent. */
  readonly actualEnd?: string
  readonly description?: string
}

export interface SolutionWish {
  readonly solutionId: string
  readonly name?: string
  readonly type?: string
  readonly publisherName?: string
  readonly price?: number
  readonly quantity?: number
}

export interface Qualified {
  readonly accountId: string | null
  readonly contactId: string | null
  readonly opportunityId: string | null
}

/**
 * What people do in Dynamics 365. Every method goes through the same rules as the Web API, raises the same events and throws the same
 * DataverseError; only privileges are not asked for.
 */
export interface People {
  account(values?: Values, act?: Act): string
  contact(values?: Values, act?: Act): string
  opportunity(values?: Values, act?: Act): string
  lead(values?: Values, act?: Act): string
  /** Creates a row of any table. */
  create(table: string, values: Values, act?: Act): string
  edit(table: string, id: string, values: Values, act?: Act): void
  delete(table: string, id: string, act?: Act): void
  win(opportunityId: string, wish?: CloseWish, act?: Act): void
  lose(opportunityId: string, wish?: CloseWish, act?: Act): void
  /** Puts an open opportunity on hold, and back in progress. */
  hold(opportunityId: string, act?: Act): void
  moveOn(opportunityId: string, act?: Act): void
  /** Opens a closed opportunity or lead again. */
  reopen(table: 'opportunity' | 'lead', id: string, act?: Act): void
  qualify(
    leadId: string,
    wish?: { readonly account?: boolean; readonly contact?: boolean; readonly opportunity?: boolean; readonly customerId?: string },
    act?: Act,
  ): Qualified
  disqualify(leadId: string, status?: number, act?: Act): void
  /** Merges `loser` into `winner`. */
  merge(
    table: 'account' | 'contact' | 'lead',
    rows: { readonly winner: string; readonly loser: string; readonly values?: Values },
    act?: Act,
  ): void
  /** Adds a row to the table of Microsoft solutions under an opportunity. */
  addSolution(opportunityId: string, wish: SolutionWish, act?: Act): string
  removeSolution(id: string, act?: Act): void
}

/** Where solution rows live and what their columns are called; depends on the customization. */
export interface SolutionColumns {
  readonly table: string
  readonly navigation: string
  /** Where rows point to the entries of a catalogue. */
  readonly catalogue: { readonly table: string; readonly navigation: string; readonly id: string; readonly name: string } | null
  readonly id: string
  readonly name: string
  readonly type: string
  readonly publisher: string
  readonly price: string | null
  readonly quantity: string | null
}

export function people(world: World, solutions: () => SolutionColumns | null): People {
  const actor = (act: Act | undefined): Context => contextOf(world, act?.as ?? userSeeds[0]?.email ?? '')
  const create = (tableName: string, values: Values, act?: Act): string => {
    const table = tableNamed(world, tableName)
    const draft = readBody({ world, mode: 'create', references: noReferences }, table, values)
    return world.transactions.run(() => createRow(world, actor(act), table, draft).id)
  }
  const edit = (tableName: string, id: string, values: Values, act?: Act): void => {
    const table = tableNamed(world, tableName)
    const draft = readBody({ world, mode: 'update', references: noReferences }, table, values)
    world.transactions.run(() => updateRow(world, actor(act), table, rowOf(table, id), draft, direct))
  }
  const remove = (tableName: string, id: string, act?: Act): void => {
    const table = tableNamed(world, tableName)
    world.transactions.run(() => deleteRow(world, actor(act), table, rowOf(table, id)))
  }
  const close = (outcome: 'won' | 'lost', id: string, wish: CloseWish, act: Act | undefined): void => {
    world.transactions.run(() => closeOpportunity(world, actor(act), closingOf(outcome, id, wish)))
  }
  const solutionTable = (): SolutionColumns => {
    const columns = solutions()
    if (columns === null) throw new Error('This environment has no table for Microsoft solutions: start it with customFields.')
    return columns
  }
  return {
    create,
    edit,
    delete: remove,
    ...creators(create, () => world.rng.int(1_000_000)),
    win: (id, wish = {}, act) => close('won', id, wish, act),
    lose: (id, wish = {}, act) => close('lost', id, wish, act),
    hold: (id, act) => edit('opportunity', id, { statecode: 0, statuscode: 2 }, act),
    moveOn: (id, act) => edit('opportunity', id, { statecode: 0, statuscode: 1 }, act),
    reopen: (table, id, act) => edit(table, id, { statecode: 0, statuscode: 1 }, act),
    qualify: (id, wish, act) => qualify(world, actor(act), id, wish ?? {}),
    disqualify: (id, status = 4, act) => edit('lead', id, { statecode: 2, statuscode: status }, act),
    merge(tableName, rows, act) {
      const table = tableNamed(world, tableName)
      const content = readBody({ world, mode: 'update', references: noReferences }, table, rows.values ?? {})
      world.transactions.run(() =>
        merge(world, actor(act), { table, target: rowOf(table, rows.winner), subordinate: rowOf(table, rows.loser), content }),
      )
    },
    addSolution(opportunityId, wish, act) {
      const columns = solutionTable()
      const { catalogue } = columns
      if (catalogue === null) return create(columns.table, solutionValues(columns, opportunityId, wish), act)
      const details = tableNamed(world, catalogue.table)
      const known = [...details.rows.all()].find(({ cells }) => cells[catalogue.id] === wish.solutionId)
      const values = { [catalogue.id]: wish.solutionId, [catalogue.name]: wish.name ?? wish.solutionId }
      const entry = known?.id ?? create(catalogue.table, values, act)
      return create(columns.table, picked({ ...columns, catalogue }, { opportunityId, entry: `/${details.setName}(${entry})` }), act)
    },
    removeSolution: (id, act) => remove(solutionTable().table, id, act),
  }
}

const noReferences: ReadonlyMap<string, string> = new Map()

/** A person is found by e-mail; everything people do is allowed to them. */
function contextOf(world: World, email: string): Context {
  const [id] = tableNamed(world, 'systemuser').rows.find('internalemailaddress', fold(email))
  if (id === undefined) throw invalidArgument(`No user of this environment has the e-mail address ${email}.`)
  const nowMs = world.clock.now()
  return {
    userId: id,
    initiatingUserId: id,
    nowMs,
    now: secondsIso(nowMs),
    correlationId: world.guid(),
    requestId: world.guid(),
    userAgent: 'Mozilla/5.0',
    tag: null,
    bypass: 'none',
    solution: null,
    mergeLabels: true,
    detectDuplicates: false,
    trusted: true,
  }
}

const defaults = {
  account: (number: number): Values => ({
    name: `Contoso ${number}`,
    address1_city: 'Bellevue',
    address1_country: 'United States',
    address1_postalcode: '98004',
  }),
  contact: (): Values => ({
    firstname: 'Maria',
    lastname: 'Campbell',
    emailaddress1: 'maria@contoso.example',
    telephone1: '+1 425 555 0100',
    jobtitle: 'CIO',
  }),
  opportunity: (number: number): Values => ({
    name: `Data estate move ${number}`,
    estimatedvalue: 50_000,
    estimatedclosedate: '2027-03-31',
    isrevenuesystemcalculated: false,
    'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currencyId('USD')})`,
  }),
  lead: (number: number): Values => ({
    subject: `Interested in migration ${number}`,
    firstname: 'Jim',
    lastname: 'Glynn',
    companyname: `Northwind ${number}`,
    emailaddress1: 'jim@northwind.example',
    telephone1: '+1 425 555 0199',
    estimatedamount: 25_000,
    leadsourcecode: 4,
  }),
}

function creators(
  create: (table: string, values: Values, act?: Act) => string,
  number: () => number,
): Pick<People, 'account' | 'contact' | 'opportunity' | 'lead'> {
  const account = (values: Values = {}, act?: Act): string => create('account', { ...defaults.account(number()), ...values }, act)
  return {
    account,
    contact: (values = {}, act) => create('contact', { ...defaults.contact(), ...values }, act),
    opportunity: (values = {}, act) =>
      create('opportunity', { ...defaults.opportunity(number()), ...customerOf(values, () => account({}, act)), ...values }, act),
    lead: (values = {}, act) => create('lead', { ...defaults.lead(number()), ...values }, act),
  }
}

/** An opportunity needs a customer: a new account, unless the values name one. */
function customerOf(values: Values, makeAccount: () => string): Values {
  const named = Object.keys(values).some((name) => /^(customerid_|parentaccountid|parentcontactid)/.test(name))
  return named ? {} : { 'parentaccountid@odata.bind': `/accounts(${makeAccount()})` }
}

function closingOf(outcome: 'won' | 'lost', opportunityId: string, wish: CloseWish): Closing {
  const cells: Record<string, Cell> = { opportunityid: { table: 'opportunity', id: opportunityId } }
  if (wish.actualRevenue !== undefined) cells['actualrevenue'] = wish.actualRevenue
  if (wish.actualEnd !== undefined) cells['actualend'] = `${wish.actualEnd}T00:00:00Z`
  if (wish.description !== undefined) cells['description'] = wish.description
  return { outcome, status: wish.status ?? (outcome === 'won' ? 3 : 4), opportunityId, close: { cells, parents: [], children: [] } }
}

function qualify(world: World, context: Context, leadId: string, wish: NonNullable<Parameters<People['qualify']>[1]>): Qualified {
  const lead = rowOf(tableNamed(world, 'lead'), leadId)
  const created = world.transactions.run(() =>
    qualifyLead(world, context, lead, {
      createAccount: wish.account ?? wish.customerId === undefined,
      createContact: wish.contact ?? true,
      createOpportunity: wish.opportunity ?? true,
      status: 3,
      currency: null,
      customer: wish.customerId === undefined ? null : { table: 'account', id: wish.customerId },
      suppressDuplicates: true,
    }),
  )
  const idOf = (table: string): string | null => created.find((ref: Ref) => ref.table === table)?.id ?? null
  return { accountId: idOf('account'), contactId: idOf('contact'), opportunityId: idOf('opportunity') }
}

const picked = (
  { navigation, catalogue }: SolutionColumns & { readonly catalogue: NonNullable<SolutionColumns['catalogue']> },
  { opportunityId, entry }: { readonly opportunityId: string; readonly entry: string },
): Values => ({ [`${navigation}@odata.bind`]: `/opportunities(${opportunityId})`, [`${catalogue.navigation}@odata.bind`]: entry })

function solutionValues(columns: SolutionColumns, opportunityId: string, wish: SolutionWish): Values {
  const values: Record<string, unknown> = {
    [`${columns.navigation}@odata.bind`]: `/opportunities(${opportunityId})`,
    [columns.id]: wish.solutionId,
  }
  const set = (column: string | null, value: unknown): void => {
    if (column !== null && value !== undefined) values[column] = value
  }
  set(columns.name, wish.name ?? wish.solutionId)
  set(columns.type, wish.type)
  set(columns.publisher, wish.publisherName)
  set(columns.price, wish.price)
  set(columns.quantity, wish.quantity)
  return values
}
