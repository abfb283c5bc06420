import { refuse } from './errors.js'
import { idFrom } from './model.js'
import type { Org } from './org.js'
import { bodyOf, type Call, type Reply } from './call.js'
import { runSoql, type JsonRow } from './soql-run.js'

interface Job {
  readonly soql: string
  readonly all: boolean
  looks: number
}
export type Jobs = Map<string, Job>

/** Queries as jobs, their results as CSV in pages. Source: Bulk API 2.0 Developer Guide, "Query". */
export function bulkQuery(org: Org, jobs: Jobs, call: Call): Reply {
  const [kind, id, what] = call.path
  if (kind !== 'query') throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  if (org.options.bulk === 'off') throw refuse('FEATURENOTENABLED', 'Bulk API is not enabled for this org')
  if (id === undefined && call.method === 'POST') return opened(org, jobs, call)
  const job = jobs.get(id ?? '')
  if (id === undefined || job === undefined) throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  if (call.method !== 'GET') throw refuse('METHOD_NOT_ALLOWED', `HTTP Method '${call.method}' not allowed. Allowed are GET`, [], 405)
  const isDone = job.looks >= org.options.bulkPolls
  if (what === 'results') return results(org, job, call, isDone)
  job.looks += 1
  return { status: 200, body: { id, operation: job.all ? 'queryAll' : 'query', state: isDone ? 'JobComplete' : 'InProgress', retries: 0 } }
}

function opened(org: Org, jobs: Jobs, call: Call): Reply {
  const { operation, query } = bodyOf(call)
  if ((operation !== 'query' && operation !== 'queryAll') || typeof query !== 'string')
    throw refuse('INVALIDJOB', 'operation and query are required')
  // Refused when the job is opened: a child query, and what is no query at all.
  if (/\(\s*SELECT/i.test(query)) throw refuse('API_ERROR', 'Bulk queries take no child queries')
  runSoql(org, query, { all: operation === 'queryAll', version: call.version })
  const id = idFrom('750', jobs.size + 1)
  jobs.set(id, { soql: query, all: operation === 'queryAll', looks: 0 })
  return { status: 200, body: { id, operation, object: '', state: 'UploadComplete', contentType: 'CSV', columnDelimiter: 'COMMA', lineEnding: 'LF' } }
}

function results(org: Org, job: Job, call: Call, isDone: boolean): Reply {
  if (!isDone) throw refuse('INVALIDJOBSTATE', 'The job is not complete')
  const { rows } = runSoql(org, job.soql, { all: job.all, version: call.version })
  const from = Number(call.query.get('locator') ?? 0)
  const until = from + Number(call.query.get('maxRecords') ?? 50_000)
  const page = rows.slice(from, until)
  const columns = Object.keys(page[0] ?? rows[0] ?? {}).filter((name) => name !== 'attributes')
  const line = (cells: readonly string[]): string => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')
  const text = [line(columns), ...page.map((row) => line(columns.map((name) => cellOf(row, name))))].join('\n')
  return {
    status: 200,
    body: null,
    text: `${text}\n`,
    headers: {
      'content-type': 'text/csv',
      'sforce-locator': until < rows.length ? String(until) : 'null',
      'sforce-numberofrecords': String(page.length),
    },
  }
}
const cellOf = (row: JsonRow, name: string): string => {
  const value = row[name]
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}
