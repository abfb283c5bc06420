import type { Change } from './change.js'
import type { Context } from './emission.js'
import { coded } from './errors.js'
import type { Column, Table } from './metadata-model.js'
import { isAdministrator } from './privileges.js'
import { table as tableNamed, type World } from './world.js'

/**
 * Column security: a secured column is read and written by those whose profiles say so, and by administrators.
 * Who may not read it sees it empty; who may not write it is refused.
 * Source: learn.microsoft.com "Column-level security with code" and "Web service error codes" (read 2023-10).
 */
type Right = 'canread' | 'cancreate' | 'canupdate'
const allowed = 4

/** Profiles a user has, own and through teams. The default team of a business unit has everybody in it. */
function profilesOf(world: World, userId: string): ReadonlySet<string> {
  const { manyToMany } = world.model
  const found = new Set(manyToMany.get('systemuserprofiles_association')?.pairs.get(userId))
  const members = manyToMany.get('teammembership_association')?.pairs
  for (const team of tableNamed(world, 'team').rows.all()) {
    if (team.cells['isdefault'] !== true && members?.get(team.id)?.has(userId) !== true) continue
    for (const profile of manyToMany.get('teamprofiles_association')?.pairs.get(team.id) ?? []) found.add(profile)
  }
  return found
}

function has(world: World, userId: string, place: { readonly table: Table; readonly column: Column }, right: Right): boolean {
  if (isAdministrator(world, userId)) return true
  const profiles = profilesOf(world, userId)
  for (const permission of tableNamed(world, 'fieldpermission').rows.all()) {
    const { cells } = permission
    const profile = cells['fieldsecurityprofileid']
    if (typeof profile !== 'object' || profile === null || !profiles.has(profile.id)) continue
    if (cells['entityname'] === place.table.name && cells['attributelogicalname'] === place.column.name && cells[right] === allowed) return true
  }
  return false
}

/** Whether the user of the request under way sees what stands in a column. */
export function isHidden(world: World, table: Table, column: Column): boolean {
  const { userId } = world.viewer
  return column.secured && userId !== null && !has(world, userId, { table, column }, 'canread')
}

export function demandColumns(world: World, context: Context, table: Table, names: Iterable<string>, right: 'cancreate' | 'canupdate'): void {
  if (context.trusted) return
  for (const name of names) {
    const column = table.columns.get(name)
    if (column?.secured !== true) continue
    for (const userId of [context.userId, context.initiatingUserId]) {
      if (has(world, userId, { table, column }, right)) continue
      throw coded(
        403,
        right === 'cancreate' ? '0x8004F502' : '0x8004F507',
        `The user with id ${userId} does not have ${right === 'cancreate' ? 'create' : 'update'} permissions to the secured field '${name}' of ${table.name}.`,
      )
    }
  }
}

/** A permission is about a secured column that exists, once a profile. */
export function permissionBefore({ world, table, before, cells }: Change): void {
  const place = world.model.tables.get(String(cells['entityname'] ?? ''))
  const column = place?.columns.get(String(cells['attributelogicalname'] ?? ''))
  if (column?.secured !== true)
    throw coded(400, '0x8004F50E', `Permission for field '${String(cells['attributelogicalname'])}' is invalid: the field is not secured.`)
  if (before !== undefined) return
  const profile = cells['fieldsecurityprofileid']
  for (const other of table.rows.all()) {
    const held = other.cells['fieldsecurityprofileid']
    const same = typeof held === 'object' && held !== null && typeof profile === 'object' && profile !== null && held.id === profile.id
    if (same && other.cells['entityname'] === cells['entityname'] && other.cells['attributelogicalname'] === cells['attributelogicalname'])
      throw coded(412, '0x80040237', 'A permission of this profile for this field already exists.')
  }
}
