import { closeOpportunity, readClosing } from './actions-close.js'
import { merge, readMerging } from './actions-merge.js'
import { qualifyLead, readQualification } from './actions-qualify.js'
import { isObject, listIn } from './bodies.js'
import { bulk } from './bulk.js'
import { pair } from './deleting.js'
import { coded, payloadError, unknownSegment } from './errors.js'
import { addressed, required } from './find.js'
import { reactivateKey } from './keys.js'
import type { Table } from './metadata-model.js'
import { optionActions } from './option-sets.js'
import { demand, demandOn, depths, privilegesChanged, roleDepths } from './privileges.js'
import { projection, shownRow } from './projections.js'
import { publishAll, publishXml } from './publishing.js'
import { json, noContent, type Answer, type Call } from './request.js'
import { addComponent, solutionNamed } from './solution-components.js'
import { importLater, importNow, stage } from './solution-jobs.js'
import { remove, table as tableNamed, type World } from './world.js'

type Operation = (world: World, call: Call) => Answer
type BoundOperation = (world: World, table: Table, call: Call) => Answer

/** The version the simulator says it is. */
export const serverVersion = '9.2.25063.198'

const context = (call: Call, type: string): string => `${call.serviceRoot}/$metadata#Microsoft.Dynamics.CRM.${type}`

/** Functions that belong to no row, called with GET. */
const functions: Readonly<Record<string, Operation>> = {
  WhoAmI: (world, call) => {
    const user = tableNamed(world, 'systemuser').rows.get(call.context.userId)
    const unit = user?.cells['businessunitid']
    return json(200, {
      '@odata.context': context(call, 'WhoAmIResponse'),
      BusinessUnitId: typeof unit === 'object' && unit !== null ? unit.id : world.ids.businessUnit,
      UserId: call.context.userId,
      OrganizationId: world.ids.organization,
    })
  },
  RetrieveVersion: (_, call) => json(200, { '@odata.context': context(call, 'RetrieveVersionResponse'), Version: serverVersion }),
}

const inTransaction =
  (work: (world: World, call: Call) => Answer): Operation =>
  (world, call) =>
    world.transactions.run(() => work(world, call))

const optionValue = (name: 'InsertOptionValue' | 'InsertStatusValue'): Operation =>
  inTransaction((world, call) =>
    json(200, { '@odata.context': context(call, `${name}Response`), NewOptionValue: optionActions[name](world, call.context, call.body) }),
  )

const silent = (work: (world: World, call: Call) => void): Operation =>
  inTransaction((world, call) => {
    work(world, call)
    return noContent()
  })

/** Actions that belong to no row, called with POST. Another part of the simulator may add its own. */
const actions: Readonly<Record<string, Operation>> = {
  WinOpportunity: silent((world, call) => closeOpportunity(world, call.context, readClosing(world, 'won', call.body))),
  LoseOpportunity: silent((world, call) => closeOpportunity(world, call.context, readClosing(world, 'lost', call.body))),
  Merge: silent((world, call) => merge(world, call.context, readMerging(world, call.body))),
  PublishXml: silent((world, call) => publishXml(world, call.context, call.body)),
  PublishAllXml: silent((world, call) => publishAll(world, call.context)),
  InsertOptionValue: optionValue('InsertOptionValue'),
  InsertStatusValue: optionValue('InsertStatusValue'),
  UpdateOptionValue: silent((world, call) => optionActions.UpdateOptionValue(world, call.context, call.body)),
  OrderOption: silent((world, call) => optionActions.OrderOption(world, call.context, call.body)),
  DeleteOptionValue: silent((world, call) => optionActions.DeleteOptionValue(world, call.context, call.body)),
  ReactivateEntityKey: silent((world, call) => reactivateKey(world, call.context, call.body)),
  ImportSolution: (world, call) => {
    importNow(world, call)
    return noContent()
  },
  ImportSolutionAsync: (world, call) =>
    json(200, { '@odata.context': context(call, 'ImportSolutionAsyncResponse'), ...importLater(world, call) }),
  StageSolution: (world, call) =>
    json(200, { '@odata.context': context(call, 'StageSolutionResponse'), StageSolutionResults: stage(world, call) }),
  AddSolutionComponent: inTransaction(addToSolution),
  RemoveSolutionComponent: inTransaction(removeFromSolution),
}

