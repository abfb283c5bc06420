import { isDeepStrictEqual } from 'node:util'
import type { Link } from '../../src/core/link.js'
import { replay } from '../../src/core/replay.js'
import type { Case } from './run-seed.js'
import type { Happening, Known, ShownField, Side } from './truth.js'
import { counterpart } from './people.js'
import { brakes, doors, hasAuthor, staysInside } from './checker-doors.js'
import { everNamed, rareHolds } from './checker-rare.js'
import { FIELD_OF, isFirst, phaseIn, sameSeen, UNIQUE, type Desk, type Phase, type Violation } from './checker-words.js'
import type { World } from './world.js'


const COMPARED: readonly ShownField[] = ['value', 'notes', 'date', 'currency', 'solutions']


/** What must hold when everything has come to rest, told from what the two systems show and from their histories. */
export async function checkEnd(world: World, given: Case): Promise<Violation[]> {
  const { links } = await world.store.list({ limit: 1_000 })
  const { records } = await world.store.audit({ limit: 100_000 })
  const ledger = [...records].reverse()
  const conflicts = ledger.flatMap((item) =>
    item.event?.kind === 'conflict' && item.link !== null ? [{ at: item.at, link: item.link, conflict: item.event.conflict }] : [],
  )
  const desk: Desk = { world, links, ledger, conflicts }
  return [
    ...converges(desk),
    ...noLostUpdate(desk),
    ...noDuplicate(desk),
    ...noPingPong(desk, given),
    ...noEcho(desk),
    ...replays(desk),
    ...staysInside(desk),
    ...(given.wide ? hasAuthor(desk) : []),
    ...(given.rare === null ? [] : rareHolds(desk)),
    ...brakes(desk),
    ...doors(desk),
  ]
}

/** Writes of the product after everything had come to rest and nobody did anything. */
export function checkQuiet(world: World, from: number): Violation[] {
  const late = world.writes.slice(from)
  return late.length === 0
    ? []
    : [
        {
          invariant: 'I4',
          text: `At rest the product wrote ${late.length} times: ${late
            .slice(0, 3)
            .map(({ what }) => what)
            .join('; ')}`,
        },
      ]
}

// ------------------------------------------------------------------------------------------------------------------ I1

/** A deal that a person is told about: then a difference is no secret. */
const SAYS_WHY: readonly string[] = [
  'preflight',
  'rejected',
  'absent',
  'linked-record-missing',
  'duplicate-marker',
  'identifier-changed',
  'reopened',
  'ignored',
  'confirm',
  'missing-record',
  'unmapped-value',
]

function converges(desk: Desk): Violation[] {
  const { truth } = desk.world
  return [...truth.records.values()].flatMap((record) => {
    if (record.gone) return []
    if (record.side === 'partner') return pairOf(desk, record)
    return record.kind === 'opportunity' ? aloneInCrm(desk, record) : []
  })
}

function linkOf(desk: Desk, record: Known): Link | undefined {
  return desk.links.find((link) => link.ends.partner?.id === record.id || link.ends.crm?.id === record.id)
}

/** Where people wrote different records into the identifiers, any of them may be the one. */
function chosenByHand({ truth }: World, referral: Known, link: Link | undefined): Known | null {
  const id = link?.ends.crm?.id ?? null
  const record = id === null || truth.meddled.size === 0 ? undefined : truth.records.get(id)
  return record !== undefined && everNamed(truth, referral.id, record.id) ? record : null
}

/** What the lead became was closed, and so was its referral, before either could be named on the other: the lead still says whose it is. */
function closedBeforeNamed({ world }: Desk, referral: Known, link: Link | undefined, met: Known | null): Known | null {
  const held = world.truth.records.get(link?.ends.crm?.id ?? '')
  if (met === null || held === undefined || held.cameFrom !== met.id) return null
  return ['won', 'lost'].includes(crmPhase(held) ?? '') && referral.shown.stage.startsWith('Closed') ? held : null
}

