import { Fault } from '../../core/fault.js'
import type { Operation } from './exchange.js'
import { faultOf, type Answer } from './errors.js'
import { idOf, isRow, textOf, type Row } from './row.js'

export const partsMost = 25
export const collectionMost = 200
const nodesMost = 500
const graphsMost = 75

/** One write as a part of a composite. Rules of the org that hand records to others are not asked: the owner is ours to choose. */
export function partOf({ name, method, path, unmodifiedSince, body }: Operation, base: string): Row {
  const assigns = method !== 'DELETE' && /^sobjects\/(?:Lead|Account)(?:\/|$)/.test(path)
  const headers = {
    ...(unmodifiedSince === null ? {} : { 'If-Unmodified-Since': new Date(unmodifiedSince).toUTCString() }),
    ...(assigns ? { 'Sforce-Auto-Assign': 'FALSE' } : {}),
  }
  return {
    method,
    url: `${base}/${path}`,
    referenceId: name,
    ...(Object.keys(headers).length === 0 ? {} : { httpHeaders: headers }),
    ...(body === null ? {} : { body }),
  }
}

/** Groups in calls of what one call takes. */
export function* chunked(groups: readonly (readonly Operation[])[]): Generator<(readonly Operation[])[]> {
  let chunk: (readonly Operation[])[] = []
  let nodes = 0
  for (const group of groups) {
    if (chunk.length > 0 && (chunk.length >= graphsMost || nodes + group.length > nodesMost)) {
      yield chunk
      chunk = []
      nodes = 0
    }
    chunk.push(group)
    nodes += group.length
  }
  if (chunk.length > 0) yield chunk
}

export const noAnswerFor = (operations: readonly Operation[]): Fault =>
  new Fault('ambiguous', `Salesforce, ${operations[0]?.what ?? 'a change'}: no answer came for it.`, {
    remedy: 'Nothing to do: what happened is found out before anything is written again.',
  })

/** The bodies by name, or the refusal that made everything be rolled back. */
export function outcomeOf(operations: readonly Operation[], answers: readonly Row[]): ReadonlyMap<string, Row> | Fault {
  const byName = new Map(answers.map((answer): [string | null, Row] => [textOf(answer, 'referenceId'), answer]))
  const bodies = new Map<string, Row>()
  const refusals: { readonly fault: Fault; readonly collateral: boolean }[] = []
  for (const operation of operations) {
    const answer = byName.get(operation.name)
    if (answer === undefined) return noAnswerFor(operations)
    const status = Number(answer['httpStatusCode'])
    const body = answer['body']
    if (status < 400) bodies.set(operation.name, isRow(body) ? body : {})
    else {
      const fault = faultOf({ status, headers: {}, text: '', tookMs: 0 }, { method: operation.method, what: operation.what }, body ?? null)
      refusals.push({ fault, collateral: fault.code === 'PROCESSING_HALTED' || fault.code === 'ALL_OR_NONE_OPERATION_ROLLED_BACK' })
    }
  }
  const refusal = refusals.find(({ collateral }) => !collateral) ?? refusals[0]
  return refusal?.fault ?? bodies
}

/** The results of a collection, in the order of its records. @throws Fault `ambiguous` when nobody can tell what was made. */
export function resultsOf(answer: Answer): readonly Row[] {
  try {
    const list: unknown = JSON.parse(answer.text)
    if (Array.isArray(list) && list.every(isRow)) return list
  } catch {
    // Falls through: a gateway answered in the server's place.
  }
  throw new Fault('ambiguous', 'Salesforce: the results of new rows cannot be read.', {
    remedy: 'Nothing to do: what happened is found out before anything is written again.',
  })
}
export function resultOf(result: Row | undefined, what: string): string | Fault {
  if (result === undefined) {
    return new Fault('ambiguous', `Salesforce, ${what}: no answer came for one of the new rows.`, {
      remedy: 'Nothing to do: what happened is found out before anything is written again.',
    })
  }
  const id = result === undefined ? null : idOf(result, 'id')
  if (result?.['success'] === true && id !== null) return id
  return faultOf({ status: 400, headers: {}, text: '', tookMs: 0 }, { method: 'POST', what }, result?.['errors'] ?? null)
}
