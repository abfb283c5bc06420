import { stripCheckMark } from '../../core/conversions.js'
import type { Stamp } from '../../core/change.js'
import type { FieldValue, Person, Projection, Solution } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import { encodeStage, type StageValues } from '../../core/mapping-stages.js'
import { assertNever } from '../../core/ref.js'
import type { Stage } from '../../core/stage.js'
import { encodeColumn, fitPerson, fitSolutions, type BoundRow, type Codec } from './codec.js'
import type { Column } from './columns.js'
import { UNKNOWN_CURRENCY } from './errors.js'
import { AUDIT, IDENTIFIER, LAST_SYNCED, LINK, PROBLEM, STATUS, SYNC, type Place } from './profile.js'
import { columnIn } from './schema.js'
import { MISFIT, putInto } from '../column.js'
import { truncate, writeScalar } from '../values.js'

export type Body = Record<string, unknown>

/** A deal taken apart into the rows it is written to. What is undefined was not part of it. */
export interface Encoded {
  readonly own: Body
  readonly account: Body
  readonly contact: Body
  readonly stage: StageValues | null
  readonly currency: string | null | undefined
  readonly owner: readonly Person[] | undefined
  readonly person: Person | null | undefined
  readonly solutions: readonly Solution[] | undefined
}
type Draft = { -readonly [K in keyof Encoded]: Encoded[K] }

/** @throws Fault `rejected` when a value has no form that the CRM takes: said before anything is sent. */
export function encodeDeal(codec: Codec, deal: Projection, options: { readonly precision: number; readonly what: string }): Encoded {
  const draft: Draft = {
    own: {},
    account: {},
    contact: {},
    stage: null,
    currency: undefined,
    owner: undefined,
    person: undefined,
    solutions: undefined,
  }
  for (const bound of codec.rows) {
    const value = deal[bound.field]
    if (value === undefined) continue
    if (bound.target.kind === 'place') encodePlace(codec, draft, { place: bound.target.place, value, what: options.what })
    else encodeInto(codec, draft, { ...bound, target: bound.target }, { value, ...options })
  }
  return draft
}

type ColumnRow = BoundRow & { readonly target: Extract<BoundRow['target'], { column: Column }> }
function encodeInto(
  codec: Codec,
  draft: Draft,
  bound: ColumnRow,
  given: { readonly value: FieldValue; readonly precision: number; readonly what: string },
): void {
  const { target } = bound
  const wire = encodeColumn(codec, bound, given.value, { precision: given.precision })
  if (!wire.ok) {
    throw new Fault('rejected', `${given.what} cannot take ${bound.field}: ${wire.why}`, {
      code: MISFIT,
      remedy: `Correct the value in Partner Center, or the row "${bound.field}" of the mapping (its "values"), or the column in the CRM.`,
    })
  }
  const body = target.kind === 'column' ? draft.own : target.relation === 'account' ? draft.account : draft.contact
  putInto(body, target.column, wire.value)
  // The server overwrites the estimate from product lines unless it is told that the amount is the user's.
  if (codec.kind === 'opportunity' && target.kind === 'column' && target.column.name === 'estimatedvalue')
    body['isrevenuesystemcalculated'] = false
}

function encodePlace(
  codec: Codec,
  draft: Draft,
  given: { readonly place: Place; readonly value: FieldValue; readonly what: string },
): void {
  const people = Array.isArray(given.value) ? (given.value as readonly Person[]) : [] // each place holds the one kind of value its field has
  switch (given.place) {
    case 'stage':
      draft.stage = stageValues(codec, given.value as Stage, given.what) // as above
      return
    case 'currency':
      draft.currency = typeof given.value === 'string' && given.value !== '' ? given.value.trim().toUpperCase() : null
      return
    case 'owner':
      draft.owner = people
      return
    case 'contact':
      draft.person = fitPerson(codec.schema, 'contact', people)
      return
    case 'person':
      Object.assign(draft.own, personColumns(fitPerson(codec.schema, 'lead', people)))
      return
    case 'solutions':
      draft.solutions = fitSolutions(codec.schema, Array.isArray(given.value) ? (given.value as readonly Solution[]) : []) // as above
      return
    default:
      assertNever(given.place)
  }
}

export const personColumns = (person: Person | null): Body => ({
  firstname: person?.firstName ?? null,
  lastname: person?.lastName ?? null,
  emailaddress1: person?.email ?? null,
  telephone1: person?.phone ?? null,
})

/** @throws Fault `misconfigured` when the table of stages has no row for it. */
export function stageValues(codec: Codec, stage: Stage, what: string): StageValues {
  const table = codec.mapping.stages[codec.kind]
  const values = encodeStage(table, stage)
  if (values !== null) return values
  throw new Fault('misconfigured', `${what} cannot show ${stage}: the mapping has no row for it.`, {
    remedy: `Add a row "${stage}" under "${table.section}" of the mapping.`,
  })
}

/** What the connector keeps on a record beside the deal, in the columns that this environment has for it. */
export function encodeStamp(codec: Codec, stamp: Omit<Stamp, 'sync'> & { readonly sync?: boolean }): Body {
  const body: Body = {}
  const put = (name: string, value: string | boolean | null | undefined): void => {
    const column = columnIn(codec.schema, codec.kind, name)
    if (value === undefined || column === null) return
    const wire = writeScalar(column, value, { precision: 0 })
    // A status column made as a choice with other words is not ours to fill.
    if (wire.ok) body[column.name] = wire.value
  }
  put(IDENTIFIER, stamp.otherId)
  put(SYNC, stamp.sync)
  put(LINK, stamp.link)
  put(AUDIT, stamp.audit)
  put(STATUS, stamp.status)
  put(PROBLEM, stamp.problem)
  put(LAST_SYNCED, stamp.lastSynced)
  return body
}

/** ✔ or ✘ before the name, as the reference connector shows success and failure. Null: the name needs no change. */
export function markedName(codec: Codec, options: { readonly name: string | null; readonly status: string | undefined }): string | null {
  if (codec.nameReserve === 0 || options.name === null) return null
  const mark = options.status === 'in-sync' ? '✔ ' : options.status === 'needs-attention' || options.status === 'stopped' ? '✘ ' : null
  const current = options.name.startsWith('✘') ? '✘ ' : options.name.startsWith('✔') ? '✔ ' : ''
  const plain = stripCheckMark(options.name)
  const length = columnIn(codec.schema, codec.kind, codec.kind === 'lead' ? 'subject' : 'name')?.maxLength ?? null
  const next = `${mark ?? current}${truncate(plain, length === null ? null : length - codec.nameReserve)}`
  return next === options.name ? null : next
}

/** @throws Fault `rejected` naming the currency that the CRM does not have. */
export function currencyBind(codec: Codec, code: string, what: string): Body {
  const currency = codec.schema.currencies?.get(code)
  if (currency === undefined) {
    throw new Fault('rejected', `${what} is in ${code}, and the CRM has no active currency with this code.`, {
      remedy: `Add the currency ${code} in the CRM (Settings, Business Management, Currencies); the amount is never converted. Then run "cosell runs retry" for the deal.`,
      code: UNKNOWN_CURRENCY,
    })
  }
  return { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currency.id})` }
}
