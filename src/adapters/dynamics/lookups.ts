import { itemKey, type Person, type Solution } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import type { DynamicsApi, Question } from './api.js'
import type { Codec } from './codec.js'
import { accountIdFor, type AccountCandidate, type Customer } from '../customers.js'
import { guidOf } from '../guid.js'
import { accountSelect, contactSelect, relatedDeal } from './decode.js'
import { userPerson, userSelect } from './fields.js'
import { idOf, numberOf, query, quoted, rowsOf, textOf, type Row } from './row.js'

/** What has to be known before records can be made: asked for all deals of a call at once. */
export interface Needs {
  readonly customers: readonly Customer[]
  /** E-mails of customer contacts. */
  readonly contacts: readonly string[]
  /** E-mails of people who may be the owner. */
  readonly users: readonly string[]
  /** What has to have an entry in the catalogue, where there is one. */
  readonly solutions: readonly Solution[]
}

export interface Found {
  readonly accounts: readonly (AccountCandidate & { readonly row: Row })[]
  readonly contacts: readonly { readonly id: string; readonly email: string; readonly accountId: string | null; readonly row: Row }[]
  /** By e-mail in lower case. */
  readonly users: ReadonlyMap<string, { readonly id: string; readonly person: Person }>
  /** Entries of the catalogue of solutions, by the solution's id in lower case. */
  readonly entries: ReadonlyMap<string, string>
}

const perQuestion = 40 // Forty values of a few dozen characters keep a question far below the 64 KB a batch allows.
const readWriteAccess = 0 // Other access modes are for administration and for services, not for people who sell.

/** One call for everything, or none when there is nothing to ask. */
export async function lookUp(api: DynamicsApi, codec: Codec, needs: Needs, signal: AbortSignal): Promise<Found> {
  const questions = [
    ...questionsFor('accounts', customerNames(codec, needs.customers)),
    ...questionsFor('accounts', { column: 'accountid', values: needs.customers.map(accountIdFor) }),
    ...questionsFor('contacts', { column: 'emailaddress1', values: needs.contacts }),
    ...questionsFor('users', { column: 'internalemailaddress', values: needs.users }),
    ...questionsFor('entries', solutionIds(codec, needs.solutions)),
  ]
  const answers = await api.ask(
    questions.map(({ topic, column, values }) => toQuestion(codec, topic, { column, values })),
    signal,
  )
  const rows = (topic: Topic): Row[] =>
    questions.flatMap((question, index) => {
      if (question.topic !== topic) return []
      const answer = answers[index]
      if (answer instanceof Fault) throw answer
      return answer === null || answer === undefined ? [] : rowsOf(answer, 'value')
    })
  return {
    accounts: readAccounts(codec, rows('accounts')),
    contacts: readContacts(rows('contacts')),
    users: readUsers(codec, rows('users')),
    entries: readEntries(codec, rows('entries')),
  }
}

type Topic = 'accounts' | 'contacts' | 'users' | 'entries'
interface Wanted {
  readonly column: string
  readonly values: readonly string[]
}
function questionsFor(topic: Topic, wanted: Wanted | null): (Wanted & { readonly topic: Topic })[] {
  if (wanted === null) return []
  const values = [...new Set(wanted.values.map((value) => value.trim()).filter((value) => value !== ''))]
  const chunks = Array.from({ length: Math.ceil(values.length / perQuestion) }, (_, index) =>
    values.slice(index * perQuestion, (index + 1) * perQuestion),
  )
  return chunks.map((chunk) => ({ topic, column: wanted.column, values: chunk }))
}

/** The column that holds the customer's name decides where customers are looked for. */
function customerNames(codec: Codec, customers: readonly Customer[]): Wanted | null {
  const bound = codec.rows.find(({ field }) => field === 'customerProfile.name')
  if (bound?.target.kind !== 'related') return null
  return { column: bound.target.column.name, values: customers.map(({ written }) => written) }
}

function solutionIds({ schema }: Codec, solutions: readonly Solution[]): Wanted | null {
  const catalogue = schema.solutions?.catalogue ?? null
  return catalogue === null ? null : { column: catalogue.columns.solutionId, values: solutions.map(({ id }) => id) }
}

function toQuestion(codec: Codec, topic: Topic, { column, values }: Wanted): Question {
  const [only] = values
  const filter = values.length === 1 && only !== undefined && column !== 'accountid' ? `${column} eq ${quoted(only)}` : isIn(column, values)
  switch (topic) {
    case 'accounts':
      return {
        what: 'accounts of the customer',
        path: `accounts${query({ $select: `${accountSelect(codec)},statecode,_masterid_value`, $filter: filter })}`,
      }
    case 'contacts':
      return {
        what: 'contacts of the customer',
        path: `contacts${query({ $select: `${contactSelect(codec)},_parentcustomerid_value`, $filter: `${filter} and statecode eq 0` })}`,
      }
    case 'users':
      return {
        what: 'users of the CRM',
        path: `systemusers${query({ $select: `${userSelect(codec.schema.userPhones)},accessmode`, $filter: `${filter} and isdisabled eq false` })}`,
      }
    case 'entries': {
      const { set, id } = codec.schema.solutions?.catalogue ?? { set: '', id: '' } // asked for only where there is one
      return { what: 'the catalogue of solutions', path: `${set}${query({ $select: `${id},${column},statecode`, $filter: filter })}` }
    }
  }
}

