import type { Change, CreateChange, PatchChange, StepChange } from '../../core/change.js'
import type { Projection } from '../../core/deal.js'
import { Fault, toFault } from '../../core/fault.js'
import type { MappedKind } from '../../core/mapping.js'
import type {
  Adapter,
  CallOptions,
  Capabilities,
  Check,
  Clock,
  Reading,
  Receipt,
  RemoteSchema,
  TouchedOptions,
  TouchedPage,
} from '../../core/ports.js'
import type { EndKind, EndRef, Version } from '../../core/ref.js'
import { SalesforceApi } from './api.js'
import { createMany } from './bulk.js'
import { checks } from './checks.js'
import { assertWorks, canonicalOf, type Codec } from './codec.js'
import { create, resolvedBy } from './create.js'
import { presentOf, readingOf, readQuery } from './decode.js'
import { describe } from './describe.js'
import { withIdentifier, type Discover } from './discover.js'
import type { Send, Session } from './exchange.js'
import { everyOpportunity } from './every-opportunity.js'
import { touched } from './feed.js'
import { convert, MADE_UP } from './leads.js'
import { lookUp } from './lookups.js'
import { Org, type AssertOurs, type CustomerGuard, type Settings, type StageMemory } from './org.js'
import { AUDIT, IDENTIFIER } from './profile.js'
import { asRecordId, flagOf, idOf, type Row } from './row.js'
import { fieldIn, objectOf } from './schema.js'
import { fitting } from './soql.js'
import { needsOfUpdate, prepareUpdate, receiptOfUpdate, type Update } from './update.js'
import { byLaterStamps, packVersion, unpackVersion, type Seen } from './version.js'

export interface SalesforceOptions {
  /** The org's My Domain URL, for example `https://contoso.my.salesforce.com`. */
  readonly url: string
  /** An authenticated and paced exchange: refusals come back as answers, a missing answer is thrown as a Fault. */
  readonly send: Send
  readonly session: Session
  readonly clock: Clock
  /** What the connector works by now. A new mapping must be a new object. */
  readonly settings: () => Settings
  /** Runs work on one customer alone among all workers. */
  readonly customerGuard: CustomerGuard
  /** Absent: the org is asked. */
  readonly discover?: Discover
  /** Absent: whichever org answers is ours. */
  readonly assertOurs?: AssertOurs
  /** Absent: the choice of a stage for deals that wait lasts as long as the process. */
  readonly stageMemory?: StageMemory
}

const readsPerQuestion = 200

/** The adapter, and what its callbacks are told apart by. */
export interface SalesforceAdapter extends Adapter {
  /** The org this connector works with; null before it was asked. */
  organizationId(): string | null
  /** The fields have changed: whoever asks next reads them anew. */
  outdate(): void
}

export function salesforceAdapter(options: SalesforceOptions): SalesforceAdapter {
  const api = new SalesforceApi({ url: options.url, send: options.send, session: options.session, clock: options.clock })
  const { clock, settings, customerGuard: guard, url: _url, send: _send, session: _session, ...given } = options
  return new Salesforce(new Org({ ...given, api, clock, guard, settings }))
}

class Salesforce implements SalesforceAdapter {
  readonly side = 'crm'
  readonly #org: Org

  constructor(org: Org) {
    this.#org = org
  }

