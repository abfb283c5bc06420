import { Fault, type FaultDetails, type FaultKind } from '../../core/fault.js'
import { isGatewaysRefusal } from '../../remote/page.js'
import { MISFIT } from '../column.js'

/** One answer of the Web API, alone or as a part of a batch. Header names are lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** What was asked, as far as an error message needs it. */
export interface Asked {
  readonly method: string
  /** In words, for people: `opportunity 7a1c…`. */
  readonly what: string
  readonly conditional: boolean
}

interface Rule {
  readonly kind: FaultKind
  readonly says: string
  readonly remedy: string
}
const rule = (kind: FaultKind, says: string, remedy: string): Rule => ({ kind, says, remedy })

const again = 'Nothing to do: it is tried again.'
const role = 'Give the connector\'s application user a security role with this right (Power Platform admin center, Application users).'
const taken = 'Rename or remove what has this name in the CRM (make.powerapps.com, Solutions), then run the command again.'
const fields = 'Check the mapping against the CRM with "cosell mapping check"; the columns of the CRM are read again by themselves.'

/**
 * What each documented code means for us.
 * Source: learn.microsoft.com "Web service error codes" and "Service protection API limits" (read 2023-10).
 */
const CODES: Readonly<Record<string, Rule>> = {
  '0x80040217': rule('missing', 'the record does not exist', 'It may have been deleted or merged in the CRM.'),
  '0x80060891': rule('missing', 'no record has this key', 'It may have been deleted in the CRM.'),
  '0x80060882': rule('stale', 'the record was changed in the meantime', again),
  '0x80060892': rule('rejected', 'another record already has this key', 'Find the other record with this referral identifier and decide which one stays.'),
  '0x80040237': rule('rejected', 'a record with this id already exists', again),
  '0x80040333': rule('rejected', 'a duplicate detection rule of the CRM refuses the record', 'Merge the duplicates in the CRM, or relax the rule.'),
  '0x8006088d': rule('misconfigured', 'the table does not support optimistic concurrency', 'Switch it on for this table in the CRM.'),
  '0x80060890': rule('misconfigured', 'the alternate key is not active', 'Wait until the key\'s index is built, or repair it in the CRM.'),
  '0x8006089d': rule('rejected', 'several records match the key', 'Find the records with the same referral identifier and keep one.'),
  '0x80048d19': rule('misconfigured', 'a value or column of the request does not fit the CRM', fields),
  '0x80060888': rule('misconfigured', 'a column of the request does not exist in the CRM', fields),
  '0x8006088a': rule('misconfigured', 'a table or action of the request does not exist in the CRM', 'Check that Dynamics 365 Sales is installed in this environment.'),
  '0x80044331': rule('rejected', 'a text is too long for its column', 'Lengthen the column in the CRM, or shorten the text.'),
  '0x8004431a': rule('rejected', 'an option is not among those of its column', 'Correct the "values" of the mapping row, or add the option in the CRM.'),
  '0x80040203': rule('rejected', 'a value is not valid', 'Correct the value on the record.'),
  '0x80040265': rule('rejected', 'a plug-in or rule of the CRM refuses it', 'Correct the record as the message says, or change the CRM\'s rule.'),
  '0x80040224': rule('rejected', 'a plug-in of the CRM failed', 'Ask the CRM\'s administrator to look at the plug-in trace.'),
  '0x80044182': rule('rejected', 'the CRM stopped a loop of its own automations', 'Look for flows and plug-ins that update each other.'),
  '0x8004418a': rule('rejected', 'the request is too large', 'Shorten the notes of the record.'),
  '0x80044352': rule('stale', 'the position in the change feed has expired', again),
  '0x8004f01f': rule('rejected', 'something else in the CRM still uses it', 'Take it off what the message names (a form, view, process or table of your own), then run the command again.'),
  '0x8004f022': rule('rejected', 'the name is taken by something else', taken),
  '0x8004f023': rule('rejected', 'the name is taken by something else', taken),
  '0x80047013': rule('rejected', 'the name is taken by something else', taken),
  '0x80060304': rule('rejected', 'the name is taken by something else', taken),
  '0x80044366': rule('rejected', 'the prefix belongs to no publisher', 'Run the command again; if it stays, give the publisher "Cosell" the prefix "cosell" in the CRM.'),
  '0x80071151': rule('rejected', 'another customization or import is running', 'Wait until it has ended, then run the command again.'),
  '0x80072491': rule('misconfigured', 'change tracking is not enabled for the table', 'Run "cosell install apply", or switch on "Track changes" for the table.'),
  '0x80100005': rule('bug', 'closing needs the Win or Lose action', 'Please report this.'),
  '0x80048408': rule('misconfigured', 'the status reason does not belong to the state', 'Correct the "stages" of the mapping.'),
  '0x80040515': rule('stale', 'the opportunity is already closed', again),
  '0x80040516': rule('rejected', 'the opportunity cannot be closed', 'Look at it in the CRM; open activities or quotes may hold it.'),
  '0x8004051a': rule('stale', 'the opportunity is already open', again),
  '0x80040518': rule('stale', 'the lead is already open', again),
  '0x80040519': rule('stale', 'the lead is already closed', again),
  '0x80081018': rule('rejected', 'the lead cannot be qualified', 'Look at the lead in the CRM.'),
  '0x80044302': rule('signed-out', 'the sign-in was not accepted', 'Run "cosell connect crm".'),
  '0x8005f101': rule('signed-out', 'the access token has expired', again),
  '0x8004a112': rule('forbidden', 'the application user is disabled', 'Enable it in the Power Platform admin center.'),
  '0x80072560': rule('forbidden', 'this application is no user of the environment', 'Add it as an application user in the Power Platform admin center.'),
  '0x80040220': rule('forbidden', 'a right is missing', role),
  '0x80040231': rule('forbidden', 'a right is missing', role),
  '0x8004a110': rule('forbidden', 'the right to act for another user is missing', role),
  '0x80072321': rule('throttled', 'the CRM asks us to slow down', again),
  '0x80072322': rule('throttled', 'the CRM asks us to slow down', again),
  '0x80072326': rule('throttled', 'the CRM asks us to slow down', again),
  '0x80072327': rule('throttled', 'the CRM asks us to slow down', again),
  '0x80040216': rule('offline', 'the CRM failed unexpectedly', again),
  '0x80044150': rule('offline', 'the CRM\'s database was busy', again),
  '0x80044151': rule('offline', 'the CRM\'s database took too long', again),
}

