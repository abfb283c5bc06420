import type { Change, CreateChange, PatchChange, StepChange } from '../../core/change.js'
import { HELP, type Projection } from '../../core/deal.js'
import { Fault, FAULTS, isFault, toFault } from '../../core/fault.js'
import { behind } from '../../core/newest.js'
import type {
  Adapter,
  CallOptions,
  Capabilities,
  Check,
  Clock,
  Reading,
  ReadOptions,
  Receipt,
  RemoteSchema,
  TouchedOptions,
  TouchedPage,
} from '../../core/ports.js'
import { asVersion, type EndRef } from '../../core/ref.js'
import { equals } from '../../remote/odata.js'
import type { Send } from '../../remote/send.js'
import { steady } from '../../remote/steady.js'
import type { TokenClaims } from '../../remote/token-claims.js'
import { ReferralsApi, type Call, type Document, type ListPage, type ListQuery, type Operation, type Patched } from './api.js'
import { canonicalDeal } from './canonical.js'
import { checks, ready, type CheckParts } from './checks.js'
import { engagementOf, helpIn, presentOf, type Surroundings } from './decode.js'
import { describeReferral } from './describe.js'
import { documents, type Documents } from './documents.js'
import { freshness, type Freshness, type Shown } from './freshness.js'
import { invitation, newReferral } from './encode.js'
import { canonicalId, isMicrosofts, isSafeId, microsoftsAmong, referralRef } from './ids.js'
import { inParallel } from './in-parallel.js'
import { needsDocument, operationsOf, type MoneyForm } from './operations.js'
import { ownOrganization, type OwnOrganization } from './own-organization.js'
import { madeOf, showsMore } from './outcomes.js'
import { textMember, type PlatformApi, type PlatformBody } from './platform.js'
import { instantOf, stampOf } from './stamp.js'
import type { SweepParts } from './sweep-round.js'
import { touched } from './touched.js'
import { isWholeAnswer, parseBrief, parseReferral, type Referral } from './wire.js'

export interface PartnerCenterOptions {
  /** Calls to the Referrals API, signed in for it. */
  readonly send: Send
  readonly url: string
  readonly platform: PlatformApi
  readonly clock: Clock
  /** Partner (MPN) id of the location new deals are made under; null: the one of the signed-in partner's profile. */
  readonly partnerId: string | null
  /** The zone in which people read dates, as the mapping in force says; null: UTC. */
  readonly zone?: () => string | null
  /** What the present token says about the sign-in; absent: the checks leave it out. */
  readonly claims?: (signal: AbortSignal) => Promise<TokenClaims>
}

const portal = 'https://partner.microsoft.com/referrals/v2/inbox?id='
const parallel = 10 // What the pace lets through at once.
const pagesMost = 200 // A search by creation time looks at twenty thousand referrals at most.
const findMarginMs = 15 * 60_000 // Two clocks differ; a record made a little before the attempt is still looked at.
const pageSize = 100
const identity = 'id,engagementId,organizationId,organizationName,externalReferenceId,createdDateTime'
const overlapMs = 10 * 60_000 // Records may become visible after later ones; ten minutes is more than any lag we allow for.

export interface PartnerCenterAdapter extends Adapter {
  /** Whether the sign-in and its rights are in order. @throws Fault when they are refused or cannot be asked. */
  ready(options: CallOptions): Promise<Check[]>
}
export const partnerCenterAdapter = (options: PartnerCenterOptions): PartnerCenterAdapter => new PartnerCenter(options)

class PartnerCenter implements PartnerCenterAdapter {
  readonly side = 'partner'
  /** No id can be chosen and no marker is unique, and a new referral may be listed late: a search waits half a minute. */
  readonly can: Capabilities = { precondition: 'version', markerIsUnique: false, markerLagMs: 30_000, auditLimit: 0, makesUp: [] }
  readonly #options: PartnerCenterOptions
  readonly #api: ReferralsApi
  readonly #own: OwnOrganization
  readonly #documents: Documents = documents()
  readonly #fresh: Freshness
  readonly #sweep: SweepParts
  readonly #zone: () => string | null
  #money: MoneyForm = 'number'
  #partnerId: string | null

