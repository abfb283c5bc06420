import { stripCheckMark } from '../../core/conversions.js'
import type { Field, FieldValue, Person, Projection } from '../../core/deal.js'
import { decodeStage } from '../../core/mapping-stages.js'
import type { Present, Reading, Unreadable } from '../../core/ports.js'
import { assertNever, type EndRef, type Ref } from '../../core/ref.js'
import { unique } from '../lists-as-text.js'
import { remedyFor } from '../values.js'
import { decodeColumn, type BoundRow, type Codec } from './codec.js'
import { AUDIT, IDENTIFIER, LINK, PERSON, SYNC, type Place } from './profile.js'
import { flagOf, idOf, instantOf, rowOf, rowsOf, textOf, type Row } from './row.js'
import { fieldIn, present, type Schema } from './schema.js'
import { isIn, soql } from './soql.js'
import { packVersion, type SeenRow } from './version.js'

const stamps = ['Id', 'SystemModstamp', 'LastModifiedDate']
const of = (relation: string, names: readonly string[]): string[] => names.map((name) => `${relation}.${name}`)
const mappedOn = (codec: Codec, relation: 'account' | 'contact'): string[] =>
  codec.rows.flatMap(({ target }) => (target.kind === 'related' && target.relation === relation ? [target.column.name] : []))
export const accountFields = (codec: Codec): string[] => [...new Set([...stamps, 'Name', ...mappedOn(codec, 'account')])]
export const contactFields = (codec: Codec): string[] => [
  ...new Set([...stamps, ...present(codec.schema, 'Contact', PERSON), ...mappedOn(codec, 'contact')]),
]
const own = (codec: Codec, name: string): string | null => fieldIn(codec.schema, codec.object, name)?.name ?? null

/** The one question whose answer is everything deals show on their records: the rows, and beside them all rows they are made of. */
export const readQuery = (codec: Codec, ids: readonly string[]): string =>
  soql({ fields: readFields(codec), from: codec.object, where: [isIn('Id', ids)] })
export function readFields(codec: Codec): readonly string[] {
  const known = fieldsRead.get(codec) ?? fieldsOf(codec)
  fieldsRead.set(codec, known)
  return known
}
const fieldsRead = new WeakMap<Codec, readonly string[]>() // Asked for every deal, and the same for all of a codec's life.

function fieldsOf(codec: Codec): readonly string[] {
  const mapped = codec.rows.flatMap(({ target }) => (target.kind === 'field' ? [target.column.name] : []))
  const kept = [SYNC, IDENTIFIER, LINK, AUDIT].flatMap((name) => own(codec, name) ?? [])
  const stage = codec.stages.rows.flatMap(({ crm }) => Object.keys(crm))
  const currency = codec.schema.multiCurrency ? ['CurrencyIsoCode'] : []
  // The owner of a lead may be a queue as well: of both only the first phone is known.
  const phones = codec.kind === 'lead' ? codec.schema.userPhones.filter((name) => name === 'Phone') : codec.schema.userPhones
  const owner = ['OwnerId', ...of('Owner', ['FirstName', 'LastName', 'Email', ...phones])]
  const shared = [...stamps, 'IsDeleted', 'CreatedDate', ...mapped, ...kept, ...stage, ...currency, ...owner]
  return [...new Set(codec.kind === 'lead' ? [...shared, ...present(codec.schema, 'Lead', leadFields)] : [...shared, ...opportunityFields(codec)])]
}
const leadFields = [...PERSON, 'Name', 'IsConverted', 'ConvertedOpportunityId', 'MasterRecordId']
function opportunityFields(codec: Codec): string[] {
  const { solutions } = codec.schema
  const account = ['AccountId', ...of('Account', accountFields(codec))]
  const contact = ['Id', 'ContactId', 'IsPrimary', 'IsDeleted', ...of('Contact', contactFields(codec))]
  const lines = has(codec, 'HasOpportunityLineItem') ? ['HasOpportunityLineItem'] : []
  const children =
    solutions === null ? [] : [`(SELECT Id,IsDeleted,SystemModstamp,Name,${solutions.solutionId} FROM ${solutions.relationship})`]
  const { team, userPhones } = codec.schema
  const member = ['Id', 'IsDeleted', 'UserId', ...of('User', ['FirstName', 'LastName', 'Email', 'IsActive', ...userPhones])]
  const members = team === null || !hasOwner(codec) ? [] : [`(SELECT ${member.join(',')} FROM ${team.relationship})`]
  return ['IsClosed', 'IsWon', ...lines, ...account, `(SELECT ${contact.join(',')} FROM OpportunityContactRoles)`, ...children, ...members]
}
const hasOwner = (codec: Codec): boolean => codec.rows.some(({ target }) => target.kind === 'place' && target.place === 'owner')
const has = (codec: Codec, name: string): boolean => codec.schema.objects.Opportunity.has(name)