function pairOf(desk: Desk, referral: Known): Violation[] {
  const link = linkOf(desk, referral)
  const met = chosenByHand(desk.world, referral, link) ?? counterpart(desk.world.truth, referral)
  const other = closedBeforeNamed(desk, referral, link, met) ?? met
  const fail = (text: string): Violation => ({
    invariant: 'I1',
    text: `${text} [link ${link?.id ?? 'none'}: ${link?.state ?? '-'} ${link?.reason?.code ?? ''} ${link?.reason?.text ?? ''}]`,
  })
  if (link === undefined) return [fail(`Referral ${referral.id} (${referral.shown.stage}) is not known to the product.`)]
  if (link.state === 'pending' || link.state === 'stopped') return [fail(`Referral ${referral.id} rests as ${link.state}.`)]
  if (SAYS_WHY.includes(link.reason?.code ?? '') || waitsForFlow(desk, link)) return []
  const first = firstStage(desk, referral)
  if (other === null) {
    const wasOver =
      ['Closed/Declined', 'Closed/Expired', 'Closed/Error', 'Closed/Lost'].includes(referral.shown.stage) ||
      (first.lead && referral.shown.stage.startsWith('Closed'))
    return wasOver && link.state === 'unlinked' ? [] : [fail(`Referral ${referral.id} (${referral.shown.stage}) has no CRM record.`)]
  }
  if (other.gone) return [fail(`The CRM record ${other.id} of referral ${referral.id} is gone and nobody is told.`)]
  if (link.ends.crm?.id !== other.id)
    return [fail(`Referral ${referral.id} belongs to ${other.id}, the product has ${link.ends.crm?.id ?? 'none'}.`)]
  return [...stagesAgree(desk, referral, other, link).map(fail), ...fieldsAgree(desk, referral, other, link).map(fail)]
}

/** A flow that nobody opened: the deal says that what would be written waits for it. */
const waitsForFlow = ({ world }: Desk, { reason }: Link): boolean =>
  ['observing', 'excluded', 'conflict'].includes(reason?.code ?? '') && Object.values(world.office.flows()).some((flow) => flow !== 'on')

function firstStage(desk: Desk, referral: Known): { lead: boolean } {
  const made = desk.world.partner.referral(referral.id)
  return { lead: made?.qualification === 'MarketingQualified' }
}

function partnerPhase(stage: string): Phase {
  if (stage.startsWith('New/')) return 'waiting'
  if (stage.startsWith('Active/')) return 'open'
  return stage === 'Closed/Won' ? 'won' : 'lost'
}
const crmPhase = ({ shown }: Known): Phase => phaseIn(shown.stage)

const saysStage = (desk: Desk, link: Link): boolean => link.conflicts.some(({ field }) => field === 'status')

function stagesAgree(desk: Desk, referral: Known, other: Known, link: Link): string[] {
  const [partner, crm] = [partnerPhase(referral.shown.stage), crmPhase(other)]
  if (partner === crm || saysStage(desk, link) || desk.world.office.refused.has(link.id)) return []
  // A lead that was converted, and whose opportunity is another deal's or gone, takes no end any more.
  if (other.kind === 'lead' && crm === 'open' && partner !== 'waiting') return []
  // An open deal that a seller puts on hold stays active at Partner Center, which knows no such thing.
  if (partner === 'open' && crm === 'waiting')
    return lastStageBy(desk, other) === 'person' ? [] : [`Referral ${referral.id} is active, its CRM record ${other.id} waits.`]
  // The switch is off: what happens in the CRM stays there.
  if (!other.shown.sync && lastStageBy(desk, other) === 'person') return []
  return [`Stages differ: referral ${referral.id} ${referral.shown.stage}, ${other.kind} ${other.id} ${other.shown.stage}.`]
}

function lastStageBy({ world }: Desk, record: Known): string | undefined {
  return world.truth.happenings.findLast((item) => item.record === record && item.field === 'stage')?.actor
}

const lastOf = ({ world }: Desk, record: Known, field: ShownField): Happening | undefined =>
  world.truth.happenings.findLast((item) => item.record === record && item.field === field)

