import { bodyOf, isRecord, type Call, type Reply } from './call.js'
import { describeGlobal, describeObject } from './describe.js'
import { errorBody, itemError, refuse, SalesforceError } from './errors.js'
import { fullId, stampMs, type ObjectDef, type Row } from './model.js'
import { atomically, objectNamed, put, type Org } from './org.js'
import { insert, remove, rowOf, update, visibleField } from './rows.js'
import { replication } from './replication.js'
import { recordUrl, runSoql, type JsonRow } from './soql-run.js'

/** Lists that are not read to their end, by their locator. */
export interface Locators {
  readonly lists: Map<string, { readonly rows: readonly JsonRow[]; readonly pageSize: number }>
  next: number
}
const notFound = (): SalesforceError => refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)

export function rest(org: Org, locators: Locators, call: Call): Reply {
  const [resource = '', ...path] = call.path
  switch (resource) {
    case 'sobjects':
      return sobjects(org, { ...call, path })
    case 'query':
    case 'queryAll':
      return query(org, locators, { ...call, path }, resource === 'queryAll')
    case 'limits':
      return {
        status: 200,
        body: {
          DailyApiRequests: { Max: org.options.dailyCalls, Remaining: org.options.dailyCalls - org.calls },
          DataStorageMB: { Max: 10_000, Remaining: 9_000 },
        },
      }
    default:
      throw notFound()
  }
}

function query(org: Org, locators: Locators, call: Call, all: boolean): Reply {
  const [locator] = call.path
  const pageSize = Math.min(2_000, Math.max(200, Number(/batchSize=(\d+)/.exec(call.headers['sforce-query-options'] ?? '')?.[1] ?? 2_000)))
  if (locator !== undefined) {
    const [id = '', offset = '0'] = locator.split('-')
    const list = locators.lists.get(id)
    if (list === undefined) throw refuse('INVALID_QUERY_LOCATOR', 'invalid query locator')
    return { status: 200, body: page(list.rows, { id, offset: Number(offset), pageSize: list.pageSize, version: call.version }) }
  }
  const text = call.query.get('q')
  if (text === null) throw refuse('MALFORMED_QUERY', 'A query string has to be specified')
  const { rows, total, counted } = runSoql(org, text, { all, version: call.version })
  if (counted) return { status: 200, body: { totalSize: total, done: true, records: [] } }
  const { version } = call
  const shown = rows.map((row) => childrenInPages(locators, row, { most: org.options.childRowsMost, version }))
  return { status: 200, body: opened(locators, shown, { pageSize, version }) }
}
interface PageSize {
  readonly pageSize: number
  readonly version: string
}
/** The first page of a list; the others are fetched by its locator. */
function opened(locators: Locators, rows: readonly JsonRow[], { pageSize, version }: PageSize): JsonRow {
  locators.next += 1
  const id = `01g${String(locators.next).padStart(15, '0')}`
  if (rows.length > pageSize) locators.lists.set(id, { rows, pageSize })
  return page(rows, { id, offset: 0, pageSize, version })
}
/** A long list of children comes in pages of its own. */
function childrenInPages(locators: Locators, row: JsonRow, { most, version }: { most: number; version: string }): JsonRow {
  const entries = Object.entries(row).map(([name, value]) => {
    const records: unknown = isRecord(value) ? value['records'] : undefined
    if (!Array.isArray(records) || records.length <= most) return [name, value]
    return [name, opened(locators, records as JsonRow[], { pageSize: most, version })] // the shape that a query gave them
  })
  return Object.fromEntries(entries) as JsonRow // entries of one
}
function page(
  rows: readonly JsonRow[],
  at: { readonly id: string; readonly offset: number; readonly pageSize: number; readonly version: string },
): JsonRow {
  const end = at.offset + at.pageSize
  const done = end >= rows.length
  return {
    totalSize: rows.length,
    done,
    ...(done ? {} : { nextRecordsUrl: `/services/data/v${at.version}/query/${at.id}-${end}` }),
    records: rows.slice(at.offset, end),
  }
}

function sobjects(org: Org, call: Call): Reply {
  const [name, second, third] = call.path.filter((part) => part !== '')
  if (name === undefined) return { status: 200, body: describeGlobal(org, call.version) }
  const object = objectNamed(org, name)
  if (second === undefined)
    return call.method === 'POST'
      ? created(org, object, call)
      : { status: 200, body: { objectDescribe: { name: object.name }, recentItems: [] } }
  if (second === 'describe') return { status: 200, body: describeObject(org, object.name, call.version) }
  if (second === 'updated' || second === 'deleted') return replication(org, object, call, second)
  return third === undefined ? oneRow(org, object, second, call) : byExternalId(org, object, { field: second, value: third }, call)
}

