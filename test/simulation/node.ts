import { setMaxListeners } from 'node:events'
import { partnerCenterAdapter } from '../../src/adapters/partner-center/adapter.js'
import { partnerCenterInbound } from '../../src/adapters/partner-center/inbound.js'
import { PlatformApi } from '../../src/adapters/partner-center/platform.js'
import type { Clock, Inbound, InboundRequest, Store } from '../../src/core/ports.js'
import { customerGuard } from '../../src/engine/customer-guard.js'
import { LEASE_MS, type Engine, type PolicyInForce } from '../../src/engine/engine.js'
import { lookAgainWhenAsked, referralsKnown } from '../../src/engine/referrals-known.js'
import { sweep } from '../../src/engine/sweep.js'
import { worker } from '../../src/engine/worker.js'
import { pace } from '../../src/remote/pace.js'
import { remote, type Send } from '../../src/remote/send.js'
import type { Transport } from '../../src/remote/transport.js'
import { witnessed } from '../../src/remote/witness.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'
import { platformAudience, referralsAudience } from '../../src/sandbox/partner-center/index.js'
import { bearer } from '../../src/sandbox/partner-center/test-kit.js'
import type { CrmSide } from './crm.js'
import type { SimProcess } from './process.js'

export const PARTNER_URL = 'https://pc.test'
const sweepFirstMs = 60_000
const pollMs = 10_000 // What is marked wakes the worker; the poll finds what waits for its time.
const sweepMostMs = 600_000

export interface NodeWorld {
  readonly process: SimProcess
  readonly store: Store
  readonly clock: Clock
  readonly rng: SandboxRng
  readonly policy: () => PolicyInForce
  readonly strange: boolean
  readonly partnerTransport: Transport
  readonly crm: CrmSide
  readonly crmTransport: Transport
  readonly warn: (message: string, details: Record<string, unknown>) => void
}

/** One process of the product: the real engine over the real adapters, with a worker and its sweeps. */
export interface Node {
  readonly process: SimProcess
  readonly engine: Engine
  /** A webhook arrives. @returns the HTTP status. */
  receive(source: 'partner-center' | 'crm', request: InboundRequest): Promise<number>
  sweep(side: 'partner' | 'crm', release: boolean): Promise<void>
  /** Sides of which a sweep is under way here. */
  readonly sweeping: ReadonlySet<'partner' | 'crm'>
}

/** Starts a process. It works until it is killed. */
export function startNode(world: NodeWorld): Node {
  const { store, clock, rng } = world
  const newId = (): string => rng.guid()
  const { signal } = new AbortController() // Its own: what a killed process waited for goes with it.
  setMaxListeners(0, signal) // Every call of a run listens to it.
  const sender = (name: string, given: { transport: Transport; url: string; token: string; header: string }): Send =>
    remote({
      name,
      transport: given.transport,
      clock,
      random: () => rng.next(),
      newId,
      hosts: [new URL(given.url).host],
      pace: pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }),
      token: () => Promise.resolve(given.token),
      correlation: (id) => ({ [given.header]: id }),
    })
  const partnerSender = (audience: string): Send =>
    sender('Partner Center', {
      transport: world.partnerTransport,
      url: PARTNER_URL,
      token: bearer({ aud: audience }).slice('Bearer '.length),
      header: 'client-request-id',
    })
  const platform = new PlatformApi({ url: PARTNER_URL, send: partnerSender(platformAudience), now: () => clock.now(), newId })
  const partner = partnerCenterAdapter({ url: PARTNER_URL, send: partnerSender(referralsAudience), platform, clock, partnerId: '1234567' })
  const crm = world.crm.connect({
    transport: world.crmTransport,
    clock,
    rng,
    pace: pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }),
    newId,
    guard: customerGuard(store, clock, newId),
    strange: world.strange,
  })
  const engine: Engine = {
    store,
    clock,
    random: () => rng.next(),
    newId,
    adapters: { partner, crm: crm.adapter },
    policy: world.policy,
    freshen: async () => undefined,
    crmIdFor: crm.idFor,
    referralsKnown: () => referralsKnown(store),
    witness: witnessed,
    leaseMs: LEASE_MS,
    report: () => undefined,
    warn: world.warn,
  }
  // Signatures have their own tests; here every event is genuine.
  const inbound: Record<'partner-center' | 'crm', Inbound> = {
    'partner-center': partnerCenterInbound({ allows: () => true, check: () => Promise.resolve({ kind: 'genuine' }) }),
    crm: crm.inbound,
  }
  const work = worker(engine, { concurrency: 4, pollMs })
  work.start()
  const sweeping = new Set<'partner' | 'crm'>()
  const sweepSide = async (side: 'partner' | 'crm', release: boolean): Promise<void> => {
    sweeping.add(side)
    await sweep(engine, side, { signal, release, since: null, openOnly: false }).catch((error: unknown) => {
      world.warn(`sweep of ${side} failed`, { error: error instanceof Error ? error.message : String(error) })
    })
    sweeping.delete(side)
  }
  const forever = async (): Promise<void> => {
    for (let everyMs = sweepFirstMs; ; everyMs = Math.min(sweepMostMs, everyMs * 1.3)) {
      await sweepSide('crm', false)
      const untilMs = clock.now() + Math.round(everyMs)
      if ((await store.getValue('swept.crm').catch(() => null)) !== null) await sweepSide('partner', false)
      await lookAgainWhenAsked(engine, { untilMs, signal }, () => sweepSide('partner', false)).catch(() => undefined)
      await clock.sleep(Math.round(everyMs))
    }
  }
  void forever()
  return {
    process: world.process,
    engine,
    sweep: sweepSide,
    sweeping,
    async receive(source, request) {
      const answer = await inbound[source].receive(request)
      if (answer.kind === 'refused') return answer.status
      try {
        await store.acceptEvents(
          answer.events.map(({ eventKey, name, hints }) => ({ source, eventKey, name, hints, urgency: 1 as const })),
          clock.now(),
        )
        return 202
      } catch {
        return 503
      }
    },
  }
}
