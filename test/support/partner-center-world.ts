import { partnerCenterAdapter } from '../../src/adapters/partner-center/adapter.js'
import { PlatformApi } from '../../src/adapters/partner-center/platform.js'
import type { Projection } from '../../src/core/deal.js'
import type { Adapter, Present, Reading, TouchedOptions, TouchedRecord } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'
import { pace } from '../../src/remote/pace.js'
import { remote, type CallReport, type Send } from '../../src/remote/send.js'
import { NoAnswer, type Transport } from '../../src/remote/transport.js'
import type { SimHandler } from '../../src/sandbox/http.js'
import { platformAudience, referralsAudience, type PartnerCenter, type PartnerCenterOptions } from '../../src/sandbox/partner-center/index.js'
import { bearer, kit, type Kit } from '../../src/sandbox/partner-center/test-kit.js'
import { engineClock, runWithClock } from '../simulation/hand-clock.js'

/** The simulator without sockets: what is cut there is an answer that never comes here. */
export function inProcess(handle: SimHandler): Transport {
  return async ({ method, url, headers, body }) => {
    const { host, pathname, search } = new URL(url)
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const answer = await handle({ method, path: `${pathname}${search}`, headers: { ...lower, host }, body: Buffer.from(body ?? '') })
    if (answer.drop) throw new NoAnswer('the connection was reset', { sent: true, cause: null })
    const flat = Object.entries(answer.headers).map(([name, value]): [string, string] => [name.toLowerCase(), [value].flat().join(', ')])
    return { status: answer.status, headers: Object.fromEntries(flat), body: Buffer.from(answer.body) }
  }
}

/** What a test does between the adapter and the simulator. */
export interface Between {
  /** Before a call arrives, as `PATCH /path`; it waits for what is given back. */
  readonly arrives?: (what: string) => Promise<void> | void
  /** Changes an answer's JSON in place before it is seen. */
  readonly answered?: (what: string, json: unknown) => void
}

function meddling(transport: Transport, { arrives, answered }: Between): Transport {
  return async (request) => {
    const what = `${request.method} ${new URL(request.url).pathname}`
    await arrives?.(what)
    const answer = await transport(request)
    if (answered === undefined || answer.body.length === 0) return answer
    const json: unknown = JSON.parse(answer.body.toString())
    answered(what, json)
    return { ...answer, body: Buffer.from(JSON.stringify(json)) }
  }
}

export interface PartnerWorld {
  readonly kit: Kit
  readonly simulator: PartnerCenter
  readonly adapter: Adapter
  readonly platform: PlatformApi
  /** Every call since the last look, as `GET /path`. */
  calls(): string[]
  /** Lets work that waits for time go on. */
  run<T>(work: Promise<T>): Promise<T>
  present(ref: EndRef, wide?: boolean): Promise<Present>
  /** One whole round of a sweep. */
  sweep(options?: Partial<TouchedOptions>): Promise<{ records: TouchedRecord[]; cursor: string | null }>
}

export const never = new AbortController().signal
export const base = 'https://pc.test'

export function partnerWorld(
  options: Partial<PartnerCenterOptions> = {},
  more: Parameters<typeof kit>[1] & { partnerId?: string | null; email?: string; between?: Between; clockAheadMs?: number } = {},
): PartnerWorld {
  const made = kit(options, more)
  const exact = engineClock(made.clock)
  const clock = { ...exact, now: () => exact.now() + (more.clockAheadMs ?? 0) }
  const reports: CallReport[] = []
  let ids = 0
  const newId = (): string => `0000000${(ids += 1)}`.slice(-8).concat('-0000-4000-8000-000000000000')
  const tokenFor = (audience: string): string => bearer({ aud: audience, upn: more.email ?? 'ana@partner.example' }).slice('Bearer '.length)
  const sender = (audience: string): Send =>
    remote({
      name: 'Partner Center',
      transport: meddling(inProcess(made.simulator.handle), more.between ?? {}),
      clock,
      random: () => 0.5,
      newId,
      hosts: [new URL(base).host],
      pace: pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }),
      token: async () => tokenFor(audience),
      correlation: (id) => ({ 'client-request-id': id, 'MS-CorrelationId': id }),
      onCall: (report) => reports.push(report),
    })
  const platform = new PlatformApi({ url: base, send: sender(platformAudience), now: () => clock.now(), newId })
  const adapter = partnerCenterAdapter({
    url: base,
    send: sender(referralsAudience),
    platform,
    clock,
    partnerId: more.partnerId === undefined ? '1234567' : more.partnerId,
    claims: async () => ({ user: more.email ?? 'ana@partner.example', tenant: null, audience: null, scopes: [], methods: ['pwd', 'mfa'], expiresAt: null }),
  })
  const run = <T>(work: Promise<T>): Promise<T> => runWithClock(made.clock, work)
  return {
    kit: made,
    simulator: made.simulator,
    adapter,
    platform,
    calls: () => reports.splice(0).map(({ method, path }) => `${method} ${path}`),
    run,
    async present(ref, wide = false) {
      const reading = await run(adapter.read(ref, { wide, signal: never }))
      if (reading.kind !== 'present') throw new Error(`${ref.id} is ${reading.kind}: ${reading.kind === 'unreachable' ? reading.fault.message : ''}`)
      return reading
    },
    async sweep(given = {}) {
      const records: TouchedRecord[] = []
      let cursor: string | null = given.cursor ?? null
      const pages = adapter.touched({ cursor, since: null, openOnly: false, signal: never, ...given })[Symbol.asyncIterator]()
      for (let page = await run(pages.next()); !page.done; page = await run(pages.next())) {
        records.push(...page.value.records)
        cursor = page.value.cursor ?? cursor
      }
      return { records, cursor }
    },
  }
}

export const refTo = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
export const idsOf = (records: readonly TouchedRecord[]): string[] => records.map(({ ref }) => ref.id)
export const faultIn = (reading: Reading): unknown => (reading.kind === 'unreachable' ? reading.fault : reading)

/** A deal that satisfies every rule of a new referral. */
export const wholeDeal: Projection = {
  name: 'Nordwind - analytics rollout',
  'details.dealValue': 84_000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-11-30',
  'details.notes': 'Wants a managed reporting platform before Q4.',
  'details.requirements.solutions': [{ id: 'SOL-12345-ABC', name: 'Example Insights' }],
  'consent.consentToShareReferralWithMicrosoftSellers': false,
  'inviteContext.assistanceRequestCode': null,
  'customerProfile.name': 'Nordwind Handels GmbH',
  'customerProfile.address.addressLine1': 'Lindenallee 7',
  'customerProfile.address.city': 'Hamburg',
  'customerProfile.address.postalCode': '20095',
  'customerProfile.address.country': 'DE',
  'customerProfile.size': '251to1000employees',
  'customerProfile.ids.duns': '123456789',
  'customerProfile.team': [{ email: 'mara.vogt@nordwind.example', firstName: 'Mara', lastName: 'Vogt', phone: '+494012345' }],
  team: [{ email: 'jon.reyes@partner.example', firstName: 'Jon', lastName: 'Reyes', phone: '+12065550101' }],
}