function addToSolution(world: World, call: Call): Answer {
  const { body } = call
  if (!isObject(body)) throw payloadError('AddSolutionComponent', 'The request body must be a JSON object.')
  const { ComponentId: id, ComponentType: type, SolutionUniqueName: name } = body
  if (
    typeof id !== 'string' ||
    typeof type !== 'number' ||
    typeof name !== 'string' ||
    typeof body['AddRequiredComponents'] !== 'boolean'
  ) {
    throw payloadError('AddSolutionComponent', 'ComponentId, ComponentType, SolutionUniqueName and AddRequiredComponents are required.')
  }
  const behavior = body['DoNotIncludeSubcomponents'] === true ? 1 : 0
  const componentId = addComponent(world, call.context, solutionNamed(world, name), { type, objectId: id.toLowerCase(), behavior })
  return json(200, { '@odata.context': context(call, 'AddSolutionComponentResponse'), id: componentId })
}

function removeFromSolution(world: World, call: Call): Answer {
  const { body } = call
  if (!isObject(body)) throw payloadError('RemoveSolutionComponent', 'The request body must be a JSON object.')
  const solution = solutionNamed(world, String(body['SolutionUniqueName']))
  const reference = body['SolutionComponent']
  const objectId = isObject(reference) ? String(reference['solutioncomponentid'] ?? reference['objectid'] ?? '') : ''
  const components = tableNamed(world, 'solutioncomponent')
  const found = components.rows
    .find('solutionid', solution.id)
    .flatMap((id) => components.rows.get(id) ?? [])
    .find((row) => row.cells['componenttype'] === body['ComponentType'] && (row.id === objectId || row.cells['objectid'] === objectId))
  if (found === undefined)
    throw coded(400, '0x80040217', `The component is not part of the solution ${String(body['SolutionUniqueName'])}.`)
  remove(world, components, found)
  return json(200, { '@odata.context': context(call, 'RemoveSolutionComponentResponse'), id: found.id })
}

/** Operations bound to a row or a set; their namespace is mandatory. */
const bound: Readonly<Record<string, BoundOperation>> = {
  QualifyLead: (world, table, call) => {
    if (table.name !== 'lead') throw unknownSegment('Microsoft.Dynamics.CRM.QualifyLead')
    const created = world.transactions.run(() =>
      qualifyLead(world, call.context, rowIn(world, table, call), readQualification(world, call.body)),
    )
    const value = created.map((ref) => ({
      '@odata.type': `#Microsoft.Dynamics.CRM.${ref.table}`,
      [tableNamed(world, ref.table).primaryId]: ref.id,
    }))
    return json(200, { '@odata.context': `${call.serviceRoot}/$metadata#crmbaseentities`, value })
  },
  CreateMultiple: (world, table, call) => bulk(world, table, call, 'CreateMultiple'),
  UpdateMultiple: (world, table, call) => bulk(world, table, call, 'UpdateMultiple'),
  UpsertMultiple: (world, table, call) => bulk(world, table, call, 'UpsertMultiple'),
  AddPrivilegesRole: addPrivileges,
  RetrieveUserPrivileges: userPrivileges,
  RetrieveUnpublished: (world, table, call) => {
    const row = rowIn(world, table, call)
    demandOn(world, call.context, 'Read', table)
    const cells = table.drafts.get(row.id)
    const shown = cells === undefined ? row : { ...row, cells: { ...row.cells, ...(cells as typeof row.cells) } } // drafts hold cells
    const fields = projection(table, call.query.get('$select'))
    return json(200, {
      '@odata.context': `${call.serviceRoot}/$metadata#${table.setName}/$entity`,
      ...shownRow(world, table, shown, fields, call.prefer.annotations),
    })
  },
  RetrieveUnpublishedMultiple: (world, table, call) => {
    demandOn(world, call.context, 'Read', table)
    const fields = projection(table, call.query.get('$select'))
    const value = [...table.rows.all()].map((row) => {
      const cells = table.drafts.get(row.id) as typeof row.cells | undefined // drafts hold cells
      return shownRow(
        world,
        table,
        cells === undefined ? row : { ...row, cells: { ...row.cells, ...cells } },
        fields,
        call.prefer.annotations,
      )
    })
    return json(200, { '@odata.context': `${call.serviceRoot}/$metadata#${table.setName}`, value })
  },
}

