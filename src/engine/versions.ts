import type { AuditEvent } from '../core/audit.js'
import { Fault } from '../core/fault.js'
import type { FlowName, FlowSwitch } from '../core/policy.js'
import type { Clock, Store } from '../core/ports.js'
import { settingChanges, type Policies, type Settings, type SettingsOrigin, type SettingsVersion } from '../core/settings.js'
import { entry } from './engine.js'
import type { FlowView, SettingsSummary, VersionView } from './views.js'

export const FLOW_NAMES: readonly FlowName[] = ['partnerToCrm', 'crmToPartner']

export interface BookParts {
  readonly store: Pick<Store, 'getValue' | 'setValue' | 'listValues' | 'claim' | 'unclaim' | 'addAudit'>
  readonly clock: Clock
  readonly newId: () => string
  /** Reads a mapping document. @throws Fault `misconfigured` naming what is wrong in it. */
  readonly readMapping: (text: string) => unknown
  /** `second-person`: what one person promotes, another must approve. */
  readonly approval: 'none' | 'second-person'
}

/** The versions of the settings, shared by all processes over one store. */
export interface VersionBook {
  /** The version in force. */
  current(): Promise<SettingsVersion>
  /** The number in force: one small read, for asking often. */
  number(): Promise<number>
  version(number: number): Promise<SettingsVersion>
  list(): Promise<SettingsSummary[]>
  /** What would hold after a start with this file, and which version says so where the file does not. Writes nothing. */
  foresee(file: Settings): Promise<Foreseen>
  /** At every start: the first file is version 1, and what changed in the file since it was last read becomes a version. */
  readFile(file: Settings): Promise<SettingsVersion>
  promote(settings: Settings, options: { readonly note: string | null; readonly by: string }): Promise<VersionView>
  approve(number: number, by: string): Promise<VersionView>
  /** Null: the version in force before. Flow switches stay as they are unless they are asked for: going back must not begin to write. */
  rollback(number: number | null, options: { readonly flows: 'keep' | 'restore'; readonly by: string }): Promise<VersionView>
  flows(): Promise<FlowView[]>
  setFlow(flow: FlowName | 'all', value: FlowSwitch, by: string): Promise<FlowView[]>
}

/** Settings, and for those that a version holds instead of the file (`flows.crmToPartner`, `policies.leads`, `mapping`) that version. */
export interface Foreseen {
  readonly settings: Settings
  readonly versions: ReadonlyMap<string, Pick<SettingsVersion, 'number' | 'origin' | 'by'>>
}

const currentName = 'settings.current'
const fileName = 'settings.file'
const versionPrefix = 'settings.version.'
const nameOf = (number: number): string => `${versionPrefix}${String(number).padStart(8, '0')}`
const claimMs = 30_000
const triesMost = 100
const betweenTriesMs = 100

/** What a change is made of: the settings that shall hold, and how that came about. */
interface Draft {
  readonly settings: Settings
  readonly note: string | null
  readonly origin: SettingsOrigin
  readonly by: string
}

export function versionBook(parts: BookParts): VersionBook {
  const { store } = parts
  const number = async (): Promise<number> => (await store.getValue<number>(currentName))?.value ?? 0
  const version = async (wanted: number): Promise<SettingsVersion> => {
    const found = await store.getValue<SettingsVersion>(nameOf(wanted))
    if (found === null)
      throw new Fault('missing', `There is no version ${wanted} of the settings.`, {
        remedy: 'See "cosell config versions" for those there are.',
      })
    return found.value
  }
  const current = async (): Promise<SettingsVersion> => version(await number())
  const view = async (given: SettingsVersion): Promise<VersionView> => viewOf(given, await number())
  const flows = async (): Promise<FlowView[]> => {
    const [now, file] = [await current(), (await store.getValue<Settings>(fileName))?.value ?? null]
    return FLOW_NAMES.map((flow) => ({
      flow,
      value: now.settings.flows[flow],
      origin: file?.flows[flow] === now.settings.flows[flow] ? 'file' : 'command',
    }))
  }
  return {
    current,
    number,
    version,
    flows,
    async list() {
      const [inForce, rows] = [await number(), await store.listValues(versionPrefix)]
      return rows.map(({ value }) => summaryOf(value as SettingsVersion, inForce)).reverse() // written here, nowhere else
    },
    foresee: (file) => foresee(parts, file),
    readFile: (file) => alone(parts, () => readFile(parts, file)),
    promote: (settings, { note, by }) =>
      alone(parts, async () => {
        const made = await write(parts, { settings, note, origin: 'promoted', by })
        if (parts.approval === 'none' && made.changes.length > 0) await enforce(parts, made)
        return view(made)
      }),
    approve: (wanted, by) => alone(parts, async () => view(await approve(parts, await version(wanted), by))),
    rollback: (wanted, options) => alone(parts, async () => view(await rollback(parts, wanted, options, version))),
    setFlow: (flow, value, by) =>
      alone(parts, async () => {
        const { settings } = await current()
        const changed = Object.fromEntries((flow === 'all' ? FLOW_NAMES : [flow]).map((name) => [name, value]))
        const made = await write(parts, {
          settings: { ...settings, flows: { ...settings.flows, ...changed } },
          note: null,
          origin: 'switched',
          by,
        })
        if (made.changes.length > 0) await enforce(parts, made)
        await tell(parts, by, { kind: 'setting', name: `flow ${flow}`, detail: value })
        return flows()
      }),
  }
}

