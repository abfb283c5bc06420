import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { strFromU8, unzipSync } from 'fflate'
import type { SimRequest } from '../http.js'
import { destroy } from './destructive.js'
import { refuse, SalesforceError } from './errors.js'
import { takeLayout } from './layouts.js'
import { idFrom, isoStamp, type FieldDef, type FieldType } from './model.js'
import { field as fieldOf, object as objectOf } from './objects.js'
import { atomically, objectNamed, put, type Org } from './org.js'
import { isRecord, type Reply } from './call.js'

export interface Deployments {
  readonly results: Map<string, unknown>
  count: number
}
interface Problem {
  readonly fullName: string
  readonly componentType: string
  readonly problem: string
}
type Xml = Record<string, unknown>

const lists = new Set(['fields', 'types', 'members', 'fieldPermissions', 'objectPermissions', 'value', 'listViews', 'columns', 'filters'])
const parser = new XMLParser({ removeNSPrefix: true, parseTagValue: false, ignoreAttributes: true, isArray: (name) => lists.has(name) })
const text = (xml: Xml, name: string): string => (typeof xml[name] === 'string' ? xml[name] : '')
const listIn = (xml: Xml, name: string): Xml[] => (Array.isArray(xml[name]) ? xml[name].filter(isRecord) : [])

/** Metadata by REST: a zip is checked, or checked and taken, as a whole. Source: Metadata API Developer Guide, "Deploy using REST". */
export function deployments(org: Org, state: Deployments, request: SimRequest, path: readonly string[]): Reply {
  if (request.method === 'GET') {
    const result = state.results.get(path[0] ?? '')
    if (result === undefined) throw refuse('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id')
    return { status: 200, body: { id: path[0], deployResult: result } }
  }
  const { options, zip } = partsOf(request)
  state.count += 1
  const id = idFrom('0Af', state.count)
  const checkOnly = options['checkOnly'] === true
  const problems = outcomeOf(org, zip, checkOnly)
  const success = problems.length === 0
  const now = isoStamp(org.clock.now())
  state.results.set(id, {
    id,
    done: true,
    success,
    checkOnly,
    status: success ? 'Succeeded' : 'Failed',
    createdDate: now,
    completedDate: now,
    rollbackOnError: true,
    ignoreWarnings: true,
    numberComponentErrors: problems.length,
    errorMessage: null,
    details: {
      componentFailures: problems.map((problem) => ({ ...problem, success: false, problemType: 'Error' })),
      componentSuccesses: [],
    },
  })
  return {
    status: 201,
    body: {
      id,
      validatedDeployRequestId: null,
      deployOptions: options,
      deployResult: { id, status: 'Pending', done: false, success: false },
    },
  }
}

function partsOf(request: SimRequest): { readonly options: Xml; readonly zip: Uint8Array } {
  const boundary = /boundary=("?)([^";]+)\1/.exec(request.headers['content-type'] ?? '')?.[2]
  if (boundary === undefined) throw refuse('UNSUPPORTED_MEDIA_TYPE', 'The request must be multipart/form-data', [], 415)
  const raw = request.body.toString('latin1')
  const parts = new Map(
    raw
      .split(`--${boundary}`)
      .slice(1, -1)
      .map((part): [string, Buffer] => {
        const end = part.indexOf('\r\n\r\n')
        const name = /name="([^"]+)"/.exec(part.slice(0, end))?.[1] ?? ''
        return [name, Buffer.from(part.slice(end + 4, -2), 'latin1')]
      }),
  )
  const json = parts.get('json') ?? parts.get('entity_content')
  const file = parts.get('file')
  if (json === undefined || file === undefined) throw refuse('INVALID_INPUT', 'The parts "json" and "file" are required')
  const given: unknown = JSON.parse(json.toString('utf8'))
  return { options: isRecord(given) && isRecord(given['deployOptions']) ? given['deployOptions'] : {}, zip: file }
}

