import { defaultPolicy, type Policy } from '../../src/core/policy.js'
import type { Clock, Hint, Store } from '../../src/core/ports.js'
import type { Link } from '../../src/core/link.js'
import { LEASE_MS, unwitnessed, type Engine, type PassReport } from '../../src/engine/engine.js'
import type { MappedRows } from '../../src/engine/mapped-rows.js'
import { versionBook, type VersionBook } from '../../src/engine/versions.js'
import { mappingDesk } from '../../src/engine/mapping-desk.js'
import { service } from '../../src/engine/service.js'
import { worker, type Worker } from '../../src/engine/worker.js'
import type { Service } from '../../src/engine/views.js'
import { memorySide, type MemorySide } from './memory-side.js'
import { memoryStore } from './memory-store.js'

export interface EngineWorld {
  readonly engine: Engine
  readonly store: Store
  readonly partner: MemorySide
  readonly crm: MemorySide
  readonly worker: Worker
  readonly service: Service
  readonly reports: PassReport[]
  policy: Policy
  /** Of the settings that the policy is from. */
  version: number
  mapping: MappedRows | null
  nowMs: number
  hint(hint: Partial<Hint> & Pick<Hint, 'ref'>): Promise<void>
  work(): Promise<number>
  /** Turns the clock until nothing is left to do, at most an hour. */
  settle(): Promise<void>
  links(): Promise<Link[]>
}

/** A small world for examples of the engine: two sides in memory, a hand-turned clock, a seeded die. */
export function engineWorld(): EngineWorld {
  let state = 7
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x80000000
  }
  const store = memoryStore({ random })
  const partner = memorySide('partner')
  const crm = memorySide('crm')
  const reports: PassReport[] = []
  let serial = 0
  const world: { policy: Policy; version: number; nowMs: number; mapping: MappedRows | null } = {
    policy: defaultPolicy(),
    version: 1,
    mapping: null,
    nowMs: Date.UTC(2026, 10, 1),
  }
  const clock: Clock = { now: () => world.nowMs, sleep: async () => undefined }
  const engine: Engine = {
    store,
    clock,
    random,
    newId: () => `id-${(serial += 1)}`,
    adapters: { partner: partner.adapter, crm: crm.adapter },
    policy: () => ({ policy: world.policy, version: world.version, mapping: world.mapping }),
    freshen: async () => undefined,
    crmIdFor: (referralId) => `crm-for-${referralId}`,
    referralsKnown: async () => true,
    witness: unwitnessed,
    leaseMs: LEASE_MS,
    report: (report) => void reports.push(report),
    warn: () => undefined,
  }
  const work = worker(engine)
  const signal = new AbortController().signal
  const versions = async (): Promise<VersionBook> => {
    const book = versionBook({ store, clock, newId: () => `change-${(serial += 1)}`, readMapping: () => ({}), approval: 'none' })
    const { fields: _fields, flows, ...policies } = world.policy
    if ((await book.number()) === 0) await book.readFile({ mapping: null, policies, flows })
    return book
  }
  const desk = service({
    engine,
    worker: work,
    environment: 'test',
    versions: {
      flows: async () => (await versions()).flows(),
      setFlow: async (flow, value, by) => (await versions()).setFlow(flow, value, by),
    },
    refresh: async () => undefined,
    firstSync: { since: null, openOnly: false },
    rounds: { partner: 600_000, crm: 30_000 },
    mapping: mappingDesk(() => {
      throw new Error('this world has no mapping')
    }, () => Promise.resolve()),
    settings: {} as Service['settings'], // this world has one version
    taxonomy: {} as Service['taxonomy'], // nor words
    quotas: () => Promise.resolve([]),
    checks: async () => [],
  })
  return Object.assign(world, {
    engine,
    store,
    partner,
    crm,
    worker: work,
    service: desk,
    reports,
    hint: async (hint: Partial<Hint> & Pick<Hint, 'ref'>) => {
      await store.acceptEvents(
        [
          {
            source: hint.ref.side === 'partner' ? ('partner-center' as const) : ('crm' as const),
            eventKey: null,
            name: 'test',
            hints: [{ engagementId: null, wide: false, ...hint }],
            urgency: 1,
          },
        ],
        world.nowMs,
      )
    },
    work: () => work.drain({ signal }),
    settle: async () => {
      for (let turn = 0; turn < 200; turn += 1) {
        await work.drain({ signal })
        const depth = await store.queue.depth(world.nowMs)
        if (depth.due + depth.later + depth.leased === 0) return
        world.nowMs += 20_000
      }
      throw new Error('the world does not come to rest')
    },
    links: async () => (await store.list({ limit: 1_000 })).links,
  })
}