function created(org: Org, object: ObjectDef, call: Call): Reply {
  hindered(org)
  const id = atomically(org, () => {
    const made = insert(org, object, bodyOf(call))
    const { assignLeadsTo } = org.options
    // The rule runs by default, whatever owner the call names.
    if (object.name === 'Lead' && assignLeadsTo !== null && call.headers['sforce-auto-assign']?.toUpperCase() !== 'FALSE')
      put(org, object, { id: made, values: { ...object.rows.get(made)?.values, OwnerId: assignLeadsTo } })
    return made
  })
  org.flow?.(object.name, id)
  return { status: 201, body: { id, success: true, errors: [] }, headers: { location: recordUrl(call.version, object.name, id) } }
}

function oneRow(org: Org, object: ObjectDef, given: string, call: Call): Reply {
  const row = rowOf(org, object, given)
  precondition(org, row, call)
  switch (call.method) {
    case 'GET':
      return { status: 200, body: shown(org, object, row, call) }
    case 'PATCH':
      if ('Id' in bodyOf(call) || 'id' in bodyOf(call))
        throw refuse('INVALID_FIELD', 'The Id field should not be specified in the sobject data.')
      hindered(org)
      atomically(org, () => update(org, object, row, bodyOf(call)))
      org.flow?.(object.name, row.id)
      return { status: 204, body: null }
    case 'DELETE':
      atomically(org, () => remove(org, object, row))
      return { status: 204, body: null }
    default:
      throw refuse('METHOD_NOT_ALLOWED', `HTTP Method '${call.method}' not allowed. Allowed are DELETE,GET,HEAD,PATCH`, [], 405)
  }
}
/** Compared by whole seconds. A date that cannot be read is an error of the request. */
function precondition(org: Org, row: Row, call: Call): void {
  const text = call.headers['if-unmodified-since']
  if (text === undefined) return
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw refuse('INVALID_QUERY_FILTER_OPERATOR', `Invalid date in If-Unmodified-Since: ${text}`)
  if (stampMs(row.values[org.options.comparedStamp] ?? null) > at)
    throw refuse('PRECONDITION_FAILED', 'The record was modified since the given date.', [], 412)
}
function shown(org: Org, object: ObjectDef, row: Row, call: Call): JsonRow {
  const wanted = call.query
    .get('fields')
    ?.split(',')
    .map((name) => name.trim())
  const names = wanted ?? [...object.fields.keys()].filter((name) => visibleField(org, object, name) !== undefined)
  const values: JsonRow = { attributes: { type: object.name, url: recordUrl(call.version, object.name, row.id) } }
  for (const name of names) {
    if (visibleField(org, object, name) === undefined)
      throw refuse('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`)
    values[name] = row.values[name] ?? null
  }
  return values
}

function byExternalId(org: Org, object: ObjectDef, key: { readonly field: string; readonly value: string }, call: Call): Reply {
  const field = visibleField(org, object, key.field)
  if (field?.externalId !== true)
    throw refuse('NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${key.field}`, [], 404)
  const matches = [...object.rows.values()].filter(
    (row) => row.values['IsDeleted'] !== true && String(row.values[key.field] ?? '').toLowerCase() === key.value.toLowerCase(),
  )
  if (matches.length > 1) return { status: 300, body: matches.map(({ id }) => recordUrl(call.version, object.name, id)) }
  const [row] = matches
  if (call.method === 'PATCH') {
    if (row === undefined && call.query.get('updateOnly') === 'true') throw notFound()
    if (key.field in bodyOf(call)) throw refuse('INVALID_FIELD', `The ${key.field} field should not be specified in the sobject data.`)
    if (row !== undefined) precondition(org, row, call)
    const id = atomically(org, () => {
      if (row === undefined) return insert(org, object, { ...bodyOf(call), [key.field]: key.value })
      update(org, object, row, bodyOf(call))
      return row.id
    })
    org.flow?.(object.name, id)
    return { status: row === undefined ? 201 : 200, body: { id, success: true, errors: [], created: row === undefined } }
  }
  if (row === undefined) throw notFound()
  return oneRow(org, object, row.id, call)
}

/** The collections resource: up to two hundred rows, each with a result of its own. */
export function collections(org: Org, call: Call): Reply {
  const [name, external] = call.path
  if (call.method === 'DELETE') {
    const ids = (call.query.get('ids') ?? '').split(',')
    return { status: 200, body: each(org, ids, call.query.get('allOrNone') === 'true', (id) => void removeAny(org, id)) }
  }
  const body = bodyOf(call)
  if (name !== undefined && external === undefined && call.method === 'POST') {
    const object = objectNamed(org, name)
    const fields = (Array.isArray(body['fields']) ? body['fields'] : []).map(String).join(',')
    return {
      status: 200,
      body: (Array.isArray(body['ids']) ? body['ids'] : []).map((id) =>
        retrieved(org, object, String(id), { ...call, query: new URLSearchParams({ fields }) }),
      ),
    }
  }
  const records = (Array.isArray(body['records']) ? body['records'] : []).filter(isRecord)
  if (records.length > 200) throw refuse('EXCEEDED_ID_LIMIT', 'record limit reached. cannot submit more than 200 records into this call')
  return {
    status: 200,
    body: each(org, records, body['allOrNone'] === true, (record) => writeRecord(org, record, call, { name, external })),
  }
}
function retrieved(org: Org, object: ObjectDef, id: string, call: Call): JsonRow | null {
  const row = object.rows.get(fullId(id) ?? '')
  return row === undefined || row.values['IsDeleted'] === true ? null : shown(org, object, row, call)
}
function removeAny(org: Org, id: string): string {
  const object = [...org.objects.values()].find(({ keyPrefix }) => id.startsWith(keyPrefix))
  if (object === undefined) throw refuse('MALFORMED_ID', `malformed id ${id}`)
  const row = rowOf(org, object, id)
  remove(org, object, row)
  return row.id
}
function writeRecord(
  org: Org,
  record: Record<string, unknown>,
  call: Call,
  key: { readonly name: string | undefined; readonly external: string | undefined },
): { id: string; created: boolean } {
  const attributes = record['attributes']
  const object = objectNamed(org, key.name ?? (isRecord(attributes) ? String(attributes['type']) : ''))
  const { attributes: _type, id, Id, ...values } = record
  if (key.external !== undefined) {
    const value = String(values[key.external] ?? '')
    const { [key.external]: _value, ...rest } = values
    const reply = byExternalId(org, object, { field: key.external, value }, { ...call, method: 'PATCH', body: rest })
    return isRecord(reply.body) ? { id: String(reply.body['id']), created: reply.body['created'] === true } : { id: '', created: false }
  }
  if (call.method === 'POST') return { id: insert(org, object, values), created: true }
  const row = rowOf(org, object, String(id ?? Id))
  update(org, object, row, values)
  return { id: row.id, created: false }
}
function each<T>(
  org: Org,
  items: readonly T[],
  allOrNone: boolean,
  work: (item: T) => { id: string; created: boolean } | string | void,
): unknown[] {
  const one = (item: T): { failed: boolean; result: unknown } => {
    try {
      const done = atomically(org, () => work(item))
      const shape = typeof done === 'object' ? done : { id: done ?? String(item), created: undefined }
      return { failed: false, result: { success: true, errors: [], ...shape } }
    } catch (error) {
      if (!(error instanceof SalesforceError)) throw error
      return { failed: true, result: { success: false, errors: [itemError(error)] } }
    }
  }
  if (!allOrNone) return items.map((item) => one(item).result)
  const undone = Symbol('rolled back')
  let results: { failed: boolean; result: unknown }[] = []
  try {
    atomically(org, () => {
      results = items.map(one)
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a mark for the catch below, so that the transaction is taken back
      if (results.some(({ failed }) => failed)) throw undone
    })
  } catch (error) {
    if (error !== undone) throw error
    const rolledBack = refuse(
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      'Record rolled back because not all records were valid and the request was using AllOrNone header',
    )
    return results.map(({ failed, result }) => (failed ? result : { success: false, errors: [itemError(rolledBack)] }))
  }
  return results.map(({ result }) => result)
}
/** What gets into the way of one write, and of the next one no more. */
export function hindered(org: Org): void {
  const { options } = org
  if (options.lockedWrites > 0) {
    options.lockedWrites -= 1
    throw refuse('UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record or 1 records: 0015g00000Aa11AAAR')
  }
  if (options.failingAutomations > 0) {
    options.failingAutomations -= 1
    throw refuse('CANNOT_EXECUTE_FLOW_TRIGGER', "We can't save this record because the flow failed. Give your Salesforce admin these details.")
  }
}

export const refusal = (error: SalesforceError, options: Org['options']): Reply => ({
  status: error.status,
  body: error.status === 412 && options.preconditionBody === 'empty' ? null : errorBody(error),
})
