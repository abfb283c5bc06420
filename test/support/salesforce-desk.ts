import type { Session } from '../../src/adapters/salesforce/exchange.js'
import { alone, type StageMemory } from '../../src/adapters/salesforce/org.js'
import { salesforceAdapter, type SalesforceAdapter } from '../../src/adapters/salesforce/adapter.js'
import { limitOf } from '../../src/adapters/salesforce/errors.js'
import { SALESFORCE_PROFILE } from '../../src/adapters/salesforce/profile.js'
import type { SalesforceConfig } from '../../src/config/index.js'
import { salesforceSignIn } from '../../src/connections/salesforce-sign-in.js'
import type { CreateChange, PatchChange } from '../../src/core/change.js'
import type { Projection } from '../../src/core/deal.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import { EMPTY_MAPPING, type MappingDocument } from '../../src/core/mapping-document.js'
import type { Clock, Present, Reading, TouchedOptions, TouchedRecord } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'
import { pace } from '../../src/remote/pace.js'
import { remote, type Send } from '../../src/remote/send.js'
import type { Transport } from '../../src/remote/transport.js'
import { handClock, type HandClock } from '../../src/sandbox/clock.js'
import { salesforce, standardClient, type Salesforce, type SalesforceGiven } from '../../src/sandbox/salesforce/index.js'
import { seededRng } from '../../src/sandbox/rng.js'
import { engineClock, runWithClock } from '../simulation/hand-clock.js'
import { inProcess } from './partner-center-world.js'

export const origin = 'https://contoso.my.salesforce.com'
export const signal = new AbortController().signal
export const euroDeal: Projection = {
  name: 'Data estate',
  status: 'Active/Accepted',
  'details.dealValue': 1_000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2027-03-31',
  'customerProfile.name': 'Fabrikam',
  'customerProfile.address.city': 'Hamburg',
  'customerProfile.address.country': 'DE',
}

/** One adapter at one simulated org, in one process and one hand-turned time: what went over the wire is written down. */
export interface SalesforceDesk {
  readonly org: Salesforce
  readonly hand: HandClock
  readonly clock: Clock
  readonly adapter: SalesforceAdapter
  readonly send: Send
  readonly session: Session
  /** `METHOD path` of every call below a version, in order. */
  readonly calls: string[]
  run<T>(work: Promise<T>): Promise<T>
  create(deal?: Projection, more?: Partial<CreateChange>): Promise<EndRef>
  read(ref: EndRef): Promise<Reading>
  present(ref: EndRef): Promise<Present>
  patch(ref: EndRef, set: Projection, more?: Partial<PatchChange>): Promise<unknown>
  /** One round of the feed: what it told, and where it goes on. */
  feed(cursor: string | null, more?: Partial<TouchedOptions>): Promise<{ readonly records: TouchedRecord[]; readonly cursor: string }>
}

export function salesforceDesk(
  given: Partial<Omit<SalesforceGiven, 'clock' | 'rng'>> & {
    readonly owner?: string
    readonly stageMemory?: StageMemory
    readonly mapping?: MappingDocument
    /** Stands between the adapter and the org. */
    readonly between?: (transport: Transport) => Transport
  } = {},
): SalesforceDesk {
  const hand = handClock(Date.parse('2026-03-04T09:15:27.400Z'))
  const clock = engineClock(hand)
  const org = salesforce({ clock: hand, rng: seededRng(3), installed: 'cosell', origin, ...given })
  const calls: string[] = []
  const wire = inProcess(org.handle)
  const noted: Transport = (request) => {
    const url = new URL(request.url)
    if (/^\/services\/data\/v/.test(url.pathname)) calls.push(`${request.method} ${decodeURIComponent(`${url.pathname.replace(/^\/services\/data\/v[\d.]+\//, '')}${url.search}`)}`)
    return wire(request)
  }
  const transport = given.between?.(noted) ?? noted
  const config: SalesforceConfig = {
    kind: 'salesforce',
    url: origin,
    clientId: standardClient.clientId,
    credential: { kind: 'client-secret', clientSecret: standardClient.secret },
    clientSecretExpires: null,
    webhookKey: null,
  }
  const endpoint = { transport, clock, name: 'Salesforce', repair: 'cosell connect crm', url: `${origin}/services/oauth2/token` }
  const { token, locate } = salesforceSignIn(config, endpoint)
  let made = 0
  const send = remote({
    name: 'Salesforce',
    transport,
    clock,
    random: () => 0.5,
    hosts: [new URL(origin).host],
    pace: pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }),
    token,
    locate,
    asksToWait: limitOf,
    correlation: () => ({}),
    newId: () => String((made += 1)),
  })
  const mapping = effectiveMapping(SALESFORCE_PROFILE, given.mapping ?? EMPTY_MAPPING)
  const settings = { mapping, owner: given.owner ?? null, checkMarkInName: false }
  const memory = given.stageMemory === undefined ? {} : { stageMemory: given.stageMemory }
  const connection = { url: origin, send, session: token, clock, ...memory }
  const adapter = salesforceAdapter({ ...connection, settings: () => settings, customerGuard: (_key, work) => work(alone) })
  const run = <T>(work: Promise<T>): Promise<T> => runWithClock(hand, work)
  const desk: SalesforceDesk = {
    org,
    hand,
    clock,
    adapter,
    send,
    session: token,
    calls,
    run,
    async create(deal = euroDeal, more = {}) {
      made += 1
      const change: CreateChange = { kind: 'create', side: 'crm', as: 'opportunity', marker: `referral-${made}`, deal, stamp: {}, ...more }
      return (await run(adapter.create(change, { signal }))).ref
    },
    read: (ref) => run(adapter.read(ref, { wide: false, signal })),
    async present(ref) {
      const reading = await desk.read(ref)
      if (reading.kind !== 'present') throw new Error(`${ref.id} is ${reading.kind}`)
      return reading
    },
    async patch(ref, set, more = {}) {
      return run(adapter.write({ kind: 'patch', side: 'crm', ref, expect: null, set, stamp: {}, ...more }, { signal }))
    },
    async feed(cursor, more = {}) {
      const records: TouchedRecord[] = []
      let next = ''
      const round = async (): Promise<void> => {
        for await (const page of adapter.touched({ cursor, since: null, openOnly: false, signal, ...more })) {
          records.push(...page.records)
          next = page.cursor ?? next
        }
      }
      await run(round())
      return { records, cursor: next }
    },
  }
  return desk
}
