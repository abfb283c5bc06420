import { sql, type CompiledQuery } from 'kysely'
import { Fault } from '../core/fault.js'
import { answerDue, expectedRefs, LINK_STATES, waitsFor, type Link, type LinkState } from '../core/link.js'
import type { LinkFilter } from '../core/filters.js'
import { asLinkId, refKey, sameRef, SIDES, type Instant, type LinkId, type Ref } from '../core/ref.js'
import { alone, type Asked } from './asked.js'
import type { Db, Trx } from './database.js'
import { readMark } from './page-mark.js'
import { searchedCharacters, type LinkRefTable } from './schema.js'
import { columnsFrom, joined, prepared, preparedMany } from './prepared.js'

export const parse = (doc: string, revision: number): Link => ({ ...(JSON.parse(doc) as Link), revision }) // written by toRow() from a Link

interface RefRow {
  readonly ref_key: string
  readonly role: 'end' | 'alias' | 'part'
  readonly end_key: string | null
}

/** Everything by which a deal is found: its ends, its aliases and parts, and its engagement. */
function refsOf(link: Link): Map<string, RefRow> {
  const rows = new Map<string, RefRow>()
  if (link.engagementId !== null)
    rows.set(`engagement:${link.engagementId}`, { ref_key: `engagement:${link.engagementId}`, role: 'part', end_key: null })
  for (const part of [...link.parts, ...expectedRefs(link)]) rows.set(refKey(part), { ref_key: refKey(part), role: 'part', end_key: null })
  for (const alias of link.aliases) rows.set(refKey(alias), { ref_key: refKey(alias), role: 'alias', end_key: null })
  for (const side of SIDES) {
    const end = link.ends[side]
    if (end !== null) rows.set(refKey(end), { ref_key: refKey(end), role: 'end', end_key: refKey(end) })
  }
  return rows
}

/** Records stand in the order in which `refsOf` goes through them, each list behind its name. */
export type Outline = readonly (Ref | string | null)[]
/**
 * All that is stored of a deal beside what every save writes: while it stays the same, a save leaves the rest of the row, its records and most
 * orders alone. Whoever changes what is stored here brings the rows that are there in line by a migration.
 */
export const outlineOf = (link: Link): Outline => [
  ...[link.kind, link.name, link.engagementId, waitsFor(link), answerDue(link)],
  ...['parts', ...link.parts, ...expectedRefs(link), 'aliases', ...link.aliases, 'ends', link.ends.partner, link.ends.crm],
]
export const isSameOutline = (a: Outline, b: Outline): boolean =>
  a.length === b.length && a.every((one, index) => isSameIn(one, b[index] ?? null))
const isSameIn = (a: Ref | string | null, b: Ref | string | null): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && sameRef(a, b))

/** A deal as its row holds it, beside the two columns that name it. */
export const columnsOf = (link: Link, now: Instant) => ({
  revision: link.revision,
  doc: JSON.stringify(link),
  state: link.state,
  reason: link.reason?.code ?? null,
  waits_for: waitsFor(link),
  answer_due: answerDue(link),
  kind: link.kind,
  name: link.name,
  name_lower: link.name?.toLowerCase().slice(0, searchedCharacters) ?? null,
  engagement_id: link.engagementId,
  partner_id: link.ends.partner?.id ?? null,
  crm_id: link.ends.crm?.id ?? null,
  updated_at: now,
})

interface LinkKey {
  readonly tenant: string
  readonly id: string
}
const selectLinks = preparedMany((db, keys: readonly LinkKey[]) =>
  db
    .selectFrom('link')
    .select(['doc', 'revision'])
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('id', 'in', keys.map(({ id }) => id)),
)
export async function loadLinks(db: Db | Trx, tenant: string, ids: readonly string[]): Promise<Link[]> {
  if (ids.length === 0) return []
  const { rows } = await selectLinks(db, ids.map((id) => ({ tenant, id })))
  return rows.map((row) => parse(row.doc, row.revision))
}