/** One process changes the settings at a time. @throws Fault `stale` when another holds on to them. */
async function alone<T>({ store, clock, newId }: BookParts, work: () => Promise<T>): Promise<T> {
  const token = newId()
  for (let tries = 0; tries < triesMost; tries += 1) {
    if (await store.claim('settings', { token, forMs: claimMs, now: clock.now() })) {
      try {
        return await work()
      } finally {
        await store.unclaim('settings', token)
      }
    }
    await clock.sleep(betweenTriesMs, new AbortController().signal)
  }
  throw new Fault('stale', 'Somebody else is changing the settings.', { remedy: 'Try again in half a minute.' })
}

/** Writes a version down. Nothing works by it before it is put in force. */
async function write(parts: BookParts, { settings, note, origin, by }: Draft): Promise<SettingsVersion> {
  const { store, clock, readMapping } = parts
  const before = (await store.getValue<number>(currentName))?.value ?? null
  const old = before === null ? null : ((await store.getValue<SettingsVersion>(nameOf(before)))?.value ?? null)
  // What nothing could work by must not be written down, above all not as the first version: it would stand in the way of the corrected file.
  if (settings.mapping !== null) readMapping(settings.mapping)
  const changes = old === null ? [] : settingChanges(old.settings, settings, readMapping)
  if (old !== null && changes.length === 0) return { ...old, changes: [] }
  const newest = (await store.listValues(versionPrefix)).length
  const now = clock.now()
  const made: SettingsVersion = { number: newest + 1, at: now, by, note, origin, previous: before, changes, settings, approvedBy: null }
  await store.setValue(nameOf(made.number), made, { expect: null, now })
  return made
}

async function enforce(parts: BookParts, version: SettingsVersion): Promise<void> {
  await parts.store.setValue(currentName, version.number, { expect: 'any', now: parts.clock.now() })
  const what = version.changes.map(({ path }) => path).join(', ')
  await tell(parts, version.by, {
    kind: 'setting',
    name: `settings version ${version.number}`,
    detail: [version.origin, version.note, what].filter((part) => part !== null && part !== '').join(': '),
  })
}

async function tell({ store, clock }: BookParts, by: string, event: AuditEvent): Promise<void> {
  const at = clock.now()
  await store.addAudit([entry({ link: null, run: null, at, by }, event)], at)
}

/** Part by part: what the file says anew replaces what holds; what it says as before leaves what people changed since. */
async function readFile(parts: BookParts, file: Settings): Promise<SettingsVersion> {
  const { store, clock } = parts
  const known = (await store.getValue<Settings>(fileName))?.value ?? null
  const inForce = (await store.getValue<number>(currentName))?.value ?? null
  const old = inForce === null ? null : ((await store.getValue<SettingsVersion>(nameOf(inForce)))?.value ?? null)
  const settings = old === null || known === null ? file : mergeFile(old.settings, known, file)
  const made = await write(parts, { settings, note: null, origin: 'file', by: 'cosell.yaml' })
  if (made.number !== inForce) await enforce(parts, made)
  if (JSON.stringify(known) !== JSON.stringify(file)) await store.setValue(fileName, file, { expect: 'any', now: clock.now() })
  return made
}

