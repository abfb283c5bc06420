// Runs in a process of its own: the simulators, and the people who act in them. Speaks with its parent over the channel of `fork`.
import { startSandbox } from '../../src/sandbox/index.js'
import type { Setup } from '../support/fleet.js'
import { answering } from '../support/forked.js'
import { deskOf, type CrashCrm } from './crm.js'
import { people, type People, type Remembered } from './people.js'
import { truthOf, type Truth } from './truth.js'

/** What the parent may ask, and what it gets. */
export interface Questions {
  setup(): Setup
  /** Partner Center and the CRM call these addresses from now on. */
  hooks(addresses: { readonly partnerCenter: string; readonly crm: string; readonly key: string }): void
  burst(options: { readonly actsPerSecond: number; readonly seed: number }): void
  endBurst(): { readonly acts: number; readonly refused: readonly string[] }
  remembered(): readonly Remembered[]
  truth(): Truth
  /** Deliveries that still wait for an answer. */
  pending(): number
  /** From now on so many of all requests are taken and carried out, and answered when nobody waits any more. */
  silent(rate: number): void
  /** Calls that wrote something since the last time this was asked. */
  writes(): readonly string[]
}

const crm: CrashCrm = process.argv[3] === 'salesforce' ? 'salesforce' : 'dynamics'
const silenceMs = 40_000 // Longer than any request waits.
const sandbox = await startSandbox({ port: 0, seed: Number(process.argv[2] ?? 1), customFields: 'cosell' })
const desk = deskOf(sandbox, crm)
let crowd: People | null = null
let timer: NodeJS.Timeout | null = null

// An address that is down is tried again soon and often: what was not acknowledged must arrive in the end, without any sweep.
Object.assign(sandbox.partnerCenter.options, {
  deliveryAttemptsMax: 1_000,
  deliveryFirstRetryMs: 150,
  deliveryRetryFactor: 1.02,
  deliveryTimeoutMs: 5_000,
  eventDuplicateRate: 0.1,
  eventReorderRate: 0.1,
  eventReorderMs: 700,
})

const questions: Questions = {
  setup: () => ({ urls: sandbox.urls, credentials: sandbox.credentials, trustAnchors: sandbox.trustAnchors }),
  hooks({ partnerCenter, crm: address, key }) {
    const events = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated']
    sandbox.partnerCenter.webhook.set({ url: partnerCenter, events })
    desk.callbacks(address, key)
  },
  burst({ actsPerSecond, seed }) {
    crowd = people(sandbox, desk, seed)
    timer = setInterval(() => crowd?.act(), 1_000 / actsPerSecond)
  },
  endBurst() {
    if (timer !== null) clearInterval(timer)
    return { acts: crowd?.acts() ?? 0, refused: crowd?.refused() ?? [] }
  },
  remembered: () => crowd?.remembered() ?? [],
  truth: () => truthOf(sandbox, desk),
  pending: () => sandbox.partnerCenter.deliveries.pending() + desk.pending(),
  writes() {
    const made = sandbox.partnerCenter.calls.list().filter(({ method, path }) => method !== 'GET' && !path.includes('/oauth2/'))
    sandbox.partnerCenter.calls.reset()
    return [...made.map(({ method, path }) => `${method} ${path}`), ...desk.writes()]
  },
  silent(rate) {
    for (const { faults } of [sandbox.partnerCenter, crm === 'dynamics' ? sandbox.dynamics : sandbox.salesforce])
      faults.set(rate === 0 ? [] : [{ kind: 'slow', rate, amount: silenceMs }])
  },
}

answering(questions)
