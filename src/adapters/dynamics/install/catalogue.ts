import { labelKey } from '../../../core/conversions.js'
import { Fault } from '../../../core/fault.js'
import type { CatalogueEntry } from '../../../core/ports.js'
import { idOf, query, textOf, type Row } from '../row.js'
import type { MetadataApi } from './metadata-api.js'
import { surveySolutionTables, type TableSurvey } from './survey.js'

/** The rows of Microsoft Solution Details: found by label, because the names in Microsoft's own package are not published. */
interface Shape {
  readonly set: string
  readonly key: string
  readonly id: string
  readonly name: string
  readonly type: string | null
  readonly publisher: string | null
}

async function shapeOf(api: MetadataApi, signal: AbortSignal): Promise<Shape> {
  const { details } = await surveySolutionTables(api, signal, null)
  const id = details === null ? null : columnLabelled(details, 'Solution Identifier', 'Solution ID')
  const name = details === null ? null : (columnLabelled(details, 'Solution Name') ?? details.primaryName)
  if (details === null || id === null || name === null)
    throw new Fault('misconfigured', 'The CRM has no table "Microsoft Solution Details".', { remedy: 'Run "cosell install apply".' })
  return {
    set: details.set,
    key: details.primaryId,
    id,
    name,
    type: columnLabelled(details, 'Type'),
    publisher: columnLabelled(details, 'Publisher Name'),
  }
}

function columnLabelled({ columns }: TableSurvey, ...labels: readonly string[]): string | null {
  const wanted = labels.map(labelKey)
  for (const column of columns.values())
    if (column.type === 'String' && column.name.includes('_') && wanted.includes(labelKey(column.label))) return column.name
  return null
}

async function rowsIn(api: MetadataApi, shape: Shape, signal: AbortSignal): Promise<readonly Row[]> {
  const select = [shape.key, shape.id, shape.name, shape.type, shape.publisher].filter((column) => column !== null).join(',')
  return api.list(`${shape.set}${query({ $select: select })}`, 'the catalogue of solutions', signal)
}

const entryOf = (shape: Shape, row: Row): CatalogueEntry | null => {
  const id = textOf(row, shape.id)
  if (id === null) return null
  const at = (column: string | null): string | null => (column === null ? null : textOf(row, column))
  return { id, name: at(shape.name) ?? id, type: at(shape.type), publisher: at(shape.publisher) }
}

export async function readCatalogue(api: MetadataApi, signal: AbortSignal): Promise<readonly CatalogueEntry[]> {
  const shape = await shapeOf(api, signal)
  return (await rowsIn(api, shape, signal)).flatMap((row) => entryOf(shape, row) ?? [])
}

export async function fillCatalogue(
  api: MetadataApi,
  entries: readonly CatalogueEntry[],
  signal: AbortSignal,
): Promise<{ readonly added: number; readonly changed: number }> {
  const shape = await shapeOf(api, signal)
  const held = new Map(
    (await rowsIn(api, shape, signal)).flatMap((row): [string, Row][] => {
      const id = textOf(row, shape.id)
      return id === null ? [] : [[id, row]]
    }),
  )
  const counts = { added: 0, changed: 0 }
  for (const entry of entries) {
    const row = held.get(entry.id)
    const wanted = bodyOf(shape, entry)
    const body = row === undefined ? { [shape.id]: entry.id, ...wanted } : differing(row, wanted)
    if (Object.keys(body).length === 0) continue
    const what = `solution ${entry.id} of the catalogue`
    const path = row === undefined ? shape.set : `${shape.set}(${idOf(row, shape.key) ?? ''})`
    await api.write({ method: row === undefined ? 'POST' : 'PATCH', path, body, what, solution: null }, signal)
    counts[row === undefined ? 'added' : 'changed'] += 1
  }
  return counts
}

/** What is not said stays as it is. */
function bodyOf(shape: Shape, { name, type, publisher }: CatalogueEntry): Row {
  return {
    [shape.name]: name,
    ...(shape.type === null || type === null ? {} : { [shape.type]: type }),
    ...(shape.publisher === null || publisher === null ? {} : { [shape.publisher]: publisher }),
  }
}
const differing = (row: Row, wanted: Row): Row =>
  Object.fromEntries(Object.entries(wanted).filter(([column, value]) => row[column] !== value))
