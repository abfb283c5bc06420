import type { Stamp } from '../../core/change.js'
import { stripCheckMark } from '../../core/conversions.js'
import type { Person, Projection, Solution } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import { encodeStage, type StageValues } from '../../core/mapping-stages.js'
import { assertNever } from '../../core/ref.js'
import type { Stage } from '../../core/stage.js'
import { MISFIT, type Column } from '../column.js'
import { truncate, writeScalar } from '../values.js'
import { encodeColumn, fitPerson, fitSolutions, type Codec } from './codec.js'
import { AUDIT, IDENTIFIER, LAST_SYNCED, LINK, PROBLEM, STATUS, SYNC, type Place } from './profile.js'
import { fieldIn, type Schema } from './schema.js'

export type Body = Record<string, unknown>

/** A deal taken apart into the rows it is written to. What is undefined was not part of it. */
export interface Encoded {
  readonly own: Body
  readonly account: Body
  readonly contact: Body
  readonly owner: readonly Person[] | undefined
  readonly person: Person | null | undefined
  readonly solutions: readonly Solution[] | undefined
}
type Draft = { -readonly [K in keyof Encoded]: Encoded[K] }

/** @throws Fault `rejected` when a value has no form that the org takes: said before anything is sent. */
export function encodeDeal(codec: Codec, deal: Projection, options: { readonly precision: number; readonly what: string }): Encoded {
  const draft: Draft = { own: {}, account: {}, contact: {}, owner: undefined, person: undefined, solutions: undefined }
  for (const { target, ...bound } of codec.rows) {
    const value = deal[bound.field]
    if (value === undefined) continue
    if (target.kind === 'place') {
      encodePlace(codec, draft, { place: target.place, deal, what: options.what })
      continue
    }
    const wire = encodeColumn(codec, { ...bound, target }, value, options)
    if (!wire.ok) {
      throw new Fault('rejected', `${options.what} cannot take ${bound.field}: ${wire.why}`, {
        code: MISFIT,
        remedy: `Correct the value in Partner Center, or the row "${bound.field}" of the mapping (its "values"), or the field in the CRM.`,
      })
    }
    const body = target.kind === 'field' ? draft.own : target.relation === 'account' ? draft.account : draft.contact
    body[target.column.name] = wire.value
  }
  return draft
}

function encodePlace(codec: Codec, draft: Draft, given: { readonly place: Place; readonly deal: Projection; readonly what: string }): void {
  const { deal, what } = given
  switch (given.place) {
    case 'stage':
      if (deal.status !== undefined) Object.assign(draft.own, stageValues(codec, deal.status, what))
      return
    case 'currency':
      Object.assign(draft.own, currencyValue(codec, deal['details.currency'] ?? null, what))
      return
    case 'owner':
      draft.owner = deal.team ?? []
      return
    case 'contact':
      draft.person = fitPerson(codec.schema, 'Contact', deal['customerProfile.team'] ?? [])
      return
    case 'person': {
      const person = fitPerson(codec.schema, 'Lead', deal['customerProfile.team'] ?? [])
      // A lead without a last name is refused: what it had stays.
      if (person !== null) Object.assign(draft.own, personFields(person))
      return
    }
    case 'solutions':
      draft.solutions = fitSolutions(deal['details.requirements.solutions'] ?? [])
      return
    default:
      assertNever(given.place)
  }
}

export const personFields = (person: Person): Body => ({
  FirstName: person.firstName,
  LastName: person.lastName,
  Email: person.email,
  Phone: person.phone,
})

/** @throws Fault `rejected` naming the currency that the org does not have: an amount is never converted. */
function currencyValue(codec: Codec, code: string | null, what: string): Body {
  const { currencies, multiCurrency } = codec.schema
  const wanted = code?.trim().toUpperCase() ?? ''
  if (wanted === '') return {}
  if (currencies.has(wanted)) return multiCurrency ? { CurrencyIsoCode: wanted } : {}
  const has = [...currencies.keys()].join(', ')
  throw new Fault(
    'rejected',
    `${what} is in ${wanted}, and the org has ${multiCurrency ? 'no active currency with this code' : `one currency only (${has})`}.`,
    {
      remedy: multiCurrency
        ? `Activate ${wanted} in the org (Setup, Manage Currencies); the amount is never converted. Then run "cosell runs retry" for the deal.`
        : "Switch on multiple currencies in the org, or have the deal valued in the org's currency; the amount is never converted.",
      code: 'unknown-currency',
    },
  )
}

