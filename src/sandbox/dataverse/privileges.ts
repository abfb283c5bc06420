import type { Context } from './emission.js'
import { privilegeDenied } from './errors.js'
import type { Table } from './metadata-model.js'
import { cached, forget, table as tableNamed, type World } from './world.js'

export type Right = 'Create' | 'Read' | 'Write' | 'Delete' | 'Append' | 'AppendTo' | 'Assign' | 'Share'
export const rights: readonly Right[] = ['Create', 'Read', 'Write', 'Delete', 'Append', 'AppendTo', 'Assign', 'Share']

/** How far a privilege reaches: the user's own rows, the business unit, the units below, everything. */
export const depths = ['Basic', 'Local', 'Deep', 'Global'] as const
export type Depth = (typeof depths)[number]

/** Privileges that belong to no table. */
export const generalPrivileges = [
  'prvActOnBehalfOfAnotherUser',
  'prvBypassCustomPlugins',
  'prvBypassCustomBusinessLogic',
  'prvOverrideCreatedOnCreatedBy',
  'prvPublishCustomization',
  'prvImportCustomization',
  'prvExportCustomization',
  'prvQualifyLead',
  'prvMerge',
] as const

/** Privileges over the definitions of tables and columns. */
export const definitionPrivileges = ['Entity', 'Attribute', 'Relationship', 'OptionSet', 'EntityKey'].flatMap((kind) =>
  (['Create', 'Read', 'Write', 'Delete'] as const).map((right) => `prv${right}${kind}`),
)

export const administratorRole = 'System Administrator'
export const customizerRole = 'System Customizer'

export const privilegeOf = (right: Right, table: Pick<Table, 'schemaName' | 'name'>): string =>
  table.name === 'opportunityclose' ? `prv${right}Activity` : `prv${right}${table.schemaName}`

type Held = 'all' | ReadonlyMap<string, Depth>

/** Which depth each role grants a privilege with; kept beside the roles because pairs of rows cannot hold it. */
export const roleDepths = (world: World): Map<string, Depth> => {
  const held = world.caches.get('role-depths')
  if (held !== undefined) return held as Map<string, Depth> // only this function writes this key
  const made = new Map<string, Depth>()
  world.caches.set('role-depths', made)
  return made
}

function heldBy(world: World, userId: string): Held {
  return cached(world, `privileges:${userId}`, () => {
    const roles = world.model.manyToMany.get('systemuserroles_association')?.pairs.get(userId) ?? new Set<string>()
    const privileges = world.model.manyToMany.get('roleprivileges_association')
    const found = new Map<string, Depth>()
    for (const roleId of roles) {
      const name = tableNamed(world, 'role').rows.get(roleId)?.cells['name']
      if (name === administratorRole) return 'all'
      if (name === customizerRole) for (const privilege of customizerPrivileges(world)) found.set(privilege, 'Global')
      for (const privilegeId of privileges?.pairs.get(roleId) ?? []) {
        const privilege = tableNamed(world, 'privilege').rows.get(privilegeId)?.cells['name']
        const depth = roleDepths(world).get(`${roleId}:${privilegeId}`) ?? 'Global'
        if (typeof privilege === 'string' && depths.indexOf(depth) >= depths.indexOf(found.get(privilege) ?? 'Basic'))
          found.set(privilege, depth)
      }
    }
    return found
  })
}

/** Administrators read and write secured columns whatever profiles say. */
export const isAdministrator = (world: World, userId: string): boolean => heldBy(world, userId) === 'all'

const customizedTables = [
  'WebResource',
  'SystemForm',
  'SavedQuery',
  'Publisher',
  'Solution',
  'SolutionComponent',
  'Role',
  'Privilege',
  'Organization',
]

function customizerPrivileges(world: World): string[] {
  const custom = [...world.model.tables.values()].filter((table) => table.custom).map((table) => table.schemaName)
  return [
    ...definitionPrivileges,
    'prvPublishCustomization',
    'prvExportCustomization',
    'prvImportCustomization',
    ...[...customizedTables, ...custom].flatMap((name) => rights.map((right) => `prv${right}${name}`)),
  ]
}

/** Call after anything that changes who may do what. */
export const privilegesChanged = (world: World): void => forget(world, 'privileges:')

function holds(world: World, userId: string, privilege: string, depth: Depth): boolean {
  if (world.options.deniedPrivileges.includes(privilege)) return false
  const held = heldBy(world, userId)
  if (held === 'all') return true
  const own = held.get(privilege)
  return own !== undefined && depths.indexOf(own) >= depths.indexOf(depth)
}

/** Refuses a call whose user, or the user it acts for, lacks a privilege. */
export function demand(world: World, context: Context, privilege: string, depth: Depth = 'Basic'): void {
  if (context.trusted) return
  for (const userId of [context.userId, context.initiatingUserId]) {
    if (!holds(world, userId, privilege, depth)) throw privilegeDenied(userId, privilege)
  }
}

export const has = (world: World, userId: string, privilege: string): boolean => holds(world, userId, privilege, 'Basic')

export const demandOn = (world: World, context: Context, right: Right, table: Table): void =>
  demand(world, context, privilegeOf(right, table))
