/** Least, middle and most of several runs. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}
/** One figure: what was measured, and what is wanted of it. */
export interface Figure {
  readonly name: string
  readonly measured: Spread
  /** Null: nothing is wanted, it is shown to compare with. */
  readonly target: number | null
  readonly better: 'less' | 'more'
  readonly unit: string
}
/** One line of a plot. A point is [x, y], or [x, y, least, most] where several runs were made. */
export interface Line {
  readonly name: string
  readonly points: readonly (readonly [number, number, number?, number?])[]
}
export interface Axis {
  readonly label: string
  readonly scale: 'linear' | 'log'
}
export interface Plot {
  /** Its file in docs/performance, without the ending. */
  readonly file: string
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: readonly Line[]
}
/** What a group of figures hands over. */
export interface Measured {
  readonly figures: readonly Figure[]
  readonly plots?: readonly Plot[]
}
/** What stands in bench/results. */
export interface Result extends Measured {
  readonly title: string
  readonly at: string
  readonly commit: string
  readonly machine: string
  /** What one has to know of this run; written in by hand. */
  readonly note?: string
}

const round = (value: number | undefined): number => Number((value ?? Number.NaN).toPrecision(3))
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return { min: round(sorted[0]), median: round(sorted[Math.floor(sorted.length / 2)]), max: round(sorted.at(-1)) }
}
export const single = (value: number): Spread => spread([value])
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
/** A point of a plot. */
export const point = (x: number, { min, median, max }: Spread): readonly [number, number, number, number] => [x, median, min, max]

type Wanted = Pick<Figure, 'target' | 'unit'>
export const less = (name: string, measured: Spread | number, { target, unit }: Wanted): Figure => figure('less', name, { measured, target, unit })
export const more = (name: string, measured: Spread | number, { target, unit }: Wanted): Figure => figure('more', name, { measured, target, unit })
const figure = (better: Figure['better'], name: string, { measured, target, unit }: Wanted & { readonly measured: Spread | number }): Figure => ({
  name,
  measured: typeof measured === 'number' ? single(measured) : measured,
  target,
  better,
  unit,
})

export function holds({ measured, better, target }: Figure): boolean {
  if (target === null) return true
  return better === 'less' ? measured.median <= target : measured.median >= target
}
export function text({ measured: { min, median, max }, unit }: Figure): string {
  return `${min === max ? String(median) : `${median} (${min}–${max})`} ${unit}`
}
export function wanted({ better, target }: Figure): string {
  return target === null ? 'to compare with' : `${better === 'less' ? '≤' : '≥'} ${target}`
}
