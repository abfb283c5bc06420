import { Fault, type FaultDetails, type FaultKind } from '../../core/fault.js'
import { isGatewaysRefusal } from '../../remote/page.js'
import type { Pause } from '../../remote/send.js'
import { MISFIT } from '../column.js'
import { idOf, isRow, rowOf, rowsOf } from './row.js'

/** One answer, alone or as a part of a composite. Header names are lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** How long it took to come, by our clock. */
  readonly tookMs: number
}
/** What was asked, as far as an error message needs it. */
export interface Asked {
  readonly method: string
  /** In words, for people: `opportunity 006…`. */
  readonly what: string
}

interface Rule {
  readonly kind: FaultKind
  readonly says: string
  readonly remedy: string
}
const rule = (kind: FaultKind, says: string, remedy: string): Rule => ({ kind, says, remedy })

const again = 'Nothing to do: it is tried again.'
const rights = 'Give the connector\'s user a permission set with this right (Setup, Permission Sets); "cosell install apply" brings one.'
const fields =
  'Check the mapping against the org with "cosell mapping check"; also check the field-level security of the connector\'s user.'
const admin = "Correct the record as the message says, or ask the org's administrator about the rule."
const limitReached = "the org's limit of API calls is reached"
const budget = "The org's daily allocation of API calls is used up. Wait, or have it raised (Setup, Company Information)."

/**
 * What each documented code means for us. The text of a message is never looked at, only shown.
 * Source: Salesforce REST API Developer Guide, "Status codes and error responses", and the API status codes of the SOAP guide.
 */