export async function namesOfLinks(db: Db, tenant: string, ids: readonly LinkId[]): Promise<Map<LinkId, string | null>> {
  const names = new Map<LinkId, string | null>()
  for (let start = 0; start < ids.length; start += 500) {
    const rows = await db
      .selectFrom('link')
      .select(['id', 'name'])
      .where('tenant', '=', tenant)
      .where('id', 'in', ids.slice(start, start + 500))
      .execute()
    for (const { id, name } of rows) names.set(asLinkId(id), name)
  }
  return names
}

export async function insertLink(trx: Trx, tenant: string, link: Link, now: Instant): Promise<void> {
  await trx
    .insertInto('link')
    .values({ tenant, id: link.id, created_at: link.createdAt, ...columnsOf(link, now) })
    .execute()
  await writeRefs(trx, tenant, link, [...refsOf(link).values()])
}

type LinkColumns = ReturnType<typeof columnsOf>
const linkColumns = columnsFrom<LinkColumns>({
  ...{ revision: true, doc: true, state: true, reason: true, waits_for: true, answer_due: true, kind: true, name: true, name_lower: true },
  ...{ engagement_id: true, partner_id: true, crm_id: true, updated_at: true },
})
const updateColumns = prepared((db, to: LinkColumns & LinkKey & { readonly planned: number }) =>
  db
    .updateTable('link')
    .set(linkColumns(to))
    .where('tenant', '=', to.tenant)
    .where('id', '=', to.id)
    .where('revision', '=', to.planned),
)
const updateDeal = prepared((db, to: Pick<LinkColumns, 'revision' | 'doc' | 'state' | 'reason' | 'updated_at'> & LinkKey & { readonly planned: number }) =>
  db
    .updateTable('link')
    .set({ revision: to.revision, doc: to.doc, state: to.state, reason: to.reason, updated_at: to.updated_at })
    .where('tenant', '=', to.tenant)
    .where('id', '=', to.id)
    .where('revision', '=', to.planned),
)
const storedRefs = preparedMany((db, keys: readonly LinkKey[]) =>
  db
    .selectFrom('link_ref')
    .select(['link', 'ref_key', 'role'])
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('link', 'in', keys.map(({ id }) => id)),
)

/** One deal, as it is to be stored. */
export interface Update {
  readonly link: Link
  readonly now: Instant
  /** What the store holds beside the deal; null: not known. */
  readonly outline: Outline | null
}

export const updateLink = async (trx: Trx, tenant: string, link: Link, now: Instant): Promise<Link> => {
  const updated = await alone(trx, updatesOf(trx, tenant, [{ link, now, outline: null }]))
  await alignAll(trx, tenant, updated.changed)
  return updated.links[0] ?? link
}

interface Updated {
  readonly links: readonly Link[]
  /** Those of them whose records may be others than before. */
  readonly changed: readonly Link[]
}

/** Writes the next revisions if nobody was faster. @throws Fault `lease-lost` */
export function updatesOf(trx: Trx, tenant: string, updates: readonly Update[]): Asked<Updated> {
  const changed: Link[] = []
  const queries: CompiledQuery[] = []
  const links = updates.map(({ link, now, outline }) => {
    const next: Link = { ...link, revision: link.revision + 1 }
    const row = { tenant, id: link.id, planned: link.revision, ...columnsOf(next, now) }
    const isSame = outline !== null && isSameOutline(outline, outlineOf(next))
    queries.push(...(isSame ? updateDeal : updateColumns).queries(trx, row))
    if (!isSame) changed.push(next)
    return next
  })
  return {
    queries,
    read: (answers) => {
      const missed = answers.findIndex(({ numAffectedRows = 0n }) => numAffectedRows !== 1n)
      if (missed !== -1)
        throw new Fault('lease-lost', `Deal ${links[missed]?.id ?? ''} was saved by someone else meanwhile.`, { remedy: 'Nothing to do: it is worked again.' })
      return { links, changed }
    },
  }
}

/** Brings the rows of the deals' records to what the deals say. @throws Fault `stale` when another deal holds one of the ends. */
export async function alignAll(trx: Trx, tenant: string, links: readonly Link[]): Promise<void> {
  for (let start = 0; start < links.length; start += refsOfMost) {
    const some = links.slice(start, start + refsOfMost)
    const { rows } = await storedRefs(trx, some.map(({ id }) => ({ tenant, id })))
    for (const link of some) await alignRefs(trx, tenant, link, rows.filter((row) => row.link === link.id))
  }
}
const refsOfMost = 100

