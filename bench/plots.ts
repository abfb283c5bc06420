import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { holds, type Axis, type Figure, type Line, type Plot, type Result } from './figure.js'

// Pictures as SVG text: no browser is needed to draw them, and every page that shows Markdown shows them.
/** As much of d3-scale and d3-shape as is used here. */
interface Scale {
  (value: number): number
  domain(ends: readonly number[]): Scale
  range(ends: readonly number[]): Scale
  clamp(on: boolean): Scale
  ticks(count: number): number[]
}
interface D3Scale {
  scaleLinear(): Scale
  scaleLog(): Scale
}
interface D3Shape {
  line<T>(): { x(of: (item: T) => number): { y(of: (item: T) => number): (items: readonly T[]) => string | null } }
}
/** The chart library is the console's, and so are its packages: nothing else of the service needs it. */
const consolePackages = createRequire(new URL('../console/package.json', import.meta.url))
const fromConsole = (name: string): Promise<unknown> => import(pathToFileURL(consolePackages.resolve(name)).href)
const { scaleLinear, scaleLog } = (await fromConsole('d3-scale')) as D3Scale // version 4, pinned by the console
const { line: lineOf } = (await fromConsole('d3-shape')) as D3Shape // version 3, pinned by the console
const COLOURS = ['#0f6cbd', '#8a8886', '#c239b3', '#ca5010', '#107c10', '#5c2e91', '#0b7a75', '#986f0b'] as const
const [ink, grey, grid, kept, missed] = ['#242424', '#616161', '#e6e6e6', '#107c10', '#c50f1f'] as const
const font = 'font-family="Segoe UI, system-ui, sans-serif"'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
interface Place {
  readonly x: number
  readonly y: number
}
interface Look {
  readonly size?: number
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly fill?: string
  readonly weight?: number
  readonly turned?: boolean
}
const words = (text: string, { x, y }: Place, { size = 12, anchor = 'start', fill = ink, weight = 400, turned = false }: Look = {}): string =>
  `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${fill}" font-weight="${weight}"${turned ? ` transform="rotate(-90 ${x} ${y})"` : ''}>${escaped(text)}</text>`
const stroke = (from: Place, to: Place, colour: string, width = 1): string =>
  `<line x1="${from.x}" y1="${from.y}" x2="${to.x}" y2="${to.y}" stroke="${colour}" stroke-width="${width}"/>`
const sheet = (size: { readonly width: number; readonly height: number }, title: string, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" ${font}>
<title>${escaped(title)}</title>
<rect width="${size.width}" height="${size.height}" fill="#fff"/>
${parts.join('\n')}
</svg>
`
const short = (value: number): string => (value >= 1_000 ? `${value / 1_000}k` : String(Number(value.toPrecision(3))))

const width = 680
const plotHeight = 360
const legendRow = 18
const margin = { top: 46, right: 24, bottom: 50, left: 64 }

/** Lines over two axes; where several runs were made, each point with its least and most. */
export function drawnLines({ title, x: across, y: up, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points)
  const xs = points.map(([x]) => x)
  const ys = points.flatMap(([, y, least = y, most = y]) => [y, least, most])
  const right = width - margin.right
  const bottom = plotHeight - margin.bottom
  const x = scaleFor(across, xs, [margin.left, right])
  const y = scaleFor(up, ys, [bottom, margin.top])
  // On a line of few values the values themselves are the ticks.
  const distinct = [...new Set(xs)]
  const xTicks = distinct.length <= 6 ? distinct : x.ticks(6)
  const yTicks = up.scale === 'log' ? y.ticks(6).filter((tick) => /^[125]0*$/.test(String(tick).replace(/^0\.0*/, ''))) : y.ticks(6)
  return sheet({ width, height: plotHeight + lines.length * legendRow }, title, [
    words(title, { x: margin.left, y: 24 }, { size: 14, weight: 600 }),
    ...yTicks.flatMap((tick) => [
      stroke({ x: margin.left, y: y(tick) }, { x: right, y: y(tick) }, grid),
      words(short(tick), { x: margin.left - 8, y: y(tick) + 4 }, { anchor: 'end', fill: grey }),
    ]),
    ...xTicks.map((tick) => words(short(tick), { x: x(tick), y: bottom + 18 }, { anchor: 'middle', fill: grey })),
    stroke({ x: margin.left, y: bottom }, { x: right, y: bottom }, grey),
    words(across.label, { x: (margin.left + right) / 2, y: bottom + 36 }, { anchor: 'middle', fill: grey }),
    words(up.label, { x: 16, y: (margin.top + bottom) / 2 }, { anchor: 'middle', fill: grey, turned: true }),
    ...lines.flatMap((line, index) => drawn(line, { x, y, colour: COLOURS[index % COLOURS.length] ?? ink })),
    ...legend(lines, plotHeight + 4),
  ])
}

function scaleFor({ scale }: Axis, values: readonly number[], range: readonly [number, number]): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const padded = scale === 'log' ? [least / 1.15, most * 1.15] : [Math.min(0, least), most * 1.05]
  return (scale === 'log' ? scaleLog() : scaleLinear()).domain(padded).range(range)
}

const densePoints = 20 // Beyond it the points hide the line.
function drawn({ points }: Line, { x, y, colour }: { readonly x: Scale; readonly y: Scale; readonly colour: string }): string[] {
  const path = lineOf<Line['points'][number]>().x(([at]) => x(at)).y(([, value]) => y(value))(points) ?? ''
  const marks = points.length > densePoints ? [] : points
  return [
    `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...marks.flatMap(([at, value, least, most]) => [
      ...(least === undefined || most === undefined ? [] : [stroke({ x: x(at), y: y(least) }, { x: x(at), y: y(most) }, colour)]),
      `<circle cx="${x(at)}" cy="${y(value)}" r="3.5" fill="${colour}"/>`,
    ]),
  ]
}