  get can(): Capabilities {
    const audit = fieldIn(this.#org.known, 'Opportunity', AUDIT)
    const auditLimit = audit === null ? 0 : (audit.maxLength ?? 32_768)
    return { precondition: 'second', markerIsUnique: true, markerLagMs: 0, auditLimit, makesUp: MADE_UP }
  }

  canonical(deal: Projection, as: EndKind): Projection {
    return canonicalOf(this.#org.codecNow(as === 'lead' ? 'lead' : 'opportunity'), deal)
  }

  webUrl(ref: EndRef): string {
    return `${this.#org.api.root}/${ref.id}`
  }

  outdate(): void {
    this.#org.outdate()
  }
  organizationId(): string | null {
    return this.#org.known.self?.organizationId ?? null
  }

  async read(ref: EndRef, options: CallOptions): Promise<Reading> {
    const [reading] = await this.readMany([ref], options)
    return reading ?? { kind: 'absent', ref }
  }

  async readMany(refs: readonly EndRef[], { signal }: CallOptions): Promise<Reading[]> {
    const readings = new Map<string, Reading>()
    for (const kind of ['opportunity', 'lead'] as const) {
      // Any text can stand in a referral's external reference; what is no record id names no record here.
      const ofKind = refs.filter((ref) => ref.kind === kind && asRecordId(ref.id) !== null)
      for (const some of this.#inQuestions(kind, ofKind)) {
        for (const [id, reading] of await this.#readSome(kind, some, signal)) readings.set(`${kind}:${id}`, reading)
      }
    }
    return refs.map((ref) => readings.get(`${ref.kind}:${ref.id}`) ?? { kind: 'absent', ref })
  }

  /** As many records a question as its address can name. */
  *#inQuestions(kind: MappedKind, refs: readonly EndRef[]): Generator<readonly EndRef[]> {
    const byId = new Map(refs.map((ref) => [ref.id, ref]))
    const { known } = this.#org
    const rest = known.readAt === null || known.objects[objectOf(kind)] === null ? '' : readQuery(this.#org.codecNow(kind), [])
    for (const ids of fitting([...byId.keys()], rest, readsPerQuestion)) yield ids.flatMap((id) => byId.get(id) ?? [])
  }

  async #readSome(kind: MappedKind, refs: readonly EndRef[], signal: AbortSignal): Promise<[string, Reading][]> {
    try {
      return await this.#org.withFreshFields(async () => {
        const codec = await this.#org.codec(kind, signal)
        assertWorks(codec)
        const ids = [...new Set(refs.flatMap(({ id }) => asRecordId(id) ?? []))]
        const what = refs.length === 1 && refs[0] !== undefined ? `${kind} ${refs[0].id}` : `${refs.length} records of ${kind}`
        const { rows, at } = await this.#org.api.query({ soql: readQuery(codec, ids), deleted: true, what }, signal)
        if (this.#org.isStrange(rows)) {
          await this.#org.readStrange(rows, signal)
          return this.#readSome(kind, refs, signal)
        }
        const byId = new Map(rows.map((row): [string | null, Row] => [idOf(row, 'Id'), row]))
        return refs.map((ref): [string, Reading] => {
          const id = asRecordId(ref.id) ?? ref.id
          return [ref.id, readingOf(codec, { ...ref, id }, byId.get(id) ?? null, at)]
        })
      })
    } catch (error) {
      const fault = toFault(error)
      return refs.map((ref): [string, Reading] => [ref.id, { kind: 'unreachable', ref, fault }])
    }
  }

  /**
   * Records that carry this referral's id, or whose own id it is. A converted lead still carries it and is its opportunity: that is named where it
   * carries the id as well. Where the conversion did not copy it, nothing but the lead leads there.
   */
  async find(marker: { readonly value: string }, { signal }: CallOptions): Promise<EndRef[]> {
    const schema = await this.#org.schema(signal)
    const found: EndRef[] = []
    const converted: EndRef[] = []
    for (const kind of ['opportunity', 'lead'] as const) {
      const object = objectOf(kind)
      const field = schema.objects[object] === null ? undefined : fieldIn(schema, object, IDENTIFIER)?.name
      const own = asRecordId(marker.value)
      const isKind = own?.startsWith(kind === 'lead' ? '00Q' : '006') === true
      if (field === undefined && !isKind) continue
      const soql =
        field === undefined || isKind
          ? `SELECT Id FROM ${object} WHERE Id = '${own ?? ''}'`
          : withIdentifier(object, field, marker.value.toLowerCase(), kind === 'lead' ? ['Id', 'IsConverted'] : ['Id'])
      const { rows } = await this.#org.api.query({ soql, deleted: false, what: `records of referral ${marker.value}` }, signal)
      for (const row of rows) {
        const id = idOf(row, 'Id')
        if (id !== null) (flagOf(row, 'IsConverted') ? converted : found).push({ side: 'crm', kind, id })
      }
    }
    return found.length > 0 ? found : converted
  }

  create(change: CreateChange, { signal }: CallOptions): Promise<Receipt> {
    return this.#org.withFreshFields(() => create(this.#org, change, signal))
  }
  resolved(change: CreateChange, { signal }: CallOptions): Promise<Projection> {
    return this.#org.withFreshFields(() => resolvedBy(this.#org, change, signal))
  }

