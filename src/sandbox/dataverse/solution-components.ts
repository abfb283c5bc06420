import type { Context } from './emission.js'
import { coded } from './errors.js'
import type { Table } from './metadata-model.js'
import { fold, type Row } from './row-store.js'
import { put, table as tableNamed, type World } from './world.js'

/** Kinds of solution components. Source: learn.microsoft.com "solutioncomponent table reference" (read 2023-10). */
export const componentTypes = {
  table: 1,
  column: 2,
  relationship: 3,
  optionSet: 9,
  entityRelationship: 10,
  key: 14,
  role: 20,
  savedquery: 26,
  systemform: 60,
  webresource: 61,
  fieldsecurityprofile: 70,
  fieldpermission: 71,
  sdkmessageprocessingstep: 92,
  sdkmessageprocessingstepimage: 93,
  serviceendpoint: 95,
  environmentvariabledefinition: 380,
  environmentvariablevalue: 381,
} as const

const rowTypes: Readonly<Record<string, number>> = componentTypes

export function solutionNamed(world: World, uniqueName: string): Row {
  const solutions = tableNamed(world, 'solution')
  const [id] = solutions.rows.find('uniquename', fold(uniqueName))
  const row = id === undefined ? undefined : solutions.rows.get(id)
  if (row === undefined)
    throw coded(400, '0x80048545', `The solution specified with unique name ${uniqueName} does not exist in the system.`)
  if (row.cells['ismanaged'] === true) throw coded(400, '0x80048033', `The solution ${uniqueName} is managed and takes up no components.`)
  return row
}

export interface Component {
  readonly type: number
  readonly objectId: string
  readonly behavior: 0 | 1 | 2
}

/** Puts a component into an unmanaged solution; one that is there already stays as it is. Answers the id of its row. */
export function addComponent(world: World, context: Context, solution: Row, component: Component): string {
  const components = tableNamed(world, 'solutioncomponent')
  for (const id of components.rows.find('solutionid', solution.id)) {
    const held = components.rows.get(id)?.cells
    if (held?.['objectid'] === component.objectId && held['componenttype'] === component.type) return id
  }
  const id = world.guid()
  put(world, components, {
    id,
    version: world.nextVersion(),
    cells: {
      solutioncomponentid: id,
      componenttype: component.type,
      objectid: component.objectId,
      ismetadata: component.type < 20,
      rootcomponentbehavior: component.behavior,
      solutionid: { table: 'solution', id: solution.id },
      createdon: context.now,
      modifiedon: context.now,
    },
  })
  return id
}

/** Records a new component in the solution the caller named in `MSCRM.SolutionUniqueName`. */
export function recordComponent(world: World, context: Context, type: number, objectId: string): void {
  if (context.solution === null) return
  addComponent(world, context, solutionNamed(world, context.solution), { type, objectId, behavior: 0 })
}

/** Some components are plain rows: web resources, forms, steps and the like. */
export function recordComponentRow(world: World, context: Context, table: Table, row: Row): void {
  const type = rowTypes[table.name]
  if (type !== undefined) recordComponent(world, context, type, row.id)
}
