import { createHash } from 'node:crypto'
import type { Clock, RemoteSchema, SchemaField, Store } from '../core/ports.js'
import type { NoticeBoard } from './notice.js'

/** What of the CRM the mapping rests on: column names by table, and for columns with listed values those values. */
export interface UsedColumns {
  readonly version: number
  readonly columns: Readonly<Record<string, readonly string[]>>
}
export interface GuardedSchema {
  readonly describe: (signal: AbortSignal) => Promise<RemoteSchema>
  readonly used: () => UsedColumns
  /**
   * The mapped columns, or the rows that a mapped lookup points to, are others than at the last look: what they refused may be taken now, and where a
   * column `came` that was not to be seen, what people wrote meanwhile has not reached it.
   */
  readonly changed: (what: { readonly came: boolean }) => Promise<void>
}

/** The columns as they were when the settings in force took hold. */
interface Known {
  readonly version: number
  readonly columns: Readonly<Record<string, SchemaField>>
  /** A digest of them at the last look. */
  readonly seen?: string
  /** Mapped columns that were not to be seen at the last look. Absent in stores of earlier versions. */
  readonly missing?: readonly string[]
  /** What a person was told of their change. */
  readonly told?: string
}

const knownName = 'crm.columns'
const conditionName = 'crm-columns'

/** A person says that the columns are as they should be: what changes from here is told anew. */
export async function acceptColumns(
  { store, board, clock }: { readonly store: Pick<Store, 'setValue' | 'addAudit'>; readonly board: NoticeBoard; readonly clock: Pick<Clock, 'now'> },
  by: string,
): Promise<void> {
  const now = clock.now()
  await store.setValue(knownName, null, { expect: 'any', now })
  await board.condition(conditionName, null)
  const event = { kind: 'setting', name: 'columns of the CRM', detail: 'accepted as they are' } as const
  await store.addAudit([{ link: null, run: null, at: now, by, event }], now)
}

/**
 * Compares the CRM's columns with what they were when the mapping took hold: a column that was renamed or removed, that became mandatory,
 * shorter or of another kind, and options that came or went, are told before a deal fails on them. The next version of the settings is the
 * answer to it, and starts afresh.
 */
export async function guardSchema(
  { describe, used, changed }: GuardedSchema,
  {
    board,
    store,
    now,
    signal,
  }: {
    readonly board: NoticeBoard
    readonly store: Pick<Store, 'getValue' | 'setValue'>
    readonly now: number
    readonly signal: AbortSignal
  },
): Promise<void> {
  const wanted = used()
  const schema = await describe(signal)
  const columns = picked(schema, wanted)
  const seen = createHash('sha256').update(JSON.stringify(columns)).digest('hex')
  const missing = missingOf(schema, wanted)
  const stored = (await store.getValue<Known | null>(knownName))?.value ?? null
  const came = stored?.missing?.some((path) => !missing.includes(path)) ?? false
  if (stored?.seen !== undefined && stored.seen !== seen) await changed({ came })
  if (stored?.version !== wanted.version) {
    await store.setValue(knownName, { version: wanted.version, columns, seen, missing, told: '' } satisfies Known, { expect: 'any', now })
    await board.condition(conditionName, null)
    return
  }
  const text = driftOf(stored.columns, flat(schema), new Set(Object.keys(columns))).join(' ')
  // One more change is news: the notice of the first says nothing of it.
  if (stored.told !== undefined && stored.told !== text) await board.condition(conditionName, null)
  await board.condition(conditionName, text === '' ? null : { level: 'urgent', deal: null, title: 'The CRM has changed under the mapping', text, remedy })
  if (stored.told !== text || stored.seen !== seen)
    await store.setValue(knownName, { ...stored, seen, missing, told: text } satisfies Known, { expect: 'any', now })
}
const remedy =
  'Run "cosell mapping check". Correct the mapping (a new version ends this notice), change the column back, or say with "cosell mapping accept" that it is as it should be.'

const flat = ({ records }: RemoteSchema): Readonly<Record<string, SchemaField>> =>
  Object.fromEntries(Object.entries(records).flatMap(([table, fields]) => fields.map((field) => [`${table}.${field.name}`, field])))

/** The mapped columns, and those that the CRM demands of a new record. */
function picked(schema: RemoteSchema, { columns }: UsedColumns): Readonly<Record<string, SchemaField>> {
  const mapped = new Set(Object.entries(columns).flatMap(([table, names]) => names.map((name) => `${table}.${name}`.toLowerCase())))
  const demanded = new Set(['opportunity', 'lead'])
  return Object.fromEntries(
    Object.entries(flat(schema)).filter(
      ([path, { required, writable }]) =>
        mapped.has(path.toLowerCase()) || (required && writable && demanded.has(path.split('.')[0]?.toLowerCase() ?? '')),
    ),
  )
}

function missingOf(schema: RemoteSchema, { columns }: UsedColumns): string[] {
  const there = new Set(Object.keys(flat(schema)).map((path) => path.toLowerCase()))
  const mapped = Object.entries(columns).flatMap(([table, names]) => names.map((name) => `${table}.${name}`.toLowerCase()))
  return mapped.filter((path) => !there.has(path)).sort()
}

/** In words, column by column. */
export function driftOf(
  before: Readonly<Record<string, SchemaField>>,
  now: Readonly<Record<string, SchemaField>>,
  picks: ReadonlySet<string>,
): string[] {
  const gone = Object.entries(before).flatMap(([path, field]) => {
    const same = now[path]
    if (same === undefined) {
      const heir = Object.entries(now).find(
        ([other, { label }]) => label === field.label && !(other in before) && tableOf(other) === tableOf(path),
      )
      return [`Column ${path} ("${field.label}") is gone${heir === undefined ? '' : `; ${heir[0]} has its label now`}.`]
    }
    return changed(path, field, same)
  })
  const demanded = [...picks].filter((path) => !(path in before) && now[path]?.required === true)
  return [...gone, ...demanded.map((path) => `A new record needs column ${path} ("${now[path]?.label ?? ''}") now.`)]
}

const tableOf = (path: string): string => path.split('.')[0] ?? ''

function changed(path: string, before: SchemaField, now: SchemaField): string[] {
  const said: string[] = []
  if (before.type !== now.type) said.push(`Column ${path} was ${before.type} and is ${now.type}.`)
  if (before.writable && !now.writable) said.push(`Column ${path} cannot be written any more.`)
  if (!before.required && now.required) said.push(`Column ${path} is mandatory now.`)
  if (before.maxLength !== null && now.maxLength !== null && now.maxLength < before.maxLength)
    said.push(`Column ${path} held ${before.maxLength} characters and holds ${now.maxLength}.`)
  // The rows that a lookup points to come and go every day.
  if (now.type === 'lookup') return said
  const [old, fresh] = [labels(before), labels(now)]
  const [came, went] = [[...fresh].filter((label) => !old.has(label)), [...old].filter((label) => !fresh.has(label))]
  if (came.length > 0) said.push(`Column ${path} has new options: ${came.join(', ')}.`)
  if (went.length > 0) said.push(`Column ${path} has lost options: ${went.join(', ')}.`)
  return said
}
const labels = ({ options }: SchemaField): ReadonlySet<string> => new Set(options?.map(({ label }) => label) ?? [])
