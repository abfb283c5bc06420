import { salesforceAdapter } from '../../src/adapters/salesforce/adapter.js'
import { SalesforceApi } from '../../src/adapters/salesforce/api.js'
import { discover, type Discover } from '../../src/adapters/salesforce/discover.js'
import type { Send, Session } from '../../src/adapters/salesforce/exchange.js'
import { salesforceInbound } from '../../src/adapters/salesforce/inbound.js'
import { SALESFORCE_PROFILE } from '../../src/adapters/salesforce/profile.js'
import type { Schema } from '../../src/adapters/salesforce/schema.js'
import { Fault } from '../../src/core/fault.js'
import { EMPTY_MAPPING } from '../../src/core/mapping-document.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import { remote } from '../../src/remote/send.js'
import type { SimHandler, SimResponse } from '../../src/sandbox/http.js'
import { seededRng, type SandboxRng } from '../../src/sandbox/rng.js'
import { salesforce, standardClient, type Salesforce, type SalesforceOptions } from '../../src/sandbox/salesforce/index.js'
import {
  askedInFull,
  WEBHOOK_KEY,
  type CrmGiven,
  type CrmMaker,
  type CrmPeople,
  type CrmReach,
  type CrmRecord,
  type CrmSide,
  type CustomerWish,
  type Target,
} from './crm.js'
import { engineClock, leapClock } from './hand-clock.js'
import { outboundMessages } from './outbound-messages.js'

const url = 'https://cosell.my.salesforce.example'
const SETTINGS = { mapping: effectiveMapping(SALESFORCE_PROFILE, EMPTY_MAPPING), owner: null, checkMarkInName: false }
const strangeStages = { 'Active/Accepted': { StageName: 'Qualification' }, 'New/*': { StageName: 'Needs Analysis' } }
const STRANGE = { ...SETTINGS, mapping: effectiveMapping(SALESFORCE_PROFILE, { ...EMPTY_MAPPING, stages: strangeStages }) }
type Values = Readonly<Record<string, unknown>>

let fields: Schema | null = null
let singleFields: Schema | null = null

export const salesforceMaker: CrmMaker = {
  draw: (rng) => ({
    preconditionBody: rng.pick(['empty', 'coded']),
    answers: rng.pick(['shaped', 'extended']),
    sessionMs: rng.pick([7_200_000, 7_200_000, 240_000]),
    multiCurrency: rng.pick([true, true, true, false]),
  }),
  async prepare() {
    fields ??= await asDiscovered(true)
    singleFields ??= await asDiscovered(false)
  },
  make: salesforceSide,
}

async function asDiscovered(multiCurrency: boolean): Promise<Schema> {
  const clock = leapClock(Date.UTC(2026, 10, 2, 9))
  const calm = org({ clock, rng: seededRng(0), options: { multiCurrency } })
  const session = sessionOf(calm)
  const api = new SalesforceApi({ url, send: plain(calm.handle, session), session, clock: engineClock(clock) })
  return discover(api, { now: 0, signal: new AbortController().signal })
}

const org = (given: Pick<CrmGiven, 'clock' | 'rng'> & { readonly options: Partial<SalesforceOptions> }): Salesforce =>
  salesforce({ ...given, installed: 'cosell', origin: url })

/** Signs in with a client secret, again when the session was refused. */
function sessionOf({ handle }: Pick<Salesforce, 'handle'>): Session {
  let token: string | null = null
  return async ({ fresh, refused }) => {
    if (token !== null && !(fresh && refused === token)) return token
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: standardClient.clientId, client_secret: standardClient.secret ?? '' })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await handle({ method: 'POST', path: '/services/oauth2/token', headers, body: Buffer.from(form.toString()) })
    if (answer.status !== 200 || answer.drop === true) throw new Fault('offline', 'Nobody could be signed in to Salesforce.', { remedy: 'Wait.' })
    token = String((JSON.parse(String(answer.body)) as { access_token: unknown }).access_token) // as the token endpoint is documented
    return token
  }
}

