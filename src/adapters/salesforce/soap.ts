import { XMLParser } from 'fast-xml-parser'
import { Fault } from '../../core/fault.js'
import { faultOf, type Answer } from './errors.js'
import { isRow, type Row } from './row.js'

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
/** An element with text, for the body of a SOAP call. */
export const element = (name: string, text: string | null): string => (text === null ? '' : `<${name}>${escaped(text)}</${name}>`)

/** One of the SOAP APIs: where it is, and what its messages are made of. */
export interface SoapDoor {
  readonly path: 'u' | 'm'
  readonly namespace: string
}
export const PARTNER: SoapDoor = { path: 'u', namespace: 'urn:partner.soap.sforce.com' }
export const METADATA: SoapDoor = { path: 'm', namespace: 'http://soap.sforce.com/2006/04/metadata' }

/** A whole message. The session stands in it, not in a header of the call. */
export function envelope({ namespace }: SoapDoor, session: string, call: string): string {
  const head = `<SessionHeader>${element('sessionId', session)}</SessionHeader><CallOptions><client>cosell</client></CallOptions>`
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header xmlns="${namespace}">${head}</soapenv:Header><soapenv:Body xmlns="${namespace}">${call}</soapenv:Body></soapenv:Envelope>`
}

// Values stay text: an id of digits only is no number. Entities of a document's own are refused by the parser's defaults.
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, ignoreAttributes: true, processEntities: true })
// The parser reads a message that was cut off as one that ends there.
const isWhole = (text: string): boolean => /<\/(?:[\w-]+:)?Envelope>\s*$/.test(text)
export function soapBody(answer: Answer, what: string): Row {
  try {
    const parsed: unknown = parser.parse(answer.text)
    const whole = isWhole(answer.text) && isRow(parsed) && isRow(parsed['Envelope']) ? parsed['Envelope'] : null
    if (whole !== null && isRow(whole['Body'])) return whole['Body']
  } catch {
    // Falls through to the fault below: what came is no SOAP message.
  }
  throw answer.status >= 400
    ? faultOf(answer, { method: 'POST', what })
    : new Fault('ambiguous', `Salesforce, ${what}: the answer cannot be read.`, { remedy: 'Nothing to do: the record is read again.' })
}