/** When the referral began to take nothing: it was made unanswered or was closed, or the record's switch went off, maybe before it was answered. */
function heldSince(desk: Desk, referral: Known, other: Known): number {
  if (other.shown.sync) return lastOf(desk, referral, 'stage')?.order ?? 0
  const off = lastOf(desk, other, 'sync')?.order ?? 0
  const answered = desk.world.truth.happenings.find(
    ({ record, field, to }) => record === referral && field === 'stage' && partnerPhase(String(to)) !== 'waiting',
  )
  return answered !== undefined && answered.order < off ? off : 0
}
/** A list that a person changed there may hold what the partner's side brought as well. */
const uncarriedMs = 90_000 // The lease of a process that was killed ends first.
const readBeforeMs = 20_000 // What a write carries was read so long before it, where every call takes three seconds.
/** A person's edit in the CRM of a moment before the referral took nothing any more: it came too late to be sent. */
const wasTooLate = (desk: Desk, referral: Known, other: Known, field: ShownField): boolean => {
  const { happenings } = desk.world.truth
  const since = heldSince(desk, referral, other)
  const from = (happenings.find(({ order }) => order === since)?.atMs ?? 0) - uncarriedMs
  const read = (lastOf(desk, referral, field)?.atMs ?? 0) - readBeforeMs
  return happenings.some((item) => item.atMs >= Math.max(read, from) && item.actor === 'person' && item.record === other && item.field === field)
}
const editedSince = ({ world }: Desk, record: Known, field: ShownField, since: number): boolean =>
  world.truth.happenings.some((item) => item.order > since && item.actor === 'person' && item.record === record && item.field === field)

function fieldsAgree(desk: Desk, referral: Known, other: Known, link: Link): string[] {
  const partner = partnerPhase(referral.shown.stage)
  const crm = crmPhase(other)
  if (other.kind === 'lead' && crm === 'open' && saysStage(desk, link)) return [] // Converted, and told.
  return COMPARED.flatMap((field) => {
    const [a, b] = [referral.shown[field], other.shown[field]]
    if (a === b || b === undefined) return []
    if (other.kind === 'lead' && field === 'solutions') return []
    const name = FIELD_OF[field]
    if (link.conflicts.some((conflict) => conflict.field === name)) return []
    if (name !== undefined && link.reason?.items?.some((item) => item.startsWith(name)) === true) return []
    const byPartner = lastOf(desk, referral, field)
    const byCrm = lastOf(desk, other, field)
    // A closed or unanswered referral takes nothing, nor does one whose record's switch is off: later edits in the CRM stay there.
    const held = partner === 'won' || partner === 'lost' || partner === 'waiting' || !other.shown.sync
    const word = link.decisions.some((decision) => decision.field === name && decision.keep === 'crm')
    // What a seller wrote on a lead came along when the lead was converted.
    const grown = other.cameFrom === null ? undefined : desk.world.truth.records.get(other.cameFrom)
    const edited = [other, ...(grown === undefined ? [] : [grown])].some(
      (record) => editedSince(desk, record, field, heldSince(desk, referral, record)) || wasTooLate(desk, referral, record, field),
    )
    if (held && (word || byCrm?.actor === 'person' || edited))
      return link.reason !== null ? [] : [`${field} of ${other.kind} ${other.id} is not sent and nobody is told: referral ${referral.id} ${String(a)}, record ${String(b)}.`]
    // Nor does it take what the record brought to their first meeting, beside its own.
    if (held && field === 'solutions' && String(a).split(' ').every((id) => String(b).includes(id))) return []
    // A record that a person closed takes nothing from the partner.
    if ((crm === 'won' || crm === 'lost') && byPartner?.actor === 'person') return []
    return [`${field} differs unsaid: referral ${referral.id} ${String(a)}, ${other.kind} ${other.id} ${String(b)}.`]
  })
}

