import type { Change, CreateChange } from '../../src/core/change.js'
import { HELP, VISIBILITY, type Projection } from '../../src/core/deal.js'
import { Fault } from '../../src/core/fault.js'
import type { Adapter, Present, Reading, Receipt, TouchedPage } from '../../src/core/ports.js'
import { asVersion, type EndKind, type EndRef, type Side } from '../../src/core/ref.js'
import { isClosed, phaseOf, stageAfter } from '../../src/core/stage.js'

interface Row {
  kind: EndKind | 'related'
  id: string
  version: number
  deal: Projection
  otherId: string | null
  sync: boolean
  category: 'opportunity' | 'lead'
  engagementId: string | null
  audit: string | null
  status: string | null
  movedTo: EndRef | null
  createdAt?: number
  modifiedAt?: number
}

/** One remote system in memory: just enough behaviour for examples of the engine. The faithful ones are the simulators. */
export interface MemorySide {
  readonly adapter: Adapter
  readonly rows: Map<string, Row>
  readonly calls: string[]
  /** What the next write does: `lost` carries it out and loses the answer, `refused` does nothing. */
  trouble: ('lost' | 'refused' | 'offline' | null)[]
  /** What the next reads meet. */
  readonly absences: 'unreachable'[]
  put(row: Partial<Row> & { kind: Row['kind'] }): Row
  edit(id: string, set: Projection): void
  only(kind?: Row['kind']): Row
}

/** A look at our own referral alone does not tell whether Microsoft was asked. */
function narrowed({ [HELP]: _help, ...deal }: Projection): Projection {
  return deal
}

