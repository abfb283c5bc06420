// Runs in a process of its own: the bare script beside which the service is measured. It takes the event, reads both records, writes one
// field, answers, and does nothing else: no signature is checked, nothing is stored, nothing is tried again. Made careful, it does besides what
// no honest service can leave out: it checks the signature, has the event on disk before it answers and what it is about to write before it writes.
import { verify, X509Certificate, type KeyObject } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import type { Setup } from '../test/support/fleet.js'
import { answering } from '../test/support/forked.js'
import { bareCrm, get, partnerToken } from './bare-crm.js'
import type { Crm } from './desk.js'
import { logFile } from './log-file.js'

export interface Bare {
  readonly setup: Setup
  readonly crm: Crm
  /** As many as the service works at once. */
  readonly inFlight: number
  /** How the service reads an opportunity, with `:id` for its id, so that both read the same. */
  readonly read: string
  /** The record of each referral: what the service has learnt, the script is told. */
  readonly pairs: readonly { readonly referralId: string; readonly opportunityId: string }[]
  /** A file to write down in what a careful script must; null: a bare one. */
  readonly log: string | null
}
export interface Questions {
  /** Starts it; says where events are posted to. */
  listen(bare: Bare): Promise<string>
}

answering<Questions>({
  async listen({ setup, crm, inFlight, read, pairs, log }) {
    inFlightMost = inFlight
    const append = log === null ? () => Promise.resolve() : logFile(log)
    const isGenuine = log === null ? () => Promise.resolve(true) : signatures()
    const carry = await carrier(setup, { crm, read, append })
    const recordOf = new Map(pairs.map(({ referralId, opportunityId }) => [referralId, opportunityId]))
    const take = async (headers: IncomingHttpHeaders, body: Buffer, answer: (status: number) => void): Promise<void> => {
      if (!(await isGenuine(headers, body))) return answer(401)
      await append(body)
      answer(202)
      const { ResourceUri: uri } = JSON.parse(body.toString()) as { ResourceUri: string } // our own deliveries
      const referralId = uri.slice(uri.lastIndexOf('/') + 1)
      await turn(() => carry(referralId, recordOf.get(referralId) ?? ''))
    }
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => void take(incoming.headers, Buffer.concat(chunks), (status) => response.writeHead(status).end()))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  },
})

let inFlightMost = 1
let working = 0
const waiting: (() => void)[] = []
async function turn(work: () => Promise<void>): Promise<void> {
  if (working >= inFlightMost) await new Promise<void>((resolve) => waiting.push(resolve))
  else working += 1
  await work()
  const next = waiting.shift()
  if (next === undefined) working -= 1
  else next()
}

function signatures(): (headers: IncomingHttpHeaders, body: Buffer) => Promise<boolean> {
  let key: Promise<KeyObject> | null = null
  const fetched = async (url: string): Promise<KeyObject> => {
    const answer = await request(url)
    return new X509Certificate(Buffer.from(await answer.body.arrayBuffer())).publicKey
  }
  return async (headers, body) => {
    key ??= fetched(String(headers['x-ms-certificate-url']))
    const signature = Buffer.from(String(headers.authorization).slice('Signature '.length), 'base64')
    return verify('RSA-SHA256', body, await key, signature)
  }
}

type Carry = (referralId: string, opportunityId: string) => Promise<void>
interface Means {
  readonly crm: Crm
  readonly read: string
  readonly append: (line: string) => Promise<void>
}
async function carrier(setup: Setup, { crm, read, append }: Means): Promise<Carry> {
  const { urls } = setup
  const partner = await partnerToken(setup)
  const records = await bareCrm(crm, setup, read)
  return async (referralId, opportunityId) => {
    const [referral, row] = await Promise.all([
      get(`${urls.partnerCenter}/v1.0/engagements/referrals/${referralId}`, partner),
      records.read(opportunityId),
    ])
    const { dealValue } = referral['details'] as { dealValue: number } // every deal of the benchmark has one
    await append(`${opportunityId} ${dealValue}\n`)
    await records.write(opportunityId, row, dealValue)
  }
}
