import type { ReasonCode } from '../../api/types.js'

/** Per cause: its name, what it means, and what a person can do. */
export const reasons: Record<ReasonCode, { readonly name: string; readonly what: string; readonly todo: string }> = {
  retrying: { name: 'Retrying', what: 'A system did not answer as it should.', todo: 'Nothing: it is tried again for 72 hours.' },
  conflict: { name: 'Conflict', what: 'Both sides changed the same field.', todo: 'Open the deal and choose which value stays.' },
  confirm: {
    name: 'Waits for a yes',
    what: 'The step cannot be taken back and the settings ask for a confirmation.',
    todo: 'Open the deal and confirm, or undo the change on the record.',
  },
  unanswered: {
    name: 'Edits wait for our answer',
    what: 'The deal was edited in the CRM while it waits to be accepted or declined.',
    todo: 'Accept the deal: what was edited is sent then.',
  },
  preflight: {
    name: 'Something is missing',
    what: 'Partner Center would refuse the deal as it is.',
    todo: 'Fill in what is listed, on the CRM record.',
  },
  rejected: {
    name: 'Refused',
    what: 'The other system refused the change for good.',
    todo: 'Mend the record as the message says; it is then tried again by itself.',
  },
  'unmapped-value': {
    name: 'Unknown value',
    what: 'A value has no counterpart in the mapping.',
    todo: 'Add a row for the value to the mapping.',
  },
  'missing-record': { name: 'Record gone', what: 'One of the two records cannot be found any more.', todo: 'Restore it, or end the link.' },
  'linked-record-missing': {
    name: 'Linked record gone',
    what: 'The record carries the id of another one that does not exist.',
    todo: 'Link it with the right one, or clear the id on the record.',
  },
  'duplicate-marker': {
    name: 'Linked twice',
    what: 'Several records claim to be the other half of this deal.',
    todo: 'Decide which is right and clear the id on the others.',
  },
  'ambiguous-account': {
    name: 'Several accounts fit',
    what: 'Several accounts of the CRM could be the customer of a new deal. A new account was made, since a wrong one is worse than a second one; the deal itself is in sync.',
    todo: 'Merge the accounts in the CRM, then press “Retry these”: the deal is looked at again.',
  },
  'identifier-changed': {
    name: 'Id changed',
    what: 'The id that links the records was changed by hand.',
    todo: 'Put it back, or link the deal anew.',
  },
  reopened: {
    name: 'Reopened',
    what: 'A closed deal was opened again in the CRM; Partner Center cannot do that.',
    todo: 'Close it again, or make a new deal.',
  },
  absent: {
    name: 'Not visible',
    what: 'A record is not visible at the moment.',
    todo: 'Check access to the record; it is looked for again.',
  },
  excluded: {
    name: 'Excluded',
    what: 'A rule of the settings leaves this deal alone.',
    todo: 'Change the setting if it should be synced.',
  },
  closed: { name: 'Closed', what: 'The deal is closed; nothing will be written any more.', todo: 'Nothing.' },
  ignored: { name: 'Left alone', what: 'A person asked to leave this deal alone.', todo: 'Take it up again on its page.' },
  brake: {
    name: 'Brake',
    what: 'A sweep would have changed unusually many deals and was stopped.',
    todo: 'Look at the plan, then release the brake.',
  },
  'given-up': { name: 'Given up', what: 'It failed for 72 hours.', todo: 'Mend the cause, then retry.' },
  observing: {
    name: 'Observing',
    what: 'The flow only watches; what it would write is recorded.',
    todo: 'Switch the flow on when you like what you see.',
  },
}
