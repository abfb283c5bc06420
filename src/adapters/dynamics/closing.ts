import type { StageValues } from '../../core/mapping-stages.js'
import type { Operation } from './api.js'
import { truncate } from '../values.js'

const subjectLimit = 200
const descriptionLimit = 2000

/**
 * Wins or loses an opportunity. The action itself knows no version, so it only ever goes behind a conditional patch of the same row.
 * Source: learn.microsoft.com Web API reference, WinOpportunity and LoseOpportunity (read 2023-10).
 */
export function closing(given: {
  readonly opportunityId: string
  readonly values: StageValues
  readonly reason: string | null
  readonly what: string
}): Operation {
  const won = given.values['statecode'] === 1
  const subject = won ? 'Won in Partner Center' : 'Closed in Partner Center'
  return {
    method: 'POST',
    path: won ? 'WinOpportunity' : 'LoseOpportunity',
    ifMatch: null,
    body: {
      // -1 asks for the state's default reason, where the mapping names none.
      Status: typeof given.values['statuscode'] === 'number' ? given.values['statuscode'] : -1,
      OpportunityClose: {
        '@odata.type': 'Microsoft.Dynamics.CRM.opportunityclose',
        subject: truncate(subject, subjectLimit),
        ...(given.reason === null || given.reason === '' ? {} : { description: truncate(given.reason, descriptionLimit) }),
        'opportunityid@odata.bind': `/opportunities(${given.opportunityId})`,
      },
    },
    what: given.what,
  }
}