/** The rows around a record, as one look saw them. */
interface Around {
  readonly row: Row
  /** What the record names and does not show us: sharing keeps it from the connector's user. Nothing is known of it, least of all that it is empty. */
  readonly hidden: { readonly account: boolean; readonly contact: boolean; readonly owner: boolean }
  readonly account: Row | null
  readonly contact: { readonly row: Row; readonly roleId: string } | null
  readonly solutions: readonly {
    readonly id: string
    readonly stampedAt: number
    readonly solution: { readonly id: string; readonly name: string | null }
  }[]
}
function around(codec: Codec, row: Row): Around {
  const names = (of: Row, id: string, parent: string): boolean => idOf(of, id) !== null && rowOf(of, parent) === null
  const owner = names(row, 'OwnerId', 'Owner')
  if (codec.kind === 'lead') return { row, hidden: { account: false, contact: false, owner }, account: null, contact: null, solutions: [] }
  const roles = rowsOf(row, 'OpportunityContactRoles').filter((role) => !flagOf(role, 'IsDeleted'))
  const role = roles.find((candidate) => flagOf(candidate, 'IsPrimary')) ?? roles[0]
  const contact = role === undefined ? null : rowOf(role, 'Contact')
  const roleId = role === undefined ? null : idOf(role, 'Id')
  const table = codec.schema.solutions
  const children = table === null ? [] : rowsOf(row, table.relationship).filter((child) => !flagOf(child, 'IsDeleted'))
  return {
    row,
    hidden: { account: names(row, 'AccountId', 'Account'), contact: role !== undefined && names(role, 'ContactId', 'Contact'), owner },
    account: rowOf(row, 'Account'),
    contact: contact === null || roleId === null ? null : { row: contact, roleId },
    solutions: children.flatMap((child) => {
      const id = idOf(child, 'Id')
      const solutionId = table === null ? null : textOf(child, table.solutionId)
      if (id === null || solutionId === null) return []
      return [{ id, stampedAt: instantOf(child, 'SystemModstamp') ?? 0, solution: { id: solutionId.trim(), name: textOf(child, 'Name') } }]
    }),
  }
}

/** What a row says: a record, or that it went: into the recycle bin, into an opportunity, or into another lead. */
export function readingOf(codec: Codec, ref: EndRef, row: Row | null, at: number | null): Reading {
  if (row === null) return { kind: 'absent', ref }
  const to = codec.kind === 'lead' ? movedTo(row) : null
  if (to !== null) return { kind: 'moved', ref, to }
  return flagOf(row, 'IsDeleted') ? { kind: 'absent', ref } : presentOf(codec, ref, row, at)
}
/** Where a lead went that is a lead no more. */
export function movedTo(row: Row): EndRef | null {
  const opportunity = flagOf(row, 'IsConverted') ? idOf(row, 'ConvertedOpportunityId') : null
  if (opportunity !== null) return { side: 'crm', kind: 'opportunity', id: opportunity }
  const master = flagOf(row, 'IsDeleted') ? idOf(row, 'MasterRecordId') : null
  return master === null ? null : { side: 'crm', kind: 'lead', id: master }
}

