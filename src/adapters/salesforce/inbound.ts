import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { Hint, Inbound, InboundAnswer, InboundRequest } from '../../core/ports.js'
import type { Ref } from '../../core/ref.js'
import { showsKey } from '../callback-key.js'
import { asRecordId, isRow, type Row } from './row.js'

const bodyLimit = 1_048_576 // One MiB: a hundred notifications with all fields of a record stay below it.
const notificationsMost = 100
/** Records are told apart by the first three characters of their ids. */
const PREFIXES: Readonly<Record<string, Ref['kind']>> = { '006': 'opportunity', '00Q': 'lead', '001': 'account', '003': 'contact' }

const ack =
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>'

/** Outbound messages, taken as a nudge only: which record to look at, never what it says. Source: SOAP API Developer Guide, "Outbound Messaging". */
export function salesforceInbound(options: { readonly key: string | null; readonly organizationId: () => string | null }): Inbound {
  return { receive: (request) => Promise.resolve(receive(options, request)) }
}

const refused = (status: 400 | 401 | 413, title: string, detail: string): InboundAnswer => ({ kind: 'refused', status, title, detail })
const parser = new XMLParser({
  removeNSPrefix: true,
  parseTagValue: false,
  ignoreAttributes: true,
  isArray: (name) => name === 'Notification',
})

function receive({ key, organizationId }: Parameters<typeof salesforceInbound>[0], request: InboundRequest): InboundAnswer {
  if (!showsKey(request, key))
    return refused(
      401,
      'Not accepted',
      'The shared key of the callback is missing or wrong (header x-cosell-key, ?code=, or the last part of the path).',
    )
  if (request.body.length > bodyLimit) return refused(413, 'Too large', 'The body is larger than one MiB.')
  const message = messageIn(request.body)
  const notifications = message?.['Notification']
  if (message === null || !Array.isArray(notifications)) return refused(400, 'Not readable', 'The body is no outbound message of Salesforce.')
  const own = organizationId()
  const from = asRecordId(message['OrganizationId'])
  if (own !== null && from !== null && from !== own)
    return refused(401, 'Not accepted', 'The message comes from another org than the one this service works with.')
  const events = notifications.filter(isRow).slice(0, notificationsMost).map((notification) => {
    const hints = hintsOf(notification['sObject'])
    const id = asRecordId(notification['Id'])
    // The number of a message stays the same when it is sent again.
    return { eventKey: id, name: 'outbound message', hints }
  })
  return { kind: 'accepted', events, reply: { contentType: 'text/xml; charset=UTF-8', body: ack } }
}

/** SOAP 1.1, section 3: no document type. So nothing is declared that a parser would expand or fetch. */
const documentType = /<!doctype/i

/** Null for what is not whole: our answer would acknowledge notifications that were cut off, and they would never come again. */
function messageIn(body: Buffer): Row | null {
  const text = body.toString('utf8')
  if (documentType.test(text)) return null
  try {
    if (XMLValidator.validate(text) !== true) return null
    const parsed: unknown = parser.parse(text)
    const part = (row: unknown, name: string): unknown => (isRow(row) ? row[name] : undefined)
    const message = part(part(part(parsed, 'Envelope'), 'Body'), 'notifications')
    return isRow(message) ? message : null
  } catch {
    return null
  }
}

/** The record itself, and the opportunity that a row of solutions names in one of its fields. */
function hintsOf(record: unknown): readonly Hint[] {
  if (!isRow(record)) return []
  const ids = [...new Set(Object.values(record).flatMap((value) => asRecordId(value) ?? []))]
  const own = asRecordId(record['Id'])
  return ids.flatMap((id): Hint[] => {
    const kind = PREFIXES[id.slice(0, 3)]
    if (kind === undefined || (id !== own && kind !== 'opportunity')) return []
    return [{ ref: { side: 'crm', kind, id }, engagementId: null, wide: false }]
  })
}
