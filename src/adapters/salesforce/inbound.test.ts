import { describe, expect, it } from 'vitest'
import { salesforceInbound } from './inbound.js'

const inbound = salesforceInbound({ key: 'a-key', organizationId: () => '00D000000000001AAA' })
const send = (body: string) => inbound.receive({ url: '/hooks/salesforce/a-key', headers: {}, body: Buffer.from(body) })

const notification = (message: number, inside: string): string =>
  `<Notification><Id>04l000000000${String(100 + message)}AAA</Id><sObject xmlns:sf="urn:sobject.enterprise.soap.sforce.com">${inside}</sObject></Notification>`
const envelope = (inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000001AAA</OrganizationId>${inside}</notifications></soapenv:Body></soapenv:Envelope>`
const opportunity = '<sf:Id>006000000000001AAA</sf:Id><sf:Name>Fish &amp; chips</sf:Name>'
const whole = envelope(notification(0, opportunity))

describe('an outbound message', () => {
  it('may carry a hundred notifications, each a hint of its own', async () => {
    const answer = await send(envelope(Array.from({ length: 100 }, (_, at) => notification(at, opportunity)).join('')))
    expect(answer).toMatchObject({ kind: 'accepted', reply: { body: expect.stringContaining('<Ack>true</Ack>') as string } })
    const events = answer.kind === 'accepted' ? answer.events : []
    expect(events).toHaveLength(100)
    expect(new Set(events.map(({ eventKey }) => eventKey)).size).toBe(100)
    expect(events[99]?.hints).toMatchObject([{ ref: { side: 'crm', kind: 'opportunity', id: '006000000000001AAA' } }])
  })

  it('has no document type, as SOAP has it: nothing is declared that would have to be expanded or fetched', async () => {
    for (const declared of ['<!ENTITY a "aaaa">', '<!ENTITY a SYSTEM "file:///etc/hostname">', ''])
      expect(await send(whole.replace('?>', `?><!DOCTYPE x [${declared}]>`))).toMatchObject({ kind: 'refused', status: 400 })
    expect(await send(whole.replace('?>', '?><!doctype x>'))).toMatchObject({ kind: 'refused', status: 400 })
  })

  it('is not acknowledged where it ends before its end: what was cut off would never be sent again', async () => {
    expect(await send(whole)).toMatchObject({ kind: 'accepted' })
    const two = envelope(notification(0, opportunity) + notification(1, opportunity))
    for (const end of ['</Notification>', '</notifications>', '</soapenv:Body>'])
      expect([end, await send(two.slice(0, two.indexOf(end) + end.length))]).toMatchObject([end, { kind: 'refused', status: 400 }])
  })
})
