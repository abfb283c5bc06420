import { Fault, isFault } from '../../core/fault.js'
import type { MappedKind, Mapping } from '../../core/mapping.js'
import type { Clock } from '../../core/ports.js'
import type { SalesforceApi } from './api.js'
import { thriftOf } from './budget.js'
import { codecOf, type Codec } from './codec.js'
import { discover, type Discover } from './discover.js'
import { tellsOfOtherFields } from './errors.js'
import { withLookups } from './lookup-fields.js'
import { textOf, type Row } from './row.js'
import { UNREAD_SCHEMA, type Schema } from './schema.js'
import { heldStageOf } from './stages.js'

/** Runs `work` alone among all workers that name the same key, so that two deals of one customer never make two accounts. */
export type CustomerGuard = <T>(key: string, work: (stillAlone: StillAlone) => Promise<T>, signal: AbortSignal) => Promise<T>
/** Asked right before an account is made, which has no unique mark here. @throws Fault when somebody else may have made it meanwhile. */
export type StillAlone = () => Promise<void>
/** For work that makes no account. */
export const alone: StillAlone = () => Promise.resolve()

export interface Settings {
  /** What the connector works by now; a new version gives a new object. */
  readonly mapping: Mapping
  /** E-mail of the owner of inbound deals when no team member is a user. */
  readonly owner: string | null
  readonly checkMarkInName: boolean
}

/** Remembers, beyond a restart, which stages were chosen in this org for deals that wait. */
export interface StageMemory {
  read(): Promise<readonly string[]>
  add(stage: string): Promise<void>
}
/** For as long as the process lives. */
function inMemory(): StageMemory {
  const stages: string[] = []
  return { read: () => Promise.resolve([...stages]), add: (stage) => Promise.resolve(void stages.push(stage)) }
}

/** @throws Fault `misconfigured` for another org than the one we work with. Null: it does not say which one it is. */
export type AssertOurs = (organizationId: string | null) => Promise<void>

const schemaLifeMs = 10 * 60_000 // Fields that an administrator adds are seen within ten minutes, for a few calls each time.
const schemaLifeThriftyMs = 6 * 3_600_000 // While the org's allocation runs low; a refusal still has them read again at once.
const settledMs = 15_000 // After a refusal, or when another org answered, the fields are read again, but not more often than this.

/** What all parts of the adapter share: the connection, what is known of the org's objects, and the mapping bound to them. */
export class Org {
  readonly api: SalesforceApi
  readonly clock: Clock
  readonly guard: CustomerGuard
  /** When the rows around deals were last asked about. */
  partsPolledAt = 0
  readonly #settings: () => Settings
  readonly #discover: Discover
  readonly #assertOurs: AssertOurs
  readonly #memory: StageMemory
  /** Stages that records show and that the org does not list, although it was asked anew for them. */
  readonly #unlisted = new Set<string>()
  #schema: Schema = UNREAD_SCHEMA
  #freshenedAt: number | null = null
  #reading: Promise<Schema> | null = null
  #outdated = 0
  /** Another org than ours answered: it is not described anew for every deal. */
  #foreign: { readonly fault: Fault; readonly at: number } | null = null
  readonly #codecs = new Map<string, Codec>()

  constructor(options: {
    readonly api: SalesforceApi
    readonly clock: Clock
    readonly guard: CustomerGuard
    readonly settings: () => Settings
    readonly discover?: Discover
    readonly assertOurs?: AssertOurs
    readonly stageMemory?: StageMemory
  }) {
    this.api = options.api
    this.clock = options.clock
    this.guard = options.guard
    this.#settings = options.settings
    this.#discover = options.discover ?? discover
    this.#assertOurs = options.assertOurs ?? (() => Promise.resolve())
    this.#memory = options.stageMemory ?? inMemory()
  }

  get settings(): Settings {
    return this.#settings()
  }
  get known(): Schema {
    return this.#schema
  }

