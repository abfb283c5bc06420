import type { Table } from './metadata-model.js'
import { labelOf } from './metadata-model.js'
import { definitionPrivileges, generalPrivileges, rights } from './privileges.js'
import type { Cell } from './row-store.js'
import { guidOf } from './schema/build.js'
import { put, table as tableNamed, type World } from './world.js'

/** Rows the platform keeps about itself: messages, their filters, privileges, forms and views. */

const common = [
  'Create',
  'Update',
  'Delete',
  'Assign',
  'SetState',
  'Retrieve',
  'RetrieveMultiple',
  'CreateMultiple',
  'UpdateMultiple',
  'Restore',
  'GrantAccess',
  'ModifyAccess',
  'RevokeAccess',
] as const
const more: Readonly<Record<string, readonly string[]>> = {
  opportunity: ['WinOpportunity', 'LoseOpportunity', 'AddUserToRecordTeam', 'RemoveUserFromRecordTeam'],
  lead: ['QualifyLead', 'Merge'],
  account: ['Merge'],
  contact: ['Merge'],
}
/** Messages that can be called but not subscribed to. */
const silent: ReadonlySet<string> = new Set(['Upsert', 'UpsertMultiple'])

export function write(world: World, tableName: string, id: string, cells: Readonly<Record<string, Cell>>): void {
  const table = tableNamed(world, tableName)
  put(world, table, { id, version: world.nextVersion(), cells: { [table.primaryId]: id, ...cells } })
}

export function messageId(world: World, name: string): string {
  const id = guidOf(`message:${name}`)
  if (tableNamed(world, 'sdkmessage').rows.get(id) === undefined) {
    write(world, 'sdkmessage', id, { name, categoryname: 'CRUD', isactive: true })
  }
  return id
}

/** Messages steps can be registered for. Tables of the platform itself take none here. */
export function seedMessages(world: World, table: Table): void {
  if (!table.custom && !eventTables.has(table.name)) return
  for (const name of [...common, ...(more[table.name] ?? [])]) {
    if (silent.has(name)) continue
    write(world, 'sdkmessagefilter', guidOf(`filter:${name}:${table.name}`), {
      sdkmessageid: { table: 'sdkmessage', id: messageId(world, name) },
      primaryobjecttypecode: table.name,
      secondaryobjecttypecode: 'none',
      availability: 0,
      iscustomprocessingstepallowed: true,
      isvisible: true,
    })
  }
}

const eventTables: ReadonlySet<string> = new Set([
  'opportunity',
  'lead',
  'account',
  'contact',
  'product',
  'annotation',
  'opportunityclose',
  'opportunityproduct',
  'transactioncurrency',
  'systemuser',
])

const writePrivilege = (world: World, name: string): void => {
  const id = guidOf(`privilege:${name}`)
  write(world, 'privilege', id, { name, accessright: 0, canbebasic: true, canbelocal: true, canbedeep: true, canbeglobal: true })
}

export function seedPrivileges(world: World, table: Table): void {
  for (const right of rights) writePrivilege(world, `prv${right}${table.schemaName}`)
}

export function seedGeneralPrivileges(world: World): void {
  for (const name of [...generalPrivileges, ...definitionPrivileges]) writePrivilege(world, name)
}

const cell = (name: string): string =>
  `<row><cell id="{${guidOf(`cell:${name}`)}}" showlabel="true" locklevel="0"><labels><label description="${name}" languagecode="1033" /></labels>` +
  `<control id="${name}" classid="{4273EDBD-AC1D-40d3-9FB2-095C621B552D}" datafieldname="${name}" /></cell></row>`

function formXml(table: Table, columns: readonly string[]): string {
  const id = (part: string): string => `{${guidOf(`${part}:${table.name}`)}}`
  return (
    `<form headerdensity="HighWithControls"><tabs><tab name="general" id="${id('tab')}" IsUserDefined="0" locklevel="0" showlabel="true" expanded="true">` +
    `<labels><label description="Summary" languagecode="1033" /></labels><columns><column width="100%"><sections>` +
    `<section name="information" id="${id('section')}" showlabel="true" showbar="false" columns="1"><labels><label description="Information" languagecode="1033" /></labels>` +
    `<rows>${columns.map(cell).join('')}</rows></section></sections></column></columns></tab></tabs></form>`
  )
}

const shownColumns: Readonly<Record<string, readonly string[]>> = {
  opportunity: ['name', 'parentaccountid', 'parentcontactid', 'estimatedvalue', 'estimatedclosedate', 'description'],
  lead: ['subject', 'firstname', 'lastname', 'companyname', 'emailaddress1', 'estimatedamount'],
}

/** A main form and a default view, as every table has them. */
export function seedViews(world: World, table: Table): void {
  const columns = shownColumns[table.name] ?? (table.primaryName === null ? [] : [table.primaryName])
  const label = labelOf(table.labels)
  const stamp = { ismanaged: false, isdefault: true } as const
  write(world, 'systemform', guidOf(`form:${table.name}`), {
    ...stamp,
    name: label,
    objecttypecode: table.name,
    type: 2,
    formxml: formXml(table, columns),
    formpresentation: 1,
    formactivationstate: 1,
  })
  const attributes = columns.map((name) => `<attribute name="${name}" />`).join('')
  write(world, 'savedquery', guidOf(`view:${table.name}`), {
    ...stamp,
    name: `Active ${labelOf(table.collectionLabels)}`,
    returnedtypecode: table.name,
    querytype: 0,
    fetchxml: `<fetch version="1.0" mapping="logical"><entity name="${table.name}">${attributes}<attribute name="${table.primaryId}" /></entity></fetch>`,
    layoutxml:
      `<grid name="resultset" object="${table.objectTypeCode}" jump="${table.primaryName ?? ''}" select="1" icon="1" preview="1">` +
      `<row name="result" id="${table.primaryId}">${columns.map((name) => `<cell name="${name}" width="200" />`).join('')}</row></grid>`,
    isquickfindquery: false,
    statecode: 0,
    statuscode: 1,
  })
}
