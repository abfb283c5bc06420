import { XMLParser } from 'fast-xml-parser'
import type { SimResponse } from '../http.js'
import { convertLead } from './convert.js'
import { SalesforceError } from './errors.js'
import { changedByMetadata } from './metadata-soap.js'
import type { Org } from './org.js'
import { isRecord } from './call.js'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const tag = (name: string, value: string | boolean | number | null): string =>
  value === null ? `<${name} xsi:nil="true"/>` : `<${name}>${escaped(String(value))}</${name}>`
const answer = (status: number, body: string): SimResponse => ({
  status,
  headers: { 'content-type': 'text/xml;charset=UTF-8' },
  body: `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`,
})
const fault = (code: string, message: string): SimResponse =>
  answer(
    500,
    `<soapenv:Fault><faultcode>sf:${code}</faultcode><faultstring>${escaped(`${code}: ${message}`)}</faultstring></soapenv:Fault>`,
  )
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, ignoreAttributes: true })

const member = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined)
const text = (value: unknown, name: string): string | null => {
  const found = member(value, name)
  return typeof found === 'string' && found !== '' ? found : null
}

/** The two calls of the partner API that have no twin elsewhere. The session stands in the message, not in a header. */
export function soap(org: Org, body: string, isValid: (session: string) => boolean): SimResponse {
  let envelope: unknown
  try {
    envelope = member(parser.parse(body), 'Envelope')
  } catch {
    return fault('UNKNOWN_EXCEPTION', 'the message is no XML')
  }
  const session = text(member(member(envelope, 'Header'), 'SessionHeader'), 'sessionId') ?? ''
  if (!isValid(session))
    return fault(
      'INVALID_SESSION_ID',
      'Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash',
    )
  const calls = member(envelope, 'Body')
  if (isRecord(calls) && 'getUserInfo' in calls) return userInfo(org)
  const convert = member(calls, 'convertLead')
  if (convert !== undefined) return conversions(org, member(convert, 'leadConverts'))
  return fault('UNKNOWN_EXCEPTION', 'No such operation')
}

/** Metadata to be read: names, and definitions word for word. Source: Metadata API Developer Guide, "listMetadata()", "readMetadata()". */
export function soapMetadata(org: Org, body: string, isValid: (session: string) => boolean): SimResponse {
  const envelope = member(parser.parse(body), 'Envelope')
  if (!isValid(text(member(member(envelope, 'Header'), 'SessionHeader'), 'sessionId') ?? ''))
    return fault('INVALID_SESSION_ID', 'Invalid Session ID found in SessionHeader: Illegal Session')
  if (org.options.hidden.has('Layout')) return fault('INSUFFICIENT_ACCESS', 'use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions')
  const changed = changedByMetadata(org, body)
  if (changed !== null) return metadataAnswer(org, changed)
  const calls = member(envelope, 'Body')
  const list = member(calls, 'listMetadata')
  if (list !== undefined) {
    if (text(member(list, 'queries'), 'type') !== 'Layout') return fault('INVALID_TYPE', 'INVALID_TYPE: Unknown type')
    const results = [...org.layouts.keys()].map((name) => `<result>${tag('fullName', name)}${tag('type', 'Layout')}</result>`)
    return metadataAnswer(org, `<listMetadataResponse>${results.join('')}</listMetadataResponse>`)
  }
  const read = member(calls, 'readMetadata')
  const given = member(read, 'fullNames')
  const names = (Array.isArray(given) ? given : [given]).map(String)
  if (text(read, 'type') === 'CustomField' && names.length <= 10) return metadataAnswer(org, `<readMetadataResponse><result>${names.map((name) => fieldAsMetadata(org, name)).join('')}</result></readMetadataResponse>`)
  if (text(read, 'type') !== 'Layout' || names.length > 10) return fault('INVALID_TYPE', 'INVALID_TYPE: Unknown type, or more than ten names')
  const records = names.map((name) => {
    const inner = org.layouts.get(name)
    return inner === undefined ? '<records xsi:nil="true"/>' : `<records xsi:type="Layout">${tag('fullName', name)}${inner}</records>`
  })
  return metadataAnswer(org, `<readMetadataResponse><result>${records.join('')}</result></readMetadataResponse>`)
}
/** A field that is not there is an empty record. */
function fieldAsMetadata(org: Org, fullName: string): string {
  const [object = '', name = ''] = fullName.split('.')
  const field = org.objects.get(object)?.fields.get(name)
  if (field === undefined) return '<records xsi:nil="true"/>'
  const members = [tag('fullName', fullName), tag('externalId', field.externalId), tag('label', field.label), tag('unique', field.unique)]
  return `<records xsi:type="CustomField">${members.join('')}</records>`
}

function metadataAnswer(org: Org, content: string): SimResponse {
  const body = `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="http://soap.sforce.com/2006/04/metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`
  const isCut = org.options.cutMetadata > 0 && (org.options.cutMetadata -= 1) === 0
  const headers = { 'content-type': 'text/xml;charset=UTF-8' }
  return { status: 200, headers, body: isCut ? body.slice(0, body.lastIndexOf('<re')) : body }
}

function userInfo(org: Org): SimResponse {
  const user = org.objects.get('User')?.rows.get(org.integrationUser)?.values ?? {}
  const multi = org.options.multiCurrency
  const members = [
    tag('accessibilityMode', false),
    tag('currencySymbol', multi ? null : '$'),
    tag('orgDefaultCurrencyIsoCode', multi ? null : (org.currencies[0] ?? 'USD')),
    tag('orgHasPersonAccounts', false),
    tag('organizationId', org.id),
    tag('organizationMultiCurrency', multi),
    tag('organizationName', 'Fabrikam'),
    tag('sessionSecondsValid', Math.floor(org.options.sessionMs / 1_000)),
    tag('userDefaultCurrencyIsoCode', multi ? (org.currencies[0] ?? 'USD') : null),
    tag('userEmail', String(user['Email'])),
    tag('userId', org.integrationUser),
    tag('userName', String(user['Username'])),
    tag('userTimeZone', 'Europe/Berlin'),
  ]
  return answer(200, `<getUserInfoResponse><result>${members.join('')}</result></getUserInfoResponse>`)
}

function conversions(org: Org, given: unknown): SimResponse {
  const results = (Array.isArray(given) ? given : [given]).map((wish) => {
    try {
      const leadId = text(wish, 'leadId') ?? ''
      const done = convertLead(org, {
        leadId,
        convertedStatus: text(wish, 'convertedStatus') ?? '',
        accountId: text(wish, 'accountId'),
        contactId: text(wish, 'contactId'),
        opportunityId: text(wish, 'opportunityId'),
        opportunityName: text(wish, 'opportunityName'),
        createOpportunity: text(wish, 'doNotCreateOpportunity') !== 'true',
      })
      return [
        tag('accountId', done.accountId),
        tag('contactId', done.contactId),
        tag('leadId', leadId),
        tag('opportunityId', done.opportunityId),
        tag('success', true),
      ].join('')
    } catch (error) {
      if (!(error instanceof SalesforceError)) throw error
      return `<errors>${tag('message', error.message)}${tag('statusCode', error.code)}</errors>${tag('success', false)}`
    }
  })
  return answer(200, `<convertLeadResponse>${results.map((result) => `<result>${result}</result>`).join('')}</convertLeadResponse>`)
}