/** The simplest way to a simulator. */
const plain =
  (handle: SimHandler, session: Session): Send =>
  async ({ method, url: address, headers, body, signal }) => {
    const { pathname, search, host } = new URL(address)
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const authorization = `Bearer ${await session({ fresh: false, signal })}`
    const answer = await handle({ method, path: `${pathname}${search}`, headers: { ...lower, host, authorization }, body: Buffer.from(body ?? '') })
    const flat = Object.entries(answer.headers).map(([name, value]): [string, string] => [name.toLowerCase(), [value].flat().join(', ')])
    return { status: answer.status, headers: Object.fromEntries(flat), body: Buffer.from(answer.body) }
  }

function salesforceSide(given: CrmGiven): CrmSide {
  const { clock, rng } = given
  const options = given.options as Partial<SalesforceOptions> // drawn above
  const crm = org({ clock, rng, options })
  for (const user of crm.find('User')) crm.people.edit('User', String(user['Id']), { Phone: '+49 30 1' })
  const messages = outboundMessages({
    clock,
    rng: seededRng(rng.int(1 << 30)),
    send: given.send,
    url: `https://cosell.test/hooks/salesforce/${WEBHOOK_KEY}`,
    duplicate: given.eventDuplicate,
    lateMs: given.eventLateMs,
    loss: given.eventLoss,
    organization: crm.organizationId,
    rows: () => ['Opportunity', 'Lead', 'Cosell_Solution__c'].flatMap((object) => crm.find(object)),
  })
  /** What anybody does may change rows: their messages go out, and the truth looks again. */
  let version = 0
  const customers = customersOf(crm)
  const stirred = <T>(result: T): T => {
    version += 1
    customers.look()
    messages.look()
    return result
  }
  const handle: SimHandler = async (request): Promise<SimResponse> => {
    const answer = await crm.handle(request)
    return request.method === 'GET' ? answer : stirred(answer)
  }
  return {
    kind: 'salesforce',
    url,
    handle,
    faults: crm.faults,
    loseEvents: messages.lose,
    isWrite: ({ method, path, body }) =>
      method !== 'GET' && !body.includes('<getUserInfo/>') && (!path.includes('/composite') || /"method":"(POST|PATCH|PUT|DELETE)"/.test(body)),
    makesUnmarked: ({ method, body }) => method !== 'GET' && (body.includes('/sobjects/Account"') || body.includes('<convertLead>')),
    version: () => version,
    records: () => recordsOf(crm, options.multiCurrency === false),
    people: peopleOf(crm, stirred, customers.moved),
    customersMade: customers.made,
    asksForHelp: ({ kind, id }) => crm.read(kind === 'lead' ? 'Lead' : 'Opportunity', id)?.['Cosell_Help_Required__c'] != null,
    connect: (reach) => connect(reach, crm, options.multiCurrency === false),
  }
}

/**
 * Accounts that the product made. One that was made while somebody else's fitted as well is no double: which is meant was a person's to say.
 * That is seen when it is made: later somebody may rename either.
 */
function customersOf(crm: Salesforce): { look(): void; moved(id: string): void; made(): readonly string[] } {
  const keyOf = (row: Values): string => `${String(row['Name'])}, ${String(row['BillingPostalCode'])}`
  const isOurs = (row: Values): boolean => row['CreatedById'] === crm.integrationUser
  const seen = new Set<unknown>()
  const beside = new Set<unknown>()
  let known = 0
  return {
    look() {
      const accounts = crm.find('Account')
      if (accounts.length === known) return
      known = accounts.length
      const fresh = accounts.filter((row) => !seen.has(row['Id']))
      for (const row of fresh) {
        seen.add(row['Id'])
        if (isOurs(row) && accounts.some((other) => !isOurs(other) && keyOf(other) === keyOf(row))) beside.add(row['Id'])
      }
    },
    // Whoever moves an account to another country makes it another customer's.
    moved: (id) => void beside.add(id),
    made: () => crm.find('Account').flatMap((row) => (isOurs(row) && !beside.has(row['Id']) ? [keyOf(row)] : [])),
  }
}

