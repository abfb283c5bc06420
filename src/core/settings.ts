import type { FlowName, FlowSwitch } from './policy.js'
import type { Instant } from './ref.js'

/** The part of the settings that people change while the connector works: never an address, never a credential. */
export interface Settings {
  /** The mapping document as YAML, stages and constants included; null: the built-in profile alone. */
  readonly mapping: string | null
  readonly policies: Policies
  readonly flows: Readonly<Record<FlowName, FlowSwitch>>
}
export interface Policies {
  readonly leads: boolean
  readonly irreversible: 'allow' | 'confirm' | 'forbid'
  readonly owner: string | null
  readonly checkMarkInName: boolean
}

/** Where a version came from: the configuration file, another installation's document, an earlier version, or a switch. */
export type SettingsOrigin = 'file' | 'promoted' | 'rolled-back' | 'switched'

/** One change of the settings, kept for ever: who, when, why, and everything that has been in force since. */
export interface SettingsVersion {
  readonly number: number
  readonly at: Instant
  readonly by: string
  readonly note: string | null
  readonly origin: SettingsOrigin
  /** The version in force before; null for the first. */
  readonly previous: number | null
  readonly changes: readonly SettingChange[]
  readonly settings: Settings
  /** Who agreed, where a second person must; null: nobody was asked, or nobody has agreed yet. */
  readonly approvedBy: string | null
}

/** `path` names the setting: `policies.leads`, `flows.crmToPartner`, `mapping.opportunity.details.notes`. Values as people read them; null: not set. */
export interface SettingChange {
  readonly path: string
  readonly before: string | null
  readonly after: string | null
}

/** What is different, setting by setting. `read` turns a mapping document into its rows: two texts that mean the same do not differ. */
export function settingChanges(before: Settings, after: Settings, read: (mapping: string) => unknown): SettingChange[] {
  const [old, now] = [flat(before, read), flat(after, read)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((path) => old.get(path) !== now.get(path))
    .sort()
    .map((path) => ({ path, before: old.get(path) ?? null, after: now.get(path) ?? null }))
}

// A row of the mapping and a policy are what people change; what stands below them is one value.
const depthOf: Readonly<Record<string, number>> = { mapping: 3, policies: 2, flows: 2 }

function flat(settings: Settings, read: (mapping: string) => unknown): Map<string, string> {
  const found = new Map<string, string>()
  const mapping = settings.mapping === null ? {} : read(settings.mapping)
  const walk = (value: unknown, path: readonly string[]): void => {
    const most = depthOf[path[0] ?? ''] ?? 1
    if (isMembers(value) && path.length < most) for (const [key, member] of Object.entries(value)) walk(member, [...path, key])
    else if (value !== null && value !== undefined) found.set(path.join('.'), typeof value === 'string' ? value : ordered(value))
  }
  walk(mapping, ['mapping'])
  walk(settings.policies, ['policies'])
  walk(settings.flows, ['flows'])
  found.delete('mapping.version') // the form of the document, not a setting
  return found
}

const isMembers = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** JSON with the members of every object in one order, so that the order they were written in is no difference. */
const ordered = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    isMembers(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member,
  )