/** An opportunity whose switch is on has a referral, or says why not. */
function aloneInCrm(desk: Desk, record: Known): Violation[] {
  if (!record.shown.sync || record.madeBy === 'cosell') return []
  const link = linkOf(desk, record)
  const partner = [...desk.world.truth.records.values()].find(
    ({ side, id, shown }) => side === 'partner' && (shown.otherId === record.id || id === record.shown.otherId),
  )
  if (partner !== undefined) return []
  if (link !== undefined && (link.state === 'needs-attention' || (link.state === 'unlinked' && link.reason !== null))) return []
  return [
    {
      invariant: 'I1',
      text: `Opportunity ${record.id} is to be shared and is not. [link ${link?.state ?? 'none'} ${link?.reason?.text ?? ''}]`,
    },
  ]
}

// ------------------------------------------------------------------------------------------------------------------ I2

function noLostUpdate(desk: Desk): Violation[] {
  const { happenings } = desk.world.truth
  return happenings.flatMap((item) => {
    if (item.actor !== 'cosell' || !UNIQUE.includes(item.field as ShownField) || item.from === null) return []
    const before = happenings.slice(0, item.order).findLast((earlier) => earlier.record === item.record && earlier.field === item.field)
    if (before?.actor !== 'person') return []
    // What an opportunity shows when it comes of a lead was copied or made up by the CRM.
    if (before.from === null && before.record.cameFrom !== null && before.to !== null && isFirst(desk.world, before)) return []
    const otherSide: Side = item.record.side === 'partner' ? 'crm' : 'partner'
    const carried = happenings.some(
      (other) => other.record.side === otherSide && other.field === item.field && other.to === item.from && other.order < item.order,
    )
    if (carried) return []
    const name = FIELD_OF[item.field as ShownField]
    const said = desk.conflicts.some(
      ({ at, conflict }) => at <= item.atMs + 60_000 && conflict.field === name && sameSeen(conflict.saw[item.record.side], item.from),
    )
    return said
      ? []
      : [
          {
            invariant: 'I2',
            text: `${item.record.kind} ${item.record.id}: ${item.field} "${String(item.from)}", written by a person, was overwritten by "${String(item.to)}" unseen.`,
          },
        ]
  })
}

// ------------------------------------------------------------------------------------------------------------------ I3

const deletedByPerson = (world: World, record: Known): boolean =>
  record.gone && world.truth.happenings.findLast((item) => item.record === record && item.field === 'gone')?.actor === 'person'

function noDuplicate({ world, links }: Desk): Violation[] {
  const found: Violation[] = []
  // What a person deleted before its creation was known is made again, where ids are the system's to choose under another one.
  // Nor is one found again whose marker a person wrote over before its creation was known.
  const isLost = (record: Known): boolean => deletedByPerson(world, record) || world.truth.meddled.has(record.id)
  const made = [...world.truth.records.values()].filter((record) => record.madeBy === 'cosell' && !isLost(record))
  const count = (key: (record: Known) => string | null, what: string): void => {
    const seen = new Map<string, Known[]>()
    for (const record of made) {
      const name = key(record)
      if (name !== null) seen.set(name, [...(seen.get(name) ?? []), record])
    }
    for (const [name, records] of seen)
      if (records.length > 1)
        found.push({
          invariant: 'I3',
          text: `${what} ${name} was made ${records.length} times: ${records.map(({ kind, id }) => `${kind} ${id}`).join(', ')}`,
        })
  }
  const firstOther = (record: Known): string | null => {
    const item = world.truth.happenings.find(
      (happening) => happening.record === record && happening.field === 'otherId' && happening.to !== null,
    )
    return item === undefined ? null : String(item.to)
  }
  count((record) => (record.side === 'crm' && record.cameFrom === null ? firstOther(record) : null), 'The CRM record of referral')
  count((record) => (record.side === 'partner' ? firstOther(record) : null), 'The referral of CRM record')
  for (const [engagement, ids] of world.truth.theirs)
    if (ids.length > 1) found.push({ invariant: 'I3', text: `Microsoft was asked ${ids.length} times in engagement ${engagement}.` })
  for (const side of ['partner', 'crm'] as const) {
    const ends = links.flatMap((link) => (link.ends[side] === null ? [] : [link.ends[side].id]))
    for (const id of ends)
      if (ends.filter((other) => other === id).length > 1) found.push({ invariant: 'I3', text: `Record ${id} belongs to two deals.` })
  }
  found.push(...twoAccounts(world), ...besideAnother(world, made))
  return found
}

