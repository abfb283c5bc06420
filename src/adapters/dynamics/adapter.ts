import type { Change, CreateChange, PatchChange, StepChange } from '../../core/change.js'
import type { Projection } from '../../core/deal.js'
import { Fault, isFault, toFault } from '../../core/fault.js'
import type { MappedKind } from '../../core/mapping.js'
import type { Adapter, CallOptions, Capabilities, Check, Clock, Reading, Receipt, RemoteSchema, TouchedOptions, TouchedPage } from '../../core/ports.js'
import type { EndKind, EndRef } from '../../core/ref.js'
import { DynamicsApi, type Question, type Send } from './api.js'
import { createMany, updateMany } from './bulk.js'
import { checks } from './checks.js'
import { assertWorks, canonicalOf, type Codec } from './codec.js'
import { create, resolvedBy } from './create.js'
import { presentOf, readQuery } from './decode.js'
import { describe } from './describe.js'
import { nothingSecured, securedColumns } from './secured-columns.js'
import { freeingOf, stillHeld } from './merged.js'
import { tellsOfExisting } from './errors.js'
import { Environment, type CustomerGuard, type Settings } from './environment.js'
import { everyOpportunity } from './every-opportunity.js'
import type { Discover } from './fields.js'
import { touched } from './feed.js'
import { asGuid } from '../guid.js'
import { withAllSolutions } from './expanded.js'
import { movedTo, qualify, withOrigins } from './leads.js'
import { isIn, lookUp, type Found } from './lookups.js'
import { recordName } from './operations.js'
import { AUDIT, IDENTIFIER } from './profile.js'
import { idOf, query, quoted, rowsOf, type Row } from './row.js'
import { columnIn } from './schema.js'
import { needsOfUpdate, prepareUpdate, receiptOf } from './update.js'
import { unpackVersion, type Seen } from './version.js'

export interface DynamicsOptions {
  /** The environment's URL, for example `https://contoso.crm.dynamics.com`. */
  readonly url: string
  /** An authenticated and paced exchange: refusals come back as answers, a missing answer is thrown as a Fault. */
  readonly send: Send
  readonly clock: Clock
  /** What the connector works by now. A new mapping must be a new object. */
  readonly settings: () => Settings
  /** Runs work on one customer alone among all workers. */
  readonly customerGuard: CustomerGuard
  /** Absent: the environment is asked. */
  readonly discover?: Discover
}

export interface DynamicsAdapter extends Adapter {
  /** Reads the environment's columns, so that `canonical` knows their limits before the first deal is read. */
  prepare(options: CallOptions): Promise<void>
  /** Logical name of the table of solutions, as far as it is known. */
  solutionTable(): string | null
  /** The columns have changed: whoever asks next reads them anew. */
  outdate(): void
}

const readsPerQuestion = 150 // Their ids (6,500 characters), the columns of a deal and all headers stay below 16 KB: see feed.ts.

export function dynamicsAdapter(options: DynamicsOptions): DynamicsAdapter {
  const api = new DynamicsApi({ url: options.url, send: options.send })
  const { clock, settings, discover, customerGuard: guard } = options
  return new Dynamics(new Environment({ api, clock, guard, settings, ...(discover === undefined ? {} : { discover }) }))
}