/** Brings the rows of a deal's records to what the deal says. Mostly they stand there already. */
async function alignRefs(trx: Trx, tenant: string, link: Link, stored: readonly Pick<LinkRefTable, 'ref_key' | 'role'>[]): Promise<void> {
  const wanted = refsOf(link)
  const gone = stored.filter((row) => wanted.get(row.ref_key)?.role !== row.role).map((row) => row.ref_key)
  if (gone.length === 0 && stored.length === wanted.size) return
  const kept = new Set(stored.map((row) => row.ref_key).filter((key) => !gone.includes(key)))
  if (gone.length > 0)
    await trx.deleteFrom('link_ref').where('tenant', '=', tenant).where('link', '=', link.id).where('ref_key', 'in', gone).execute()
  await writeRefs(
    trx,
    tenant,
    link,
    [...wanted.values()].filter((row) => !kept.has(row.ref_key)),
  )
}

async function writeRefs(trx: Trx, tenant: string, link: Link, rows: readonly RefRow[]): Promise<void> {
  for (const row of rows) {
    if (row.end_key !== null) await assertFree(trx, tenant, link.id, row.end_key)
    await trx
      .insertInto('link_ref')
      .values({ tenant, link: link.id, ...row })
      .execute()
  }
}

/** Asked before writing, because a violated unique key would end the whole transaction on PostgreSQL; the key itself still guards the race. */
async function assertFree(trx: Trx, tenant: string, link: LinkId, endKey: string): Promise<void> {
  const holder = await trx
    .selectFrom('link_ref')
    .select('link')
    .where('tenant', '=', tenant)
    .where('end_key', '=', endKey)
    .executeTakeFirst()
  if (holder !== undefined && holder.link !== link)
    throw new Fault('stale', `Another deal (${holder.link}) already holds ${endKey}.`, { remedy: 'Nothing to do: the two are joined.' })
}

/** A record, and the engagement by which its deal may be known. */
export interface Wanted {
  readonly ref: Ref
  readonly engagementId: string | null
}

const owningLinks = preparedMany((db, keys: readonly { readonly tenant: string; readonly ref_key: string }[]) =>
  db
    .selectFrom('link_ref')
    .select(['ref_key', 'link'])
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('ref_key', 'in', keys.map(({ ref_key }) => ref_key)),
)

/** By the key of each record, all by which its deal may be found. */
export function keysOf(wanted: readonly Wanted[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const { ref, engagementId } of wanted) {
    const keys = found.get(refKey(ref)) ?? new Set([refKey(ref)])
    if (engagementId !== null) keys.add(`engagement:${engagementId}`)
    found.set(refKey(ref), keys)
  }
  return found
}

/** Ids of the deals that have this record as end, alias or part, by the record's key; or that belong to the engagement. */
export function linkIdsOf(db: Db | Trx, tenant: string, wanted: readonly Wanted[]): Asked<Map<string, LinkId[]>> {
  const byRecord = keysOf(wanted)
  const keys = [...new Set([...byRecord.values()].flatMap((all) => [...all]))]
  const queries: CompiledQuery[] = []
  for (let start = 0; start < keys.length; start += 500)
    queries.push(...owningLinks.queries(db, keys.slice(start, start + 500).map((ref_key) => ({ tenant, ref_key }))))
  return {
    queries,
    read: (answers) => {
      const owners = new Map<string, LinkId[]>()
      const rows = joined(answers).rows as Pick<LinkRefTable, 'ref_key' | 'link'>[] // what the statements select
      for (const row of rows) owners.set(row.ref_key, [...(owners.get(row.ref_key) ?? []), asLinkId(row.link)])
      return new Map([...byRecord].map(([key, all]) => [key, [...new Set([...all].flatMap((each) => owners.get(each) ?? []))]]))
    },
  }
}

/** The deals themselves. */
export async function findLinks(db: Db | Trx, tenant: string, wanted: readonly Wanted[]): Promise<Map<string, Link[]>> {
  const found = await alone(db, linkIdsOf(db, tenant, wanted))
  const links = new Map<string, Link>()
  const ids = [...new Set([...found.values()].flat())]
  for (let start = 0; start < ids.length; start += 500)
    for (const link of await loadLinks(db, tenant, ids.slice(start, start + 500))) links.set(link.id, link)
  return new Map([...found].map(([key, all]) => [key, all.flatMap((id) => links.get(id) ?? [])]))
}