/** Made although one stood there already that named the same counterpart, or was named by it. */
function besideAnother(world: World, made: readonly Known[]): Violation[] {
  const { happenings, records } = world.truth
  return made.flatMap((record) => {
    if (record.cameFrom !== null) return []
    const born = happenings.find((item) => item.record === record)?.order ?? 0
    const other = happenings.find((item) => item.record === record && item.field === 'otherId' && item.to !== null)?.to
    const rival = happenings.find(
      (item) =>
        item.field === 'otherId' &&
        item.order < born &&
        item.record !== record &&
        !item.record.gone &&
        !world.truth.meddled.has(item.record.id) &&
        ((item.record.side === record.side && item.to === other) ||
          (item.record.id === other && item.to !== null && records.get(String(item.to))?.gone === false)),
    )
    return rival === undefined || other === undefined
      ? []
      : [
          {
            invariant: 'I3',
            text: `${record.kind} ${record.id} was made for ${String(other)} although ${rival.record.kind} ${rival.record.id} said that they belong together.`,
          },
        ]
  })
}

function twoAccounts(world: World): Violation[] {
  const seen = new Map<string, number>()
  for (const key of world.crm.customersMade()) seen.set(key, (seen.get(key) ?? 0) + 1)
  return [...seen].flatMap(([key, count]) =>
    count > 1 ? [{ invariant: 'I3', text: `${count} accounts were made of one customer: ${key}.` }] : [],
  )
}

// ------------------------------------------------------------------------------------------------------------------ I4

function noPingPong({ world }: Desk, given: Case): Violation[] {
  const decisions = given.script.acts.filter(({ kind }) => kind.startsWith('desk.resolve')).length
  return COMPARED.flatMap((field) => {
    const changes = world.truth.happenings.filter((item) => item.field === field && !isFirst(world, item))
    const ours = changes.filter(({ actor }) => actor === 'cosell').length
    const theirs = changes.filter(({ actor }) => actor === 'person').length
    const most = theirs + decisions + world.truth.records.size
    return ours > most ? [{ invariant: 'I4', text: `${field} was written ${ours} times for ${theirs} edits of people.` }] : []
  })
}

// ------------------------------------------------------------------------------------------------------------------ I5

/** A conflict between two edits, one of which was our own write. */
function noEcho({ world, conflicts, links }: Desk): Violation[] {
  return conflicts.flatMap(({ at, link, conflict }) => {
    // An amount is contested with its currency: one of the two may be as we wrote it.
    if (conflict.kind !== 'edit/edit' || conflict.reason.endsWith('the two belong together.')) return []
    const field = UNIQUE.find((name) => FIELD_OF[name] === conflict.field)
    const deal = links.find(({ id }) => id === link)
    if (field === undefined || deal === undefined) return []
    return (['partner', 'crm'] as const).flatMap((side) => {
      const seen = conflict.saw[side]
      const writer = world.truth.happenings.find(
        (item) => item.record.side === side && item.field === field && item.atMs <= at + 1_000 && sameSeen(seen, item.to),
      )
      return writer?.actor === 'cosell' && writer.record.madeBy === 'person'
        ? [
            {
              invariant: 'I5',
              text: `${side} ${field} "${String(seen)}" was our own write, and is called somebody's edit in a conflict of deal ${link}.`,
            },
          ]
        : []
    })
  })
}

// ------------------------------------------------------------------------------------------------------------------ I6

/** The ledger alone tells what was agreed on. */
function replays({ links, ledger }: Desk): Violation[] {
  return links.flatMap((link) => {
    const told = replay(ledger.filter((item) => item.link === link.id).map(({ event }) => event))
    return isDeepStrictEqual(told, link.base)
      ? []
      : [{ invariant: 'I6', text: `The ledger of deal ${link.id} leads to ${JSON.stringify(told)}, not to ${JSON.stringify(link.base)}.` }]
  })
}
