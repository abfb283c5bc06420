import { dynamicsAdapter } from '../../src/adapters/dynamics/adapter.js'
import { DynamicsApi } from '../../src/adapters/dynamics/api.js'
import { discover, type Discover } from '../../src/adapters/dynamics/fields.js'
import { dynamicsInbound } from '../../src/adapters/dynamics/inbound.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import type { Schema } from '../../src/adapters/dynamics/schema.js'
import { guidOf } from '../../src/adapters/guid.js'
import { Fault } from '../../src/core/fault.js'
import { EMPTY_MAPPING } from '../../src/core/mapping-document.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import { remote } from '../../src/remote/send.js'
import { currencyId, dataverse, standardApplicationId, type Dataverse, type DataverseOptions } from '../../src/sandbox/dataverse/index.js'
import type { SimHandler } from '../../src/sandbox/http.js'
import { seededRng, type SandboxRng } from '../../src/sandbox/rng.js'
import { askedInFull, WEBHOOK_KEY, type CrmGiven, type CrmMaker, type CrmPeople, type CrmReach, type CrmRecord, type CrmSide, type CustomerWish, type Target } from './crm.js'
import { leapClock } from './hand-clock.js'

const url = 'https://org.crm.dynamics.example'
const helpCode = 412_500_000
export const DYNAMICS_SETTINGS = { mapping: effectiveMapping(DYNAMICS_PROFILE, EMPTY_MAPPING), owner: null, checkMarkInName: false }

let columns: Schema | null = null

export const dynamicsMaker: CrmMaker = {
  draw: (rng) => ({
    duplicateKeyStatus: rng.pick([412, 400]),
    versionMismatchCode: rng.pick(['0x80060882', '']),
    qualifyOrder: rng.pick(['account-contact-opportunity', 'opportunity-first']),
    deltaLinkOn: rng.pick(['last-page', 'every-page']),
    closeRaisesUpdate: rng.pick(['yes', 'no']),
    closePrimaryEntityId: rng.pick(['zero', 'opportunity']),
    closedRows: rng.pick(['refused', 'accepted']),
    batchErrorStatus: rng.pick(['of-the-part', 'always-200']),
  }),
  async prepare() {
    if (columns !== null) return
    const calm = environment({ clock: leapClock(0), rng: seededRng(0), send: () => Promise.resolve({ status: 202 }), options: {} })
    columns = await discover(new DynamicsApi({ url, send: plain(calm.handle) }), { now: 0, signal: new AbortController().signal })
  },
  make: dynamicsSide,
}

/** The simplest way to a simulator. */
const plain =
  (handle: SimHandler): ConstructorParameters<typeof DynamicsApi>[0]['send'] =>
  async ({ method, url: address, headers, body }) => {
    const { pathname, search, host } = new URL(address)
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const request = { method, path: `${pathname}${search}`, headers: { ...lower, host, authorization: 'Bearer crm' }, body: Buffer.from(body ?? '') }
    const answer = await handle(request)
    const flat = Object.entries(answer.headers).map(([name, value]): [string, string] => [name.toLowerCase(), [value].flat().join(', ')])
    return { status: answer.status, headers: Object.fromEntries(flat), body: Buffer.from(answer.body) }
  }

const environment = (given: Pick<CrmGiven, 'clock' | 'rng' | 'send'> & { readonly options: Partial<DataverseOptions> }): Dataverse =>
  dataverse({
    ...given,
    verifyToken: () => ({ ok: true, claims: { appid: standardApplicationId, idtyp: 'app' } }),
    customFields: 'cosell',
    origin: url,
  })

function dynamicsSide(given: CrmGiven): CrmSide {
  const { clock, rng, send } = given
  const options = {
    ...(given.options as Partial<DataverseOptions>), // drawn above
    eventLossRate: 0,
    eventDuplicateRate: given.eventDuplicate,
    eventJitterMs: given.eventLateMs,
  }
  const crm = environment({ clock, rng, send, options })
  furnish(crm)
  crm.options.eventLossRate = given.eventLoss
  const currencies = new Map(crm.find('transactioncurrency').map((row) => [row['transactioncurrencyid'], text(row['isocurrencycode'])]))
  const service = crm.applicationUser(standardApplicationId)
  return {
    kind: 'dynamics',
    url,
    handle: crm.handle,
    faults: crm.faults,
    loseEvents: (rate) => void (crm.options.eventLossRate = rate),
    isWrite: ({ method, path, body }) => method !== 'GET' && !(path.endsWith('$batch') && !/\r\n(POST|PATCH|PUT|DELETE) /.test(body)),
    makesUnmarked: () => false,
    version: () => crm.version(),
    records: () => recordsOf(crm, currencies),
    people: peopleOf(crm),
    customersMade: () =>
      crm
        .find('account')
        .filter((row) => row['_createdby_value'] === service && row['statecode'] === 0)
        .map((row) => `${String(row['name'])}, ${String(row['address1_postalcode'])}`),
    asksForHelp: ({ kind, id }) => crm.read(kind, id)?.['cosell_help'] != null,
    connect: (reach) => connect(reach),
  }
}

