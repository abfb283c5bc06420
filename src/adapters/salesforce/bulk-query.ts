import { Fault, isFault, FAULTS } from '../../core/fault.js'
import type { Clock } from '../../core/ports.js'
import type { SalesforceApi } from './api.js'
import { csvRows } from './csv.js'
import { asRow, parseJson, textOf, type Row } from './row.js'

const pollFirstMs = 1_000
const pollLongestMs = 15_000
const pollsMost = 80 // A quarter of an hour and more: a queue of other jobs may stand before ours.
const rowsPerPage = 50_000
const pagesMost = 1_000

/**
 * A long list by one job instead of many pages. The rows come as texts and in no order.
 * Null where the org takes no such jobs now: its list is then read page by page.
 * Source: Bulk API 2.0 Developer Guide, "Query".
 */
export async function* bulkQuery(
  { api, clock }: { readonly api: SalesforceApi; readonly clock: Clock },
  question: { readonly soql: string; readonly what: string },
  signal: AbortSignal,
): AsyncGenerator<readonly Row[] | null> {
  const id = await jobOf(api, question, signal)
  const isDone = id !== null && (await finished({ api, clock }, { id, what: question.what }, signal))
  if (id === null || !isDone) {
    yield null
    return
  }
  let locator: string | null = null
  for (let page = 0; page < pagesMost; page += 1) {
    const path: string = `jobs/query/${id}/results?maxRecords=${rowsPerPage}${locator === null ? '' : `&locator=${encodeURIComponent(locator)}`}`
    const answer = await api.call({ method: 'GET', path, body: null, accept: 'text/csv', what: question.what }, signal)
    const rows = csvRows(answer.text)
    const told = Number(answer.headers['sforce-numberofrecords'] ?? rows.length)
    if (told !== rows.length)
      throw new Fault('invalid-answer', `Salesforce, ${question.what}: ${told} rows were announced and ${rows.length} came.`, {
        remedy: 'Nothing to do: the list is asked for again.',
      })
    yield rows
    const next = answer.headers['sforce-locator'] ?? 'null'
    // The last page says so with this very word.
    if (next === 'null' || next === '' || next === locator) return
    locator = next
  }
}

async function jobOf(
  api: SalesforceApi,
  { soql, what }: { readonly soql: string; readonly what: string },
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const body = { operation: 'query', query: soql }
    const answer = await api.call({ method: 'POST', path: 'jobs/query', body, accept: 'application/json', what }, signal)
    return textOf(asRow(parseJson(answer.text, what), what), 'id')
  } catch (error) {
    // A job that was made after all is nobody's: it reads, and ends by itself.
    if (isFault(error) && (error.kind === 'ambiguous' || !FAULTS[error.kind].system)) return null
    throw error
  }
}

async function finished(
  { api, clock }: { readonly api: SalesforceApi; readonly clock: Clock },
  { id, what }: { readonly id: string; readonly what: string },
  signal: AbortSignal,
): Promise<boolean> {
  for (let poll = 0; poll < pollsMost; poll += 1) {
    await clock.sleep(Math.min(pollLongestMs, pollFirstMs * (poll + 1)), signal)
    const job = await api.get(`jobs/query/${id}`, what, signal)
    const state = job === null ? null : textOf(job, 'state')
    if (state === 'JobComplete') return true
    if (state === null || state === 'Failed' || state === 'Aborted') return false
    if (signal.aborted) throw new Fault('offline', `The list of ${what} was cancelled.`, { remedy: 'Nothing to do: it is asked for again.' })
  }
  return false
}