function byStatus(status: number, asked: Asked): Rule {
  if (status === 401) return rule('signed-out', 'the sign-in was not accepted', 'Run "cosell connect crm".')
  if (status === 403) return rule('forbidden', 'a right is missing', role)
  if (status === 404) return rule('missing', 'there is no such record', 'It may have been deleted in the CRM.')
  if (status === 412) return asked.conditional ? rule('stale', 'the record was changed in the meantime', again) : rule('rejected', 'a record with this id or key already exists', again)
  if (status === 413) return rule('rejected', 'the request is too large', 'Shorten the notes of the record.')
  if (status === 501) return rule('misconfigured', 'the CRM does not offer this', 'Ask the CRM\'s administrator whether the environment is up to date; please report it otherwise.')
  if (status === 429) return rule('throttled', 'the CRM asks us to slow down', again)
  // Without a code of its own it was a gateway that answered, and the CRM may have carried the write out.
  if (status >= 500 || status === 408) return rule(asked.method === 'GET' ? 'offline' : 'ambiguous', 'the CRM did not answer properly', again)
  return rule('rejected', 'the CRM refuses the request', 'Correct the record or the mapping as the message says.')
}

const retryLongestMs = 3_600_000 // No wait longer than an hour is believed.
const messageLimit = 500

/** Every refusal becomes one Fault: status first, code second, text last, as gateways answer with HTML or nothing at all. */
export function faultOf(answer: Answer, asked: Asked): Fault {
  if (answer.status < 400 || isGatewaysRefusal(answer)) return notTheCrm(answer.status, asked)
  const { code, message } = errorBody(answer.text)
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  const found = answer.status === 429 || answer.status === 401 ? byStatus(answer.status, asked) : (known ?? byStatus(answer.status, asked))
  if (answer.status === 404 && code === '' && message === '' && answer.text.trim() !== '' && !looksLikeJson(answer.text)) return notTheCrm(404, asked)
  const text = message === '' ? '' : ` ${message.slice(0, messageLimit)}`
  const seconds = Number(answer.headers['retry-after'])
  const details: FaultDetails = {
    remedy: found.remedy,
    status: answer.status,
    ...(code === '' ? {} : { code }),
    ...requestIdOf(answer.headers),
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.min(seconds * 1000, retryLongestMs) } : {}),
  }
  return new Fault(found.kind, `Dynamics 365, ${asked.what}: ${found.says} (${answer.status}${code === '' ? '' : `, ${code}`}).${text}`, details)
}

/** A success or a refusal that is not the CRM's own: a gateway or a page of maintenance answered, and nobody can tell whether a write was carried out. */
const notTheCrm = (status: number, { method, what }: Asked): Fault =>
  new Fault(method === 'GET' ? 'invalid-answer' : 'ambiguous', `Dynamics 365, ${what}: something other than the CRM answered (${status}).`, {
    remedy: 'Check crm.url and proxies on the way, if it stays; the record is read before anything is written again.',
    status,
  })
/** Whether a success is the CRM's own: it says nothing (204), shows a row or a result, or at least carries the header of its protocol. */
export function isCrms({ status, headers, text }: Answer): boolean {
  return status === 204 || looksLikeJson(text) || (text.trim() === '' && headers['odata-version'] !== undefined)
}

const looksLikeJson = (text: string): boolean => text.trimStart().startsWith('{')

function requestIdOf(headers: Answer['headers']): { requestId?: string } {
  const id = headers['x-ms-service-request-id'] ?? headers['req_id'] ?? headers['x-ms-request-id']
  return id === undefined ? {} : { requestId: id }
}

export function errorBody(text: string): { readonly code: string; readonly message: string } {
  try {
    const body: unknown = JSON.parse(text)
    const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : null
    if (typeof error !== 'object' || error === null) return { code: '', message: '' }
    const code = 'code' in error && typeof error.code === 'string' ? error.code.toLowerCase() : ''
    const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
    return { code, message }
  } catch {
    return { code: '', message: '' }
  }
}

/** Our own: a currency that was not there when the environment was last looked at. */
export const UNKNOWN_CURRENCY = 'unknown-currency'
/** Codes after which what we know of the CRM's columns should be read again. */
export const tellsOfOtherColumns = (fault: Fault): boolean =>
  fault.code === MISFIT || fault.code === UNKNOWN_CURRENCY || fault.code === '0x80060888' || fault.code === '0x80048d19' || fault.code === '0x8006088a'
/** Codes (or the bare status) that say: this id or key is already taken. */
export const tellsOfExisting = (fault: Fault): boolean =>
  fault.code === '0x80040237' || fault.code === '0x80060892' || (fault.status === 412 && fault.kind === 'rejected')
