// Runs in a process of its own: the simulators, and the people who act in them. Speaks with its parent over the channel of `fork`.
import { startSandbox } from '../../src/sandbox/index.js'
import type { Setup } from '../support/fleet.js'
import { answering } from '../support/forked.js'
import { people, type People, type Remembered } from './people.js'
import { truthOf, type Truth } from './truth.js'

/** What the parent may ask, and what it gets. */
export interface Questions {
  setup(): Setup
  /** Partner Center and the CRM call these addresses from now on. */
  hooks(addresses: { readonly partnerCenter: string; readonly dynamics: string; readonly key: string }): void
  burst(options: { readonly actsPerSecond: number; readonly seed: number }): void
  endBurst(): { readonly acts: number; readonly refused: readonly string[] }
  remembered(): readonly Remembered[]
  truth(): Truth
  /** Deliveries that still wait for an answer. */
  pending(): number
  /** Calls that wrote something since the last time this was asked. */
  writes(): readonly string[]
}

const sandbox = await startSandbox({ port: 0, seed: Number(process.argv[2] ?? 1), customFields: 'cosell' })
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
  hooks({ partnerCenter, dynamics, key }) {
    const events = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated']
    sandbox.partnerCenter.webhook.set({ url: partnerCenter, events })
    callbacks(dynamics, key)
  },
  burst({ actsPerSecond, seed }) {
    crowd = people(sandbox, seed)
    timer = setInterval(() => crowd?.act(), 1_000 / actsPerSecond)
  },
  endBurst() {
    if (timer !== null) clearInterval(timer)
    return { acts: crowd?.acts() ?? 0, refused: crowd?.refused() ?? [] }
  },
  remembered: () => crowd?.remembered() ?? [],
  truth: () => truthOf(sandbox),
  pending: () => sandbox.partnerCenter.deliveries.pending() + sandbox.dynamics.events.pending(),
  writes() {
    const made = [...sandbox.partnerCenter.calls.list(), ...sandbox.dynamics.calls.list()].filter(
      ({ method, path }) => method !== 'GET' && !path.includes('/oauth2/') && !path.includes('$batch'),
    )
    sandbox.partnerCenter.calls.reset()
    sandbox.dynamics.calls.reset()
    return made.map(({ method, path }) => `${method} ${path}`)
  },
}

/** Registers the webhook steps as an administrator does, for the tables that a deal lives in. */
function callbacks(url: string, key: string): void {
  const { people: admin, find } = sandbox.dynamics
  const endpoint = admin.create('serviceendpoint', {
    name: 'cosell',
    url,
    contract: 8,
    authtype: 5,
    authvalue: `<settings><setting name="x-cosell-key" value="${key}"/></settings>`,
    connectionmode: 1,
    messageformat: 2,
    userclaim: 1,
  })
  const messageId = (name: string): unknown => find('sdkmessage', { name })[0]?.['sdkmessageid']
  for (const message of ['Create', 'Update']) {
    const filter = find('sdkmessagefilter', { primaryobjecttypecode: 'opportunity' }).find((row) => row['_sdkmessageid_value'] === messageId(message))
    admin.create('sdkmessageprocessingstep', {
      name: `${message} of opportunity`,
      stage: 40,
      mode: 1,
      rank: 1,
      supporteddeployment: 0,
      asyncautodelete: true,
      'sdkmessageid@odata.bind': `/sdkmessages(${String(messageId(message))})`,
      'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${String(filter?.['sdkmessagefilterid'])})`,
      'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpoint})`,
    })
  }
}

answering(questions)
