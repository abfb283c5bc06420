import { isFault } from '../../core/fault.js'
import type { MappedKind, Mapping } from '../../core/mapping.js'
import type { Clock } from '../../core/ports.js'
import type { SalesforceApi } from './api.js'
import { thriftOf } from './budget.js'
import { codecOf, type Codec } from './codec.js'
import { discover, type Discover } from './discover.js'
import { tellsOfOtherFields } from './errors.js'
import { withLookups } from './lookup-fields.js'
import { UNREAD_SCHEMA, type Schema } from './schema.js'

/** Runs `work` alone among all workers that name the same key, so that two deals of one customer never make two accounts. */
export type CustomerGuard = <T>(key: string, work: (stillAlone: StillAlone) => Promise<T>) => Promise<T>
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

const schemaLifeMs = 10 * 60_000 // Fields that an administrator adds are seen within ten minutes, for a few calls each time.
const schemaLifeThriftyMs = 6 * 3_600_000 // While the org's allocation runs low; a refusal still has them read again at once.
const settledMs = 15_000 // After a refusal the fields are read again, but for refusals not more often than this.

/** What all parts of the adapter share: the connection, what is known of the org's objects, and the mapping bound to them. */
export class Org {
  readonly api: SalesforceApi
  readonly clock: Clock
  readonly guard: CustomerGuard
  /** When the rows around deals were last asked about. */
  partsPolledAt = 0
  readonly #settings: () => Settings
  readonly #discover: Discover
  #schema: Schema = UNREAD_SCHEMA
  #freshenedAt: number | null = null
  #reading: Promise<Schema> | null = null
  readonly #codecs = new Map<string, Codec>()

  constructor(options: {
    readonly api: SalesforceApi
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
  get known(): Schema {
    return this.#schema
  }

  async schema(signal: AbortSignal): Promise<Schema> {
    const { readAt } = this.#schema
    const lifeMs = (await thriftOf(this.api, this.clock.now(), signal)) === 'none' ? schemaLifeMs : schemaLifeThriftyMs
    if (readAt !== null && this.clock.now() - readAt < lifeMs) return this.#schema
    // One read serves everyone who waits for it.
    this.#reading ??= this.#read(signal).finally(() => {
      this.#reading = null
    })
    return this.#reading
  }
  async #read(signal: AbortSignal): Promise<Schema> {
    try {
      const schema = await this.#discover(this.api, { now: this.clock.now(), signal })
      this.#schema = await withLookups(this.api, schema, this.settings.mapping, signal)
    } catch (error) {
      // What we know goes on serving while the org cannot be described; a first read has nothing to fall back on.
      if (this.#schema.readAt === null || !isFault(error) || error.kind === 'signed-out' || error.kind === 'forbidden') throw error
    }
    return this.#schema
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
