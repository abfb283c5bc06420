import type { FlowName, FlowSwitch } from '../core/policy.js'
import type { Store } from '../core/ports.js'
import type { Instant } from '../core/ref.js'
import type { Engine } from './engine.js'
import type { FlowView } from './views.js'

export const FLOW_NAMES: readonly FlowName[] = ['partnerToCrm', 'crmToPartner']
const valueName = (flow: FlowName): string => `flow.${flow}`

/** A switch set by command, and what the file said then: it holds until a command or a change of the file's own value replaces it. */
interface Override {
  readonly value: FlowSwitch
  readonly file: FlowSwitch
}

export async function readFlows(store: Store, file: Readonly<Record<FlowName, FlowSwitch>>): Promise<FlowView[]> {
  return Promise.all(
    FLOW_NAMES.map(async (flow): Promise<FlowView> => {
      const stored = await store.getValue<Override>(valueName(flow))
      const holds = stored !== null && stored.value.file === file[flow]
      return { flow, value: holds ? stored.value.value : file[flow], origin: holds ? 'command' : 'file' }
    }),
  )
}

/** Deals that a switch kept from being written are due once it is on: nobody may edit them again for weeks. */
export async function markHeldBack({ store, clock }: Pick<Engine, 'store' | 'clock'>): Promise<void> {
  for (const reason of ['observing', 'excluded'] as const) {
    let after: string | null = null
    do {
      const page: Awaited<ReturnType<Store['list']>> = await store.list({ reason, limit: 500, after })
      const now = clock.now()
      const marks = page.links.map((link) => ({
        link: link.id,
        dueAt: now,
        urgency: 2 as const,
        wide: true,
        because: 'a flow was switched on',
      }))
      if (marks.length > 0) await store.queue.mark(marks, now)
      after = page.next
    } while (after !== null)
  }
}

export async function writeFlow(
  store: Store,
  change: { flow: FlowName; value: FlowSwitch; file: FlowSwitch; now: Instant },
): Promise<void> {
  const override: Override = { value: change.value, file: change.file }
  await store.setValue(valueName(change.flow), override, { expect: 'any', now: change.now })
}
