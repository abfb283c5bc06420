import { refuse } from './errors.js'
import { idFrom, type ObjectDef, type Scalar } from './model.js'
import { field, object } from './objects.js'
import type { Org } from './org.js'
import { bodyOf, isRecord, type Call, type Reply } from './call.js'
import { makeField } from './deploy.js'
import { runSoql } from './soql-run.js'

const bare = (name: string): string => name.replace(/__c$/, '')

/**
 * Definitions as rows: custom fields and objects, whoever may see what they hold. A custom object is named by its id, a standard one by its name.
 * Source: Tooling API guide, objects CustomField and CustomObject.
 */
export function tooling(org: Org, call: Call): Reply {
  const [resource, type] = call.path
  if (resource === 'sobjects' && type === 'CustomField' && call.method === 'POST') return made(org, call)
  const text = call.query.get('q')
  if (resource !== 'query' || text === null || call.method !== 'GET')
    throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  const fields: Record<string, Scalar>[] = []
  const objects: Record<string, Scalar>[] = []
  for (const item of org.objects.values()) {
    const id = idFrom('01I', objects.length + 1)
    if (item.name.endsWith('__c')) objects.push({ Id: id, DeveloperName: bare(item.name) })
    for (const { name } of item.fields.values())
      if (name.endsWith('__c'))
        fields.push({ Id: idFrom('00N', fields.length + 1), DeveloperName: bare(name), TableEnumOrId: item.custom ? id : item.name })
  }
  const definitions = new Map([
    table(org.integrationUser, 'CustomField', ['DeveloperName', 'TableEnumOrId'], fields),
    table(org.integrationUser, 'CustomObject', ['DeveloperName'], objects),
  ])
  const { rows, total } = runSoql({ ...org, objects: definitions }, text, { all: false, version: call.version })
  return { status: 200, body: { size: total, totalSize: total, done: true, queryLocator: null, entityTypeName: null, records: rows } }
}

/** One field by its definition. Source: Tooling API guide, CustomField: `FullName` and `Metadata`. */
function made(org: Org, call: Call): Reply {
  const { FullName, Metadata } = bodyOf(call)
  if (typeof FullName !== 'string' || !isRecord(Metadata)) throw refuse('REQUIRED_FIELD_MISSING', 'FullName and Metadata are required', ['FullName', 'Metadata'])
  const [object = '', name = ''] = FullName.split('.')
  if (org.objects.get(object)?.fields.has(name) === true)
    throw refuse('DUPLICATE_DEVELOPER_NAME', `There is already a field named ${name} on ${object}.`)
  const members = Object.entries(Metadata).sort(([a], [b]) => (a < b ? -1 : 1))
  makeField(org, object, { fullName: name, ...Object.fromEntries(members.map(([key, value]) => [key, asText(value)])) })
  return { status: 201, body: { id: idFrom('00N', org.unseen.size), success: true, errors: [], warnings: [], infos: [] } }
}
/** Definitions say numbers and switches as text. */
const asText = (value: unknown): unknown => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value)

function table(author: string, name: string, names: readonly string[], rows: readonly Record<string, Scalar>[]): [string, ObjectDef] {
  const made = object(
    name,
    '000',
    names.map((one) => field(one, 'string', { length: 80 })),
  )
  for (const values of rows)
    made.rows.set(String(values['Id']), { id: String(values['Id']), values: { IsDeleted: false, LastModifiedById: author, ...values } })
  return [name, made]
}
