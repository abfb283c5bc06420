import type { AuditEntry, AuditRecord } from '../../src/core/audit.js'
import { Fault } from '../../src/core/fault.js'
import { expectedRefs, LINK_STATES, newLink, answerDue, waitsFor, type Link, type LinkState } from '../../src/core/link.js'
import type { LinkFilter } from '../../src/core/filters.js'
import type { AcceptedEvent, Commit, Hands, Lease, LeasedDeal, Mark, Queue, Store } from '../../src/core/ports.js'
import { asLinkId, isEndRef, refKey, SIDES, type Instant, type LinkId, type Ref } from '../../src/core/ref.js'

/** What is kept is never changed any more: sharing it is as good as a copy, and who tries to change it is told. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) frozen(part)
  return value
}

interface DirtyRow {
  link: LinkId
  dueAt: Instant
  urgency: 0 | 1 | 2
  marks: number
  attempts: number
  failingSince: Instant | null
  token: string | null
  leasedUntil: Instant
  leasedMarks: number
  wide: boolean
  because: string
  markedAt: Instant
}

const asRecorded = (text: string): readonly string[] => [text.toLowerCase(), JSON.stringify(text.toLowerCase()).slice(1, -1)]

/**
 * The store of the simulation: the same promises as the real one, in memory, so that thousands of seeds run in a minute.
 * The contract suite of the store runs on it too, so that it cannot drift.
 */