export function memorySide(side: Side): MemorySide {
  const rows = new Map<string, Row>()
  const calls: string[] = []
  const trouble: MemorySide['trouble'] = []
  const absences: MemorySide['absences'] = []
  let serial = 0
  const put: MemorySide['put'] = (row) => {
    serial += 1
    const full: Row = {
      id: `${side}-${serial}`,
      version: 1,
      deal: {},
      otherId: null,
      sync: true,
      category: 'opportunity',
      engagementId: side === 'partner' ? `eng-${serial}` : null,
      audit: null,
      status: null,
      movedTo: null,
      ...row,
    }
    rows.set(full.id, full)
    return full
  }
  const refOf = (row: Row): EndRef => ({ side, kind: row.kind === 'related' ? 'referral' : row.kind, id: row.id })
  const related = (row: Row): Row | undefined =>
    [...rows.values()].find((other) => other.kind === 'related' && other.engagementId === row.engagementId)

  const reading = (row: Row, wide: boolean): Reading => {
    if (row.movedTo !== null) return { kind: 'moved', ref: refOf(row), to: row.movedTo }
    if (row.kind === 'related') {
      const own = [...rows.values()].find((other) => other.kind === 'referral' && other.engagementId === row.engagementId)
      return own ? { kind: 'moved', ref: refOf(row), to: refOf(own) } : { kind: 'absent', ref: refOf(row) }
    }
    const other = wide && side === 'partner' ? related(row) : undefined
    const help: Projection =
      wide && side === 'partner' ? { [HELP]: other?.deal[HELP] ?? null, 'microsoft.status': other?.deal.status ?? null } : {}
    const sealed = row.deal.status !== undefined && isClosed(row.deal.status)
    const present: Present = {
      kind: 'present',
      ref: refOf(row),
      version: asVersion(String(row.version)),
      deal: { ...(side === 'partner' ? narrowed(row.deal) : row.deal), ...help },
      otherId: row.otherId,
      sync: side === 'partner' || row.sync,
      category: row.category,
      locked: row.deal[VISIBILITY] === true && side === 'partner' ? [VISIBILITY, 'customerProfile.team'] : [],
      sealed,
      unreadable: [],
      engagementId: row.engagementId,
      aliases: other ? [refOf(other)] : [],
      parts: [],
      auditText: row.audit,
      settlesInMs: 0,
      modifiedAt: row.modifiedAt ?? null,
      createdAt: row.createdAt ?? null,
    }
    return present
  }
  const receipt = (row: Row): Receipt => ({ ref: refOf(row), version: asVersion(String(row.version)), resolved: {}, remarks: [] })

  const carry = (change: Change): Receipt => {
    if (change.kind === 'create') return create(change)
    const row = rows.get(change.ref.id)
    if (row === undefined) throw new Fault('missing', 'gone', { remedy: '' })
    if (change.expect !== null && change.expect !== String(row.version)) throw new Fault('stale', 'moved', { remedy: '' })
    if (row.deal.status !== undefined && isClosed(row.deal.status) && !(change.kind === 'step' && change.take === 'reopen'))
      throw new Fault('rejected', 'closed', { remedy: '' })
    row.version += 1
    row.deal = { ...row.deal, ...change.set }
    if (change.kind === 'step') step(row, change.take, change.reason)
    if (change.stamp.otherId !== undefined) row.otherId = change.stamp.otherId
    if (change.stamp.sync) row.sync = true
    if (change.stamp.audit !== undefined) row.audit = change.stamp.audit
    if (change.stamp.status !== undefined) row.status = change.stamp.problem ?? change.stamp.status
    return receipt(row)
  }
  const step = (row: Row, take: string, reason: string | null): void => {
    if (take === 'share') row.deal = { ...row.deal, [VISIBILITY]: true }
    if (side === 'partner' && (take === 'win' || take === 'lose') && phaseOf(row.deal.status ?? 'Active/Accepted') !== 'open')
      throw new Fault('rejected', 'not open', { remedy: '' })
    const after = stageAfter(take as Parameters<typeof stageAfter>[0]) // takes are stage moves here
    if (after !== null)
      row.deal = {
        ...row.deal,
        status: canonical({ ...row.deal, status: after }).status ?? after,
        ...(reason === null || side === 'crm' ? {} : { statusReason: reason }),
      }
    if (take === 'qualify') row.movedTo = refOf(put({ kind: 'opportunity', deal: { ...row.deal, status: 'Active/Accepted' }, sync: false }))
  }
  const create = (change: CreateChange): Receipt => {
    if (side === 'crm' && rows.has(change.marker)) return { ...receipt(rows.get(change.marker) as Row), found: true } // has() was just asked
    const id = side === 'crm' ? change.marker : undefined
    const row = put({
      kind: change.as,
      ...(id === undefined ? {} : { id }),
      deal: { ...change.deal, ...(side === 'partner' ? { status: change.as === 'related' ? 'New/Pending' : 'Active/Accepted' } : {}) },
      otherId: change.stamp.otherId ?? null,
      sync: change.stamp.sync ?? false,
      audit: change.stamp.audit ?? null,
      status: change.stamp.status ?? null,
      ...(change.as === 'related' ? { engagementId: change.marker } : {}),
    })
    return receipt(row)
  }
  const canonical = (deal: Projection): Projection => {
    if (side === 'partner' || deal.status === undefined) return deal
    const status =
      deal.status === 'New/Received' ? 'New/Pending' : isClosed(deal.status) && deal.status !== 'Closed/Won' ? 'Closed/Lost' : deal.status
    return { ...deal, status }
  }
  const write = async (change: Change): Promise<Receipt> => {
    calls.push(`${change.kind}${change.kind === 'step' ? `:${change.take}` : change.kind === 'create' ? `:${change.as}` : ''}`)
    const now = trouble.shift() ?? null
    if (now === 'refused') throw new Fault('rejected', 'refused by rule 42', { remedy: 'Ask the owner of rule 42.' })
    if (now === 'offline') throw new Fault('offline', 'no answer', { remedy: 'Wait.' })
    const done = carry(change)
    if (now === 'lost') throw new Fault('ambiguous', 'answer lost', { remedy: 'It is found out.' })
    return done
  }
  const read = (ref: EndRef, wide: boolean): Reading => {
    calls.push('read')
    if (absences.shift() !== undefined)
      return { kind: 'unreachable', ref, fault: new Fault('offline', `${side} does not answer`, { remedy: '' }) }
    const row = rows.get(ref.id)
    return row === undefined ? { kind: 'absent', ref } : reading(row, wide)
  }

  const adapter: Adapter = {
    side,
    can: { precondition: 'version', markerIsUnique: side === 'crm', markerLagMs: 5_000, auditLimit: 2_000, makesUp: side === 'crm' ? ['details.currency', 'details.closingDateTime'] : [] },
    canonical: (deal) => canonical(deal),
    webUrl: (ref) => `https://${side}.example/${ref.id}`,
    read: async (ref, { wide }) => read(ref, wide),
    readMany: async (refs, { wide }) => refs.map((ref) => read(ref, wide)),
    find: async ({ as, value }) =>
      [...rows.values()]
        .filter((row) =>
          as === 'related' ? row.kind === 'related' && row.engagementId === value : row.kind !== 'related' && row.otherId === value,
        )
        .map(refOf),
    create: write,
    write,
    writeMany: async (changes) => Promise.all(changes.map((change) => write(change).catch((error: Fault) => error))),
    async *touched({ cursor }): AsyncGenerator<TouchedPage> {
      const records = [...rows.values()].map((row) => {
        const own = row.kind !== 'related'
        return { ref: refOf(row), engagementId: own ? null : row.engagementId, reading: own ? reading(row, false) : null }
      })
      yield { records, cursor: String(Number(cursor ?? '0') + 1) }
    },
    describe: async () => ({ records: {} }),
    checks: async () => [],
  }
  return {
    adapter,
    rows,
    calls,
    trouble,
    absences,
    put,
    edit: (id, set) => {
      const row = rows.get(id)
      if (row === undefined) throw new Error(`no row ${id}`)
      row.deal = { ...row.deal, ...set }
      row.version += 1
    },
    only: (kind) => {
      const found = [...rows.values()].filter((row) => kind === undefined || row.kind === kind)
      if (found.length !== 1 || found[0] === undefined) throw new Error(`expected one ${kind ?? 'row'} on ${side}, found ${found.length}`)
      return found[0]
    },
  }
}
