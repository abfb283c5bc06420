import type { Change, CreateChange, PatchChange, StepChange } from '../../core/change.js'
import type { Projection } from '../../core/deal.js'
import { Fault, isFault, toFault } from '../../core/fault.js'
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
import type { Send } from '../../remote/send.js'
import { ReferralsApi, type Document } from './api.js'
import { canonicalDeal } from './canonical.js'
import { checks } from './checks.js'
import { engagementOf, presentOf, type Surroundings } from './decode.js'
import { documents, type Documents } from './documents.js'
import { invitation, newReferral } from './encode.js'
import { canonicalId, isMicrosoft, isSafeId, referralRef } from './ids.js'
import { needsDocument, operationsOf, type MoneyForm } from './operations.js'
import { ownOrganization, type OwnOrganization } from './own-organization.js'
import { textMember, type PlatformApi } from './platform.js'
import { instantOf, stampOf } from './stamp.js'
import { touched, type SweepParts } from './touched.js'
import { parseReferral } from './wire.js'

export interface PartnerCenterOptions {
  /** Calls to the Referrals API, signed in for it. */
  readonly send: Send
  readonly url: string
  readonly platform: PlatformApi
  readonly clock: Clock
  /** Partner (MPN) id of the location new deals are made under; null: the one of the signed-in partner's profile. */
  readonly partnerId: string | null
}

const portal = 'https://partner.microsoft.com/referrals/v2/inbox?id='
const parallel = 10 // What the pace lets through at once.
const pagesMost = 200 // A search by creation time looks at twenty thousand referrals at most.
const findMarginMs = 15 * 60_000 // Two clocks differ; a record made a little before the attempt is still looked at.
const pageSize = 100
const overlapMs = 10 * 60_000 // Records may become visible after later ones; ten minutes is more than any lag we allow for.

export const partnerCenterAdapter = (options: PartnerCenterOptions): Adapter => new PartnerCenter(options)

class PartnerCenter implements Adapter {
  readonly side = 'partner'
  /** No id can be chosen and no marker is unique, and a new referral may be listed late: a search waits half a minute. */
  readonly can: Capabilities = { precondition: 'version', markerIsUnique: false, markerLagMs: 30_000, auditLimit: 0 }
  readonly #options: PartnerCenterOptions
  readonly #api: ReferralsApi
  readonly #own: OwnOrganization
  readonly #documents: Documents = documents()
  readonly #sweep: SweepParts
  #money: MoneyForm = 'number'
  #partnerId: string | null

