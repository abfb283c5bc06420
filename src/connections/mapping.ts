import { crmKind } from '../adapters/registry.js'
import { NEVER_EMPTY } from '../core/preflight.js'
import { createHash } from 'node:crypto'
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml'
import type { Config } from '../config/index.js'
import { FIELD_NAMES, FIELDS, isField } from '../core/deal.js'
import { Fault, isFault, readGiven } from '../core/fault.js'
import { effectiveMapping, fieldPolicies, rowPolicies, toCrmValue, type MappedKind, type Mapping, type MappingRow } from '../core/mapping.js'
import { parseMapping, type LineOf, type MappingDocument } from '../core/mapping-document.js'
import type { Flow } from '../core/policy.js'
import type { Check } from '../core/ports.js'
import type { Engine } from '../engine/engine.js'
import type { MappedRows } from '../engine/mapped-rows.js'
import type { Draft, DraftOf, InColumn } from '../engine/mapping-desk.js'
import type { MappingRowView, MappingView } from '../engine/views.js'
import { connectCrm, profileOf } from './crm.js'
import type { PartnerCenterConnection } from './partner-center.js'
import { roundTripCheck } from './round-trip.js'
import type { ConnectionParts, CrmSettings } from './parts.js'

const kinds: readonly MappedKind[] = ['opportunity', 'lead']

/** The mapping that a document makes of the CRM's built-in profile. @throws Fault `misconfigured` naming what is wrong in it, with its lines. */
export function mappingOf(config: Config['crm'], text: string | null): Mapping {
  const { document, lineOf } = read(text ?? 'version: 1')
  return effectiveMapping(profileOf(config), document, lineOf)
}

/** A mapping document. @throws Fault `misconfigured` naming what is wrong in it, with its lines. */
export const readMappingText = (text: string): MappingDocument => read(text).document

function read(text: string): { readonly document: MappingDocument; readonly lineOf: LineOf } {
  const lines = new LineCounter()
  const yaml = parseDocument(text, { lineCounter: lines })
  const [wrong] = yaml.errors
  if (wrong !== undefined) {
    throw new Fault('misconfigured', `The mapping is not YAML: ${wrong.message}`, { remedy: 'Correct the place it names.', cause: wrong })
  }
  const lineOf: LineOf = (path) => {
    // The deepest part that is there: a missing key is missed where it belongs.
    for (let depth = path.length; depth > 0; depth -= 1) {
      const start = startOf(yaml, path.slice(0, depth))
      if (start !== null) return lines.linePos(start).line
    }
    return null
  }
  return { document: parseMapping(yaml.toJS(), lineOf), lineOf }
}

/** Where the key at the end of a path begins. */
function startOf(yaml: Document, path: readonly PropertyKey[]): number | null {
  const parent = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return null
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
  return pair !== undefined && isScalar(pair.key) ? (pair.key.range?.[0] ?? null) : null
}

/** Another zone shows another day in the same time: for a date it is part of the row. */
const textOf = (row: MappingRow, zone: string | null): string =>
  JSON.stringify([
    row.crm,
    row.values,
    row.toPartner?.source ?? null,
    row.toCrm?.source ?? null,
    ...(FIELDS[row.field].kind === 'date' && zone !== null ? [zone] : []),
  ])

/** What each row reads and writes; who wins and which way it flows is no part of it. */
export function mappedRowsOf(mapping: Mapping): MappedRows {
  const rows: Record<string, string> = {}
  for (const kind of kinds) {
    for (const field of FIELD_NAMES) {
      const row = mapping[kind][field]
      if (row !== undefined) rows[`${kind}.${field}`] = textOf(row, mapping.timeZone)
    }
    rows[`${kind}.status`] = JSON.stringify([rows[`${kind}.status`] ?? null, mapping.stages[kind].rows])
  }
  return { id: createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 16), rows }
}

/** Changes with whatever of the mapping can change a deal. */
export const printOf = (mapping: Mapping): string => createHash('sha256').update(JSON.stringify(viewOf(mapping))).digest('hex').slice(0, 16)

export function viewOf(mapping: Mapping): MappingView {
  const rows = kinds.flatMap((kind) => {
    const policies = fieldPolicies(mapping, kind)
    return FIELD_NAMES.flatMap((field): MappingRowView[] => {
      const row = mapping[kind][field]
      if (row === undefined) return []
      const { crm, flow, when, wins, values, origin } = row
      const { into, rule, restore } = policies[field]
      const effect = { intoCrm: into.crm, intoPartner: into.partner, rule, restores: restore }
      const expressions = { toPartner: row.toPartner?.source ?? null, toCrm: row.toCrm?.source ?? null }
      return [{ kind, field, crm, flow, when, wins, values, ...expressions, origin, effect }]
    })
  })
  const stages = kinds.flatMap((kind) =>
    mapping.stages[kind].rows.map(({ pattern, crm, otherOpen }) => ({ kind, stage: pattern, crm, otherOpen })),
  )
  return { crm: mapping.crm, rows, required: [...NEVER_EMPTY], defaults: mapping.defaults, timeZone: mapping.timeZone, stages }
}

