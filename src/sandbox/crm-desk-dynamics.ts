import { given, number, text, day , type CrmCard, type CrmDesk } from './crm-desk.js'
import type { Dataverse } from './dataverse/index.js'

const firstChoice = 412_500_000
const placeOf = (value: number | null): number | null => (value === null ? null : value - firstChoice)
const choiceOf = (place: number | null | undefined): number | null | undefined => (place == null ? place : firstChoice + place)

export function dynamicsCards(crm: Dataverse): CrmDesk {
  const { people } = crm
  return {
    card: (table, id) => cardOf(crm, table, id),
    seller: {
      edit: (table, id, { topic, value, close, description, sync, visible, help, reason }) =>
        people.edit(
          table,
          id,
          given({
            [table === 'lead' ? 'subject' : 'name']: topic,
            [table === 'lead' ? 'estimatedamount' : 'estimatedvalue']: value,
            estimatedclosedate: table === 'lead' ? undefined : close,
            description,
            cosell_syncwithpartnercenter: sync,
            cosell_referralvisibility: visible,
            cosell_help: choiceOf(help),
            cosell_declinereason: choiceOf(reason),
          }),
        ),
      win: (id) => people.win(id),
      lose: (id) => people.lose(id),
      newDeal(name) {
        const address = { address1_line1: '1 Market Street', address1_city: 'Berlin', address1_postalcode: '10115', address1_country: 'Germany' }
        const account = people.account({ name: `${name} Inc.`, ...address })
        const contact = people.contact({ telephone1: '+49 30 5550100' })
        const id = people.opportunity({
          name,
          description: 'Wants a managed reporting platform.',
          estimatedvalue: 75_000,
          'parentaccountid@odata.bind': `/accounts(${account})`,
          'parentcontactid@odata.bind': `/contacts(${contact})`,
        })
        // A share needs a member of the sales team who can be phoned.
        const owner = text(crm.read('opportunity', id), '_ownerid_value') ?? ''
        if (text(crm.read('systemuser', owner), 'mobilephone') === null) people.edit('systemuser', owner, { mobilephone: '+49 30 5550100' })
        people.addSolution(id, { solutionId: 'SOL-10001-SBX', name: 'Sandbox Insights' })
        return id
      },
    },
  }
}

function cardOf(crm: Dataverse, table: CrmCard['table'], id: string): CrmCard | null {
  const row = crm.read(table, id)
  if (row === undefined) return null
  const account = text(row, '_parentaccountid_value')
  const isLead = table === 'lead'
  const solutions = isLead ? [] : crm.find('cosell_microsoftsolution', { _cosell_opportunityid_value: id })
  return {
    id,
    table,
    topic: text(row, isLead ? 'subject' : 'name') ?? '',
    customer: account === null ? text(row, 'companyname') : text(crm.read('account', account), 'name'),
    value: number(row, isLead ? 'estimatedamount' : 'estimatedvalue'),
    close: day(text(row, 'estimatedclosedate')),
    description: text(row, 'description'),
    state: String(number(row, 'statecode') ?? 0),
    sync: row['cosell_syncwithpartnercenter'] === true,
    visible: row['cosell_referralvisibility'] === true,
    referral: text(row, 'cosell_referralidentifier'),
    status: text(row, 'cosell_syncstatus'),
    problem: text(row, 'cosell_syncproblem'),
    audit: text(row, 'cosell_audit'),
    section: {
      link: text(row, 'cosell_referrallink'),
      lastSynced: text(row, 'cosell_lastsynced'),
      help: placeOf(number(row, 'cosell_help')),
      reason: placeOf(number(row, 'cosell_declinereason')),
      expires: day(text(row, 'cosell_expireson')),
      microsoftId: text(row, 'cosell_microsoftcrmidentifier'),
      microsoftStatus: text(row, 'cosell_microsoftstatus'),
      microsoftTeam: text(row, 'cosell_microsoftteam'),
      solutions: solutions.map((one) => ({ id: text(one, 'cosell_solutionid') ?? '', name: text(one, 'cosell_name') ?? '' })),
    },
  }
}