function legend(lines: readonly Line[], top: number): string[] {
  return lines.flatMap(({ name }, index) => {
    const y = top + index * legendRow
    const colour = COLOURS[index % COLOURS.length] ?? ink
    return [`<rect x="${margin.left}" y="${y - 9}" width="12" height="10" rx="2" fill="${colour}"/>`, words(name, { x: margin.left + 18, y })]
  })
}

const [rowHeight, headingHeight, namesWidth, overviewWidth] = [18, 30, 470, 940]

/** Every figure that something is wanted of, over what is wanted: left of the line it is kept. */
export function drawnOverview(results: readonly Result[]): string {
  const x = scaleLog().domain([0.05, 10]).range([namesWidth, overviewWidth - 30]).clamp(true)
  const parts: string[] = []
  let y = 40
  for (const { title, figures } of results) {
    const shown = figures.filter(({ target }) => target !== null && target > 0)
    if (shown.length === 0) continue
    y += headingHeight
    parts.push(words(title, { x: 20, y: y - 8 }, { weight: 600, size: 13 }))
    for (const figure of shown) {
      parts.push(...row(figure, { x, y: y + 6 }))
      y += rowHeight
    }
  }
  const height = y + 20
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5]
  const grids = ticks.flatMap((tick) => [
    stroke({ x: x(tick), y: 36 }, { x: x(tick), y: height - 10 }, tick === 1 ? grey : grid, tick === 1 ? 1.5 : 1),
    words(tick === 1 ? 'wanted' : `${tick} ×`, { x: x(tick), y: 28 }, { anchor: 'middle', fill: grey }),
  ])
  const title = 'Every figure over what is wanted of it (left of the line: kept)'
  return sheet({ width: overviewWidth, height }, title, [words('Better ← each figure over what is wanted of it → worse', { x: 20, y: 28 }, { weight: 600 }), ...grids, ...parts])
}

function row(figure: Figure, { x, y }: { readonly x: Scale; readonly y: number }): string[] {
  const { name, measured, better } = figure
  const target = figure.target ?? Number.NaN
  const over = (value: number): number => x(better === 'less' ? value / target : target / value)
  const colour = holds(figure) ? kept : missed
  const label = name.length > 78 ? `${name.slice(0, 76)} …` : name
  return [
    words(label, { x: 32, y: y + 4 }, { size: 11, fill: ink }),
    stroke({ x: over(measured.min), y }, { x: over(measured.max), y }, colour ?? ink, 2),
    `<circle cx="${over(measured.median)}" cy="${y}" r="4" fill="${colour}"/>`,
  ]
}