class Dynamics implements DynamicsAdapter {
  readonly side = 'crm'
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  get can(): Capabilities {
    const audit = columnIn(this.#environment.known, 'opportunity', AUDIT)
    return { precondition: 'version', markerIsUnique: true, markerLagMs: 0, auditLimit: audit === null ? 0 : (audit.maxLength ?? 2000), makesUp: [] }
  }

  async prepare({ signal }: CallOptions): Promise<void> {
    await this.#environment.schema(signal)
  }
  outdate(): void {
    this.#environment.outdate()
  }
  solutionTable(): string | null {
    return this.#environment.known.solutions?.name ?? null
  }

  canonical(deal: Projection, as: EndKind): Projection {
    return canonicalOf(this.#environment.codecNow(as === 'lead' ? 'lead' : 'opportunity'), deal)
  }

  webUrl(ref: EndRef): string {
    return `${this.#environment.api.root}/main.aspx?pagetype=entityrecord&etn=${ref.kind}&id=${ref.id}`
  }

  async read(ref: EndRef, { signal }: CallOptions): Promise<Reading> {
    const id = asGuid(ref.id)
    // Any text can stand in a referral's external reference; what is no GUID names no record here.
    if (id === null || ref.kind === 'referral') return { kind: 'absent', ref }
    return this.#readOne({ ...ref, id }, signal)
  }

  async #readOne(ref: EndRef, signal: AbortSignal): Promise<Reading> {
    try {
      return await this.#environment.withFreshColumns(async () => {
        const codec = await this.#codec(ref, signal)
        const row = await this.#environment.api.get({ path: `${codec.table.set}(${ref.id})${readQuery(codec)}`, what: recordName(ref.kind, ref.id) }, signal)
        const [whole = null] = row === null ? [] : await this.#whole(codec, [row], signal)
        return readingOf(codec, ref, whole)
      })
    } catch (error) {
      return { kind: 'unreachable', ref, fault: toFault(error) }
    }
  }

  async readMany(refs: readonly EndRef[], { signal }: CallOptions): Promise<Reading[]> {
    const readings = new Map<string, Reading>()
    for (const kind of ['opportunity', 'lead'] as const) {
      const ofKind = refs.filter((ref) => ref.kind === kind && asGuid(ref.id) === ref.id)
      for (let start = 0; start < ofKind.length; start += readsPerQuestion) {
        const some = ofKind.slice(start, start + readsPerQuestion)
        for (const reading of await this.#readSome(kind, some, signal)) if (reading.ref !== null) readings.set(`${kind}:${reading.ref.id}`, reading)
      }
    }
    return refs.map((ref) => readings.get(`${ref.kind}:${ref.id}`) ?? { kind: 'absent', ref })
  }

  async #readSome(kind: MappedKind, refs: readonly EndRef[], signal: AbortSignal): Promise<Reading[]> {
    try {
      return await this.#environment.withFreshColumns(async () => {
        const codec = await this.#environment.codec(kind, signal)
        assertWorks(codec)
        const filter = isIn(codec.table.id, refs.map(({ id }) => id))
        const listed = await this.#environment.api.list({ path: `${codec.table.set}${readQuery(codec, filter)}`, what: `${refs.length} records of ${kind}` }, signal)
        const rows = await this.#whole(codec, listed, signal)
        const byId = new Map(rows.map((row): [string | null, Row] => [idOf(row, codec.table.id), row]))
        return refs.map((ref) => readingOf(codec, ref, byId.get(ref.id) ?? null))
      })
    } catch (error) {
      const fault = toFault(error)
      return refs.map((ref): Reading => ({ kind: 'unreachable', ref, fault }))
    }
  }

  /** What one question leaves out of some rows: further solutions, and the opportunity a lead became. */
  async #whole(codec: Codec, rows: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
    const { api } = this.#environment
    return withOrigins(api, codec, await withAllSolutions(api, codec, rows, signal), signal)
  }

  /** Records that carry this referral's id, or whose own id it is. */
  async find(marker: { readonly value: string }, { signal }: CallOptions): Promise<EndRef[]> {
    const schema = await this.#environment.schema(signal)
    const guid = asGuid(marker.value)
    const kinds = (['opportunity', 'lead'] as const).flatMap((kind) => {
      const table = schema.tables[kind]
      if (table === null) return []
      const column = columnIn(schema, kind, IDENTIFIER)?.name
      const filter = [...(column === undefined ? [] : [`${column} eq ${quoted(marker.value)}`]), ...(guid === null ? [] : [`${table.id} eq ${guid}`])]
      if (filter.length === 0) return []
      const question: Question = { path: `${table.set}${query({ $select: table.id, $filter: filter.join(' or ') })}`, what: `records of referral ${marker.value}` }
      return [{ kind, id: table.id, question }]
    })
    const answers = await this.#environment.api.ask(kinds.map(({ question }) => question), signal)
    return kinds.flatMap(({ kind, id }, index) => {
      const answer = answers[index]
      if (answer instanceof Fault) throw answer
      return rowsOf(answer ?? {}, 'value').flatMap((row): EndRef[] => {
        const found = idOf(row, id)
        return found === null ? [] : [{ side: 'crm', kind, id: found }]
      })
    })
  }

  create(change: CreateChange, { signal }: CallOptions): Promise<Receipt> {
    return this.#environment.withFreshColumns(() => create(this.#environment, change, signal))
  }

  resolved(change: CreateChange, { signal }: CallOptions): Promise<Projection> {
    return this.#environment.withFreshColumns(() => resolvedBy(this.#environment, change, signal))
  }

  write(change: PatchChange | StepChange, { signal }: CallOptions): Promise<Receipt> {
    return this.#environment.withFreshColumns(() =>
      change.kind === 'step' && change.take === 'qualify' ? qualify(this.#environment, change, signal) : this.#update(change, signal),
    )
  }

  async #update(change: PatchChange | StepChange, signal: AbortSignal): Promise<Receipt> {
    const codec = await this.#codec(change.ref, signal)
    const seen = change.expect === null ? await this.#look(codec, change.ref, signal) : unpackVersion(change.expect)
    const { owner } = this.#environment.settings
    const found: Found = await lookUp(this.#environment.api, codec, needsOfUpdate(codec, change, seen, owner), signal)
    const prepared = prepareUpdate(codec, change, { seen, found, owner })
    const { api } = this.#environment
    try {
      await api.run(prepared.operations, signal)
    } catch (error) {
      const identifier = change.stamp.otherId
      if (!isFault(error) || !tellsOfExisting(error) || identifier === undefined) throw error
      const freeing = await freeingOf(api, codec, { id: change.ref.id, identifier }, signal)
      if (freeing.length === 0) throw error
      await api.run([...freeing, ...prepared.operations], signal).catch((cause: unknown) => {
        throw stillHeld(cause, change, freeing)
      })
    }
    return receiptOf(change, prepared)
  }

  /** A write that was planned on no version is planned on what stands there now. */
  async #look(codec: Codec, ref: EndRef, signal: AbortSignal): Promise<Seen> {
    const what = recordName(ref.kind, ref.id)
    const row = await this.#environment.api.get({ path: `${codec.table.set}(${ref.id})${readQuery(codec)}`, what }, signal)
    const [whole] = row === null ? [] : await this.#whole(codec, [row], signal)
    const version = whole === undefined ? null : presentOf(codec, ref, whole).version
    if (version === null) throw new Fault('missing', `The ${what} does not exist.`, { remedy: 'It may have been deleted in the CRM.' })
    return unpackVersion(version)
  }

  async writeMany(changes: readonly Change[], { signal }: CallOptions): Promise<(Receipt | Fault)[]> {
    const creates = changes.filter((change) => change.kind === 'create')
    const plain = changes.filter((change) => change.kind !== 'create' && this.#goesWithOthers(change)) as (PatchChange | StepChange)[] // creates are left out
    const outcomes = new Map<Change, Receipt | Fault>([
      ...(await createMany(this.#environment, creates, signal)),
      ...(await updateMany(this.#environment, plain, signal)),
    ])
    for (const change of changes) {
      if (outcomes.has(change) || change.kind === 'create') continue
      outcomes.set(change, await this.write(change, { signal }).catch((error: unknown) => toFault(error)))
    }
    return changes.map((change) => outcomes.get(change) ?? new Fault('bug', 'A change got no answer.', { remedy: 'Please report this.' }))
  }

  /** Updates that need no look before they are written. */
  #goesWithOthers(change: PatchChange | StepChange): boolean {
    const isQualify = change.kind === 'step' && change.take === 'qualify'
    const picks = change.set['details.requirements.solutions'] !== undefined && (this.#environment.known.solutions?.catalogue ?? null) !== null
    const people = change.set.team !== undefined || change.set['customerProfile.team'] !== undefined
    return !isQualify && change.expect !== null && !people && !picks
  }

  touched(options: TouchedOptions): AsyncIterable<TouchedPage> {
    return touched(this.#environment, options)
  }

  opportunities({ signal }: CallOptions): AsyncIterable<readonly EndRef[]> {
    return everyOpportunity(this.#environment, signal)
  }
  async describe({ signal }: CallOptions, rights?: 'asked'): Promise<RemoteSchema> {
    const schema = await this.#environment.schema(signal)
    const names = Object.fromEntries(Object.entries(schema.secured).map(([table, columns]) => [table, [...columns]]))
    if (rights === undefined || Object.values(names).every((columns) => columns.length === 0)) return describe(schema, nothingSecured)
    return describe(schema, await securedColumns(this.#environment.api, { userId: schema.self?.userId ?? '', names, signal }))
  }
  checks({ signal }: CallOptions): Promise<Check[]> {
    return checks(this.#environment, signal)
  }

  async #codec(ref: EndRef, signal: AbortSignal): Promise<Codec> {
    if (ref.kind === 'referral') throw new Fault('bug', 'A referral is no record of the CRM.', { remedy: 'Please report this.' })
    const codec = await this.#environment.codec(ref.kind, signal)
    assertWorks(codec)
    return codec
  }
}

function readingOf(codec: Codec, ref: EndRef, row: Row | null): Reading {
  if (row === null) return { kind: 'absent', ref }
  const to = codec.kind === 'lead' ? movedTo(row) : null
  return to === null ? presentOf(codec, ref, row) : { kind: 'moved', ref, to }
}