function connect({ transport, clock, rng, pace, newId, guard, strange }: CrmReach, crm: Salesforce, single: boolean): ReturnType<CrmSide['connect']> {
  const session = sessionOf(crm)
  const token: Parameters<typeof remote>[0]['token'] = (options) => session(options)
  const send = remote({
    name: 'Salesforce',
    transport,
    clock,
    random: () => rng.next(),
    newId,
    hosts: [new URL(url).host],
    pace,
    token,
    correlation: () => ({}),
  })
  const common = { url, send, session, clock, settings: () => (strange ? STRANGE : SETTINGS), customerGuard: guard }
  const adapter = salesforceAdapter({ ...common, discover: remembering(rng, single) })
  const inbound = salesforceInbound({ key: WEBHOOK_KEY, organizationId: () => adapter.organizationId() })
  return { adapter, inbound, idFor: (referralId) => referralId.toLowerCase() }
}

/** Mostly the fields of an untouched org, for two calls: those fail and hang like any other. */
const remembering =
  (rng: SandboxRng, single: boolean): Discover =>
  async (api, options) => {
    const known = single ? singleFields : fields
    if (known === null || rng.chance(askedInFull)) return discover(api, options)
    await api.serverTime(options.signal)
    await api.userInfo(options.signal)
    return { ...known, readAt: options.now }
  }

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const objectOf = ({ kind }: Pick<Target, 'kind'>): 'Lead' | 'Opportunity' => (kind === 'lead' ? 'Lead' : 'Opportunity')

function recordsOf(crm: Salesforce, single: boolean): CrmRecord[] {
  const solutions = new Map<unknown, string[]>()
  for (const row of crm.find('Cosell_Solution__c')) {
    const parent = row['Cosell_Opportunity__c']
    solutions.set(parent, [...(solutions.get(parent) ?? []), String(row['Cosell_Solution_Identifier__c'])])
  }
  const parents = new Map(crm.find('Lead', { IsConverted: true }).map((row) => [row['ConvertedOpportunityId'], String(row['Id'])]))
  return (['opportunity', 'lead'] as const).flatMap((kind) =>
    crm.find(objectOf({ kind })).map((row): CrmRecord => {
      const value = row[kind === 'lead' ? 'Cosell_Deal_Value__c' : 'Amount']
      const id = String(row['Id'])
      return {
        kind,
        id,
        cameFrom: parents.get(id) ?? null,
        account: kind === 'lead' ? null : text(row['AccountId']),
        shown: {
          value: typeof value === 'number' ? value : null,
          notes: text(row['Description']),
          date: text(row[kind === 'lead' ? 'Cosell_Closing_Date__c' : 'CloseDate']),
          // An org of one currency has no such field: what it does not carry is not compared.
          currency: single ? undefined : text(row['CurrencyIsoCode']),
          solutions: (solutions.get(id) ?? []).map((one) => one.toLowerCase()).sort().join(' '),
          stage: `${phaseOf(kind, row)} ${String(row[kind === 'lead' ? 'Status' : 'StageName'])}`,
          visible: row['Cosell_Referral_Visibility__c'] === true,
          otherId: text(row['Cosell_Referral_Identifier__c'])?.toLowerCase() ?? null,
          sync: row['Cosell_Sync_With_Partner_Center__c'] === true,
          name: kind === 'lead' ? null : text(row['Name']),
        },
      }
    }),
  )
}

function phaseOf(kind: Target['kind'], row: Values): 'waiting' | 'open' | 'won' | 'lost' {
  if (kind === 'lead') return row['IsConverted'] === true ? 'open' : row['Status'] === 'Closed - Not Converted' ? 'lost' : 'waiting'
  if (row['IsClosed'] === true) return row['IsWon'] === true ? 'won' : 'lost'
  return row['StageName'] === 'On Hold' || row['StageName'] === strangeStages['New/*'].StageName ? 'waiting' : 'open'
}

const stageNames = { won: 'Closed Won', lost: 'Closed Lost', 'on hold': 'On Hold', 'in progress': 'Qualification', 'open again': 'Qualification' } as const


