import type { Person } from '../../core/deal.js'
import type { AccountCandidate, Customer } from '../customers.js'
import type { SalesforceApi } from './api.js'
import type { Codec } from './codec.js'
import { accountFields, contactFields, personIn, relatedDeal } from './decode.js'
import { idOf, textOf, type Row } from './row.js'
import { fitting, isIn, soql } from './soql.js'

/** What has to be known before records can be made: asked for all deals of a call at once. */
export interface Needs {
  readonly customers: readonly Customer[]
  /** E-mails of customer contacts. */
  readonly contacts: readonly string[]
  /** E-mails of people who may be the owner. */
  readonly users: readonly string[]
}
export interface MadeAccount {
  readonly id: string
  readonly row: Row
  readonly remark: string | null
}
export interface Found {
  readonly accounts: readonly (AccountCandidate & { readonly row: Row })[]
  readonly contacts: readonly { readonly id: string; readonly email: string; readonly accountId: string | null; readonly row: Row }[]
  /** By the customer's key: what was made for customers of this very call. */
  readonly made: ReadonlyMap<string, MadeAccount>
  /** By e-mail in lower case. An address that several active users share names nobody. */
  readonly users: ReadonlyMap<string, { readonly id: string; readonly person: Person }>
}

const perQuestion = 100

async function ask(
  api: SalesforceApi,
  select: {
    readonly fields: readonly string[]
    readonly from: string
    readonly by: string
    readonly values: readonly string[]
    readonly where?: readonly string[]
    readonly what: string
  },
  signal: AbortSignal,
): Promise<Row[]> {
  const values = [...new Set(select.values.map((value) => value.trim()).filter((value) => value !== ''))]
  const rows: Row[] = []
  const { fields, from } = select
  for (const some of fitting(values, soql({ fields, from, where: ['', ...(select.where ?? [])] }), perQuestion)) {
    const where = [isIn(select.by, some), ...(select.where ?? [])]
    rows.push(
      ...(await api.query({ soql: soql({ fields, from, where }), deleted: false, what: select.what }, signal))
        .rows,
    )
  }
  return rows
}

/** Accounts by the name, contacts and users by the e-mail; nothing is asked where nothing is needed. */
export async function lookUp(api: SalesforceApi, codec: Codec, needs: Needs, signal: AbortSignal): Promise<Found> {
  const name = codec.rows.find(({ field }) => field === 'customerProfile.name')?.target
  const named = name?.kind === 'related' ? name.column.name : null
  const [accounts, contacts, users] = await Promise.all([
    named === null
      ? []
      : ask(
          api,
          {
            fields: accountFields(codec),
            from: 'Account',
            by: named,
            values: needs.customers.map(({ written }) => written),
            // A person is no company, even under the same name.
            where: codec.schema.objects.Account.has('IsPersonAccount') ? ['IsPersonAccount = false'] : [],
            what: 'accounts of the customer',
          },
          signal,
        ),
    ask(
      api,
      {
        fields: [...contactFields(codec), 'AccountId'],
        from: 'Contact',
        by: 'Email',
        values: needs.contacts,
        what: 'contacts of the customer',
      },
      signal,
    ),
    ask(
      api,
      {
        fields: ['Id', 'FirstName', 'LastName', 'Email', ...codec.schema.userPhones],
        from: 'User',
        by: 'Email',
        values: needs.users,
        where: ['IsActive = true', "UserType = 'Standard'"],
        what: 'users of the org',
      },
      signal,
    ),
  ])
  return {
    accounts: accounts.flatMap((row) => accountIn(codec, row)),
    contacts: contacts.flatMap(contactIn),
    made: new Map(),
    users: usersIn(users),
  }
}

function accountIn(codec: Codec, row: Row): Found['accounts'] {
  const id = idOf(row, 'Id')
  return id === null ? [] : [{ id, active: true, mergedInto: null, shows: relatedDeal(codec, 'account', row), row }]
}
function contactIn(row: Row): Found['contacts'] {
  const id = idOf(row, 'Id')
  const email = textOf(row, 'Email')
  return id === null || email === null ? [] : [{ id, email: email.trim().toLowerCase(), accountId: idOf(row, 'AccountId'), row }]
}
function usersIn(rows: readonly Row[]): Found['users'] {
  const byEmail = new Map<string, { readonly id: string; readonly person: Person }[]>()
  for (const row of rows) {
    const id = idOf(row, 'Id')
    const [person] = personIn(row)
    if (id !== null && person !== undefined) byEmail.set(person.email, [...(byEmail.get(person.email) ?? []), { id, person }])
  }
  return new Map(
    [...byEmail].flatMap(([email, users]): [string, { readonly id: string; readonly person: Person }][] =>
      users.length === 1 && users[0] !== undefined ? [[email, users[0]]] : [],
    ),
  )
}

/** What was chosen as owner, and what a person should know about it. */
export interface Owner {
  /** Null: the connector's own user becomes the owner, as the CRM does by itself. */
  readonly id: string | null
  readonly shows: readonly Person[]
  readonly remark: string | null
}

/** Everybody else of the team who is one active user here: the members of the opportunity's team, where the org has one. */
export function membersBeside(
  codec: Codec,
  team: readonly Person[],
  given: { readonly owner: string | null; readonly users: Found['users'] },
): readonly { readonly id: string; readonly person: Person }[] {
  if (codec.kind !== 'opportunity' || codec.schema.team?.writable !== true) return []
  const users = team.flatMap(({ email }) => given.users.get(email.trim().toLowerCase()) ?? [])
  return [...new Map(users.map((user) => [user.id, user])).values()].filter(({ id }) => id !== given.owner)
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
  const emails = team.map(({ email }) => email)
  const nobody = (names: readonly string[]): string =>
    names.length === 0 ? 'The referral names no team member' : `None of ${names.join(', ')} is one active user of the org`
  const configured = options.configured === null ? undefined : options.users.get(options.configured.trim().toLowerCase())
  if (configured !== undefined) {
    return {
      id: configured.id,
      shows: [configured.person],
      remark: `${nobody(emails)}; the record belongs to ${configured.person.email}, as sync.owner says.`,
    }
  }
  const self = codec.schema.self?.person ?? null
  const who = nobody([...emails, ...(options.configured === null ? [] : [options.configured])])
  return {
    id: null,
    shows: self === null ? [] : [{ ...self, email: self.email.toLowerCase() }],
    remark: `${who}; the record belongs to the connector's own user. Set sync.owner to the user who should get such deals.`,
  }
}
