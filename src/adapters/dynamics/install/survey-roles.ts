import { isFault } from '../../../core/fault.js'
import { idOf, query, quoted, textOf } from '../row.js'
import { PREFIX } from './blueprint.js'
import type { MetadataApi } from './metadata-api.js'

/** The two roles the connector brings: what it needs itself once it is installed, and what people need on its tables. */
export const CONNECTOR_ROLE = 'Co-sell Connector'
export const SELLER_ROLE = 'Co-sell Seller'

const on = (schemaName: string, ...rights: readonly string[]): readonly string[] => rights.map((right) => `prv${right}${schemaName}`)
const everything = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo'] as const
const deal = ['Create', 'Read', 'Write', 'Append', 'AppendTo'] as const

/** Schema names of the two tables of solutions that this environment uses or will use. */
export interface SolutionTables {
  readonly solutions: string
  readonly details: string
}
const isOurs = (schemaName: string): boolean => schemaName.toLowerCase().startsWith(`${PREFIX}_`)

/**
 * Privileges by role. Some are called differently from environment to environment; of every name those are granted that exist.
 * The rights of people on tables of Microsoft's connector are that connector's matter.
 * Source: learn.microsoft.com "Security concepts", "Use change tracking to synchronize data" (organization-level read), read 2023-10.
 */
function privilegesWanted({ solutions, details }: SolutionTables): ReadonlyMap<string, readonly string[]> {
  const seller = [
    ...(isOurs(solutions) ? on(solutions, ...everything, 'Assign', 'Share') : []),
    ...(isOurs(details) ? on(details, 'Read', 'AppendTo') : []),
  ]
  const connector = [
    ...['Opportunity', 'Lead', 'Account', 'Contact', 'Activity'].flatMap((table) => on(table, ...deal)),
    ...['Opportunity', 'Lead'].flatMap((table) => on(table, 'Assign')),
    ...['TransactionCurrency', 'SystemUser', 'User', 'Team'].flatMap((table) => on(table, 'Read', 'AppendTo')),
    ...['BusinessUnit', 'Organization', 'Product', 'OpportunityProduct'].flatMap((table) => on(table, 'Read')),
    // What the doctor looks at to tell which columns the connector may read.
    ...['Role', 'FieldSecurityProfile', 'FieldPermission'].flatMap((table) => on(table, 'Read')),
    ...['Entity', 'Attribute', 'Relationship', 'OptionSet', 'EntityKey'].flatMap((definition) => on(definition, 'Read')),
    'prvQualifyLead',
    ...on(solutions, ...everything, 'Assign', 'Share'),
    ...on(details, ...everything),
  ]
  return new Map([[CONNECTOR_ROLE, connector], ...(seller.length === 0 ? [] : [[SELLER_ROLE, seller] as const])])
}

export interface RoleFound {
  readonly id: string
  /** Ids of the privileges it grants. */
  readonly grants: ReadonlySet<string>
}
export interface RoleSurvey {
  /** The business unit above all others, where roles are kept. */
  readonly businessUnit: string
  /** By name, those of ours that are there. */
  readonly roles: ReadonlyMap<string, RoleFound>
  /** By role, the ids of the wanted privileges that exist here. */
  readonly wanted: ReadonlyMap<string, readonly string[]>
  /** The application user that the connector is, and the ids of its roles. */
  readonly self: string
  readonly ownRoles: ReadonlySet<string>
}

/** Null where an environment does not show its roles: then there is nothing to compare, and people grant what is needed. */
export async function surveyRoles(api: MetadataApi, tables: SolutionTables, signal: AbortSignal): Promise<RoleSurvey | null> {
  try {
    return await read(api, tables, signal)
  } catch (error) {
    const hidden =
      isFault(error) &&
      (error.kind === 'missing' || error.kind === 'misconfigured' || error.kind === 'rejected' || error.kind === 'forbidden')
    if (hidden) return null
    throw error
  }
}

async function read(api: MetadataApi, tables: SolutionTables, signal: AbortSignal): Promise<RoleSurvey | null> {
  const top = query({ $select: 'businessunitid', $filter: 'parentbusinessunitid eq null' })
  const [unit] = await api.list(`businessunits${top}`, 'the business unit', signal)
  const businessUnit = unit === undefined ? null : idOf(unit, 'businessunitid')
  const self = idOf((await api.get('WhoAmI', 'the application user', signal)) ?? {}, 'UserId')
  if (businessUnit === null || self === null) return null
  const named = [CONNECTOR_ROLE, SELLER_ROLE].map((name) => `name eq ${quoted(name)}`).join(' or ')
  const roles = new Map<string, RoleFound>()
  const rows = await api.list(
    `roles${query({ $select: 'roleid,name', $filter: `(${named}) and _businessunitid_value eq ${businessUnit}` })}`,
    'the roles of the connector',
    signal,
  )
  for (const row of rows) {
    const [id, name] = [idOf(row, 'roleid'), textOf(row, 'name')]
    if (id !== null && name !== null) roles.set(name, { id, grants: await idsIn(api, `roles(${id})/roleprivileges_association`, 'privilegeid', signal) })
  }
  return {
    businessUnit,
    roles,
    wanted: await idsOfWanted(api, privilegesWanted(tables), signal),
    self,
    ownRoles: await idsIn(api, `systemusers(${self})/systemuserroles_association`, 'roleid', signal),
  }
}

async function idsIn(api: MetadataApi, path: string, key: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const rows = await api.list(`${path}${query({ $select: key })}`, 'what a role grants', signal)
  return new Set(rows.flatMap((row) => idOf(row, key) ?? []))
}

type ByRole = ReadonlyMap<string, readonly string[]>
async function idsOfWanted(api: MetadataApi, wanted: ByRole, signal: AbortSignal): Promise<ByRole> {
  const names = [...new Set([...wanted.values()].flat())]
  const $filter = names.map((name) => `name eq ${quoted(name)}`).join(' or ')
  const rows = await api.list(`privileges${query({ $select: 'privilegeid,name', $filter })}`, 'the privileges', signal)
  const ids = new Map(rows.map((row): [string | undefined, string | null] => [textOf(row, 'name')?.toLowerCase(), idOf(row, 'privilegeid')]))
  const found = (some: readonly string[]): string[] => some.flatMap((name) => ids.get(name.toLowerCase()) ?? [])
  return new Map([...wanted].map(([role, some]): [string, readonly string[]] => [role, found(some)]))
}