  constructor(options: PartnerCenterOptions) {
    this.#options = options
    const now = (): number => options.clock.now()
    this.#api = new ReferralsApi({ url: options.url, send: options.send, now })
    this.#own = ownOrganization({ referrals: this.#api, platform: options.platform, now: steady(options.clock) })
    this.#fresh = freshness(steady(options.clock))
    this.#zone = options.zone ?? (() => null)
    const lasting = { clock: options.clock, zone: this.#zone, pageSize, overlapMs }
    this.#sweep = { referrals: this.#api, own: this.#own, fresh: this.#fresh, ...lasting, learnt: { dates: 'plain' } }
    this.#partnerId = options.partnerId
  }

  canonical(deal: Projection): Projection {
    return canonicalDeal(deal)
  }
  webUrl(ref: EndRef): string {
    return `${portal}${encodeURIComponent(ref.id)}`
  }

  async read(ref: EndRef, { wide, signal }: ReadOptions): Promise<Reading> {
    // Any text can stand in a CRM record's identifier; what is no id names no referral.
    if (!isSafeId(ref.id)) return { kind: 'absent', ref }
    try {
      const document = await this.#api.get(ref.id, { what: `reading referral ${ref.id}`, signal })
      if (document === null && this.#fresh.isThere(ref.id)) throw behind(ref.id)
      return document === null ? { kind: 'absent', ref } : await this.#readingOf(ref, document, { wide, signal })
    } catch (error) {
      return { kind: 'unreachable', ref, fault: toFault(error) }
    }
  }

  async #readingOf(ref: EndRef, document: Document, { wide, signal }: ReadOptions): Promise<Reading> {
    const { referral } = document
    if (this.#fresh.isOld(shownBy(document))) throw behind(referral.id)
    const engagementId = engagementOf(referral)
    if (await this.#own.owns(referral, signal)) {
      this.#keep(document)
      const around = wide && engagementId !== null ? await this.#around(engagementId, referral.id, signal) : null
      return presentOf(referral, document.version, around, this.#zone())
    }
    // Somebody else's referral: the deal is our own one beside it. Without one of ours there is no deal of ours.
    const own = engagementId === null ? undefined : await this.#ownAmong(await this.#engagement(engagementId, signal), signal)
    return own === undefined ? { kind: 'absent', ref } : { kind: 'moved', ref, to: referralRef(own.referral.id) }
  }

  #keep(document: Document): void {
    this.#fresh.saw(shownBy(document))
    this.#documents.keep(document)
  }

  async #around(engagementId: string, ownId: string, signal: AbortSignal): Promise<Surroundings> {
    const related: EndRef[] = []
    let microsoft: Surroundings['microsoft'] = null
    for (const { referral } of await this.#engagement(engagementId, signal)) {
      if (canonicalId(referral.id) === canonicalId(ownId) || (await this.#own.owns(referral, signal))) continue
      related.push(referralRef(referral.id))
      if (microsoft === null && isMicrosofts(referral)) microsoft = (await this.#whole(referral, signal)) ?? referral
    }
    return { microsoft, related }
  }
  /** Microsoft's referral with its answer; null: it is listed, but not shown by its id. */
  async #whole(listed: Referral, signal: AbortSignal): Promise<Referral | null> {
    if (isWholeAnswer(listed)) return listed
    try {
      const read = await this.#api.get(listed.id, { what: `reading Microsoft's referral ${listed.id}`, signal })
      return read?.referral ?? null
    } catch (error) {
      if (isFault(error) && error.status === 403) return null
      throw error
    }
  }

  async #ownAmong(members: readonly Document[], signal: AbortSignal): Promise<Document | undefined> {
    for (const document of members) if (await this.#own.owns(document.referral, signal)) return document
    return undefined
  }
  /** Everything in one engagement, newest first: of two invitations the later one counts. */
  async #engagement(engagementId: string, signal: AbortSignal): Promise<readonly Document[]> {
    const found: Document[] = []
    const what = `reading engagement ${engagementId}`
    const listing = { filter: equals('engagementId', engagementId), orderBy: 'createdDateTime desc', select: null, top: null }
    for await (const item of this.#items(listing, { what, signal })) {
      const referral = parseReferral(item, what)
      found.push({ referral, version: referral.eTag ?? null })
    }
    return found
  }

  async *#items(listing: ListQuery, call: Call): AsyncGenerator<unknown> {
    for await (const page of this.#pages(listing, call)) yield* page.items
  }
  async *#pages(listing: ListQuery, call: Call): AsyncGenerator<ListPage> {
    let page = await this.#api.list(listing, call)
    for (let pages = 1; ; pages += 1) {
      yield page
      if (page.nextLink === null || pages >= pagesMost) return
      page = await this.#api.next(page.nextLink, call)
    }
  }

  readMany(refs: readonly EndRef[], options: ReadOptions): Promise<Reading[]> {
    return inParallel(refs, parallel, (ref) => this.read(ref, options))
  }

  async find(
    marker: { readonly as: CreateChange['as']; readonly value: string; readonly notBefore: number | null },
    { signal }: CallOptions,
  ): Promise<EndRef[]> {
    if (marker.as === 'related') {
      return microsoftsAmong(await this.#engagement(marker.value, signal)).map(({ referral }) => referralRef(referral.id))
    }
    if (marker.as !== 'referral') return []
    // Filtering by the CRM id is not documented, so the newest are listed and matched here.
    const what = 'looking for a referral that may have been created'
    const listing = { filter: null, orderBy: 'createdDateTime desc', select: identity, top: null }
    const wanted = canonicalId(marker.value)
    const found: EndRef[] = []
    for await (const { items, date } of this.#pages(listing, { what, signal })) {
      const stop = marker.notBefore === null ? null : this.#onServiceClock(marker.notBefore, date) - findMarginMs
      for (const item of items) {
        const brief = parseBrief(item, what)
        const at = instantOf(stampOf(brief.createdDateTime))
        if (stop !== null && at !== null && at < stop) return found
        const fits = canonicalId(brief.externalReferenceId ?? '') === wanted && (await this.#own.owns(brief, signal))
        if (fits) found.push(referralRef(brief.id))
      }
    }
    return found
  }

  /** A clock of ours that runs ahead, or did, would end a search before the record, and have it made again. `there`: the service's time. */
  #onServiceClock(at: number, there: number | null): number {
    return there === null ? at : Math.min(there, at - Math.max(0, this.#options.clock.now() - there))
  }

  async create(change: CreateChange, { signal }: CallOptions): Promise<Receipt> {
    if (change.as === 'related') return this.#invite(change, signal)
    const partnerId = await this.#location(signal)
    const document = await this.#api.create(newReferral(change.deal, { marker: change.marker, partnerId }), {
      what: `creating the referral of CRM record ${change.marker}`,
      signal,
    })
    this.#own.learn(document.referral.organizationId)
    this.#keep(document)
    return { ...receiptOf(document), resolved: madeOf(change.deal, document.referral) }
  }

  /** Microsoft is invited once: an invitation cannot be taken back, so the engagement is looked at first. */
  async #invite(change: CreateChange, signal: AbortSignal): Promise<Receipt> {
    const members = await this.#engagement(change.marker, signal)
    const [there] = microsoftsAmong(members)
    if (there !== undefined) {
      const shown = (await this.#whole(there.referral, signal)) ?? there.referral
      return { ...receiptOf(there), resolved: { [HELP]: helpIn(shown) } }
    }
    const own = await this.#ownAmong(members, signal)
    const mpnId = own?.referral.mpnId ?? (await this.#location(signal))
    const body = invitation(change.deal, {
      engagementId: change.marker,
      organizationId: own?.referral.organizationId ?? null,
      organizationName: own?.referral.organizationName ?? null,
    })
    return receiptOf(
      await this.#api.create(mpnId === null ? body : { ...body, mpnId }, {
        what: `inviting Microsoft to engagement ${change.marker}`,
        signal,
      }),
    )
  }

  async #location(signal: AbortSignal): Promise<string | null> {
    try {
      const profile = (): Promise<PlatformBody> => this.#options.platform.record('/v1/profiles/mpn', { what: 'reading the partner profile', signal })
      this.#partnerId ??= textMember(await profile(), 'mpnId')
    } catch (error) {
      // A profile we may not read is no reason not to create: the service may know the location by itself, and says so if it does not.
      if (isFault(error) && FAULTS[error.kind].system) throw error
    }
    return this.#partnerId
  }