/** @throws Fault `misconfigured` when the table of stages has no row for it. */
export function stageValues(codec: Codec, stage: Stage, what: string): StageValues {
  const values = encodeStage(codec.stages, stage)
  const unknown = values === null ? null : unknownStatus(codec, values)
  if (unknown !== null) {
    throw new Fault('misconfigured', `${what} cannot show ${stage}: the org has no status "${unknown}".`, {
      code: MISFIT,
      remedy: `Say under "${codec.stages.section}" of the mapping which one "${stage}" is, or add it in the CRM.`,
    })
  }
  if (values !== null) return values
  throw new Fault('misconfigured', `${what} cannot show ${stage}: the mapping has no row for it.`, {
    remedy: `Add a row "${stage}" under "${codec.stages.section}" of the mapping.`,
  })
}

/** A status that the org does not list: many orgs would take any text, and nobody would find the record under it. */
function unknownStatus({ kind, schema }: Codec, values: StageValues): string | null {
  const wanted = values[kind === 'lead' ? 'Status' : 'StageName']
  const listed: Schema['stages'] = kind === 'lead' ? schema.leadStatuses : schema.stages
  const isListed = listed.length === 0 || listed.some(({ value }) => value.toLowerCase() === String(wanted).toLowerCase())
  return wanted === undefined || isListed ? null : String(wanted)
}

/** The words of a list that was made for the status before this connector came. */
const STATUS_WORDS: Readonly<Record<string, string>> = {
  'in-sync': 'Synced',
  pending: 'Pending',
  'needs-attention': 'Failed',
  stopped: 'Failed',
}
function statusWord(column: Column | null, status: string | null | undefined): string | null | undefined {
  const words = column?.options?.map(({ value }) => String(value).toLowerCase())
  if (status == null || words === undefined || words.includes(status)) return status
  return STATUS_WORDS[status] ?? status
}

/** What the connector keeps on a record beside the deal, in the fields that this org has for it. */
export function encodeStamp(codec: Codec, stamp: Omit<Stamp, 'sync'> & { readonly sync?: boolean }): Body {
  const body: Body = {}
  const put = (name: string, value: string | boolean | null | undefined): void => {
    const column = fieldIn(codec.schema, codec.object, name)
    if (value === undefined || column === null) return
    const wire = writeScalar(column, value, { precision: 0 })
    // A status field made as a picklist with other words is not ours to fill.
    if (wire.ok) body[column.name] = wire.value
  }
  put(IDENTIFIER, stamp.otherId?.toLowerCase())
  put(SYNC, stamp.sync)
  put(LINK, stamp.link)
  put(AUDIT, stamp.audit)
  put(STATUS, statusWord(fieldIn(codec.schema, codec.object, STATUS), stamp.status))
  put(PROBLEM, stamp.problem)
  put(LAST_SYNCED, stamp.lastSynced)
  return body
}

/** ✔ or ✘ before the name, as the reference connector shows success and failure. Null: the name needs no change. */
export function markedName(codec: Codec, options: { readonly name: string | null; readonly status: string | undefined }): string | null {
  if (codec.nameReserve === 0 || options.name === null) return null
  const mark = options.status === 'in-sync' ? '✔ ' : options.status === 'needs-attention' || options.status === 'stopped' ? '✘ ' : null
  const current = options.name.startsWith('✘') ? '✘ ' : options.name.startsWith('✔') ? '✔ ' : ''
  const length = fieldIn(codec.schema, codec.object, 'Name')?.maxLength ?? null
  const next = `${mark ?? current}${truncate(stripCheckMark(options.name), length === null ? null : length - codec.nameReserve)}`
  return next === options.name ? null : next
}
