import { isFault } from '../../../core/fault.js'
import { idOf, query, quoted, textOf } from '../row.js'
import { SOLUTION_DETAILS, SOLUTIONS } from './blueprint.js'
import type { MetadataApi } from './metadata-api.js'

/** The two roles the connector brings: what it needs itself once it is installed, and what people need on its tables. */
export const CONNECTOR_ROLE = 'Co-sell Connector'
export const SELLER_ROLE = 'Co-sell Seller'

const on = (schemaName: string, ...rights: readonly string[]): readonly string[] => rights.map((right) => `prv${right}${schemaName}`)
const everything = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo'] as const
const deal = ['Create', 'Read', 'Write', 'Append', 'AppendTo'] as const

/**
 * Privileges by role. Some are called differently from environment to environment; of every name those are granted that exist.
 * Source: learn.microsoft.com "Security concepts", "Use change tracking to synchronize data" (organization-level read), read 2023-10.
 */
export const PRIVILEGES: Readonly<Record<string, readonly string[]>> = {
  [CONNECTOR_ROLE]: [
    ...['Opportunity', 'Lead', 'Account', 'Contact'].flatMap((table) => on(table, ...deal)),
    ...on('Opportunity', 'Assign'),
    ...on('Lead', 'Assign'),
    ...on('Activity', ...deal),
    ...['TransactionCurrency', 'SystemUser', 'User', 'BusinessUnit', 'Team', 'Organization', 'Product', 'OpportunityProduct'].flatMap((table) => on(table, 'Read')),
    ...on('TransactionCurrency', 'AppendTo'),
    ...['SystemUser', 'User', 'Team'].flatMap((table) => on(table, 'AppendTo')),
    ...['Entity', 'Attribute', 'Relationship', 'OptionSet', 'EntityKey'].flatMap((definition) => on(definition, 'Read')),
    'prvQualifyLead',
    ...on(SOLUTIONS.schemaName, ...everything, 'Assign', 'Share'),
    ...on(SOLUTION_DETAILS.schemaName, ...everything),
  ],
  [SELLER_ROLE]: [...on(SOLUTIONS.schemaName, ...everything, 'Assign', 'Share'), ...on(SOLUTION_DETAILS.schemaName, 'Read', 'AppendTo')],
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
  /** Ids of the wanted privileges that exist here, by name in lower case. */
  readonly privileges: ReadonlyMap<string, string>
  /** The application user that the connector is, and the ids of its roles. */
  readonly self: string
  readonly ownRoles: ReadonlySet<string>
}

/** Null where an environment does not show its roles: then there is nothing to compare, and people grant what is needed. */
export async function surveyRoles(api: MetadataApi, signal: AbortSignal): Promise<RoleSurvey | null> {
  try {
    return await read(api, signal)
  } catch (error) {
    const hidden =
      isFault(error) &&
      (error.kind === 'missing' || error.kind === 'misconfigured' || error.kind === 'rejected' || error.kind === 'forbidden')
    if (hidden) return null
    throw error
  }
}

async function read(api: MetadataApi, signal: AbortSignal): Promise<RoleSurvey | null> {
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
    privileges: await privilegesOf(api, signal),
    self,
    ownRoles: await idsIn(api, `systemusers(${self})/systemuserroles_association`, 'roleid', signal),
  }
}

async function idsIn(api: MetadataApi, path: string, key: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const rows = await api.list(`${path}${query({ $select: key })}`, 'what a role grants', signal)
  return new Set(rows.flatMap((row) => idOf(row, key) ?? []))
}

async function privilegesOf(api: MetadataApi, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const names = [...new Set(Object.values(PRIVILEGES).flat())]
  const $filter = names.map((name) => `name eq ${quoted(name)}`).join(' or ')
  const rows = await api.list(`privileges${query({ $select: 'privilegeid,name', $filter })}`, 'the privileges', signal)
  return new Map(
    rows.flatMap((row): [string, string][] => {
      const [id, name] = [idOf(row, 'privilegeid'), textOf(row, 'name')]
      return id === null || name === null ? [] : [[name.toLowerCase(), id]]
    }),
  )
}