  constructor(options: PartnerCenterOptions) {
    this.#options = options
    const now = (): number => options.clock.now()
    this.#api = new ReferralsApi({ url: options.url, send: options.send, now })
    this.#own = ownOrganization({ referrals: this.#api, platform: options.platform, now })
    this.#sweep = { referrals: this.#api, own: this.#own, clock: options.clock, pageSize, overlapMs, learnt: { dates: 'plain' } }
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
      return document === null ? { kind: 'absent', ref } : await this.#readingOf(ref, document, { wide, signal })
    } catch (error) {
      return { kind: 'unreachable', ref, fault: toFault(error) }
    }
  }

  async #readingOf(ref: EndRef, document: Document, { wide, signal }: ReadOptions): Promise<Reading> {
    const { referral } = document
    const engagementId = engagementOf(referral)
    if (await this.#own.owns(referral, signal)) {
      this.#documents.keep(document)
      const around = wide && engagementId !== null ? await this.#around(engagementId, referral.id, signal) : null
      return presentOf(referral, document.version, around)
    }
    const own = engagementId === null ? undefined : await this.#ownIn(engagementId, signal)
    return own === undefined ? { kind: 'absent', ref } : { kind: 'moved', ref, to: referralRef(own.referral.id) }
  }

  async #around(engagementId: string, ownId: string, signal: AbortSignal): Promise<Surroundings> {
    const others = (await this.#engagement(engagementId, signal)).filter(({ referral }) => canonicalId(referral.id) !== canonicalId(ownId))
    const microsoft = others.find(({ referral }) => isMicrosoft(referral.organizationId))?.referral ?? null
    return { microsoft, related: others.map(({ referral }) => referralRef(referral.id)) }
  }
  async #ownIn(engagementId: string, signal: AbortSignal): Promise<Document | undefined> {
    for (const document of await this.#engagement(engagementId, signal))
      if (await this.#own.owns(document.referral, signal)) return document
    return undefined
  }
  async #engagement(engagementId: string, signal: AbortSignal): Promise<readonly Document[]> {
    const filter = `engagementId eq '${engagementId.replaceAll("'", "''")}'`
    return this.#pages(
      { filter, orderBy: null, select: null, top: null },
      { what: `reading engagement ${engagementId}`, signal },
      () => false,
    )
  }

  async #pages(
    query: Parameters<ReferralsApi['list']>[0],
    call: { what: string; signal: AbortSignal },
    enough: (last: Document) => boolean,
  ): Promise<readonly Document[]> {
    const found: Document[] = []
    let page = await this.#api.list(query, call)
    for (let pages = 1; ; pages += 1) {
      const shown = page.items.map((item): Document => {
        const referral = parseReferral(item, call.what)
        return { referral, version: referral.eTag ?? null }
      })
      found.push(...shown)
      const last = shown.at(-1)
      if (page.nextLink === null || pages >= pagesMost || (last !== undefined && enough(last))) return found
      page = await this.#api.next(page.nextLink, call)
    }
  }

  readMany(refs: readonly EndRef[], options: ReadOptions): Promise<Reading[]> {
    return inParallel(refs, (ref) => this.read(ref, options))
  }

  async find(
    marker: { readonly as: CreateChange['as']; readonly value: string; readonly notBefore: number | null },
    { signal }: CallOptions,
  ): Promise<EndRef[]> {
    if (marker.as === 'related') {
      return (await this.#engagement(marker.value, signal))
        .filter(({ referral }) => isMicrosoft(referral.organizationId))
        .map(({ referral }) => referralRef(referral.id))
    }
    // Filtering by the CRM id is not documented, so the newest are listed and matched here.
    const { notBefore } = marker
    const tooOld = ({ referral }: Document): boolean => {
      const at = instantOf(stampOf(referral.createdDateTime))
      return notBefore !== null && at !== null && at < notBefore - findMarginMs
    }
    const newest = await this.#pages(
      { filter: null, orderBy: 'createdDateTime desc', select: null, top: null },
      { what: 'looking for a referral that may have been created', signal },
      tooOld,
    )
    const found: EndRef[] = []
    for (const { referral } of newest) {
      if (canonicalId(referral.externalReferenceId ?? '') === canonicalId(marker.value) && (await this.#own.owns(referral, signal)))
        found.push(referralRef(referral.id))
    }
    return found
  }

  async create(change: CreateChange, { signal }: CallOptions): Promise<Receipt> {
    if (change.as === 'related') return this.#invite(change, signal)
    const partnerId = await this.#location(signal)
    const document = await this.#api.create(newReferral(change.deal, { marker: change.marker, partnerId }), {
      what: `creating the referral of CRM record ${change.marker}`,
      signal,
    })
    this.#own.learn(document.referral.organizationId)
    this.#documents.keep(document)
    return receiptOf(document)
  }

  /** Microsoft is invited once: an invitation cannot be taken back, so the engagement is looked at first. */
  async #invite(change: CreateChange, signal: AbortSignal): Promise<Receipt> {
    const there = (await this.#engagement(change.marker, signal)).find(({ referral }) => isMicrosoft(referral.organizationId))
    if (there !== undefined) return receiptOf(there)
    const own = await this.#ownIn(change.marker, signal)
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
    this.#partnerId ??= textMember(
      await this.#options.platform.record('/v1/profiles/mpn', { what: 'reading the partner profile', signal }),
      'mpnId',
    )
    return this.#partnerId
  }

  async write(change: PatchChange | StepChange, { signal }: CallOptions): Promise<Receipt> {
    const document = needsDocument(change.set) ? await this.#current(change, signal) : null
    const call = {
      what: `${change.kind === 'step' ? `taking the step "${change.take}" on` : 'updating'} referral ${change.ref.id}`,
      signal,
      ifMatch: change.expect,
    }
    const send = (money: MoneyForm): ReturnType<ReferralsApi['patch']> =>
      this.#api.patch(change.ref.id, operationsOf(change, { record: document?.referral ?? null, money }), call)
    if (operationsOf(change, { record: document?.referral ?? null, money: this.#money }).length === 0)
      return { ref: change.ref, version: change.expect, resolved: {}, remarks: [] }
    let done
    try {
      done = await send(this.#money)
    } catch (error) {
      // A deal's value is documented as a number here and as text there: the other form is tried when the first is refused.
      if (!isFault(error) || error.status !== 400 || !('details.dealValue' in change.set)) throw error
      const other: MoneyForm = this.#money === 'number' ? 'text' : 'number'
      done = await send(other).catch(() => {
        throw error
      })
      this.#money = other
    }
    if (done.document === null) this.#documents.forget(change.ref.id)
    else this.#documents.keep(done.document)
    return { ref: change.ref, version: done.version === null ? null : asVersion(done.version), resolved: {}, remarks: [] }
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
    return inParallel(changes, (change) =>
      (change.kind === 'create' ? this.create(change, options) : this.write(change, options)).catch(toFault),
    )
  }

  touched(options: TouchedOptions): AsyncIterable<TouchedPage> {
    return touched(this.#sweep, options)
  }
  describe(): Promise<RemoteSchema> {
    return Promise.resolve({ records: {} })
  }
  checks({ signal }: CallOptions): Promise<Check[]> {
    return checks(
      { referrals: this.#api, platform: this.#options.platform, clock: this.#options.clock, partnerId: this.#options.partnerId },
      signal,
    )
  }
}

const receiptOf = ({ referral, version }: Document): Receipt => ({
  ref: referralRef(referral.id),
  version: version === null ? null : asVersion(version),
  resolved: {},
  remarks: [],
})

async function inParallel<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = new Array<B>(items.length)
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as A) // index is in range
  }
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, lane))
  return results
}