const CODES: Readonly<Record<string, Rule>> = {
  INVALID_SESSION_ID: rule('signed-out', 'the session is not accepted', 'Run "cosell connect crm".'),
  INVALID_AUTH_HEADER: rule('signed-out', 'the sign-in was not accepted', 'Run "cosell connect crm".'),
  API_DISABLED_FOR_ORG: rule(
    'forbidden',
    'the API is not enabled for this org or user',
    'Give the connector\'s user "API Enabled", or use an edition with the API.',
  ),
  API_CURRENTLY_DISABLED: rule(
    'forbidden',
    'the API is not enabled for this org or user',
    'Give the connector\'s user "API Enabled", or use an edition with the API.',
  ),
  REQUEST_LIMIT_EXCEEDED: rule('throttled', limitReached, budget),
  SERVER_UNAVAILABLE: rule('offline', 'Salesforce is busy', again),
  UNKNOWN_EXCEPTION: rule('offline', 'Salesforce failed unexpectedly', again),
  QUERY_TIMEOUT: rule('offline', 'the query took too long', again),
  INVALID_QUERY_LOCATOR: rule('stale', 'the list has expired', again),
  EXCEEDED_ID_LIMIT: rule('offline', 'too many records changed in the span that was asked for', again),
  INVALID_REPLICATION_DATE: rule('offline', 'the span of time that was asked for is not served', again),
  NOT_FOUND: rule('missing', 'there is no such record', 'It may have been deleted in the CRM.'),
  ENTITY_IS_DELETED: rule('missing', 'the record was deleted', 'Restore it from the recycle bin, or unlink the deal.'),
  MALFORMED_ID: rule('missing', 'this is no id of such a record', 'It may belong to another org.'),
  INVALID_CROSS_REFERENCE_KEY: rule(
    'missing',
    'the record, or one it points to, is gone or not accessible',
    "Check that the connector's user may see it.",
  ),
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: rule('forbidden', 'a right on a related record is missing', rights),
  INSUFFICIENT_ACCESS_OR_READONLY: rule('forbidden', 'a right is missing, or the record is read-only', rights),
  INSUFFICIENT_ACCESS: rule('forbidden', 'a right is missing', rights),
  UNABLE_TO_LOCK_ROW: rule('stale', 'another change holds the record or its account', again),
  DUPLICATE_VALUE: rule(
    'rejected',
    'another record already has this value',
    'Find the other record with this referral identifier and decide which one stays.',
  ),
  DUPLICATES_DETECTED: rule(
    'rejected',
    'a duplicate rule of the org refuses the record',
    "Merge the duplicates in the CRM, or relax the rule for the connector's user.",
  ),
  DUPLICATE_EXTERNAL_ID: rule(
    'rejected',
    'several records have the same identifier',
    'Find the records with the same referral identifier and keep one.',
  ),
  REQUIRED_FIELD_MISSING: rule(
    'rejected',
    'the org demands a field that is empty',
    'Fill it on the record, or add a default for it to the mapping.',
  ),
  STRING_TOO_LONG: rule('rejected', 'a text is too long for its field', 'Lengthen the field in the CRM, or shorten the text.'),
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: rule(
    'rejected',
    'a value is not among those of its picklist',
    'Correct the "values" or "stages" of the mapping, or add the value in the CRM (also to the record type).',
  ),
  FIELD_CUSTOM_VALIDATION_EXCEPTION: rule('rejected', 'a validation rule of the org refuses it', admin),
  FIELD_INTEGRITY_EXCEPTION: rule(
    'rejected',
    'a value does not fit the org',
    "Correct the value; states and countries must be those of the org's lists.",
  ),
  FIELD_FILTER_VALIDATION_EXCEPTION: rule('rejected', 'a lookup filter of the org refuses it', admin),
  INVALID_FIELD: rule('misconfigured', "a field does not exist or is hidden from the connector's user", fields),
  INVALID_TYPE: rule('misconfigured', "an object does not exist or is hidden from the connector's user", fields),
  INVALID_FIELD_FOR_INSERT_UPDATE: rule('misconfigured', 'a field cannot be written', fields),
  INVALID_EMAIL_ADDRESS: rule('rejected', 'an e-mail address is not valid', 'Correct it in Partner Center or on the record.'),
  NUMBER_OUTSIDE_VALID_RANGE: rule('rejected', 'a number is too large for its field', 'Correct the amount.'),
  INVALID_CURRENCY_ISO: rule(
    'rejected',
    'the org has no active currency with this code',
    'Activate the currency in the org (Setup, Manage Currencies).',
  ),
  JSON_PARSER_ERROR: rule('bug', 'the request could not be read', 'Please report this.'),
  MALFORMED_QUERY: rule('bug', 'the query could not be read', 'Please report this.'),
  METHOD_NOT_ALLOWED: rule('bug', 'the request is not allowed', 'Please report this.'),
  CANNOT_UPDATE_CONVERTED_LEAD: rule('stale', 'the lead has been converted', again),
  // Approvals end by themselves: it is tried again for three days, and the record says why it waits.
  ENTITY_IS_LOCKED: rule('forbidden', 'the record is locked by an approval', 'Finish or recall the approval; it is tried again by itself.'),
  ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE: rule('stale', 'the record was changed in the meantime', again),
  INACTIVE_OWNER_OR_USER: rule('rejected', 'the owner is not active', 'Give the record an active owner, or correct sync.owner.'),
  OP_WITH_INVALID_USER_TYPE_EXCEPTION: rule('rejected', 'the user cannot own such a record', 'Correct sync.owner.'),
  CANNOT_EXECUTE_FLOW_TRIGGER: rule('rejected', 'a flow of the org failed', "Ask the org's administrator to look at the flow."),
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: rule(
    'rejected',
    'a trigger of the org failed',
    "Ask the org's administrator to look at the trigger.",
  ),
  APEX_ERROR: rule('rejected', 'a trigger of the org failed', "Ask the org's administrator to look at the trigger."),
  TOO_MANY_APEX_REQUESTS: rule('throttled', 'the org is busy with automations', again),
  TXN_SECURITY_METERING_ERROR: rule('throttled', 'the org is busy', again),
  // Of no single deal: it goes on by itself when there is room.
  STORAGE_LIMIT_EXCEEDED: rule('misconfigured', "the org's storage is full", 'Make room in the org (Setup, Storage Usage).'),
  CUSTOM_ENTITY_OR_FIELD_LIMIT: rule(
    'rejected',
    'the org takes no more custom fields or objects',
    'Delete fields that nobody needs (twenty-five external ids an object is the most), then run "cosell install apply" again.',
  ),
  DUPLICATE_DEVELOPER_NAME: rule(
    'rejected',
    'something of this name is there already',
    'Rename or delete it, then run "cosell install apply" again.',
  ),
  PROCESSING_HALTED: rule('rejected', 'another part of the same change was refused', again),
  ALL_OR_NONE_OPERATION_ROLLED_BACK: rule('rejected', 'another part of the same change was refused', again),
}
/** Every code that has a meaning here. */
export const KNOWN_CODES: readonly string[] = Object.keys(CODES)

