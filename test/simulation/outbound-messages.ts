import type { SimSend } from '../../src/sandbox/http.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'
import type { LeapClock } from './hand-clock.js'

type Row = Readonly<Record<string, unknown>>

export interface OutboundGiven {
  readonly clock: LeapClock
  readonly rng: SandboxRng
  readonly send: SimSend
  readonly url: string
  readonly organization: string
  readonly duplicate: number
  readonly lateMs: number
  readonly loss: number
  /** The rows that messages are about; one that changed is another object. */
  readonly rows: () => readonly Row[]
}

const attemptsMost = 6
const firstRetryMs = 5_000

/**
 * What an org sends when flows with an outbound message stand on its objects: one message a changed row, with its id only. A message that is
 * not acknowledged is sent again, more and more seldom. Source: SOAP API Developer Guide, "Outbound Messaging".
 */
export function outboundMessages(given: OutboundGiven): { look(): void; lose(rate: number): void } {
  const { clock, rng } = given
  const seen = new Map<string, Row>()
  let loss = given.loss
  let numbers = 0
  const deliver = async (number: number, row: Row, attempt: number): Promise<void> => {
    const body = Buffer.from(envelope(given.organization, `04l5g00${String(number).padStart(8, '0')}`, row))
    const request = { method: 'POST', headers: { 'content-type': 'text/xml; charset=UTF-8' }, body, timeoutMs: 10_000 }
    const status = await given.send(given.url, request).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status >= 200 && status < 300) return
    if (attempt < attemptsMost) clock.at(clock.now() + firstRetryMs * 2 ** attempt, () => void deliver(number, row, attempt + 1))
  }
  return {
    look() {
      for (const row of given.rows()) {
        const id = String(row['Id'])
        if (seen.get(id) === row) continue
        seen.set(id, row)
        if (rng.chance(loss)) continue
        numbers += 1
        const number = numbers
        for (let copies = rng.chance(given.duplicate) ? 2 : 1; copies > 0; copies -= 1)
          clock.at(clock.now() + rng.int(given.lateMs + 200), () => void deliver(number, row, 0))
      }
    },
    lose(rate) {
      loss = rate
    },
  }
}

/** The id of the row, and of the opportunity that a row of solutions belongs to. */
const envelope = (organization: string, number: string, row: Row): string => {
  const parent = row['Cosell_Opportunity__c']
  const fields = `<sf:Id>${String(row['Id'])}</sf:Id>${typeof parent === 'string' ? `<sf:Cosell_Opportunity__c>${parent}</sf:Cosell_Opportunity__c>` : ''}`
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${organization}</OrganizationId><Notification><Id>${number}</Id><sObject xmlns:sf="urn:sobject.enterprise.soap.sforce.com">${fields}</sObject></Notification></notifications></soapenv:Body></soapenv:Envelope>`
}
