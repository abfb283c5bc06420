import { Fault } from '../../core/fault.js'
import type { Column } from '../column.js'
import type { DynamicsApi } from './api.js'
import { flagOf, idOf, numberOf, query, rowsOf, textOf, type Row } from './row.js'

const allowed = 4 // "Allowed", in the words of a column permission.
const administrator = 'system administrator'

/** What our own user may do with columns: by `table.column`, for secured ones only. */
export interface SecuredColumns {
  readonly rights: ReadonlyMap<string, NonNullable<Column['secured']>>
  /** Secured columns of which the environment does not tell us what we may do. */
  readonly untold: readonly string[]
}
type Asked = Pick<DynamicsApi, 'ask'>
export const nothingSecured: SecuredColumns = { rights: new Map(), untold: [] }

/**
 * Column security of the named columns, through profiles of our user and of its teams. A user who may not read a secured column sees it empty, which a connector would take for a person
 * who emptied it. Administrators read and write everything.
 * Source: learn.microsoft.com "Column-level security with code" (read 2023-10).
 */
export async function securedColumns(
  api: Asked,
  given: { readonly userId: string; readonly names: Readonly<Record<string, readonly string[]>>; readonly signal: AbortSignal },
): Promise<SecuredColumns> {
  const { userId, names, signal } = given
  const tables = Object.keys(names)
  const definitions = await ask(api, tables.map((table) => [`the columns of table ${table}`, `EntityDefinitions(LogicalName='${table}')/Attributes${query({ $select: 'LogicalName,IsSecured' })}`]), signal)
  if (definitions === null) return nothingSecured
  const secured = tables.flatMap((table, index) => {
    const wanted = new Set(names[table])
    const columns = (definitions[index] ?? []).filter((row) => flagOf(row, 'IsSecured') === true).map((row) => textOf(row, 'LogicalName') ?? '')
    return columns.filter((column) => wanted.has(column)).map((column) => ({ table, column }))
  })
  if (secured.length === 0) return nothingSecured
  const rights = await rightsOf(api, userId, signal)
  // The installer grants our own columns to our own user.
  if (rights === null)
    return { ...nothingSecured, untold: secured.filter(({ column }) => !column.startsWith('cosell_')).map(({ table, column }) => `${table}.${column}`) }
  return { rights: new Map(secured.map(({ table, column }) => [`${table}.${column}`, rights(table, column)])), untold: [] }
}

type Rights = (table: string, column: string) => { readonly canRead: boolean; readonly canWrite: boolean }
async function rightsOf(api: Asked, userId: string, signal: AbortSignal): Promise<Rights | null> {
  const permission = 'entityname,attributelogicalname,canread,cancreate,canupdate,_fieldsecurityprofileid_value'
  const first = await ask(
    api,
    [
      ['the roles of our user', `systemusers(${userId})/systemuserroles_association${query({ $select: 'name' })}`],
      ['the column permissions', `fieldpermissions${query({ $select: permission })}`],
      ['the teams of our user', `systemusers(${userId})/teammembership_association${query({ $select: 'teamid' })}`],
      ['the business unit of our user', `systemusers${query({ $select: '_businessunitid_value', $filter: `systemuserid eq ${userId}` })}`],
      ['the teams of business units', `teams${query({ $select: 'teamid,_businessunitid_value', $filter: 'isdefault eq true' })}`],
    ],
    signal,
  )
  if (first === null) return null
  const [roles = [], permissions = [], joined = [], self = [], everybody = []] = first
  if (roles.some((row) => (textOf(row, 'name') ?? '').toLowerCase() === administrator)) return () => ({ canRead: true, canWrite: true })
  const profiles = [...new Set(permissions.flatMap((row) => idOf(row, '_fieldsecurityprofileid_value') ?? []))]
  const mine = await ask(
    api,
    profiles.flatMap((id) => [
      ['who has a column security profile', `fieldsecurityprofiles(${id})/systemuserprofiles_association${query({ $select: 'systemuserid' })}`],
      ['who has a column security profile', `fieldsecurityprofiles(${id})/teamprofiles_association${query({ $select: 'teamid' })}`],
    ]),
    signal,
  )
  if (mine === null) return null
  const units = self.map((row) => idOf(row, '_businessunitid_value'))
  // Everybody of a business unit is in its default team, whether or not the environment lists that among the teams of a user.
  const ofUnit = everybody.filter((row) => units.includes(idOf(row, '_businessunitid_value')))
  const teams = new Set([...joined, ...ofUnit].flatMap((row) => idOf(row, 'teamid') ?? []))
  const held = new Set(
    profiles.filter(
      (_, index) =>
        (mine[index * 2] ?? []).some((row) => idOf(row, 'systemuserid') === userId.toLowerCase()) ||
        (mine[index * 2 + 1] ?? []).some((row) => teams.has(idOf(row, 'teamid') ?? '')),
    ),
  )
  const own = permissions.filter((row) => held.has(idOf(row, '_fieldsecurityprofileid_value') ?? ''))
  return (table, column) => {
    const here = own.filter((row) => textOf(row, 'entityname') === table && textOf(row, 'attributelogicalname') === column)
    return {
      canRead: here.some((row) => numberOf(row, 'canread') === allowed),
      canWrite: here.some((row) => numberOf(row, 'canupdate') === allowed && numberOf(row, 'cancreate') === allowed),
    }
  }
}

/** The rows of each answer; null when any was refused: then nothing can be told. */
async function ask(api: Asked, questions: readonly (readonly string[])[], signal: AbortSignal): Promise<(readonly Row[])[] | null> {
  const answers = await api.ask(
    questions.map(([what = '', path = '']) => ({ what, path })),
    signal,
  )
  if (answers.some((answer) => answer === null || answer instanceof Fault)) return null
  return answers.map((answer) => (answer === null || answer instanceof Fault ? [] : rowsOf(answer, 'value')))
}
