import { bodyOf, isRecord, type Call, type Reply } from './call.js'
import { refuse, SalesforceError } from './errors.js'
import { idFrom, isoStamp } from './model.js'
import { objectNamed, type Org } from './org.js'

type Operation = 'insert' | 'update' | 'upsert' | 'delete'
interface IngestJob {
  readonly id: string
  readonly object: string
  readonly operation: Operation
  readonly key: string | null
  readonly createdDate: string
  state: 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Aborted'
  csv: string | null
  looks: number
  outcomes: readonly { readonly row: readonly string[]; readonly id: string; readonly created: boolean; readonly error: string | null }[]
}
export type IngestJobs = Map<string, IngestJob>
const operations: readonly string[] = ['insert', 'update', 'upsert', 'delete']

/** Rows as jobs: opened, filled with CSV once, closed, worked, told row by row. Source: Bulk API 2.0 Developer Guide, "Ingest". */
export function bulkIngest(org: Org, jobs: IngestJobs, call: Call, run: (call: Call) => Reply): Reply {
  const [, id, what] = call.path
  if (org.options.bulk === 'off') throw refuse('FEATURENOTENABLED', 'Bulk API is not enabled for this org')
  if (id === undefined || id === '') return opened(org, jobs, call)
  const job = jobs.get(id)
  if (job === undefined) throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  if (what !== undefined && what !== '') return call.method === 'PUT' ? filled(job, call) : results(job, what)
  if (call.method === 'DELETE') {
    jobs.delete(id)
    return { status: 204, body: null }
  }
  if (call.method === 'PATCH') close(job, bodyOf(call)['state'])
  else if (job.state === 'UploadComplete' || job.state === 'InProgress') look(org, job, (one) => run({ ...call, ...one }))
  return { status: 200, body: infoOf(job, call.version) }
}

function opened(org: Org, jobs: IngestJobs, call: Call): Reply {
  const { object, operation, externalIdFieldName } = bodyOf(call)
  if (typeof object !== 'string' || typeof operation !== 'string' || !operations.includes(operation))
    throw refuse('INVALIDJOB', 'object and operation are required')
  if (operation === 'upsert' && typeof externalIdFieldName !== 'string') throw refuse('INVALIDJOB', 'External ID was blank for upsert')
  const job: IngestJob = {
    id: idFrom('751', jobs.size + 1),
    object: objectNamed(org, object).name,
    operation: operation as Operation, // one of the list
    key: typeof externalIdFieldName === 'string' ? externalIdFieldName : null,
    createdDate: isoStamp(org.clock.now()),
    state: 'Open',
    csv: null,
    looks: 0,
    outcomes: [],
  }
  jobs.set(job.id, job)
  return { status: 200, body: infoOf(job, call.version) }
}

function filled(job: IngestJob, call: Call): Reply {
  if (job.state !== 'Open' || job.csv !== null) throw refuse('INVALIDJOBSTATE', 'A job takes one upload, while it is open')
  if (typeof call.body !== 'string') throw refuse('INVALID_CONTENT_TYPE', 'The upload must be text/csv', [], 415)
  job.csv = call.body
  return { status: 201, body: null }
}

function close(job: IngestJob, state: unknown): void {
  if (job.state !== 'Open' || (state !== 'UploadComplete' && state !== 'Aborted'))
    throw refuse('INVALIDJOBSTATE', `A job that is ${job.state} cannot become ${String(state)}`)
  job.state = state
}

function look(org: Org, job: IngestJob, run: (call: Pick<Call, 'method' | 'path' | 'body'>) => Reply): void {
  job.looks += 1
  job.state = 'InProgress'
  if (job.looks <= org.options.bulkPolls) return
  const [columns = [], ...rows] = linesOf(job.csv ?? '')
  job.outcomes = rows.map((row) => {
    // An empty cell leaves a field alone, #N/A empties it.
    const values = Object.fromEntries(columns.flatMap((name, at) => ((row[at] ?? '') === '' ? [] : [[name, row[at] === '#N/A' ? null : row[at]]])))
    try {
      const { body } = run(callFor(org, job, values))
      return { row, id: isRecord(body) ? String(body['id']) : String(values['Id']), created: isRecord(body) && body['created'] !== false, error: null }
    } catch (error) {
      if (!(error instanceof SalesforceError)) throw error
      return { row, id: '', created: false, error: `${error.code}:${error.message}:${error.fields.join(',')} --` }
    }
  })
  job.state = 'JobComplete'
}

function callFor(org: Org, job: IngestJob, given: Readonly<Record<string, string | null | undefined>>): Pick<Call, 'method' | 'path' | 'body'> {
  const fields = objectNamed(org, job.object).fields
  const typed = (name: string, text: string | null | undefined): unknown => {
    const type = fields.get(name)?.type
    if (text == null) return null
    return type === 'boolean' ? text === 'true' : type === 'currency' || type === 'double' || type === 'int' ? Number(text) : text
  }
  const { Id, ...rest } = given
  const others = Object.entries(rest).filter(([name]) => name !== job.key)
  const body = Object.fromEntries(others.map(([name, text]) => [name, typed(name, text)]))
  const path = ['sobjects', job.object]
  if (job.operation === 'insert') return { method: 'POST', path, body }
  if (job.operation === 'upsert' && job.key !== null) return { method: 'PATCH', path: [...path, job.key, String(given[job.key])], body }
  return { method: job.operation === 'delete' ? 'DELETE' : 'PATCH', path: [...path, String(Id)], body }
}

function results(job: IngestJob, what: string): Reply {
  const [columns = []] = linesOf(job.csv ?? '')
  const line = (cells: readonly string[]): string => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')
  const wanted = job.outcomes.filter(({ error }) => (what === 'failedResults' ? error !== null : error === null))
  const second = what === 'failedResults' ? 'sf__Error' : 'sf__Created'
  const told = (one: IngestJob['outcomes'][number]): string => one.error ?? String(one.created)
  const rows =
    what === 'unprocessedrecords'
      ? [line(columns)]
      : [line(['sf__Id', second, ...columns]), ...wanted.map((one) => line([one.id, told(one), ...one.row]))]
  return { status: 200, body: null, text: `${rows.join('\n')}\n`, headers: { 'content-type': 'text/csv' } }
}

const infoOf = ({ id, object, operation, key, createdDate, state, outcomes }: IngestJob, version: string): unknown => ({
  id,
  operation,
  object,
  state,
  createdDate,
  systemModstamp: createdDate,
  contentType: 'CSV',
  concurrencyMode: 'Parallel',
  lineEnding: 'LF',
  columnDelimiter: 'COMMA',
  apiVersion: Number(version),
  ...(key === null ? {} : { externalIdFieldName: key }),
  ...(state === 'Open' ? { contentUrl: `services/data/v${version}/jobs/ingest/${id}/batches` } : {}),
  numberRecordsProcessed: outcomes.length,
  numberRecordsFailed: outcomes.filter(({ error }) => error !== null).length,
  retries: 0,
})

/** Quoted or bare cells, a line a row. */
function linesOf(csv: string): string[][] {
  const rows: string[][] = []
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    const cell = quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"')
    const row = rows.at(-1)
    if (row === undefined) rows.push([cell])
    else row.push(cell)
    if (end === '' || end === undefined) break
    if (end !== ',') rows.push([])
  }
  return rows.filter((row) => row.some((cell) => cell !== ''))
}
