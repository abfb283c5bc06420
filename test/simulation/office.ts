import type { Field } from '../../src/core/deal.js'
import { fieldPolicies } from '../../src/core/mapping.js'
import { defaultPolicy, type FlowName, type Policy } from '../../src/core/policy.js'
import type { Side } from '../../src/core/ref.js'
import type { Take } from '../../src/core/stage.js'
import type { Engine, PolicyInForce } from '../../src/engine/engine.js'
import { markUnderSwitches } from '../../src/engine/mark-again.js'
import { DYNAMICS_SETTINGS } from './crm-dynamics.js'
import type { Rare } from './rare.js'

/** A yes to a door, or an order: it is about these records. */
export interface Word {
  /** Happenings of the truth before it. */
  readonly order: number
  readonly link: string
  readonly records: readonly string[]
  readonly side: Side | 'both'
  readonly takes: readonly Take[]
}
/** A value that somebody chose at the desk. */
export interface Choice {
  /** Happenings of the truth before it. */
  readonly order: number
  readonly records: readonly string[]
  readonly field: Field
  readonly keep: Side
  readonly value: unknown
}
/** A deal that somebody wanted left alone, from then until it was taken up again. */
export interface Hold {
  readonly link: string
  readonly records: readonly string[]
  readonly fromMs: number
  untilMs: number
}

/** How the product is set up, and what was said at its desk: all processes work by it, and the checker holds them to it. */
export interface Office {
  readonly inForce: () => PolicyInForce
  readonly irreversible: Policy['irreversible']
  readonly flows: () => Policy['flows']
  /** Since when a flow writes; Infinity: not yet. */
  readonly openSince: Record<FlowName, number>
  open(now: number): readonly FlowName[]
  readonly words: Word[]
  readonly choices: Choice[]
  /** Deals at a door of which somebody said no: what the two show of it stays different. */
  readonly refused: Set<string>
  readonly holds: Hold[]
}

// The rules of the fields are those of the delivered mapping on every CRM.
const delivered = { ...defaultPolicy(), fields: fieldPolicies(DYNAMICS_SETTINGS.mapping) }
const FLOWS: readonly FlowName[] = ['partnerToCrm', 'crmToPartner']

export function office(rare: Rare | null): Office {
  let flows = rare?.flows ?? delivered.flows
  let version = 1
  const irreversible = rare?.irreversible ?? delivered.irreversible
  const since = (name: FlowName): number => (flows[name] === 'on' ? 0 : Infinity)
  const openSince = { partnerToCrm: since('partnerToCrm'), crmToPartner: since('crmToPartner') }
  let policy: Policy = rare === null ? delivered : { ...delivered, flows, irreversible }
  return {
    inForce: () => ({ policy, version, mapping: null }),
    irreversible,
    flows: () => flows,
    openSince,
    open(now) {
      const opened = FLOWS.filter((name) => flows[name] !== 'on')
      for (const name of opened) openSince[name] = now
      flows = { partnerToCrm: 'on', crmToPartner: 'on' }
      policy = { ...policy, flows }
      version += 1
      return opened
    },
    words: [],
    choices: [],
    refused: new Set(),
    holds: [],
  }
}

/** As every process does when it starts. */
export const atStart = (engine: Engine, { inForce }: Office): Promise<void> => markUnderSwitches(engine, inForce().policy)
