import type { Row } from './row-store.js'
import { cached, forget, table as tableNamed, type World } from './world.js'

export interface StepImage {
  readonly kind: 'pre' | 'post' | 'both'
  readonly alias: string
  /** null: all columns. */
  readonly columns: readonly string[] | null
}

/** A registered webhook step, ready to be matched. */
export interface Step {
  readonly id: string
  readonly name: string
  readonly message: string
  readonly endpointId: string
  readonly rank: number
  readonly stage: number
  readonly deletesJob: boolean
  /** null: all columns. */
  readonly filter: ReadonlySet<string> | null
  readonly images: readonly StepImage[]
}

const none: readonly Step[] = []

export function stepsFor(world: World, message: string, tableName: string): readonly Step[] {
  const all = cached(world, 'steps', () => collect(world))
  return all.get(`${message}:${tableName}`) ?? all.get(`${message}:`) ?? none
}

/** Call after any write to steps, images and endpoints. */
export function stepsChanged(world: World): void {
  forget(world, 'steps')
  world.transactions.undo(() => forget(world, 'steps'))
}

const idOf = (row: Row, column: string): string => {
  const cell = row.cells[column]
  return typeof cell === 'object' && cell !== null ? cell.id : ''
}

function collect(world: World): Map<string, readonly Step[]> {
  const found = new Map<string, Step[]>()
  for (const row of tableNamed(world, 'sdkmessageprocessingstep').rows.all()) {
    if (row.cells['statecode'] !== 0 || row.cells['mode'] !== 1) continue
    const message = String(tableNamed(world, 'sdkmessage').rows.get(idOf(row, 'sdkmessageid'))?.cells['name'] ?? '')
    const filterRow = tableNamed(world, 'sdkmessagefilter').rows.get(idOf(row, 'sdkmessagefilterid'))
    const step = stepOf(world, row, message)
    const key = `${message}:${String(filterRow?.cells['primaryobjecttypecode'] ?? '')}`
    found.set(key, [...(found.get(key) ?? []), step])
  }
  const everywhere = (key: string): readonly Step[] => found.get(`${key.split(':', 1)[0] ?? ''}:`) ?? none
  return new Map(
    [...found].map(([key, steps]) => [key, [...steps, ...(key.endsWith(':') ? none : everywhere(key))].sort((a, b) => a.rank - b.rank)]),
  )
}

function stepOf(world: World, row: Row, message: string): Step {
  const filtering = row.cells['filteringattributes']
  const images = tableNamed(world, 'sdkmessageprocessingstepimage')
  return {
    id: row.id,
    name: String(row.cells['name'] ?? ''),
    message,
    endpointId: idOf(row, 'eventhandler'),
    rank: Number(row.cells['rank']),
    stage: Number(row.cells['stage']),
    deletesJob: row.cells['asyncautodelete'] === true,
    filter: typeof filtering === 'string' && filtering.trim() !== '' ? new Set(list(filtering)) : null,
    images: images.rows.find('sdkmessageprocessingstepid', row.id).flatMap((id) => {
      const image = images.rows.get(id)
      return image === undefined ? [] : [imageOf(image)]
    }),
  }
}

function imageOf(row: Row): StepImage {
  const columns = row.cells['attributes']
  const kinds = ['pre', 'post', 'both'] as const
  return {
    kind: kinds[Number(row.cells['imagetype'])] ?? 'both',
    alias: String(row.cells['entityalias']),
    columns: typeof columns === 'string' && columns.trim() !== '' ? list(columns) : null,
  }
}

export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