function byStatus(status: number, asked: Asked): Rule {
  if (status > 300 && status < 400) return rule('offline', 'the request was pointed to another address', again)
  if (status === 401) return rule('signed-out', 'the sign-in was not accepted', 'Run "cosell connect crm".')
  if (status === 403) return rule('forbidden', 'a right is missing', rights)
  if (status === 404) return rule('missing', 'there is no such record', 'It may have been deleted in the CRM.')
  if (status === 410) return rule('misconfigured', 'this version of the API is no longer served', 'Update cosell.')
  if (status === 412) return rule('stale', 'the record was changed in the meantime', again)
  if (status === 414 || status === 431) return rule('bug', 'the request is too long', 'Please report this.')
  if (status === 420) return rule('offline', 'Salesforce could not route the request', again)
  if (status === 429) return rule('throttled', 'Salesforce asks us to slow down', again)
  // Without a code of its own it was a gateway that answered, and the write may have been carried out.
  if (status >= 500 || status === 408) return rule(asked.method === 'GET' ? 'offline' : 'ambiguous', 'Salesforce did not answer properly', again)
  return rule('rejected', 'Salesforce refuses the request', admin)
}

export interface ErrorEntry {
  readonly code: string
  readonly message: string
  readonly fields: readonly string[]
}
/** Single answers say `errorCode`, parts of collections `statusCode`. Gateways answer with HTML or nothing. */
export function errorEntries(body: unknown): ErrorEntry[] {
  return (Array.isArray(body) ? body : [body]).filter(isRow).map((entry) => {
    const code = entry['errorCode'] ?? entry['statusCode'] ?? entry['error']
    const text = entry['message'] ?? entry['error_description']
    const names = entry['fields']
    return {
      code: typeof code === 'string' ? code : '',
      message: typeof text === 'string' ? text : '',
      fields: Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : [],
    }
  })
}
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The records that a duplicate rule found, by whichever of the two spellings the org has for them. */
function duplicatesIn(body: unknown): readonly string[] {
  const results = (Array.isArray(body) ? body : [body]).filter(isRow).map((entry) => entry['duplicateResut'] ?? entry['duplicateResult'])
  const records = results
    .filter(isRow)
    .flatMap((result) => rowsOf(result, 'matchResults'))
    .flatMap((match) => rowsOf(match, 'matchRecords'))
  return records.flatMap((match) => idOf(rowOf(match, 'record') ?? {}, 'Id') ?? [])
}

const messageLimit = 500
const retryLongestMs = 3_600_000 // No wait longer than an hour is believed.
const dailyLimitMs = 15 * 60_000 // The daily allocation comes back by the hour; asking sooner only uses more of it.
const concurrentMs = 5_000