/** Everything one row says about its deal. `at`: the server's clock at the time of the look, whole seconds. */
export function presentOf(codec: Codec, ref: EndRef, row: Row, at: number | null): Present {
  const seen = around(codec, row)
  const { deal, unreadable } = dealOf(codec, seen)
  const identifier = own(codec, IDENTIFIER)
  const audit = own(codec, AUDIT)
  return {
    kind: 'present',
    ref,
    version: versionOf(codec, seen),
    deal,
    otherId: identifier === null ? null : (textOf(row, identifier)?.trim().toLowerCase() ?? null),
    // Without the switch in this org nobody can have switched it on.
    sync: switchOf(codec, row) === true,
    category: codec.kind,
    // Products decide the amount of an opportunity that has them: what is written there is ignored without a word. Their price book decides the
    // currency: another one would refuse the whole write, or turn their amount into another sum.
    locked: flagOf(row, 'HasOpportunityLineItem') ? ['details.dealValue', 'details.currency'] : [],
    sealed: codec.kind === 'lead' && flagOf(row, 'IsConverted'),
    unreadable,
    ...unansweredBy(codec, deal),
    engagementId: null,
    aliases: [],
    parts: partsOf(seen),
    auditText: audit === null ? null : (textOf(row, audit) ?? ''),
    settlesInMs: settlesIn([row, seen.account, seen.contact?.row ?? null].map((part) => part && instantOf(part, 'LastModifiedDate')), at),
    modifiedAt: instantOf(row, 'LastModifiedDate'),
    createdAt: instantOf(row, 'CreatedDate'),
  }
}

/** Where the org lists the stage of deals that wait no more, its deals may show a new name of it, which looks like any other open stage. */
function unansweredBy({ kind, stages, schema }: Codec, { status }: Projection): Pick<Present, 'unanswered'> {
  const held = stages.rows.find(({ pattern }) => pattern === 'New/*')?.crm['StageName']
  const isListed = schema.readAt === null || schema.stages.some(({ value }) => value === held)
  if (kind === 'lead' || status !== 'Active/Accepted' || held === undefined || isListed) return {}
  return { unanswered: `Deals that wait are put into the stage "${held}", which the org has no more: whether this one was answered cannot be told.` }
}

const secondMs = 1_000
/**
 * A conditional write compares whole seconds, so that a row which changed in the very second of the look may change again unseen.
 * A look from a later second on is safe. `modifiedAt`: of the rows that were looked at; `at`: the earliest moment at which the server can have looked.
 */
export function settlesIn(modifiedAt: readonly (number | null)[], at: number | null): number {
  if (at === null) return 0
  const waitMs = Math.max(...modifiedAt.map((instant) => instant ?? 0)) + secondMs - at
  // A server whose clock went backwards would hold the deal for ever: a stamp far in the future is not waited for.
  return waitMs > 0 && waitMs < 60 * secondMs ? Math.ceil(waitMs) + 100 : 0
}

function partsOf({ account, contact, solutions }: Around): Ref[] {
  const part = (kind: 'account' | 'contact' | 'solution', id: string | null): Ref[] => (id === null ? [] : [{ side: 'crm', kind, id }])
  return [
    ...part('account', account && idOf(account, 'Id')),
    ...part('contact', contact && idOf(contact.row, 'Id')),
    ...solutions.flatMap(({ id }) => part('solution', id)),
  ]
}

function seenRow(row: Row): SeenRow | null {
  const id = idOf(row, 'Id')
  const modifiedAt = instantOf(row, 'LastModifiedDate')
  return id === null || modifiedAt === null ? null : { id, modifiedAt, stampedAt: instantOf(row, 'SystemModstamp') ?? modifiedAt }
}
function versionOf(codec: Codec, { row, account, contact, solutions }: Around): Present['version'] {
  const self = seenRow(row)
  if (self === null) return null
  const contactSeen = contact === null ? null : seenRow(contact.row)
  return packVersion({
    row: self,
    account: account && seenRow(account),
    contact: contact && contactSeen && { ...contactSeen, email: textOf(contact.row, 'Email') ?? '', roleId: contact.roleId },
    solutions: solutions.map(({ id, stampedAt, solution }) => ({ id, stampedAt, solution: solution.id })),
    currency: currencyOf(codec.schema, row),
    name: textOf(row, 'Name'),
    sync: switchOf(codec, row),
  })
}
/** What the switch of a record says; null where this org has none. */
export function switchOf(codec: Codec, row: Row): boolean | null {
  const name = own(codec, SYNC)
  return name === null ? null : flagOf(row, name)
}
/** In an org of one currency every amount is in it. */
export const currencyOf = (schema: Schema, row: Row): string | null =>
  schema.multiCurrency ? (textOf(row, 'CurrencyIsoCode')?.toUpperCase() ?? null) : ([...schema.currencies.keys()][0] ?? null)

