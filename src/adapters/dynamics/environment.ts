import type { Clock } from '../../core/ports.js'
import { isFault } from '../../core/fault.js'
import type { MappedKind, Mapping } from '../../core/mapping.js'
import type { DynamicsApi } from './api.js'
import { codecOf, type Codec } from './codec.js'
import { tellsOfOtherColumns } from './errors.js'
import { withDays } from './day-columns.js'
import { discover, type Discover } from './fields.js'
import { withLookups } from './lookup-columns.js'
import { ASSUMED_SCHEMA, type Schema } from './schema.js'
import { Stride } from './stride.js'

/** Runs `work` alone among all workers that name the same key, so that two deals of one customer never make two accounts. */
export type CustomerGuard = <T>(key: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>

export interface Settings {
  /** What the connector works by now; a new version gives a new object. */
  readonly mapping: Mapping
  /** E-mail of the owner of inbound deals when no team member is a user. */
  readonly owner: string | null
  readonly checkMarkInName: boolean
}

const schemaLifeMs = 10 * 60_000 // Columns that an administrator adds are seen within ten minutes, for two calls each time.
const settledMs = 15_000 // After a refusal the columns are read again, but for refusals not more often than this.

/** What all parts of the adapter share: the connection, what is known of its tables, and the mapping bound to them. */
export class Environment {
  readonly api: DynamicsApi
  readonly clock: Clock
  readonly guard: CustomerGuard
  readonly stride = new Stride()
  readonly #settings: () => Settings
  readonly #discover: Discover
  #schema: Schema = ASSUMED_SCHEMA
  #freshenedAt: number | null = null
  #reading: Promise<Schema> | null = null
  #outdated = 0
  readonly #codecs = new Map<string, Codec>()

  constructor(options: {
    readonly api: DynamicsApi
    readonly clock: Clock
    readonly guard: CustomerGuard
    readonly settings: () => Settings
    readonly discover?: Discover
  }) {
    this.api = options.api
    this.clock = options.clock
    this.guard = options.guard
    this.#settings = options.settings
    this.#discover = options.discover ?? discover
  }

  get settings(): Settings {
    return this.#settings()
  }
  /** What is known now; the delivered tables before the first read. */
  get known(): Schema {
    return this.#schema
  }

  async schema(signal: AbortSignal): Promise<Schema> {
    const { readAt } = this.#schema
    if (readAt !== null && this.clock.now() - readAt < schemaLifeMs) return this.#schema
    // One read serves everyone who waits for it.
    this.#reading ??= this.#read(signal).finally(() => {
      this.#reading = null
    })
    return this.#reading
  }
  /** What is known of the columns is read anew by whoever asks next, also where a reading is under way that may not have met the change. */
  outdate(): void {
    this.#outdated += 1
    if (this.#schema.readAt !== null) this.#schema = { ...this.#schema, readAt: Number.NEGATIVE_INFINITY }
  }
  async #read(signal: AbortSignal): Promise<Schema> {
    const outdated = this.#outdated
    try {
      const schema = await this.#discover(this.api, { now: this.clock.now(), signal })
      const { mapping } = this.settings
      const found = await withDays(this.api, await withLookups(this.api, schema, mapping, signal), mapping, signal)
      this.#schema = outdated === this.#outdated ? found : { ...found, readAt: Number.NEGATIVE_INFINITY }
    } catch (error) {
      // What we know goes on serving while the metadata cannot be read; a first read has nothing to fall back on.
      if (this.#schema.readAt === null || !isFault(error) || error.kind === 'signed-out' || error.kind === 'forbidden') throw error
    }
    return this.#schema
  }

  /** The mapping of one kind of record, bound to the environment's columns. */
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

  /** Runs `work`; when the CRM says that a column is not what we think, reads the columns again and runs it once more. */
  async withFreshColumns<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const { readAt } = this.#schema
      const now = this.clock.now()
      const justNow = this.#freshenedAt !== null && now - this.#freshenedAt < settledMs
      if (!isFault(error) || !tellsOfOtherColumns(error) || readAt === null || justNow) throw error
      this.#freshenedAt = now
      this.#schema = { ...this.#schema, readAt: readAt - schemaLifeMs }
      return work()
    }
  }
}