function outcomeOf(org: Org, zip: Uint8Array, checkOnly: boolean): Problem[] {
  const undone = Symbol('taken back')
  let problems: Problem[] = []
  const before = { objects: new Map([...org.objects].map(([name, item]) => [name, new Map(item.fields)])), unseen: new Set(org.unseen) }
  try {
    atomically(org, () => {
      problems = take(org, zip)
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a mark for the catch below, so that rows are taken back
      if (checkOnly || problems.length > 0) throw undone
    })
  } catch (error) {
    if (error !== undone) {
      if (!(error instanceof SalesforceError)) throw error
      problems = [{ fullName: 'package.xml', componentType: '', problem: error.message }]
    }
    for (const [name, item] of org.objects) {
      const fields = before.objects.get(name)
      if (fields === undefined) org.objects.delete(name)
      else for (const own of [...item.fields.keys()]) if (!fields.has(own)) item.fields.delete(own)
    }
    org.unseen.clear()
    for (const name of before.unseen) org.unseen.add(name)
  }
  return problems
}

function take(org: Org, zip: Uint8Array): Problem[] {
  const files = Object.fromEntries(Object.entries(unzipSync(zip)).map(([path, bytes]) => [path, strFromU8(bytes)]))
  const manifest = root(files, 'package.xml', 'Package')
  if (text(manifest, 'version') === '') throw refuse('INVALID', 'package.xml names no version')
  const listed = membersOf(manifest)
  const problems: Problem[] = []
  const attempt = (fullName: string, componentType: string, work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof SalesforceError)) throw error
      problems.push({ fullName, componentType, problem: error.message })
    }
  }
  if (files['destructiveChanges.xml'] !== undefined) {
    const doomed = membersOf(root(files, 'destructiveChanges.xml', 'Package'))
    for (const member of doomed) {
      const [type = '', name = ''] = member.split(':')
      attempt(name, type, () => destroy(org, type, name, doomed))
    }
  }
  for (const path of Object.keys(files)
    .filter((name) => name.startsWith('objects/'))
    .sort()) {
    const name = /^objects\/(.+)\.object$/.exec(path)?.[1] ?? ''
    const body = root(files, path, 'CustomObject')
    if (name.endsWith('__c')) attempt(name, 'CustomObject', () => makeObject(org, name, body, listed))
    for (const definition of listIn(body, 'fields')) {
      const full = `${name}.${text(definition, 'fullName')}`
      attempt(full, 'CustomField', () => {
        if (!listed.has(`CustomField:${full}`) && !listed.has(`CustomObject:${name}`))
          throw refuse('INVALID', `Entity ${full} is not listed in package.xml`)
        makeField(org, name, definition)
      })
    }
    for (const view of listIn(body, 'listViews')) {
      const full = `${name}.${text(view, 'fullName')}`
      attempt(full, 'ListView', () => {
        if (!listed.has(`ListView:${full}`)) throw refuse('INVALID', `Entity ${full} is not listed in package.xml`)
        makeView(org, name, view)
      })
    }
  }
  for (const [path, file] of Object.entries(files)) {
    const fullName = /^layouts\/(.+)\.layout$/.exec(path)?.[1]
    if (fullName === undefined) continue
    root(files, path, 'Layout')
    attempt(fullName, 'Layout', () => {
      if (!listed.has(`Layout:${fullName}`)) throw refuse('INVALID', `Entity ${fullName} is not listed in package.xml`)
      takeLayout(org, fullName, /<Layout[^>]*>([\s\S]*)<\/Layout>/.exec(file)?.[1] ?? '')
    })
  }
  for (const path of Object.keys(files)
    .filter((name) => name.startsWith('permissionsets/'))
    .sort()) {
    const name = /^permissionsets\/(.+)\.permissionset$/.exec(path)?.[1] ?? ''
    attempt(name, 'PermissionSet', () => makeSet(org, name, root(files, path, 'PermissionSet')))
  }
  return problems
}

const membersOf = (manifest: Xml): ReadonlySet<string> =>
  new Set(
    listIn(manifest, 'types').flatMap((type) =>
      Array.isArray(type['members']) ? type['members'].map((member) => `${text(type, 'name')}:${String(member)}`) : [],
    ),
  )

function root(files: Readonly<Record<string, string>>, path: string, element: string): Xml {
  const file = files[path]
  if (file === undefined) throw refuse('INVALID', `No ${path} found`)
  if (XMLValidator.validate(file) !== true) throw refuse('INVALID', `Error parsing file: ${path}`)
  const parsed: unknown = parser.parse(file)
  const body = isRecord(parsed) ? parsed[element] : undefined
  if (!isRecord(body) || !file.includes('xmlns="http://soap.sforce.com/2006/04/metadata"'))
    throw refuse('INVALID', `Error parsing file: ${path}`)
  return body
}