function peopleOf(crm: Salesforce, stirred: <T>(result: T) => T, moved: (account: string) => void): CrmPeople {
  const { people } = crm
  const edit = (target: Target, values: Values): string => {
    people.edit(objectOf(target), target.id, values)
    return stirred(JSON.stringify(values))
  }
  const kim = people.user('kim@fabrikam.example')
  const addSolution = (id: string, solution: { readonly id: string; readonly name: string }): void => {
    people.create('Cosell_Solution__c', { Name: solution.name, Cosell_Opportunity__c: id, Cosell_Solution_Identifier__c: solution.id })
    stirred(null)
  }
  const multi = crm.options.multiCurrency
  const accountOf = (customer: CustomerWish): string =>
    people.create('Account', {
      Name: customer.name,
      BillingStreet: customer.line,
      BillingCity: customer.city,
      BillingPostalCode: customer.code,
      BillingCountry: customer.countryName,
    })
  return {
    opportunity(wish) {
      const { n, customer } = wish
      const account = wish.account ?? accountOf({ ...customer, name: `${customer.name} ${n}` })
      const contact = people.create('Contact', {
        FirstName: 'Ada',
        LastName: `Moser ${n}`,
        Email: `contact${n}@customer.example`,
        Phone: '+49 40 1',
        AccountId: account,
      })
      const id = people.create('Opportunity', {
        Name: `Deal ${n}`,
        StageName: 'Qualification',
        CloseDate: wish.day,
        Amount: 1_000 + n,
        Description: wish.notes,
        AccountId: account,
        ContactId: contact,
        OwnerId: kim,
        ...(multi ? { CurrencyIsoCode: wish.currency } : {}),
        ...(wish.help ? { Cosell_Help_Required__c: 'General or Other' } : {}),
      })
      addSolution(id, { id: `SOL-${n}`, name: 'Insights' })
      if (wish.sync) edit({ kind: 'opportunity', id }, { Cosell_Sync_With_Partner_Center__c: true })
      return id
    },
    value: (record, value) => edit(record, { [record.kind === 'lead' ? 'Cosell_Deal_Value__c' : 'Amount']: value }),
    notes: (record, notes) => edit(record, { Description: notes }),
    date: (record, day) => edit(record, { [record.kind === 'lead' ? 'Cosell_Closing_Date__c' : 'CloseDate']: day }),
    currency: (record, code) => (multi ? edit(record, { CurrencyIsoCode: code }) : ''),
    addSolution,
    removeSolution(id) {
      const rows = crm.find('Cosell_Solution__c', { Cosell_Opportunity__c: id })
      if (rows.length < 2) return null
      people.remove('Cosell_Solution__c', String(rows[0]?.['Id']))
      // The message names the row that went; the opportunity itself says nothing.
      return stirred(String(rows[0]?.['Cosell_Solution_Identifier__c']))
    },
    identify: (record, referralId) => edit(record, { Cosell_Referral_Identifier__c: referralId }),
    sync: (record, on) => edit(record, { Cosell_Sync_With_Partner_Center__c: on }),
    visible: (record) => edit(record, { Cosell_Referral_Visibility__c: true }),
    help: (record) => edit(record, { Cosell_Help_Required__c: 'General or Other' }),
    stage(record, to) {
      if (record.kind === 'lead') return to === 'open again' ? edit(record, { Status: 'Working - Contacted' }) : null
      const closed = crm.read('Opportunity', record.id)?.['IsClosed'] === true
      // An org would let anybody do anything; these are what people mean by the words.
      if (closed !== (to === 'open again')) return null
      return edit(record, { StageName: stageNames[to] })
    },
    qualify: (id) => stirred(people.convert(id).opportunityId ?? ''),
    disqualify: (id) => void edit({ kind: 'lead', id }, { Status: 'Closed - Not Converted' }),
    remove(record) {
      people.remove(objectOf(record), record.id)
      stirred(null)
    },
    restore({ kind, id }) {
      people.undelete(objectOf({ kind }), id)
      return stirred('restored')
    },
    accounts: () => crm.find('Account').map((row) => String(row['Id'])),
    accountsIn: (country) => crm.find('Account', { BillingCountry: country }).map((row) => String(row['Id'])),
    account: (customer) => stirred(accountOf(customer)),
    country(id, name) {
      people.edit('Account', id, { BillingCountry: name })
      moved(id)
      stirred(null)
    },
    renameAccount(id, name) {
      people.edit('Account', id, { Name: name })
      stirred(null)
    },
    mergeAccounts(winner, loser) {
      people.merge('Account', winner, [loser])
      stirred(null)
    },
  }
}