function dealOf(codec: Codec, seen: Around): { readonly deal: Projection; readonly unreadable: Unreadable[] } {
  const deal: Partial<Record<Field, FieldValue>> = {}
  const unreadable: Unreadable[] = []
  for (const bound of codec.rows) {
    const { target } = bound
    if (isHidden(target, seen)) continue
    const read = target.kind === 'place' ? readPlace(codec, target.place, seen) : readColumn(bound, target, seen)
    if ('unreadable' in read) unreadable.push(read.unreadable)
    else deal[bound.field] = read.value
  }
  return { deal: deal as Projection, unreadable } // every value was read for its field
}
function isHidden(target: BoundRow['target'], { hidden }: Around): boolean {
  if (target.kind === 'related') return hidden[target.relation]
  return target.kind === 'place' && ((target.place === 'contact' && hidden.contact) || (target.place === 'owner' && hidden.owner))
}
type Read = { readonly value: FieldValue } | { readonly unreadable: Unreadable }

function readColumn(bound: BoundRow, target: Extract<BoundRow['target'], { column: unknown }>, seen: Around): Read {
  const from = target.kind === 'field' ? seen.row : target.relation === 'account' ? seen.account : (seen.contact?.row ?? null)
  const raw = from === null ? null : from[target.column.name]
  const read = decodeColumn({ ...bound, target }, raw)
  if (read.ok) return { value: bound.field === 'name' && typeof read.value === 'string' ? stripCheckMark(read.value) : read.value }
  return {
    unreadable: {
      field: bound.field,
      shows: String(raw),
      text: `The record's ${target.column.label} cannot be read: ${read.why}`,
      remedy: remedyFor(bound.row, target.column.name),
    },
  }
}

function readPlace(codec: Codec, place: Place, { row, contact, solutions }: Around): Read {
  switch (place) {
    case 'stage':
      return readStage(codec, row)
    case 'currency':
      return { value: currencyOf(codec.schema, row) }
    case 'owner': {
      const owner = rowOf(row, 'Owner')
      return { value: unique([...(owner === null ? [] : personIn(owner)), ...membersIn(codec, row)]) }
    }
    case 'contact':
      return { value: contact === null ? [] : personIn(contact.row) }
    case 'person':
      return { value: personIn(row) }
    case 'solutions':
      return { value: unique(solutions.map(({ solution }) => solution)) }
    default:
      return assertNever(place)
  }
}
/** The active members of the team, beside the owner. */
function membersIn(codec: Codec, row: Row): readonly Person[] {
  const { team } = codec.schema
  const members = team === null || codec.kind === 'lead' ? [] : rowsOf(row, team.relationship)
  return members.flatMap((member) => {
    const user = flagOf(member, 'IsDeleted') ? null : rowOf(member, 'User')
    return user === null || user['IsActive'] === false ? [] : personIn(user)
  })
}
export function personIn(row: Row): readonly Person[] {
  const email = textOf(row, 'Email')
  return email === null
    ? []
    : [
        {
          email: email.toLowerCase(),
          firstName: textOf(row, 'FirstName'),
          lastName: textOf(row, 'LastName'),
          phone: textOf(row, 'Phone') ?? textOf(row, 'MobilePhone'),
        },
      ]
}

function readStage(codec: Codec, row: Row): Read {
  const names = [...new Set([...codec.stages.rows.flatMap(({ crm }) => Object.keys(crm)), 'IsClosed', 'IsWon', 'IsConverted'])]
  const shown = Object.fromEntries(names.flatMap((name) => (row[name] === undefined ? [] : [[name, scalarIn(row[name])]])))
  const status = textOf(row, codec.kind === 'lead' ? 'Status' : 'StageName') ?? 'no status'
  const read = decodeStage(codec.stages, shown, { isOpen: !flagOf(row, 'IsClosed') && !flagOf(row, 'IsConverted'), text: status })
  return 'stage' in read ? { value: read.stage } : read
}
const scalarIn = (value: unknown): string | number | boolean | null =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null

/** Only what an existing customer shows in place of what was sent: for the receipt of a create that found its account. */
export function relatedDeal(codec: Codec, relation: 'account' | 'contact', related: Row): Projection {
  const deal: Partial<Record<Field, FieldValue>> = {}
  for (const bound of codec.rows) {
    const { target } = bound
    if (target.kind !== 'related' || target.relation !== relation) continue
    const read = decodeColumn({ ...bound, target }, related[target.column.name])
    if (read.ok) deal[bound.field] = read.value
  }
  return deal as Projection // every value was read for its field
}