function makeObject(org: Org, name: string, body: Xml, listed: ReadonlySet<string>): void {
  if (!listed.has(`CustomObject:${name}`)) throw refuse('INVALID', `Entity ${name} is not listed in package.xml`)
  if (org.objects.has(name)) return
  for (const needed of ['label', 'pluralLabel', 'nameField', 'deploymentStatus', 'sharingModel'])
    if (body[needed] === undefined) throw refuse('INVALID', `Must specify a ${needed} for the CustomObject`)
  const names = fieldOf('Name', 'string', { length: 80, nillable: false })
  org.objects.set(name, objectOf(name, 'a0X', [names], { label: text(body, 'label'), labelPlural: text(body, 'pluralLabel') }))
}

const TYPES: Readonly<Record<string, FieldType>> = {
  Text: 'string',
  LongTextArea: 'textarea',
  Checkbox: 'boolean',
  Picklist: 'picklist',
  Url: 'url',
  Date: 'date',
  DateTime: 'datetime',
  Currency: 'currency',
  Number: 'double',
  MasterDetail: 'reference',
  Lookup: 'reference',
}
/** What a definition of each kind must have. Source: Metadata API Developer Guide, CustomField. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  Text: ['length'],
  LongTextArea: ['length', 'visibleLines'],
  Checkbox: ['defaultValue'],
  Currency: ['precision', 'scale'],
  Number: ['precision', 'scale'],
  Picklist: ['valueSet'],
  MasterDetail: ['referenceTo', 'relationshipName'],
  Lookup: ['referenceTo', 'relationshipName'],
}
export function makeField(org: Org, objectName: string, body: Xml): void {
  const target = objectNamed(org, objectName)
  const name = text(body, 'fullName')
  const kind = text(body, 'type')
  const type = TYPES[kind]
  if (!/^[A-Za-z][A-Za-z0-9_]*__c$/.test(name) || name.length > 43)
    throw refuse('INVALID', `The field name provided, ${name}, is not valid`)
  if (type === undefined) throw refuse('INVALID', `'${kind}' is not a valid value for the enum 'FieldType'`)
  if (text(body, 'label') === '' || text(body, 'label').length > 40)
    throw refuse('INVALID', `Custom field label of ${name} must have 1 to 40 characters`)
  if (text(body, 'inlineHelpText').length > 510) throw refuse('INVALID', 'Field help text is too long')
  const isFormula = text(body, 'formula') !== ''
  for (const needed of isFormula ? ['formulaTreatBlanksAs'] : (NEEDS[kind] ?? []))
    if (body[needed] === undefined) throw refuse('INVALID', `Must specify '${needed}' for a CustomField of type ${kind}`)
  if (isFormula && body['length'] !== undefined) throw refuse('INVALID', 'Cannot specify a length for a formula field')
  for (const used of text(body, 'formula').match(/\b\w+__c\b/g) ?? [])
    if (!target.fields.has(used)) throw refuse('INVALID', `Field ${used} does not exist. Check spelling.`)
  const order = Object.keys(body).slice(1)
  if (Object.keys(body)[0] !== 'fullName' || order.some((member, index) => index > 0 && member < (order[index - 1] ?? '')))
    throw refuse('INVALID', `Element ${name} has members out of the order of the schema`)
  const before = target.fields.get(name)
  if (before !== undefined && before.type !== type) throw refuse('INVALID', `Cannot update a field from a ${before.type} to a ${type}`)
  target.fields.set(name, definitionOf(name, type, body))
  if (before === undefined && kind !== 'MasterDetail') org.unseen.add(`${target.name}.${name}`)
  for (const row of target.rows.values()) row.values[name] ??= type === 'boolean' ? false : null
}

function definitionOf(name: string, type: FieldType, body: Xml): FieldDef {
  const relation = text(body, 'relationshipName')
  const set = isRecord(body['valueSet']) && isRecord(body['valueSet']['valueSetDefinition']) ? body['valueSet']['valueSetDefinition'] : {}
  const isFormula = text(body, 'formula') !== ''
  const isDetail = text(body, 'type') === 'MasterDetail'
  return fieldOf(name, type, {
    label: text(body, 'label'),
    length: type === 'url' || type === 'picklist' ? 255 : type === 'reference' ? 18 : Number(body['length'] ?? 0),
    precision: Number(body['precision'] ?? 0),
    scale: Number(body['scale'] ?? 0),
    unique: text(body, 'unique') === 'true',
    externalId: text(body, 'externalId') === 'true',
    nillable: type !== 'boolean' && !isDetail,
    defaultValue: type === 'boolean' ? text(body, 'defaultValue') === 'true' : null,
    createable: !isFormula,
    updateable: !isFormula && !isDetail,
    calculated: isFormula,
    formula: text(body, 'formula'),
    values: listIn(set, 'value').map((value) => ({
      value: text(value, 'fullName'),
      label: text(value, 'label'),
      isDefault: text(value, 'default') === 'true',
    })),
    restricted: isRecord(body['valueSet']) && text(body['valueSet'], 'restricted') === 'true',
    referenceTo: type === 'reference' ? [text(body, 'referenceTo')] : [],
    relationship: type === 'reference' ? name.replace(/__c$/, '__r') : null,
    childRelationship: relation === '' ? null : `${relation}__r`,
  })
}

// Columns and filters of standard fields have names of their own, which the guide does not list: words in capitals.
const isColumn = (org: Org, objectName: string, name: string): boolean =>
  /^[A-Z_.]+$/.test(name) || org.objects.get(objectName)?.fields.has(name) === true
/** A list of records for people. Source: Metadata API Developer Guide, ListView. */
function makeView(org: Org, objectName: string, body: Xml): void {
  const name = text(body, 'fullName')
  if (text(body, 'label') === '' || text(body, 'label').length > 40) throw refuse('INVALID', `List view ${name} needs a label of 1 to 40 characters`)
  if (!['Everything', 'Mine', 'Queue'].includes(text(body, 'filterScope'))) throw refuse('INVALID', 'Required field is missing: filterScope')
  const filters = listIn(body, 'filters')
  const columns = Array.isArray(body['columns']) ? body['columns'].map(String) : []
  for (const column of [...columns, ...filters.map((filter) => text(filter, 'field'))])
    if (!isColumn(org, objectName, column)) throw refuse('INVALID', `Could not resolve list view column: ${column}`)
  for (const filter of filters)
    if (!['equals', 'notEqual', 'contains', 'greaterThan', 'lessThan'].includes(text(filter, 'operation')))
      throw refuse('INVALID', `'${text(filter, 'operation')}' is not a valid value for the enum 'FilterOperation'`)
  const views = objectNamed(org, 'ListView')
  const is = ({ values }: { readonly values: Readonly<Record<string, unknown>> }): boolean =>
    values['DeveloperName'] === name && values['SobjectType'] === objectName
  const id = [...views.rows.values()].find(is)?.id ?? org.nextId('00B')
  const stamp = isoStamp(org.clock.now())
  put(org, views, {
    id,
    values: { Id: id, IsDeleted: false, Name: text(body, 'label'), DeveloperName: name, SobjectType: objectName, SystemModstamp: stamp },
  })
}