function connect({ transport, clock, rng, pace, newId, guard }: CrmReach): ReturnType<CrmSide['connect']> {
  const send = remote({
    name: 'Dynamics 365',
    transport,
    clock,
    random: () => rng.next(),
    newId,
    hosts: [new URL(url).host],
    pace,
    token: () => Promise.resolve('crm'),
    correlation: (id) => ({ 'x-ms-client-request-id': id }),
  })
  const adapter = dynamicsAdapter({ url, send, clock, settings: () => DYNAMICS_SETTINGS, customerGuard: guard, discover: remembering(rng) })
  return {
    adapter,
    inbound: dynamicsInbound({ key: WEBHOOK_KEY, solutionTable: () => adapter.solutionTable() }),
    idFor: (referralId) => guidOf(`referral:${referralId}`),
  }
}

/** Mostly the columns of an untouched environment, for the two calls that they cost: those fail and hang like any other. */
const remembering =
  (rng: SandboxRng): Discover =>
  async (api, options) => {
    if (columns === null || rng.chance(askedInFull)) return discover(api, options)
    for (let call = 0; call < 2; call += 1) {
      const [me] = await api.ask([{ what: 'the application user', path: 'WhoAmI' }], options.signal)
      if (me instanceof Fault) throw me
    }
    return { ...columns, readAt: options.now }
  }

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

function recordsOf(crm: Dataverse, currencies: ReadonlyMap<unknown, string | null>): CrmRecord[] {
  const solutions = new Map<unknown, string[]>()
  for (const row of crm.find('cosell_microsoftsolution')) {
    const parent = row['_cosell_opportunityid_value']
    solutions.set(parent, [...(solutions.get(parent) ?? []), String(row['cosell_solutionid'])])
  }
  return (['opportunity', 'lead'] as const).flatMap((kind) =>
    crm.find(kind).map((row): CrmRecord => {
      const value = row[kind === 'lead' ? 'estimatedamount' : 'estimatedvalue']
      const id = String(row[`${kind}id`])
      return {
        kind,
        id,
        cameFrom: text(row['_originatingleadid_value']),
        account: text(row['_parentaccountid_value']),
        shown: {
          value: typeof value === 'number' ? value : null,
          notes: text(row['description']),
          date: text(row['estimatedclosedate'])?.slice(0, 10) ?? null,
          currency: currencies.get(row['_transactioncurrencyid_value']) ?? null,
          solutions: (solutions.get(id) ?? []).map((one) => one.toLowerCase()).sort().join(' '),
          stage: `${phaseOf(kind, Number(row['statecode']), Number(row['statuscode']))} ${String(row['statecode'])}/${String(row['statuscode'])}`,
          visible: row['cosell_referralvisibility'] === true,
          otherId: text(row['cosell_referralidentifier']),
          sync: row['cosell_syncwithpartnercenter'] === true,
          name: text(row[kind === 'lead' ? 'subject' : 'name']),
        },
      }
    }),
  )
}

function phaseOf(kind: Target['kind'], state: number, status: number): 'waiting' | 'open' | 'won' | 'lost' {
  if (kind === 'lead') return state === 0 ? 'waiting' : state === 1 ? 'open' : 'lost'
  if (state === 0) return status === 2 ? 'waiting' : 'open'
  return state === 1 ? 'won' : 'lost'
}


