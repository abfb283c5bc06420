import { XMLParser } from 'fast-xml-parser'
import { Fault } from '../../core/fault.js'
import { faultOf, type Answer } from './errors.js'
import { isRow, type Row } from './row.js'

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
/** An element with text, for the body of a SOAP call. */
export const element = (name: string, text: string | null): string => (text === null ? '' : `<${name}>${escaped(text)}</${name}>`)

export const envelope = (session: string, call: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header xmlns="urn:partner.soap.sforce.com"><SessionHeader>${element('sessionId', session)}</SessionHeader><CallOptions><client>cosell</client></CallOptions></soapenv:Header><soapenv:Body xmlns="urn:partner.soap.sforce.com">${call}</soapenv:Body></soapenv:Envelope>`

// Values stay text: an id of digits only is no number. Entities of a document's own are refused by the parser's defaults.
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, ignoreAttributes: true, processEntities: true })
export function soapBody(answer: Answer, what: string): Row {
  try {
    const parsed: unknown = parser.parse(answer.text)
    const whole = isRow(parsed) && isRow(parsed['Envelope']) ? parsed['Envelope'] : null
    if (whole !== null && isRow(whole['Body'])) return whole['Body']
  } catch {
    // Falls through to the fault below: what came is no SOAP message.
  }
  throw answer.status >= 400
    ? faultOf(answer, { method: 'POST', what })
    : new Fault('ambiguous', `Salesforce, ${what}: the answer cannot be read.`, { remedy: 'Nothing to do: the record is read again.' })
}
