import { isFault } from '../../../core/fault.js'
import type { SalesforceApi } from '../api.js'
import { textOf } from '../row.js'
import { isIn, soql } from '../soql.js'

/** One list of records for people, by the fields that the connector keeps. Members in the order of the alphabet behind the name. */
export interface ListView {
  readonly object: 'Opportunity' | 'Lead'
  readonly name: string
  readonly label: string
  readonly definition: Readonly<Record<string, unknown>>
}
const columns = {
  Opportunity: ['OPPORTUNITY.NAME', 'ACCOUNT.NAME', 'OPPORTUNITY.STAGE_NAME', 'OPPORTUNITY.AMOUNT', 'OPPORTUNITY.CLOSE_DATE'],
  Lead: ['FULL_NAME', 'LEAD.COMPANY', 'LEAD.STATUS'],
} as const
const isShared = { field: 'Cosell_Sync_With_Partner_Center__c', operation: 'equals', value: '1' }
const waits = { field: 'Cosell_Sync_Status__c', operation: 'equals', value: 'needs-attention,stopped' }

const viewsOf = (object: ListView['object']): ListView[] => {
  const own = ['Cosell_Sync_Indicator__c', 'Cosell_Sync_Status__c']
  const view = (name: string, label: string, more: readonly string[], filters: readonly unknown[]): ListView => ({
    object,
    name: `Cosell_${name}`,
    label,
    definition: { columns: [...columns[object], ...own, ...more], filterScope: 'Everything', filters, label },
  })
  return [
    view('Partner_Center', 'Partner Center', ['Cosell_Last_Synced_At__c'], [isShared]),
    view('Needs_Attention', 'Partner Center: needs attention', [], [isShared, waits]),
  ]
}
export const VIEWS: readonly ListView[] = [...viewsOf('Opportunity'), ...viewsOf('Lead')]
export const viewKey = ({ object, name }: ListView): string => `${object}.${name}`

/** Which of our lists are there. Null where the org does not tell, and none is made then. Source: Salesforce object reference, ListView. */
export async function viewsThere(api: SalesforceApi, signal: AbortSignal): Promise<ReadonlySet<string> | null> {
  const names = [...new Set(VIEWS.map(({ name }) => name))]
  const statement = soql({ fields: ['Id', 'DeveloperName', 'SobjectType'], from: 'ListView', where: [isIn('DeveloperName', names)] })
  try {
    const { rows } = await api.query({ soql: statement, deleted: false, what: 'the list views of the org' }, signal)
    return new Set(rows.map((row) => `${textOf(row, 'SobjectType') ?? ''}.${textOf(row, 'DeveloperName') ?? ''}`))
  } catch (error) {
    if (isFault(error) && (error.kind === 'misconfigured' || error.kind === 'forbidden' || error.kind === 'rejected')) return null
    throw error
  }
}