export async function listLinks(
  db: Db,
  tenant: string,
  filter: LinkFilter,
): Promise<{ links: Link[]; next: string | null; total: number }> {
  const filtered = () => {
    let query = db.selectFrom('link').where('tenant', '=', tenant)
    // A link that was joined with another has no end left: its history stays in the ledger, it is no deal any more.
    query = query.where((eb) => eb.or([eb('partner_id', 'is not', null), eb('crm_id', 'is not', null)]))
    if (filter.state !== undefined) query = query.where('state', '=', filter.state)
    if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
    if (filter.waitsFor !== undefined) query = query.where('waits_for', '=', filter.waitsFor)
    if (filter.reason !== undefined) query = query.where('reason', '=', filter.reason)
    if (filter.search !== undefined && filter.search !== '') {
      const text = filter.search
      const escaped = text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')
      query = query.where((eb) =>
        eb.or([
          eb('id', '=', text),
          eb('partner_id', '=', text),
          eb('crm_id', '=', text),
          eb('engagement_id', '=', text),
          sql<boolean>`name_lower like ${`%${escaped}%`} escape '\\'`,
        ]),
      )
    }
    return query
  }
  let page = filtered().select(['id', 'created_at'])
  if (filter.after && filter.order !== 'due') {
    const [at, id = ''] = readMark(filter.after, /^(\d{1,15})~(.{1,200})$/)
    page = page.where((eb) => eb.or([eb('created_at', '<', Number(at)), eb.and([eb('created_at', '=', Number(at)), eb('id', '>', id)])]))
  }
  // Which deals first, then the deals themselves: what is passed over is never read from the table.
  if (filter.order === 'due') page = page.orderBy(sql`case when answer_due is null then 1 else 0 end`).orderBy('answer_due')
  const rows = await page
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .offset(filter.offset ?? 0)
    .limit(filter.limit + 1)
    .execute()
  const shown = rows.slice(0, filter.limit)
  const last = shown.at(-1)
  const found = new Map((await loadLinks(db, tenant, shown.map(({ id }) => id))).map((link) => [String(link.id), link]))
  const total = await filtered()
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return {
    links: shown.flatMap(({ id }) => found.get(id) ?? []),
    next: rows.length > filter.limit && last !== undefined ? `${last.created_at}~${last.id}` : null,
    total: Number(total.n),
  }
}

export async function countStates(db: Db, tenant: string): Promise<Record<LinkState, number>> {
  const rows = await db
    .selectFrom('link')
    .select(['state', (eb) => eb.fn.countAll<number>().as('n')])
    .where('tenant', '=', tenant)
    .where((eb) => eb.or([eb('partner_id', 'is not', null), eb('crm_id', 'is not', null)]))
    .groupBy('state')
    .execute()
  const counts = new Map(rows.map((row) => [row.state, Number(row.n)]))
  return Object.fromEntries(LINK_STATES.map((state) => [state, counts.get(state) ?? 0])) as Record<LinkState, number> // one entry per state
}

export async function answersDueByDay(db: Db, tenant: string): Promise<{ day: string | null; deals: number }[]> {
  const day = sql<string | null>`substr(answer_due, 1, 10)`
  const rows = await db
    .selectFrom('link')
    .select([day.as('day'), (eb) => eb.fn.countAll<number>().as('n')])
    .where('tenant', '=', tenant)
    .where('waits_for', '=', 'us')
    .where((eb) => eb.or([eb('partner_id', 'is not', null), eb('crm_id', 'is not', null)]))
    .groupBy(day)
    .execute()
  return rows.map((row) => ({ day: row.day, deals: Number(row.n) })).toSorted((a, b) => (a.day ?? '9999').localeCompare(b.day ?? '9999'))
}

export async function countLinked(db: Db, tenant: string): Promise<number> {
  const row = await db
    .selectFrom('link')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('tenant', '=', tenant)
    .where('partner_id', 'is not', null)
    .where('crm_id', 'is not', null)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}
