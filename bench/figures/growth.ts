import { existsSync, readFileSync } from 'node:fs'
import { less, point, single, type Figure, type Line, type Measured, type Plot, type Result } from '../figure.js'
import { SIZES } from './volume.js'

interface Same {
  readonly name: string
  readonly unit: string
  readonly most: number
}
/** What should cost the same however many deals there are, and how much more is still taken for the same. */
const FLAT: readonly Same[] = [
  { name: 'first sync: processor seconds per 1,000 deals', unit: 's', most: 1.5 },
  { name: 'first sync: peak memory', unit: 'MB', most: 1.5 },
  { name: 'sweep of unchanged deals that were all written before: seconds per 1,000', unit: 's', most: 1.5 },
  { name: 'sweep of unchanged deals that were all written before: peak memory', unit: 'MB', most: 1.5 },
  { name: 'ready after start', unit: 's', most: 1.5 },
  { name: 'resident memory at rest', unit: 'MB', most: 1.5 },
  { name: 'event to CRM write p50, 20 a second, no latency', unit: 'ms', most: 1.5 },
  { name: 'processor time of one event, 20 a second', unit: 'ms', most: 1.5 },
]

/** How cost grows at ten and at a hundred times the deals: from what was measured at each size. Measures nothing itself. */
export function growth(fileOf: (group: string) => string): Promise<Measured> {
  const results = SIZES.map((size) => ({ size, file: fileOf(`volume-${size}`) })).filter(({ file }) => existsSync(file))
  const measured = results.map(({ size, file }) => ({ size, result: JSON.parse(readFileSync(file, 'utf8')) as Result })) // written by this command
  const valueOf = ({ figures }: Result, { name, unit }: Same): number =>
    figures.find((figure) => figure.name === name && figure.unit === unit)?.measured.median ?? Number.NaN
  const [base, ...larger] = measured
  if (base === undefined) return Promise.resolve({ figures: [] })
  const times = (result: Result, same: Same): number => valueOf(result, same) / valueOf(base.result, same)
  const figures = larger.flatMap(({ size, result }): Figure[] =>
    FLAT.map((same) => less(`${size / base.size} times the deals: ${same.name}`, times(result, same), { target: same.most, unit: '×' })),
  )
  const lines = FLAT.map((same): Line => ({
    name: same.name,
    points: measured.map(({ size, result }) => point(size, single(times(result, same)))),
  }))
  const plot = (file: string, title: string, some: readonly Line[]): Plot => ({
    file,
    title,
    x: { label: 'deals', scale: 'log' },
    y: { label: `× the same at ${base.size.toLocaleString('en')} deals`, scale: 'linear' },
    lines: some,
  })
  return Promise.resolve({ figures, plots: [plot('growth', 'Cost of the same work by the number of deals', lines)] })
}