async function foresee({ store }: Pick<BookParts, 'store'>, file: Settings): Promise<Foreseen> {
  const known = (await store.getValue<Settings>(fileName))?.value ?? null
  const inForce = (await store.getValue<number>(currentName))?.value ?? null
  const held = inForce === null ? null : ((await store.getValue<SettingsVersion>(nameOf(inForce)))?.value ?? null)
  if (known === null || held === null) return { settings: file, versions: new Map() }
  const settings = mergeFile(held.settings, known, file)
  const rows = (await store.listValues(versionPrefix)).map(({ value }) => value as SettingsVersion) // written here, nowhere else
  const sayer = (path: string): SettingsVersion =>
    rows.findLast(({ number, origin, changes }) => number <= held.number && origin !== 'file' && changes.some((change) => change.path === path || change.path.startsWith(`${path}.`))) ?? held
  const paths = [
    ...(settings.mapping === file.mapping ? [] : ['mapping']),
    ...(['policies', 'flows'] as const).flatMap((part) => differing(settings[part], file[part]).map((key) => `${part}.${key}`)),
  ]
  return { settings, versions: new Map(paths.map((path) => [path, sayer(path)])) }
}

const differing = <T extends object>(one: T, other: T): string[] =>
  Object.keys(one).filter((key) => one[key as keyof T] !== other[key as keyof T]) // its own keys

function mergeFile(held: Settings, known: Settings, file: Settings): Settings {
  // The result has the keys of `now`, and for each the value that one of the three holds.
  const part = <T extends object>(was: T, before: T, now: T): T => {
    const merged = { ...now }
    for (const key in now) if (before[key] === now[key]) merged[key] = was[key]
    return merged
  }
  return {
    mapping: known.mapping === file.mapping ? held.mapping : file.mapping,
    policies: part<Policies>(held.policies, known.policies, file.policies),
    flows: part(held.flows, known.flows, file.flows),
  }
}

async function approve(parts: BookParts, version: SettingsVersion, by: string): Promise<SettingsVersion> {
  const inForce = (await parts.store.getValue<number>(currentName))?.value ?? null
  if (version.number === inForce) return version
  if (version.by === by)
    throw new Fault('rejected', `${by} proposed version ${version.number} and cannot approve it.`, {
      remedy: 'Ask another person to approve it.',
    })
  if (version.previous !== inForce)
    throw new Fault(
      'stale',
      `Version ${version.number} was proposed on version ${String(version.previous)}, and ${String(inForce)} is in force now.`,
      {
        remedy: 'Promote it again, so that what it changes is seen against what holds now.',
      },
    )
  const approved = { ...version, approvedBy: by }
  await parts.store.setValue(nameOf(version.number), approved, { expect: 'any', now: parts.clock.now() })
  await enforce(parts, approved)
  return approved
}

async function rollback(
  parts: BookParts,
  wanted: number | null,
  { flows, by }: { readonly flows: 'keep' | 'restore'; readonly by: string },
  version: (number: number) => Promise<SettingsVersion>,
): Promise<SettingsVersion> {
  const held = await version((await parts.store.getValue<number>(currentName))?.value ?? 0)
  const target = wanted === null ? await before(held, flows, version) : await version(wanted)
  const settings = flows === 'restore' ? target.settings : { ...target.settings, flows: held.settings.flows }
  const made = await write(parts, { settings, note: `as in version ${target.number}`, origin: 'rolled-back', by })
  if (made.number !== held.number) await enforce(parts, made)
  return made
}

/** The last version that said something else; a switch that was turned since is no step back. */
async function before(
  held: SettingsVersion,
  flows: 'keep' | 'restore',
  version: (number: number) => Promise<SettingsVersion>,
): Promise<SettingsVersion> {
  const says = ({ settings }: SettingsVersion): string => JSON.stringify(flows === 'restore' ? settings : { ...settings, flows: null })
  for (let number = held.previous; number !== null;) {
    const candidate = await version(number)
    if (says(candidate) !== says(held)) return candidate
    number = candidate.previous
  }
  throw new Fault('rejected', 'There is no earlier version to go back to.', { remedy: 'See "cosell config versions".' })
}

const summaryOf = ({ settings: _settings, ...version }: SettingsVersion, inForce: number): SettingsSummary => ({
  ...version,
  at: new Date(version.at).toISOString(),
  state: version.number === inForce ? 'in-force' : version.origin === 'promoted' && version.number > inForce ? 'proposed' : 'past',
})
const viewOf = (version: SettingsVersion, inForce: number): VersionView => ({ ...summaryOf(version, inForce), settings: version.settings })