  async write(change: PatchChange | StepChange, { signal }: CallOptions): Promise<Receipt> {
    const document = needsDocument(change.set) ? await this.#current(change, signal) : null
    const operations = (money: MoneyForm): readonly Operation[] => operationsOf(change, { record: document?.referral ?? null, money })
    if (operations(this.#money).length === 0) return { ref: change.ref, version: change.expect, resolved: {}, remarks: [] }
    const before = document ?? this.#documents.find(change.ref.id, change.expect) ?? null
    const what = `${change.kind === 'step' ? `taking the step "${change.take}" on` : 'updating'} referral ${change.ref.id}`
    // A list is written as a whole, so it is tied to the record it was made from even where nobody asked for a version.
    const done = await this.#patch(change, operations, { what, signal, ifMatch: change.expect ?? document?.version ?? null })
    this.#fresh.replaced({ id: change.ref.id, before: change.expect ?? document?.version ?? null, after: done.version })
    if (done.document === null) this.#documents.forget(change.ref.id)
    else this.#keep(done.document)
    const version = done.document !== null && showsMore(change, before, done.document) ? null : done.version
    return { ref: change.ref, version: version === null ? null : asVersion(version), resolved: {}, remarks: [] }
  }

  async #patch(
    change: PatchChange | StepChange,
    operations: (money: MoneyForm) => readonly Operation[],
    call: Call & { readonly ifMatch: string | null },
  ): Promise<Patched> {
    // Another deal may learn the form while this one is on its way.
    const form = this.#money
    try {
      return await this.#api.patch(change.ref.id, operations(form), call)
    } catch (error) {
      // A deal's value is documented as a number here and as text there: the other form is tried when the first is refused.
      if (!isFault(error) || error.status !== 400 || !('details.dealValue' in change.set)) throw error
      const other: MoneyForm = form === 'number' ? 'text' : 'number'
      const done = await this.#api.patch(change.ref.id, operations(other), call).catch((second: unknown) => {
        throw isFault(second) && second.status === 400 ? error : second
      })
      this.#money = other
      return done
    }
  }

  /** The record that a list is written on: in the version that was planned on, read again when it is no longer at hand. */
  async #current(change: PatchChange | StepChange, signal: AbortSignal): Promise<Document> {
    const known = this.#documents.find(change.ref.id, change.expect)
    if (known !== undefined) return known
    const read = await this.#api.get(change.ref.id, { what: `reading referral ${change.ref.id}`, signal })
    if (read === null || (change.expect !== null && read.version !== change.expect)) {
      throw new Fault('stale', `Referral ${change.ref.id} was changed since it was read.`, { remedy: 'Nothing to do: it is read again.' })
    }
    return read
  }

  writeMany(changes: readonly Change[], options: CallOptions): Promise<(Receipt | Fault)[]> {
    return inParallel(changes, parallel, (change) =>
      (change.kind === 'create' ? this.create(change, options) : this.write(change, options)).catch(toFault),
    )
  }

  touched(options: TouchedOptions): AsyncIterable<TouchedPage> {
    return touched(this.#sweep, options)
  }
  describe(): Promise<RemoteSchema> {
    return Promise.resolve(describeReferral())
  }
  checks({ signal }: CallOptions): Promise<Check[]> {
    return checks(this.#checkParts, signal)
  }
  ready({ signal }: CallOptions): Promise<Check[]> {
    return ready(this.#checkParts, signal)
  }
  get #checkParts(): CheckParts {
    const { platform, clock, partnerId, claims } = this.#options
    return { referrals: this.#api, platform, own: this.#own, clock, partnerId, claims: claims ?? null }
  }
}

const shownBy = ({ referral, version }: Document): Shown => ({ id: referral.id, version, changedAt: stampOf(referral.updatedDateTime) })

const receiptOf = ({ referral, version }: Document): Receipt => ({
  ref: referralRef(referral.id),
  version: version === null ? null : asVersion(version),
  resolved: {},
  remarks: [],
})