/** A set shows fields to whoever it is assigned to. */
function makeSet(org: Org, name: string, body: Xml): void {
  if (text(body, 'label') === '') throw refuse('INVALID', 'Required field is missing: label')
  const readable = new Set<string>()
  for (const permission of listIn(body, 'fieldPermissions')) {
    const [objectName = '', fieldName = ''] = text(permission, 'field').split('.')
    const definition = org.objects.get(objectName)?.fields.get(fieldName)
    if (definition === undefined) throw refuse('INVALID', `In field: field - no CustomField named ${text(permission, 'field')} found`)
    if (!definition.nillable && definition.type !== 'boolean')
      throw refuse('INVALID', `You cannot deploy to a required field: ${text(permission, 'field')}`)
    if (definition.calculated && text(permission, 'editable') === 'true')
      throw refuse('INVALID', `Formula field ${text(permission, 'field')} cannot be editable`)
    if (text(permission, 'readable') === 'true') readable.add(text(permission, 'field'))
  }
  org.permissionSets.set(name, readable)
  const sets = objectNamed(org, 'PermissionSet')
  if ([...sets.rows.values()].some(({ values }) => values['Name'] === name)) return
  const id = org.nextId('0PS')
  put(org, sets, {
    id,
    values: { Id: id, IsDeleted: false, Name: name, Label: text(body, 'label'), SystemModstamp: isoStamp(org.clock.now()) },
  })
}