/** Every refusal becomes one Fault: code first, status second, text last. */
export function faultOf(answer: Answer, asked: Asked, body: unknown = parsed(answer.text)): Fault {
  if (isGatewaysRefusal(answer) && !OWN_PAGES.has(answer.status)) return notSalesforces(answer.status, asked)
  const entries = errorEntries(body)
  // In a rolled-back composite the collateral entries say nothing; the first one that says something counts.
  const entry =
    entries.find(({ code }) => code !== '' && code !== 'PROCESSING_HALTED' && code !== 'ALL_OR_NONE_OPERATION_ROLLED_BACK') ?? entries[0]
  const code = entry?.code ?? ''
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined
  // A server that fails or is busy may have carried a write out before it said so.
  const isUnsure = answer.status >= 500 && asked.method !== 'GET' && known?.kind === 'offline'
  const meaning = isUnsure || known === undefined ? byStatus(answer.status, asked) : known
  const message = entry === undefined || entry.message === '' ? '' : ` ${entry.message.slice(0, messageLimit)}`
  const named = entry === undefined || entry.fields.length === 0 ? '' : ` (${entry.fields.join(', ')})`
  const waitMs = waitOf(answer, code, entry?.message ?? '')
  const found = duplicatesIn(body)
  const others = found.length === 0 ? '' : ` It is like ${found.join(', ')}.`
  const details: FaultDetails = {
    remedy: meaning.remedy,
    status: answer.status,
    ...(code === '' ? {} : { code }),
    ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
  }
  return new Fault(
    meaning.kind,
    `Salesforce, ${asked.what}: ${meaning.says} (${answer.status}${code === '' ? '' : `, ${code}`}).${message}${named}${others}`,
    details,
  )
}

/** Salesforce itself refuses a whole API, or cannot route a call, before it is one of those that answer with JSON. */
const OWN_PAGES: ReadonlySet<number> = new Set([403, 420])

/** A gateway answered, or the page of an org that is elsewhere: nobody can tell whether a write was carried out. */
const notSalesforces = (status: number, { method, what }: Asked): Fault =>
  new Fault(method === 'GET' ? 'invalid-answer' : 'ambiguous', `Salesforce, ${what}: something other than its API answered (${status}).`, {
    remedy: 'Check crm.url and proxies on the way, if it stays; the record is read before anything is written again.',
    status,
  })

function waitOf(answer: Answer, code: string, message: string): number | null {
  const seconds = Number(answer.headers['retry-after'])
  if (Number.isFinite(seconds) && seconds > 0) return Math.min(seconds * 1_000, retryLongestMs)
  if (code !== 'REQUEST_LIMIT_EXCEEDED') return null
  return /concurrent/i.test(message) ? concurrentMs : dailyLimitMs
}

/** What an answer says about the org's limit of calls, whatever it was about; null where it says nothing. */
export function limitOf({ status, headers, body }: { readonly status: number; readonly headers: Answer['headers']; readonly body: Buffer }): Pause | null {
  if (status !== 403) return null
  const entry = errorEntries(parsed(body.toString('utf8'))).find(({ code }) => code === 'REQUEST_LIMIT_EXCEEDED')
  const ms = entry === undefined ? null : waitOf({ status, headers, text: '', tookMs: 0 }, entry.code, entry.message)
  return ms === null ? null : { ms, why: { text: limitReached, remedy: ms < dailyLimitMs ? again : budget } }
}

/** Codes after which what we know of the org's fields should be read again. */
export const tellsOfOtherFields = (fault: Fault): boolean =>
  fault.code === MISFIT ||
  fault.code === 'INVALID_FIELD' ||
  fault.code === 'INVALID_TYPE' ||
  fault.code === 'INVALID_FIELD_FOR_INSERT_UPDATE' ||
  fault.code === 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST' ||
  fault.code === 'STRING_TOO_LONG'
/** An automation of the org failed: it may have been its own haste, so the same change is tried twice more before anybody is asked. */
export const tellsOfAutomation = (fault: Fault): boolean =>
  fault.code === 'CANNOT_EXECUTE_FLOW_TRIGGER' || fault.code === 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY' || fault.code === 'APEX_ERROR'
/** Somebody else holds the row, or its account, for this moment. Nothing was changed. */
export const tellsOfLock = (fault: Fault): boolean => fault.code === 'UNABLE_TO_LOCK_ROW'
/** The session ended: of what was asked nothing was done. */
export const tellsOfSession = (fault: Fault): boolean => fault.code === 'INVALID_SESSION_ID'
/** The identifier is already on another record, or on the one that a lost answer made. */
export const tellsOfExisting = (fault: Fault): boolean => fault.code === 'DUPLICATE_VALUE'