  write(change: Update, { signal }: CallOptions): Promise<Receipt> {
    return this.#org.withFreshFields(() =>
      change.kind === 'step' && change.take === 'qualify' ? convert(this.#org, change, signal) : this.#update(change, signal),
    )
  }
  async #update(change: PatchChange | StepChange, signal: AbortSignal): Promise<Receipt> {
    if (change.ref.kind === 'referral') throw new Fault('bug', 'A referral is no record of the CRM.', { remedy: 'Please report this.' })
    const codec = await this.#org.codec(change.ref.kind, signal)
    assertWorks(codec)
    const seen = change.expect === null ? await this.#look(codec, change.ref, signal) : unpackVersion(change.expect)
    const { owner } = this.#org.settings
    const found = await lookUp(this.#org.api, codec, needsOfUpdate(codec, change, seen, owner), signal)
    const prepared = prepareUpdate(codec, change, { seen, found, owner })
    try {
      await this.#org.api.run(prepared.operations, signal)
    } catch (error) {
      if (!(await this.#isUntouched(codec, { ref: change.ref, seen, error }, signal))) throw error
      await this.#org.api.run(prepareUpdate(codec, change, { seen: byLaterStamps(seen), found, owner }).operations, signal)
    }
    return receiptOfUpdate(change, prepared)
  }

  /**
   * Which of a row's two times a conditional write is compared with is not documented. By the later one it is refused for what the system itself
   * did (an undelete, a recalculation) before we looked, and would be at every attempt: then everything still is as it was seen.
   */
  async #isUntouched(
    codec: Codec,
    { ref, seen, error }: { readonly ref: EndRef; readonly seen: Seen; readonly error: unknown },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { row, account, contact } = seen
    const stamps = [row, account, contact].flatMap((part) => (part === null || part.stampedAt <= part.modifiedAt ? [] : [part.stampedAt]))
    if (toFault(error).kind !== 'stale' || stamps.length === 0) return false
    const now = await this.#looked(codec, ref, signal)
    // What happened in the very second of the stamp cannot be told from it.
    return now.version === packVersion(seen) && now.at !== null && now.at >= Math.max(...stamps) + 1_000
  }

  /** A write that was planned on no version is planned on what stands there now. */
  async #look(codec: Codec, ref: EndRef, signal: AbortSignal): Promise<Seen> {
    const { version } = await this.#looked(codec, ref, signal)
    if (version === null)
      throw new Fault('missing', `The ${ref.kind} ${ref.id} does not exist.`, { remedy: 'It may have been deleted in the CRM.' })
    return unpackVersion(version)
  }

  async #looked(codec: Codec, ref: EndRef, signal: AbortSignal): Promise<{ readonly version: Version | null; readonly at: number | null }> {
    const what = `${ref.kind} ${ref.id}`
    const { rows, at } = await this.#org.api.query({ soql: readQuery(codec, [ref.id]), deleted: false, what }, signal)
    const [row] = rows
    return { version: row === undefined ? null : presentOf(codec, ref, row, at).version, at }
  }

  async writeMany(changes: readonly Change[], { signal }: CallOptions): Promise<(Receipt | Fault)[]> {
    const outcomes = new Map<Change, Receipt | Fault>(
      await createMany(
        this.#org,
        changes.filter((change) => change.kind === 'create'),
        signal,
      ),
    )
    for (const change of changes) {
      if (change.kind !== 'create') outcomes.set(change, await this.write(change, { signal }).catch((error: unknown) => toFault(error)))
    }
    return changes.map((change) => outcomes.get(change) ?? new Fault('bug', 'A change got no answer.', { remedy: 'Please report this.' }))
  }

  touched(options: TouchedOptions): AsyncIterable<TouchedPage> {
    return touched(this.#org, options)
  }

  opportunities({ signal }: CallOptions): AsyncIterable<readonly EndRef[]> {
    return everyOpportunity(this.#org, signal)
  }
  async describe({ signal }: CallOptions): Promise<RemoteSchema> {
    return describe(await this.#org.schema(signal))
  }
  checks({ signal }: CallOptions): Promise<Check[]> {
    return checks(this.#org, signal)
  }
}
