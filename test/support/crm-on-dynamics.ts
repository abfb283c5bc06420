import { dynamicsCards } from '../../src/sandbox/crm-desk-dynamics.js'
import type { Sandbox } from '../../src/sandbox/sandbox.js'
import { ownOf, type AnyInstallation, type CrmLook, type CrmNames, type CrmPeople, type CrmWish } from './crm-installation.js'
import { installation, type Installation, type InstallationWish } from './installation.js'

type Crm = Sandbox['dynamics']

/** Dynamics 365 behind what every suite calls the same. */
export async function onDynamics(wish: CrmWish = {}): Promise<AnyInstallation> {
  const here = await installation(wished(wish))
  const { dynamics } = here.sandbox
  const desk = dynamicsCards(dynamics)
  return {
    sandbox: here.sandbox,
    desk,
    people: people(here),
    look: look(dynamics),
    names,
    get app() {
      return here.app
    },
    get address() {
      return here.address
    },
    sync: async (deals = []) => {
      await here.sync(deals)
      await here.sync(deals)
    },
    crmIdOf: (referralId) => String(here.opportunitiesOf(referralId)[0]?.['opportunityid']),
    ownOf: (crmId) => ownOf(here.sandbox, crmId),
    stateOf: async (id) => (await here.app.service.deal(id, { live: false })).state,
    writes: () => here.writes(),
    restart: (change = {}) => here.restart(wished(change)),
    later: (ms) => here.later(ms),
    load: () => here.load(),
    close: () => here.close(),
  }
}

const wished = ({ fields, ...rest }: CrmWish): InstallationWish => ({ ...rest, ...(fields === undefined ? {} : { customFields: fields }) })

function people({ seller, completeOpportunity, share, sandbox: { dynamics } }: Installation): CrmPeople {
  const { edit } = dynamicsCards(dynamics).seller
  const related = (id: string, column: string): string => String(dynamics.read('opportunity', id)?.[column])
  return {
    newDeal(name, more = {}) {
      const id = completeOpportunity(name)
      if (Object.keys(more).length > 0) edit('opportunity', id, more)
      return id
    },
    share,
    edit: (id, values) => edit('opportunity', id, values),
    set: (id, values) => seller.edit('opportunity', id, values),
    hold: (id) => seller.hold(id),
    moveOn: (id) => seller.moveOn(id),
    win: (id) => seller.win(id),
    lose: (id) => seller.lose(id),
    reopen: (id) => seller.reopen('opportunity', id),
    addSolution: (id, solutionId) => void seller.addSolution(id, { solutionId, name: solutionId }),
    phone: (id, telephone1) => seller.edit('contact', related(id, '_parentcontactid_value'), { telephone1 }),
    account: ({ name, postalCode }) => seller.account({ name, address1_postalcode: postalCode, address1_country: 'Switzerland' }),
    country: (id, address1_country) => seller.edit('account', related(id, '_parentaccountid_value'), { address1_country }),
    currency: (code) =>
      void seller.create('transactioncurrency', { isocurrencycode: code, currencyname: code, currencysymbol: code, currencyprecision: 2, exchangerate: 0.95 }),
    lead: (subject) => seller.lead({ subject }),
    qualify: (lead) => void seller.qualify(lead, { account: true, contact: true, opportunity: true }),
    disqualify: (lead) => seller.disqualify(lead),
    merge: (table, rows) => seller.merge(table, rows),
    removeLead: (id) => seller.delete('lead', id),
    removeDeal: (id) => seller.delete('opportunity', id),
    claim: (id, referralId) => seller.edit('opportunity', id, { cosell_referralidentifier: referralId, cosell_syncwithpartnercenter: true }),
  }
}

function look({ read, find }: Crm): CrmLook {
  const row = (id: string) => read('opportunity', id) ?? {}
  const ids = (table: string, where: Parameters<Crm['find']>[1]) => find(table, where).map((one) => String(one[`${table}id`]))
  return {
    row,
    waits: (id) => row(id)['statecode'] === 0 && row(id)['statuscode'] === 2,
    isWon: (id) => row(id)['statecode'] === 1,
    isLost: (id) => row(id)['statecode'] === 2,
    currency: (id) => String(read('transactioncurrency', String(row(id)['_transactioncurrencyid_value']))?.['isocurrencycode']),
    account: (id) => String(row(id)['_parentaccountid_value']),
    owner: (id) => String(read('systemuser', String(row(id)['_ownerid_value']))?.['internalemailaddress']),
    opportunitiesOf: (referralId) => ids('opportunity', { cosell_referralidentifier: referralId }),
    opportunitiesWith: (values) => ids('opportunity', values),
    leadsOf: (referralId) => ids('lead', { cosell_referralidentifier: referralId }),
    openLeads: () => ids('lead', { statecode: 0 }),
    accountsNamed: (name) => ids('account', { name }),
  }
}

const theirs = (name: string): string => `msft_microsoftpartnercenter${name}`
const names: CrmNames = {
  theirs: {
    sync: theirs('referralsync'),
    referral: theirs('referralidentifier'),
    visible: theirs('referralvisible'),
    audit: theirs('referralsyncaudit'),
    help: [theirs('help'), 299_600_000],
  },
  mapped: {
    msft_dealvaluefield: ['details.dealValue', 'estimatedvalue'],
    msft_dealcurrencycodefield: ['details.currency', 'currency'],
    msft_customeraccountcountrycode: ['customerProfile.address.country', 'account.address1_country'],
  },
  stranger: '7a1c0e52-3b44-4f11-a316-000d3a4b1101',
  unmapped: {
    stages: { 'Active/Accepted': { statecode: 0, statuscode: 1 }, 'New/*': { statecode: 0, statuscode: 3 } },
    stage: /On Hold/,
  },
  keepsRequestIds: true,
  keepsMergedIdentifier: true,
  elsewhere: 'https://sandbox-copy.crm.dynamics.com',
  callback: (id) => ({
    path: '/hooks/dynamics?code=test-webhook-key',
    contentType: 'application/json',
    body: JSON.stringify({ PrimaryEntityName: 'opportunity', PrimaryEntityId: id, MessageName: 'Update' }),
    taken: 202,
  }),
}