/** Which of the CRM's columns a mapping rests on, by table. */
export function usedColumns(mapping: Mapping): Readonly<Record<string, readonly string[]>> {
  const columns: Record<string, string[]> = {}
  for (const table of ['account', 'contact'] as const) (columns[table] ??= []).push(...Object.keys(mapping.defaults[table]))
  for (const kind of kinds) {
    const stage = mapping.stages[kind].rows.flatMap(({ crm }) => Object.keys(crm))
    for (const name of [...Object.values(mapping[kind]).map(({ crm }) => crm), ...Object.keys(mapping.defaults[kind]), ...stage]) {
      const [related, column] = name.split('.')
      const [table, own] = column === undefined ? [kind, name] : [related ?? kind, column]
      ;(columns[table] ??= []).push(own)
    }
  }
  return columns
}

export interface DraftParts {
  readonly config: Config
  readonly parts: ConnectionParts
  readonly engine: Engine
  readonly partner: Pick<PartnerCenterConnection, 'seenIn'>
  /** Those in force. */
  readonly settings: () => CrmSettings
}

/** A second adapter with the drafted rows for each side and a policy of its own, over the same connections and store. Planning writes nothing. */
export function draftsOf({ config, parts, engine, partner: connection, settings: inForce }: DraftParts): DraftOf {
  return (text): Draft => {
    const settings = text === null ? inForce() : { ...inForce(), mapping: readGiven(() => mappingOf(config.crm, text)) }
    const crm = connectCrm(config.crm, parts, () => settings)
    const { timeZone } = settings.mapping
    const partner = timeZone === inForce().mapping.timeZone ? engine.adapters.partner : connection.seenIn(timeZone)
    const mapping = mappedRowsOf(settings.mapping)
    return {
      view: viewOf(settings.mapping),
      inColumn: ({ kind, field }, value) => inColumn(isField(field) ? settings.mapping[kind][field] : undefined, value),
      engine: {
        ...engine,
        adapters: { partner, crm: crm.adapter },
        policy: () => {
          const now = engine.policy()
          return { ...now, mapping, policy: { ...now.policy, ...rowPolicies(settings.mapping) } }
        },
      },
      checks: async (signal) => [
        ...(await crm.checks(signal)).filter(({ name }) => /mapping|fields|stages|solutions table/i.test(name)),
        await requiredCheck(crm.adapter, settings.mapping, signal),
        roundTripCheck(settings.mapping, partner, crm.adapter),
      ],
    }
  }
}

/** A list goes as it is: its places are looked up. */
function inColumn(row: MappingRow | undefined, value: unknown): InColumn {
  const isScalar = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  if (row === undefined || !isScalar) return { value }
  try {
    return { value: toCrmValue(row, value) }
  } catch (error) {
    if (isFault(error)) return { problem: error.message }
    throw error
  }
}

/** Columns that the CRM demands of a new record and that nothing fills. */
export async function requiredCheck(adapter: Engine['adapters']['crm'], mapping: Mapping, signal: AbortSignal): Promise<Check> {
  const name = 'Mandatory columns'
  const { records } = await adapter.describe({ signal })
  const uncovered = filledColumns(mapping).flatMap(({ record, filled }) => {
    const demanded = (records[record] ?? []).filter((field) => field.required && field.writable && !filled.has(field.name.toLowerCase()))
    return demanded.map((field) => ({ path: `${record}.${field.name}`, record, field }))
  })
  const [first] = uncovered
  if (first === undefined)
    return { name, status: 'pass', detail: 'Everything that the CRM demands of a new record is filled.', remedy: null }
  const detail = `A new record needs ${uncovered.map(({ path, field }) => `${path} ("${field.label}")`).join(', ')}, and no row fills it.`
  return {
    name,
    status: crmKind(mapping.crm)?.refusesIncomplete === true ? 'fail' : 'warn',
    detail,
    remedy: `Give a constant, such as "defaults: { ${first.record}: { ${first.field.name}: … } }", or a row of its own. What the CRM fills by itself needs neither.`,
  }
}

/** What is filled of each record that can be new: by constants, and by rows that write it when it is made. */
function filledColumns(mapping: Mapping): { readonly record: string; readonly filled: ReadonlySet<string> }[] {
  const written = (kind: MappedKind): string[] => {
    const policies = fieldPolicies(mapping, kind)
    return Object.values(mapping[kind]).flatMap(({ field, crm }) => (writesNew.has(policies[field].into.crm) ? [crm] : []))
  }
  const rows = written('opportunity').map((crm) => crm.split('.'))
  const related = (relation: string): string[] =>
    rows.flatMap(([first, column]) => (first === relation && column !== undefined ? [column] : []))
  const columns = {
    opportunity: rows.flatMap(([first, column]) => (column === undefined && first !== undefined ? [first] : [])),
    lead: written('lead'),
    account: related('account'),
    contact: related('contact'),
  }
  return (['opportunity', 'lead', 'account', 'contact'] as const).map((record) => ({
    record,
    filled: new Set([...columns[record], ...Object.keys(mapping.defaults[record])].map((column) => column.toLowerCase())),
  }))
}
const writesNew: ReadonlySet<Flow> = new Set(['always', 'create'])
