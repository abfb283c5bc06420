import { expect, it } from 'vitest'
import { pace } from '../../remote/pace.js'
import { remote } from '../../remote/send.js'
import { NoAnswer, type TransportRequest } from '../../remote/transport.js'
import { DynamicsApi } from './api.js'

const clock = { now: () => 1_000_000, sleep: async () => undefined }
const signal = new AbortController().signal
const found = Buffer.from(['--b', 'Content-Type: application/http', '', 'HTTP/1.1 200 OK', 'OData-Version: 4.0', '', '{"name":"Fabrikam"}', '--b--', ''].join('\r\n'))

/** The first answer is lost on its way, each later one arrives. */
function answerLost() {
  const sent: TransportRequest[] = []
  const send = remote({
    name: 'Dynamics 365', clock, random: () => 0.5, hosts: ['org.example'], newId: () => 'id',
    transport: async (request) => {
      if (sent.push(request) === 1) throw new NoAnswer('connection reset', { sent: true, cause: null })
      return { status: 200, headers: { 'content-type': 'multipart/mixed; boundary=b' }, body: found }
    },
    pace: pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }), token: async () => 'token', correlation: () => ({}),
  })
  return { api: new DynamicsApi({ url: 'https://org.example', send }), sent }
}

it('[R5] a batch that only asks is asked again when its answer is lost', async () => {
  const { api, sent } = answerLost()
  expect(await api.ask([{ path: 'accounts(1)', what: 'account 1' }], signal)).toMatchObject([{ name: 'Fabrikam' }])
  expect(sent.map(({ method }) => method)).toEqual(['POST', 'POST'])
})

it('[R5] a batch with a write among its parts is never sent twice: what became of it is found out first', async () => {
  const { api, sent } = answerLost()
  const write = { method: 'POST', path: 'accounts', ifMatch: null, body: { name: 'Fabrikam' }, what: 'account Fabrikam' } as const
  await expect(api.batch([[write]], signal)).rejects.toMatchObject({ kind: 'ambiguous' })
  expect(sent).toHaveLength(1)
})