const rowIn = (world: World, table: Table, call: Call): ReturnType<typeof required> => {
  const key = call.segments[0]?.key
  if (key === undefined || key.kind === 'none') throw unknownSegment(call.segments[1]?.name ?? '')
  return required(table, addressed(world, table, key))
}

function addPrivileges(world: World, table: Table, call: Call): Answer {
  if (table.name !== 'role') throw unknownSegment('Microsoft.Dynamics.CRM.AddPrivilegesRole')
  const role = rowIn(world, table, call)
  demandOn(world, call.context, 'Write', table)
  const given = isObject(call.body) ? listIn(call.body['Privileges']) : null
  if (given === null) throw payloadError('AddPrivilegesRole', "The parameter 'Privileges' is required.")
  const relation = world.model.manyToMany.get('roleprivileges_association')
  world.transactions.run(() => {
    for (const item of given) {
      const id = isObject(item) ? String(item['PrivilegeId'] ?? '').toLowerCase() : ''
      const said = isObject(item) ? String(item['Depth'] ?? '') : ''
      const depth = depths.find((name, at) => name === said || String(at) === said)
      if (tableNamed(world, 'privilege').rows.get(id) === undefined)
        throw coded(400, '0x80040217', `privilege With Id = ${id} Does Not Exist`)
      if (depth === undefined) throw payloadError('AddPrivilegesRole', `The depth '${said}' is not one of ${depths.join(', ')}.`)
      if (relation !== undefined) pair(world, { kind: 'many-to-many', relation, side: 'first' }, role.id, id)
      roleDepths(world).set(`${role.id}:${id}`, depth)
    }
  })
  privilegesChanged(world)
  return noContent()
}

/** What a user may do, one entry per privilege of the environment. */
function userPrivileges(world: World, table: Table, call: Call): Answer {
  if (table.name !== 'systemuser') throw unknownSegment('Microsoft.Dynamics.CRM.RetrieveUserPrivileges')
  const user = rowIn(world, table, call)
  const held = [...tableNamed(world, 'privilege').rows.all()].filter((row) => holds(world, call, user.id, String(row.cells['name'])))
  const value = held.map((row) => ({
    Depth: 'Global',
    PrivilegeId: row.id,
    BusinessUnitId: world.ids.businessUnit,
    PrivilegeName: row.cells['name'],
  }))
  return json(200, { '@odata.context': context(call, 'RetrieveUserPrivilegesResponse'), RolePrivileges: value })
}

function holds(world: World, call: Call, userId: string, privilege: string): boolean {
  try {
    demand(world, { ...call.context, userId, initiatingUserId: userId }, privilege)
    return true
  } catch {
    return false
  }
}

/** Bound functions are read with GET; everything else bound is an action. */
const readers: ReadonlySet<string> = new Set(['RetrieveUserPrivileges', 'RetrieveUnpublished', 'RetrieveUnpublishedMultiple'])

const namespace = 'Microsoft.Dynamics.CRM.'
const bare = (name: string): string => (name.startsWith(namespace) ? name.slice(namespace.length) : name)

/** Answers an operation that belongs to no row; null when there is none of this name. */
export function unbound(world: World, call: Call): Answer | null {
  const name = bare(call.segments[0]?.name ?? '')
  const operation = call.method === 'GET' ? functions[name] : call.method === 'POST' ? actions[name] : undefined
  return operation === undefined ? null : operation(world, call)
}

/** Answers an operation bound to a row or set; null when the URL names none. */
export function boundTo(world: World, table: Table, call: Call): Answer | null {
  const name = call.segments[1]?.name ?? ''
  if (!name.startsWith(namespace)) return null
  const operation = bound[bare(name)]
  const method = readers.has(bare(name)) ? 'GET' : 'POST'
  if (operation === undefined || call.method !== method) throw unknownSegment(name)
  return operation(world, table, call)
}