export function memoryStore(options: { random: () => number }): Store {
  const links = new Map<LinkId, Link>()
  const dirty = new Map<LinkId, DirtyRow>()
  const ends = new Map<string, LinkId>()
  const others = new Map<string, Set<LinkId>>()
  const events = new Set<string>()
  const values = new Map<string, { value: unknown; revision: number }>()
  const claims = new Map<string, { token: string; until: Instant }>()
  const ledger: AuditRecord[] = []
  const listeners = new Set<() => void>()
  let hands: Hands | null = null
  let serial = 0
  const id = (): string => {
    const hex = (n: number): string => {
      let text = ''
      for (let left = n; left > 0; left -= 1) text += '0123456789abcdef'.charAt(Math.floor(options.random() * 16))
      return text
    }
    return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
  }

  const otherKeys = (link: Link): string[] =>
    [...link.aliases, ...link.parts, ...expectedRefs(link)].map(refKey).concat(link.engagementId === null ? [] : [`engagement:${link.engagementId}`])
  const forget = (link: Link): void => {
    for (const side of SIDES) {
      const ref = link.ends[side]
      if (ref !== null && ends.get(refKey(ref)) === link.id) ends.delete(refKey(ref))
    }
    for (const key of otherKeys(link)) others.get(key)?.delete(link.id)
  }
  const remember = (link: Link): void => {
    for (const side of SIDES) {
      const ref = link.ends[side]
      if (ref !== null) ends.set(refKey(ref), link.id)
    }
    for (const key of otherKeys(link)) others.set(key, (others.get(key) ?? new Set()).add(link.id))
    links.set(link.id, frozen(link))
  }
  const assertFree = (link: Link): void => {
    for (const side of SIDES) {
      const ref = link.ends[side]
      const holder = ref === null ? undefined : ends.get(refKey(ref))
      if (holder !== undefined && holder !== link.id)
        throw new Fault('stale', `Another deal already holds ${refKey(ref as Ref)}.`, { remedy: 'The two are joined.' }) // ref is set when it has a holder
    }
  }
  const write = (link: Link): void => {
    const before = links.get(link.id)
    assertFree(link)
    if (before) forget(before)
    remember(link)
  }
  const record = (entries: readonly AuditEntry[]): void => {
    for (const item of entries) {
      serial += 1
      ledger.push(frozen({ ...item, id: String(serial), sequence: serial, hash: '' }))
    }
  }
  const find = (ref: Ref, engagementId: string | null): Link[] => {
    const found = new Set<LinkId>()
    const end = ends.get(refKey(ref))
    if (end !== undefined) found.add(end)
    for (const key of [refKey(ref), ...(engagementId === null ? [] : [`engagement:${engagementId}`])])
      for (const link of others.get(key) ?? []) found.add(link)
    return [...found].map((link) => links.get(link) as Link) // indexes hold known links only
  }
  const markAll = (marks: readonly Mark[], now: Instant): void => {
    for (const mark of marks) {
      const row = dirty.get(mark.link)
      if (row === undefined) {
        dirty.set(mark.link, {
          ...mark,
          marks: 1,
          attempts: 0,
          failingSince: null,
          token: null,
          leasedUntil: 0,
          leasedMarks: 0,
          markedAt: now,
        })
        continue
      }
      row.marks += 1
      row.dueAt = Math.min(row.dueAt, mark.dueAt)
      row.urgency = Math.min(row.urgency, mark.urgency) as 0 | 1 | 2 // the smaller of two of them
      row.wide ||= mark.wide
      row.because = mark.because
    }
    for (const listener of listeners) listener()
  }
  const holder = (lease: Lease, now: Instant): DirtyRow => {
    const row = dirty.get(lease.link)
    if (row === undefined || row.token !== lease.token || row.leasedUntil <= now)
      throw new Fault('lease-lost', `The lease of deal ${lease.link} is over.`, { remedy: 'Nothing to do.' })
    return row
  }
  const settle = (row: DirtyRow, outcome: NonNullable<Commit['outcome']>, now: Instant): void => {
    if (row.marks !== row.leasedMarks) {
      Object.assign(row, {
        token: null,
        leasedUntil: 0,
        dueAt: now,
        marks: row.marks - row.leasedMarks,
        markedAt: now,
        ...(outcome.kind === 'again' ? {} : { attempts: 0, failingSince: null }),
      })
      for (const listener of listeners) listener()
    } else if (outcome.kind === 'again') {
      const failing = { attempts: row.attempts + 1, failingSince: row.failingSince ?? now }
      Object.assign(row, { token: null, leasedUntil: 0, dueAt: now + outcome.inMs, ...failing })
    } else if (outcome.kind === 'settled' && outcome.next !== undefined) {
      const { at: dueAt, because } = outcome.next
      const rested = { attempts: 0, failingSince: null, wide: false, urgency: 2, markedAt: now }
      Object.assign(row, { token: null, leasedUntil: 0, dueAt, because, ...rested })
    } else dirty.delete(row.link)
  }
  const saveOne = ({ lease, link, audit, now, outcome }: Commit): Link => {
    const row = lease === null ? null : holder(lease, now)
    const stored = links.get(link.id)
    if (stored?.revision !== link.revision)
      throw new Fault('lease-lost', `Deal ${link.id} was saved by someone else.`, { remedy: 'Nothing to do.' })
    const next: Link = { ...link, revision: link.revision + 1 }
    write(next)
    record(audit)
    if (row !== null && outcome !== null) settle(row, outcome, now)
    return next
  }

  const leaseOf = (row: DirtyRow, now: Instant, leaseMs: number): Lease => {
    const token = id()
    Object.assign(row, { token, leasedUntil: now + leaseMs, leasedMarks: row.marks })
    const { link, leasedUntil: until, marks, attempts, failingSince, wide, because, markedAt } = row
    return { link, token, until, marks, attempts, failingSince, wide, because, markedAt }
  }

  const dueAt = (now: Instant): DirtyRow[] =>
    [...dirty.values()]
      .filter((row) => row.dueAt <= now && row.leasedUntil <= now)
      .sort((a, b) => a.urgency - b.urgency || a.dueAt - b.dueAt)
  const withDeal = (row: DirtyRow, now: Instant): LeasedDeal => ({
    lease: leaseOf(row, now, hands?.leaseMs ?? 0),
    link: links.get(row.link) as Link, // a mark has its deal
  })

  /** Whoever ends a deal may go on with the one that is due next. */
  const saveAndFollow = (commit: Commit): Link => {
    const saved = saveOne(commit)
    const kept = commit.outcome === null ? 0 : (hands?.keepOf(1) ?? 0)
    if (kept > 0) hands?.work(dueAt(commit.now).slice(0, kept).map((row) => withDeal(row, commit.now)), kept)
    return saved
  }

  const queue: Queue = {
    mark: async (marks, now) => markAll(marks, now),
    take: async ({ limit, now, leaseMs, only, retriesDueBy: by = now }) => {
      const due = dueAt(now).filter((row) => (only?.includes(row.link) ?? true) && (row.attempts === 0 || row.dueAt <= by))
      return due.slice(0, limit).map((row) => leaseOf(row, now, leaseMs))
    },
    holds: async (lease, now, leaseMs) => {
      const row = dirty.get(lease.link)
      if (row === undefined || row.token !== lease.token || row.leasedUntil <= now) return false
      if (leaseMs !== undefined) row.leasedUntil = now + leaseMs
      return true
    },
    release: async (leases) => {
      for (const lease of leases) {
        const row = dirty.get(lease.link)
        if (row?.token === lease.token) Object.assign(row, { token: null, leasedUntil: 0 })
      }
    },
    setBack: async (now, leaseMs) => {
      for (const row of dirty.values()) {
        if (row.leasedUntil > now + leaseMs + 300_000) row.leasedUntil = now + leaseMs
        if (row.markedAt > now + 300_000) Object.assign(row, { dueAt: now, markedAt: now })
      }
    },
    depth: async (now) => {
      const rows = [...dirty.values()]
      const free = rows.filter((row) => row.leasedUntil <= now)
      const due = free.filter((row) => row.dueAt <= now)
      const times = (list: DirtyRow[]): number | null => (list.length === 0 ? null : Math.min(...list.map((row) => row.dueAt)))
      return {
        due: due.length,
        later: free.length - due.length,
        leased: rows.length - free.length,
        oldestDueAt: times(due),
        nextDueAt: times(free),
      }
    },
    onMark: (callback) => {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    offer: (offered) => {
      hands = offered
      return () => void (hands === offered && (hands = null))
    },
  }

  const searched = (link: Link, text: string): boolean =>
    [link.id, link.ends.partner?.id, link.ends.crm?.id, link.engagementId].includes(text) ||
    link.name?.toLowerCase().includes(text.toLowerCase()) === true

  const list = (filter: LinkFilter): { links: Link[]; next: string | null; total: number } => {
    const all = [...links.values()].filter(
      (link) =>
        (filter.state === undefined || link.state === filter.state) &&
        (filter.kind === undefined || link.kind === filter.kind) &&
        (filter.waitsFor === undefined || waitsFor(link) === filter.waitsFor) &&
        (filter.reason === undefined || link.reason?.code === filter.reason) &&
        (filter.search === undefined || searched(link, filter.search)),
    )
    all.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
    if (filter.order === 'due') all.sort((a, b) => (answerDue(a) ?? '9999').localeCompare(answerDue(b) ?? '9999'))
    const start = filter.offset ?? (filter.after ? Number(filter.after) : 0)
    const page = all.slice(start, start + filter.limit)
    return {
      links: page,
      next: start + filter.limit < all.length ? String(start + filter.limit) : null,
      total: all.length,
    }
  }

  const accept = (event: AcceptedEvent, now: Instant): boolean => {
    const key = event.eventKey === null ? null : `${event.source}|${event.eventKey}`
    if (key !== null && events.has(key)) return false
    if (key !== null) events.add(key)
    for (const hint of event.hints) {
      let found = find(hint.ref, hint.engagementId)
      if (found.length === 0 && isEndRef(hint.ref)) {
        const link = newLink(asLinkId(id()), now, {
          partner: hint.ref.side === 'partner' ? hint.ref : null,
          crm: hint.ref.side === 'crm' ? hint.ref : null,
        })
        write(link)
        found = [link]
      }
      markAll(
        found.map((link) => ({ link: link.id, dueAt: now, urgency: event.urgency, wide: hint.wide, because: event.name })),
        now,
      )
    }
    return true
  }

  /** Deals that were marked just now, and had not been, go to who has a place for them. */
  const acceptAll = (batch: readonly AcceptedEvent[], now: Instant): boolean[] => {
    const before = new Set(dirty.keys())
    const kept = hands?.keep(batch.length) ?? 0
    const fresh = batch.map((event) => accept(event, now))
    const rows = [...dirty.values()].filter(({ link }) => !before.has(link)).slice(0, kept)
    hands?.work(rows.map((row) => withDeal(row, now)), kept)
    return fresh
  }

  return {
    queue,
    linksOf: async (ref, engagementId) => find(ref, engagementId),
    linksOfMany: async (refs) => new Map(refs.map(({ ref, engagementId }) => [refKey(ref), find(ref, engagementId)])),
    load: async (link) => links.get(link) ?? null,
    loadMany: async (ids) => ids.flatMap((link) => links.get(link) ?? []),
    loadToWork: async (ids) => ids.flatMap((link) => links.get(link) ?? []),
    add: async (link, audit) => {
      for (const side of SIDES) {
        const ref = link.ends[side]
        const taken = ref === null ? undefined : ends.get(refKey(ref))
        if (taken !== undefined) return links.get(taken) as Link // indexes hold known links only
      }
      write(link)
      record(audit)
      return link
    },
    save: async (commit) => saveAndFollow(commit),
    saveMany: async (commits) =>
      commits.map((commit) => {
        try {
          return saveOne(commit)
        } catch (error) {
          if (error instanceof Fault) return error
          throw error
        }
      }),
    merge: async (keep, drop, audit, now) => {
      const [a, b] = [links.get(keep.id), links.get(drop.id)]
      if (a?.revision !== keep.revision || b?.revision !== drop.revision)
        throw new Fault('stale', 'One of two deals to be joined has moved.', { remedy: 'It is tried again.' })
      write({
        ...drop,
        revision: drop.revision + 1,
        ends: { partner: null, crm: null },
        aliases: [],
        parts: [],
        engagementId: null,
        base: null,
        intents: [],
        state: 'unlinked',
      })
      const next = { ...keep, revision: keep.revision + 1 }
      write(next)
      record(audit)
      const row = dirty.get(drop.id)
      dirty.delete(drop.id)
      if (row !== undefined) markAll([{ link: keep.id, dueAt: now, urgency: row.urgency, wide: true, because: 'joined' }], now)
      return next
    },
    list: async (filter) => list(filter),
    counts: async () =>
      Object.fromEntries(LINK_STATES.map((state) => [state, [...links.values()].filter((link) => link.state === state).length])) as Record<
        LinkState,
        number
      >, // one entry per state
    linkedCount: async () => [...links.values()].filter((link) => link.ends.partner !== null && link.ends.crm !== null).length,
    acceptEvents: async (batch, now) => acceptAll(batch, now),
    getValue: async <T>(name: string) => (values.get(name) ?? null) as { value: T; revision: number } | null, // the caller names the type it stored
    setValue: async (name, value, { expect }) => {
      const before = values.get(name)
      if (expect !== 'any' && (before?.revision ?? null) !== expect) return false
      values.set(name, { value: frozen(structuredClone(value)), revision: (before?.revision ?? 0) + 1 })
      return true
    },
    listValues: async (prefix) =>
      [...values].filter(([name]) => name.startsWith(prefix)).map(([name, entry]) => ({ name, ...entry })),
    dropValue: async (name) => void values.delete(name),
    claim: async (name, { token, forMs, now, mostMs = forMs }) => {
      const before = claims.get(name)
      if (before !== undefined && before.until > now && before.until <= now + mostMs + 300_000 && before.token !== token) return false
      claims.set(name, { token, until: now + forMs })
      return true
    },
    unclaim: async (name, token) => {
      if (claims.get(name)?.token === token) claims.delete(name)
    },
    answersDue: async () => {
      const days = new Map<string | null, number>()
      for (const link of links.values()) if (waitsFor(link) === 'us') days.set(answerDue(link)?.slice(0, 10) ?? null, (days.get(answerDue(link)?.slice(0, 10) ?? null) ?? 0) + 1)
      return [...days].map(([day, deals]) => ({ day, deals })).sort((a, b) => (a.day ?? '9999').localeCompare(b.day ?? '9999'))
    },
    namesOf: async (ids) => new Map([...new Set(ids)].flatMap((each) => (links.has(each) ? [[each, links.get(each)?.name ?? null]] : []))),
    audit: async (filter) => {
      const { by = '', search = '' } = filter
      const found = ledger.filter(
        (item) =>
          (filter.link === undefined || item.link === filter.link) &&
          (filter.run === undefined || item.run === filter.run) &&
          (filter.since === undefined || item.at >= filter.since) &&
          (filter.until === undefined || item.at < filter.until) &&
          (filter.kinds === undefined || (item.event !== null && filter.kinds.includes(item.event.kind))) &&
          (filter.outcomes === undefined || (item.event?.kind === 'ran' && filter.outcomes.includes(item.event.outcome))) &&
          item.by.toLowerCase().includes(by.toLowerCase()) &&
          asRecorded(search).some((text) => JSON.stringify(item.event).toLowerCase().includes(text)),
      )
      found.reverse()
      const start = filter.after ? Number(filter.after) : 0
      return {
        records: found.slice(start, start + filter.limit),
        next: start + filter.limit < found.length ? String(start + filter.limit) : null,
      }
    },
    addAudit: async (entries) => record(entries),
    verifyAudit: async () => ({ entries: ledger.length, chains: 0, broken: [] }),
    close: async () => undefined,
  }
}
