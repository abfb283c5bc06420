import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/index.js'
import { toFault } from '../core/fault.js'
import { rowPolicies } from '../core/mapping.js'
import type { Settings } from '../core/settings.js'
import type { PolicyInForce } from '../engine/engine.js'
import { rememberRows } from '../engine/remap.js'
import type { VersionBook } from '../engine/versions.js'
import { connectCrm } from './crm.js'
import { mappedRowsOf, mappingOf } from './mapping.js'
import type { ConnectionParts, CrmConnection, CrmSettings } from './parts.js'

/** The settings in force, and the CRM seen through them. Each mapping has an adapter of its own: what began under one ends under it. */
export interface InForce {
  readonly crm: CrmConnection
  readonly policy: () => PolicyInForce
  readonly settings: () => CrmSettings
  readonly source: () => Settings
  /** Reads which version is in force: another process may have put one in force. */
  refresh(): Promise<void>
}

interface Force {
  readonly number: number
  readonly source: Settings
  readonly settings: CrmSettings
  readonly policy: PolicyInForce
  readonly crm: CrmConnection
}

export const crmSettings = (crm: Config['crm'], { mapping, policies }: Settings): CrmSettings => ({
  mapping: mappingOf(crm, mapping),
  owner: policies.owner,
  checkMarkInName: policies.checkMarkInName,
})

export async function inForce(
  config: Config,
  parts: ConnectionParts,
  { book, warn }: { readonly book: VersionBook; readonly warn: (message: string, details: Record<string, unknown>) => void },
): Promise<InForce> {
  let force = await forceOf(null)
  async function forceOf(last: Force | null): Promise<Force> {
    const { number, settings: source } = await book.current()
    const same = last !== null && isDeepStrictEqual({ ...last.source, flows: null }, { ...source, flows: null })
    const settings = same ? last.settings : crmSettings(config.crm, source)
    const mapping = same ? last.policy.mapping : mappedRowsOf(settings.mapping)
    if (!same && mapping !== null) await rememberRows(parts, mapping)
    const policy = { ...rowPolicies(settings.mapping), ...source.policies, flows: source.flows }
    const crm = same ? last.crm : connectCrm(config.crm, parts, () => settings)
    return { number, source, settings, policy: { policy, version: number, mapping }, crm }
  }
  let refused = 0
  return {
    crm: throughWhatHolds(() => force.crm),
    policy: () => force.policy,
    settings: () => force.settings,
    source: () => force.source,
    async refresh() {
      const number = await book.number()
      if (number === force.number || number === refused) return
      try {
        force = await forceOf(force)
      } catch (error) {
        refused = number
        warn(`Version ${number} of the settings cannot be used here; version ${force.number} goes on.`, { error: toFault(error).message })
      }
    },
  }
}

/** One connection for those who hold on to it, whichever version is in force when they use it. */
function throughWhatHolds(now: () => CrmConnection): CrmConnection {
  return {
    get adapter() {
      return now().adapter
    },
    get inbound() {
      return now().inbound
    },
    get installer() {
      return now().installer
    },
    get tasks() {
      return now().tasks
    },
    kind: now().kind,
    idFor: (referralId) => now().idFor(referralId),
    checks: (signal) => now().checks(signal),
    outdate: () => now().outdate(),
  }
}
