import type { Sandbox } from '../../src/sandbox/index.js'
import type { OpportunityFacts } from './truth.js'

export const CRASH_CRMS = ['dynamics', 'salesforce'] as const
export type CrashCrm = (typeof CRASH_CRMS)[number]

export interface DealWish {
  readonly number: number
  readonly name: string
  readonly notes: string
  readonly dealValue: number
  readonly help: boolean
}

/** One CRM as the people of a campaign use it, and as its auditor reads it. */
export interface Desk {
  /** A deal that is to be shared. @returns its id. */
  share(wish: DealWish): string
  editNotes(id: string, notes: string): void
  moveOn(id: string): void
  lose(id: string): void
  valueOf(id: string): unknown
  idOf(referralId: string | null): string | undefined
  opportunities(): readonly OpportunityFacts[]
  accountNames(): readonly string[]
  /** `opportunity: solution`, one a row. */
  solutions(): readonly string[]
  /** The CRM calls this address from now on, where it can. */
  callbacks(url: string, key: string): void
  /** Deliveries that still wait for an answer. */
  pending(): number
  /** Calls that wrote since this was asked last. */
  writes(): readonly string[]
}

export const deskOf = (sandbox: Sandbox, crm: CrashCrm): Desk => (crm === 'dynamics' ? dynamicsDesk(sandbox) : salesforceDesk(sandbox))

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOrNull = (value: unknown): number | null => (value == null ? null : Number(value))


function dynamicsDesk({ dynamics }: Sandbox): Desk {
  const { people, find } = dynamics
  for (const user of find('systemuser', { applicationid: null })) people.edit('systemuser', text(user['systemuserid']), { mobilephone: '+49 30 1' })
  const phase = (state: number, reason: number): OpportunityFacts['phase'] =>
    state === 1 ? 'won' : state === 2 ? 'lost' : reason === 2 ? 'waiting' : 'open'
  return {
    share({ number, name, notes, dealValue, help }) {
      const account = people.account({
        name: `${name} GmbH`,
        address1_line1: 'Lindenallee 7',
        address1_city: 'Hamburg',
        address1_postalcode: '20095',
        address1_country: 'Germany',
      })
      const contact = people.contact({ emailaddress1: `kim${number}@fabrikam.example`, telephone1: '+49 40 1' })
      const id = people.opportunity({
        name,
        description: notes,
        estimatedvalue: dealValue,
        'parentaccountid@odata.bind': `/accounts(${account})`,
        'parentcontactid@odata.bind': `/contacts(${contact})`,
        ...(help ? { cosell_help: 412_500_000 } : {}),
      })
      people.addSolution(id, { solutionId: 'SOL-12345-ABC', name: 'Example Insights' })
      people.edit('opportunity', id, { cosell_syncwithpartnercenter: true })
      return id
    },
    editNotes: (id, notes) => void people.edit('opportunity', id, { description: notes }),
    moveOn: (id) => void people.moveOn(id),
    lose: (id) => void people.lose(id),
    valueOf: (id) => find('opportunity', { opportunityid: id })[0]?.['estimatedvalue'],
    idOf: (referralId) => {
      const id = find('opportunity', { cosell_referralidentifier: referralId })[0]?.['opportunityid']
      return referralId === null || id === undefined ? undefined : text(id)
    },
    opportunities: () =>
      find('opportunity').map((row) => ({
        id: text(row['opportunityid']),
        referralId: row['cosell_referralidentifier'] == null ? null : text(row['cosell_referralidentifier']),
        name: text(row['name']),
        dealValue: numberOrNull(row['estimatedvalue']),
        notes: text(row['description']),
        closing: text(row['estimatedclosedate']).slice(0, 10),
        phase: phase(Number(row['statecode']), Number(row['statuscode'])),
        status: row['cosell_syncstatus'],
        problem: row['cosell_syncproblem'],
      })),
    accountNames: () => find('account').map((row) => text(row['name'])),
    solutions: () => find('cosell_microsoftsolution').map((row) => `${text(row['_cosell_opportunityid_value'])}: ${text(row['cosell_solutionid'])}`),
    callbacks: (url, key) => registerSteps(dynamics, url, key),
    pending: () => dynamics.events.pending(),
    writes() {
      const made = dynamics.calls.list().filter(({ method, path }) => method !== 'GET' && !path.includes('$batch'))
      dynamics.calls.reset()
      return made.map(({ method, path }) => `${method} ${path}`)
    },
  }
}