export const isIn = (column: string, values: readonly string[]): string =>
  `Microsoft.Dynamics.CRM.In(PropertyName='${column}',PropertyValues=[${values.map(quoted).join(',')}])`

function readAccounts(codec: Codec, rows: readonly Row[]): Found['accounts'] {
  const byId = new Map<string, AccountCandidate & { readonly row: Row }>()
  for (const row of rows) {
    const id = idOf(row, 'accountid')
    if (id !== null)
      byId.set(id, {
        id,
        active: numberOf(row, 'statecode') === 0,
        mergedInto: idOf(row, '_masterid_value'),
        shows: relatedDeal(codec, 'account', row),
        row,
      })
  }
  return [...byId.values()]
}

function readContacts(rows: readonly Row[]): Found['contacts'] {
  return rows.flatMap((row) => {
    const id = idOf(row, 'contactid')
    const email = textOf(row, 'emailaddress1')
    return id === null || email === null
      ? []
      : [{ id, email: email.trim().toLowerCase(), accountId: idOf(row, '_parentcustomerid_value'), row }]
  })
}

function readUsers(codec: Codec, rows: readonly Row[]): Found['users'] {
  const users = new Map<string, { readonly id: string; readonly person: Person }>()
  for (const row of rows) {
    const id = idOf(row, 'systemuserid')
    const person = userPerson(row, codec.schema.userPhones)
    const mode = numberOf(row, 'accessmode')
    if (id !== null && person !== null && (mode === null || mode === readWriteAccess))
      users.set(person.email.trim().toLowerCase(), { id, person })
  }
  return users
}

/** The entry that a deal makes where a solution has none: the same whichever deal it is. */
export const ownEntry = (solution: string): string => guidOf(`solution of the catalogue:${itemKey({ id: solution, name: null })}`)

/**
 * Of two entries of one solution the one with the lower id, so that every deal points to the same. What people put out of use is not pointed to, but
 * for an entry of our own: it would be met by the next one that is made, and written over.
 */
function readEntries({ schema }: Codec, rows: readonly Row[]): Found['entries'] {
  const entries = new Map<string, string>()
  const outOfUse = new Set<string>()
  for (const row of rows) {
    const id = idOf(row, schema.solutions?.catalogue?.id ?? '')
    const solution = textOf(row, schema.solutions?.catalogue?.columns.solutionId ?? '')
    const key = solution === null ? '' : itemKey({ id: solution, name: null })
    const isOurs = solution !== null && id === ownEntry(solution)
    const active = numberOf(row, 'statecode') === 0
    const known = entries.get(key)
    if (id === null || key === '' || !(active || isOurs)) continue
    if (known === undefined || outOfUse.has(known) || (active && id < known)) entries.set(key, id)
    if (!active) outOfUse.add(id)
  }
  return entries
}

/** What was chosen as owner, and what a person should know about it. */
export interface Owner {
  /** Null: the application user becomes the owner, as the CRM does by itself. */
  readonly id: string | null
  readonly shows: readonly Person[]
  readonly remark: string | null
}

/** The first member of the team who is a user here, else the configured owner, else the connector's own user. */
export function chooseOwner(
  codec: Codec,
  team: readonly Person[],
  options: { readonly configured: string | null; readonly users: Found['users'] },
): Owner {
  for (const { email } of team) {
    const user = options.users.get(email.trim().toLowerCase())
    if (user !== undefined) return { id: user.id, shows: [user.person], remark: null }
  }
  const configured = options.configured === null ? undefined : options.users.get(options.configured.trim().toLowerCase())
  const nobody = (names: readonly string[]): string =>
    names.length === 0 ? 'The referral names no team member' : `None of ${names.join(', ')} is an enabled user of the CRM`
  const emails = team.map(({ email }) => email)
  if (configured !== undefined) {
    const remark = `${nobody(emails)}; the record belongs to ${configured.person.email}, as sync.owner says.`
    return { id: configured.id, shows: [configured.person], remark }
  }
  const self = codec.schema.self?.person ?? null
  const who = nobody([...emails, ...(options.configured === null ? [] : [options.configured])])
  return {
    id: null,
    shows: self === null ? [] : [self],
    remark: `${who}; the record belongs to the connector's own user. Set sync.owner to the user who should get such deals.`,
  }
}