function peopleOf(crm: Dataverse): CrmPeople {
  const { people } = crm
  const edit = ({ kind, id }: Target, values: Record<string, unknown>): string => {
    people.edit(kind, id, values)
    return JSON.stringify(values)
  }
  const currency = (code: string): Record<string, string> => ({ 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currencyId(code)})` })
  const accountOf = (customer: CustomerWish): string =>
    people.account({
      name: customer.name,
      address1_line1: customer.line,
      address1_city: customer.city,
      address1_postalcode: customer.code,
      address1_country: customer.countryName,
    })
  return {
    opportunity(wish) {
      const { n, customer } = wish
      const account = wish.account ?? accountOf({ ...customer, name: `${customer.name} ${n}` })
      const contact = people.contact({ telephone1: '+49 40 1', emailaddress1: `contact${n}@customer.example` })
      const id = people.opportunity({
        name: `Deal ${n}`,
        description: wish.notes,
        estimatedvalue: 1_000 + n,
        estimatedclosedate: wish.day,
        ...currency(wish.currency),
        'parentaccountid@odata.bind': `/accounts(${account})`,
        'parentcontactid@odata.bind': `/contacts(${contact})`,
        ...(wish.help ? { cosell_help: helpCode } : {}),
      })
      people.addSolution(id, { solutionId: `SOL-${n}`, name: 'Insights' })
      if (wish.sync) people.edit('opportunity', id, { cosell_syncwithpartnercenter: true })
      return id
    },
    value: (record, value) => edit(record, { [record.kind === 'lead' ? 'estimatedamount' : 'estimatedvalue']: value }),
    notes: (record, notes) => edit(record, { description: notes }),
    date: (record, day) => edit(record, { estimatedclosedate: day }),
    currency: (record, code) => edit(record, currency(code)),
    addSolution: (id, solution) => void people.addSolution(id, { solutionId: solution.id, name: solution.name }),
    removeSolution(id) {
      const rows = crm.find('cosell_microsoftsolution', { _cosell_opportunityid_value: id })
      if (rows.length < 2) return null
      people.removeSolution(String(rows[0]?.['cosell_microsoftsolutionid']))
      return String(rows[0]?.['cosell_solutionid'])
    },
    identify: (record, referralId) => edit(record, { cosell_referralidentifier: referralId }),
    sync: (record, on) => edit(record, { cosell_syncwithpartnercenter: on }),
    visible: (record) => edit(record, { cosell_referralvisibility: true }),
    help: (record) => edit(record, { cosell_help: helpCode }),
    stage({ kind, id }, to) {
      if (to === 'open again') people.reopen(kind, id)
      else if (kind === 'lead') return null
      else if (to === 'won') people.win(id)
      else if (to === 'lost') people.lose(id)
      else if (to === 'on hold') people.hold(id)
      else people.moveOn(id)
      return to
    },
    qualify: (id) => people.qualify(id).opportunityId ?? '',
    disqualify: (id) => void people.disqualify(id),
    remove: ({ kind, id }) => void people.delete(kind, id),
    restore: () => null,
    accounts: () => crm.find('account', { statecode: 0 }).map((row) => String(row['accountid'])),
    accountsIn: (country) => crm.find('account', { address1_country: country }).map((row) => String(row['accountid'])),
    account: accountOf,
    country: (id, name) => void people.edit('account', id, { address1_country: name }),
    renameAccount: (id, name) => void people.edit('account', id, { name }),
    mergeAccounts: (winner, loser) => void people.merge('account', { winner, loser }),
  }
}

/** A team that can be phoned, and the callbacks of the CRM, as an administrator would set them up. */
function furnish(crm: Dataverse): void {
  for (const user of crm.find('systemuser', { applicationid: null }))
    crm.people.edit('systemuser', String(user['systemuserid']), { mobilephone: '+49 30 1' })
  const endpoint = crm.people.create('serviceendpoint', {
    name: 'cosell',
    url: 'https://cosell.test/hooks/dynamics',
    contract: 8,
    authtype: 5,
    authvalue: `<settings><setting name="x-cosell-key" value="${WEBHOOK_KEY}"/></settings>`,
    connectionmode: 1,
    messageformat: 2,
    userclaim: 1,
  })
  const messages = new Map(crm.find('sdkmessage').map((row) => [row['sdkmessageid'], String(row['name'])]))
  const wanted = new Set(['opportunity', 'lead', 'cosell_microsoftsolution'])
  const told = ['Create', 'Update', 'Delete', 'Win', 'Lose', 'WinOpportunity', 'LoseOpportunity', 'QualifyLead']
  for (const filter of crm.find('sdkmessagefilter')) {
    const message = messages.get(filter['_sdkmessageid_value']) ?? ''
    const table = String(filter['primaryobjecttypecode'])
    if (!wanted.has(table) || !told.includes(message)) continue
    crm.people.create('sdkmessageprocessingstep', {
      name: `${message} of ${table}`,
      stage: 40,
      mode: 1,
      rank: 1,
      supporteddeployment: 0,
      asyncautodelete: true,
      'sdkmessageid@odata.bind': `/sdkmessages(${String(filter['_sdkmessageid_value'])})`,
      'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${String(filter['sdkmessagefilterid'])})`,
      'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpoint})`,
    })
  }
}