/** Registers the webhook steps as an administrator does, for the tables that a deal lives in. */
function registerSteps({ people, find }: Sandbox['dynamics'], url: string, key: string): void {
  const endpoint = people.create('serviceendpoint', {
    name: 'cosell',
    url,
    contract: 8,
    authtype: 5,
    authvalue: `<settings><setting name="x-cosell-key" value="${key}"/></settings>`,
    connectionmode: 1,
    messageformat: 2,
    userclaim: 1,
  })
  const messageId = (name: string): unknown => find('sdkmessage', { name })[0]?.['sdkmessageid']
  for (const message of ['Create', 'Update']) {
    const filter = find('sdkmessagefilter', { primaryobjecttypecode: 'opportunity' }).find((row) => row['_sdkmessageid_value'] === messageId(message))
    people.create('sdkmessageprocessingstep', {
      name: `${message} of opportunity`,
      stage: 40,
      mode: 1,
      rank: 1,
      supporteddeployment: 0,
      asyncautodelete: true,
      'sdkmessageid@odata.bind': `/sdkmessages(${String(messageId(message))})`,
      'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${String(filter?.['sdkmessagefilterid'])})`,
      'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpoint})`,
    })
  }
}


function salesforceDesk({ salesforce: org }: Sandbox): Desk {
  const { people, find } = org
  for (const user of find('User')) people.edit('User', text(user['Id']), { Phone: '+49 30 1' })
  const phase = (row: Readonly<Record<string, unknown>>): OpportunityFacts['phase'] =>
    row['IsClosed'] === true ? (row['IsWon'] === true ? 'won' : 'lost') : row['StageName'] === 'On Hold' ? 'waiting' : 'open'
  return {
    share({ number, name, notes, dealValue, help }) {
      const AccountId = people.create('Account', {
        Name: `${name} GmbH`,
        BillingStreet: 'Lindenallee 7',
        BillingCity: 'Hamburg',
        BillingPostalCode: '20095',
        BillingCountry: 'Germany',
      })
      const email = `kim${number}@fabrikam.example`
      const ContactId = people.create('Contact', { FirstName: 'Kim', LastName: `Lee ${number}`, Email: email, Phone: '+49 40 1', AccountId })
      const id = people.create('Opportunity', {
        Name: name,
        StageName: 'Qualification',
        CloseDate: '2027-03-31',
        Amount: dealValue,
        Description: notes,
        AccountId,
        ContactId,
        OwnerId: people.user('kim@fabrikam.example'),
        ...(help ? { Cosell_Help_Required__c: 'General or Other' } : {}),
      })
      people.create('Cosell_Solution__c', { Name: 'Example Insights', Cosell_Opportunity__c: id, Cosell_Solution_Identifier__c: 'SOL-12345-ABC' })
      people.edit('Opportunity', id, { Cosell_Sync_With_Partner_Center__c: true })
      return id
    },
    editNotes: (id, notes) => void people.edit('Opportunity', id, { Description: notes }),
    moveOn: (id) => void people.edit('Opportunity', id, { StageName: 'Qualification' }),
    lose: (id) => void people.edit('Opportunity', id, { StageName: 'Closed Lost' }),
    valueOf: (id) => org.read('Opportunity', id)?.['Amount'],
    idOf: (referralId) => {
      const id = find('Opportunity', { Cosell_Referral_Identifier__c: referralId })[0]?.['Id']
      return referralId === null || id === undefined ? undefined : text(id)
    },
    opportunities: () =>
      find('Opportunity').map((row) => ({
        id: text(row['Id']),
        referralId: row['Cosell_Referral_Identifier__c'] == null ? null : text(row['Cosell_Referral_Identifier__c']),
        name: text(row['Name']),
        dealValue: numberOrNull(row['Amount']),
        notes: text(row['Description']),
        closing: text(row['CloseDate']).slice(0, 10),
        phase: phase(row),
        status: row['Cosell_Sync_Status__c'],
        problem: row['Cosell_Sync_Problem__c'],
      })),
    accountNames: () => find('Account').map((row) => text(row['Name'])),
    solutions: () => find('Cosell_Solution__c').map((row) => `${text(row['Cosell_Opportunity__c'])}: ${text(row['Cosell_Solution_Identifier__c'])}`),
    // The simulated org sends no messages: its changes are found by the feed.
    callbacks: () => undefined,
    pending: () => 0,
    writes() {
      const made = org.calls.list().filter(({ method, path }) => method !== 'GET' && !path.includes('/oauth2/'))
      org.calls.clear()
      return made.map(({ method, path }) => `${method} ${path}`)
    },
  }
}