  async schema(signal: AbortSignal): Promise<Schema> {
    if (this.#foreign !== null && this.clock.now() - this.#foreign.at < settledMs) throw this.#foreign.fault
    const { readAt } = this.#schema
    const lifeMs = (await thriftOf(this.api, this.clock.now(), signal)) === 'none' ? schemaLifeMs : schemaLifeThriftyMs
    if (readAt !== null && this.clock.now() - readAt < lifeMs) return this.#schema
    // One read serves everyone who waits for it.
    this.#reading ??= this.#read(signal).finally(() => {
      this.#reading = null
    })
    return this.#reading
  }
  /** What is known of the fields is read anew by whoever asks next, also where a reading is under way that may not have met the change. */
  outdate(): void {
    this.#outdated += 1
    if (this.#schema.readAt !== null) this.#schema = { ...this.#schema, readAt: Number.NEGATIVE_INFINITY }
  }
  async #read(signal: AbortSignal): Promise<Schema> {
    const outdated = this.#outdated
    let found: Schema
    try {
      found = await withLookups(this.api, await this.#discover(this.api, { now: this.clock.now(), signal }), this.settings.mapping, signal)
    } catch (error) {
      // What we know goes on serving while the org cannot be described; a first read has nothing to fall back on.
      if (this.#schema.readAt === null || !isFault(error) || error.kind === 'signed-out' || error.kind === 'forbidden') throw error
      return this.#schema
    }
    await this.#assertOurs(found.self?.organizationId ?? null).catch((error: unknown) => {
      if (isFault(error)) this.#foreign = { fault: error, at: this.clock.now() }
      throw error
    })
    this.#foreign = null
    this.#unlisted.clear()
    const held = await this.#withHeld(found)
    this.#schema = outdated === this.#outdated ? held : { ...held, readAt: Number.NEGATIVE_INFINITY }
    return this.#schema
  }
  /** The choice of a stage for deals that wait is written down before the first of them is read by it. */
  async #withHeld(found: Schema): Promise<Schema> {
    const schema = { ...found, heldBefore: await this.#memory.read() }
    const held = heldStageOf(schema, this.settings.mapping.stages.opportunity)
    if (held === null || schema.heldBefore.includes(held)) return schema
    await this.#memory.add(held)
    return { ...schema, heldBefore: [...schema.heldBefore, held] }
  }

  /**
   * Whether the org's stages have to be read again before these rows are understood: one that it did not list may be the new name of the stage in
   * which deals wait, and taken for any other open one it would be an answer.
   */
  isStrange(rows: readonly Row[]): boolean {
    const listed = new Set(this.#schema.stages.map(({ value }) => value))
    const known = new Set(this.codecNow('opportunity').stages.rows.flatMap(({ crm, also }) => [crm, ...also].map((values) => values['StageName'])))
    const names = rows.flatMap((row) => textOf(row, 'StageName') ?? [])
    const strange = names.filter((name) => !listed.has(name) && !known.has(name) && !this.#unlisted.has(name))
    return listed.size > 0 && strange.length > 0
  }
  /** Reads the org's stages for such rows; what it does not list then either is an old value that people may not choose any more. */
  async readStrange(rows: readonly Row[], signal: AbortSignal): Promise<void> {
    const { readAt } = this.#schema
    if (readAt !== null) this.#schema = { ...this.#schema, readAt: readAt - schemaLifeThriftyMs }
    const old = this.#schema
    if ((await this.schema(signal)) === old) {
      throw new Fault('invalid-answer', "Salesforce shows a stage that it did not list before, and the org's stages cannot be read now.", {
        remedy: 'Nothing to do: it is asked again.',
      })
    }
    for (const name of rows.flatMap((row) => textOf(row, 'StageName') ?? [])) this.#unlisted.add(name)
  }

  /** The mapping of one kind of record, bound to the org's fields. */
  async codec(kind: MappedKind, signal: AbortSignal): Promise<Codec> {
    await this.schema(signal)
    return this.codecNow(kind)
  }
  codecNow(kind: MappedKind): Codec {
    const { mapping, checkMarkInName } = this.settings
    const cached = this.#codecs.get(kind)
    if (cached?.mapping === mapping && cached.schema === this.#schema && cached.nameReserve > 0 === checkMarkInName) return cached
    const codec = codecOf({ mapping, schema: this.#schema, kind, checkMark: checkMarkInName })
    this.#codecs.set(kind, codec)
    return codec
  }

  /** Runs `work`; when the org says that a field is not what we think, reads the fields again and runs it once more. */
  async withFreshFields<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const { readAt } = this.#schema
      const now = this.clock.now()
      const justNow = this.#freshenedAt !== null && now - this.#freshenedAt < settledMs
      if (!isFault(error) || !tellsOfOtherFields(error) || readAt === null || justNow) throw error
      this.#freshenedAt = now
      this.#schema = { ...this.#schema, readAt: readAt - schemaLifeThriftyMs }
      return work()
    }
  }
}
