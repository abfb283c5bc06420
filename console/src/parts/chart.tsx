import { scaleBand, scaleLinear, type ScaleLinear } from 'd3-scale'
import { stack } from 'd3-shape'
import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react'

export interface Series<Value = number> {
  readonly name: string
  /** A class that carries the colour. */
  readonly className: string
  readonly values: readonly Value[]
}
interface ChartProps<Value> {
  readonly title: string
  readonly labels: readonly string[]
  readonly series: readonly Series<Value>[]
  /** A value of the upright axis, as people read it. */
  readonly say: (value: number) => string
}

const height = 170
const margin = { top: 8, right: 4, bottom: 24, left: 60 }
const labelWidth = 56

/** Stacked bars over time. It is a picture of a table that the page offers too. */
export function StackedBars({ title, labels, series, say }: ChartProps<number>) {
  const [box, width] = useWidth()
  const x = across(labels, width)
  const y = upright(Math.max(1, ...labels.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0))))
  const layers = stack<number, number>()
    .keys(series.keys())
    .value((index, key) => series[key]?.values[index] ?? 0)(labels.map((_, index) => index))
  return (
    <Frame {...{ box, width, title, labels, series, y, say }} ticks={y.ticks(4).filter(Number.isInteger)}>
      {layers.map((layer) => (
        <g key={layer.key} className={series[layer.key]?.className}>
          {layer.map(([low, high], index) =>
            high === low ? null : (
              <rect key={index} x={x(index)} width={x.bandwidth()} y={y(high)} height={Math.max(1, y(low) - y(high))} rx={2}>
                <title>{`${labels[index] ?? ''}: ${series[layer.key]?.name ?? ''} ${say(high - low)}`}</title>
              </rect>
            ),
          )}
        </g>
      ))}
    </Frame>
  )
}

/** Bars beside each other; where nothing was measured there is none. */
export function PairedBars({ title, labels, series, say }: ChartProps<number | null>) {
  const [box, width] = useWidth()
  const x = across(labels, width)
  const y = upright(Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))))
  const each = x.bandwidth() / series.length
  return (
    <Frame {...{ box, width, title, labels, series, y, say }} ticks={y.ticks(4)}>
      {series.map(({ name, className, values }, place) => (
        <g key={name} className={className}>
          {values.map((value, index) =>
            value === null ? null : (
              <rect key={index} x={(x(index) ?? 0) + place * each} width={each} y={y(value)} height={Math.max(1, y(0) - y(value))} rx={2}>
                <title>{`${labels[index] ?? ''}: ${name} ${say(value)}`}</title>
              </rect>
            ),
          )}
        </g>
      ))}
    </Frame>
  )
}

const across = (labels: readonly string[], width: number) =>
  scaleBand<number>()
    .domain(labels.map((_, index) => index))
    .range([margin.left, Math.max(margin.left + 1, width - margin.right)])
    .padding(0.28)
const upright = (most: number) =>
  scaleLinear()
    .domain([0, most])
    .nice(4)
    .range([height - margin.bottom, margin.top])

interface FrameProps {
  readonly box: RefObject<HTMLElement | null>
  readonly width: number
  readonly title: string
  readonly labels: readonly string[]
  readonly series: readonly Pick<Series, 'name' | 'className'>[]
  readonly y: ScaleLinear<number, number>
  readonly ticks: readonly number[]
  readonly say: (value: number) => string
  readonly children: ReactNode
}
function Frame({ box, width, title, labels, series, y, ticks, say, children }: FrameProps) {
  const x = across(labels, width)
  const every = Math.ceil(labels.length / Math.max(1, Math.floor(width / labelWidth)))
  return (
    <figure className="chart" ref={box}>
      <svg width={width} height={height} role="img" aria-label={title}>
        {ticks.map((tick) => (
          <g key={tick} className="chart__line">
            <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
            <text x={margin.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
              {say(tick)}
            </text>
          </g>
        ))}
        {children}
        {labels.map(
          (label, index) =>
            index % every === 0 && (
              <text key={index} className="chart__label" x={(x(index) ?? 0) + x.bandwidth() / 2} y={height - 6} textAnchor="middle">
                {label}
              </text>
            ),
        )}
      </svg>
      {series.length > 1 && (
        <figcaption className="legend">
          {series.map(({ name, className }) => (
            <span key={name} className={`legend__item ${className}`}>
              {name}
            </span>
          ))}
        </figcaption>
      )}
    </figure>
  )
}

function useWidth() {
  const box = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (box.current === null) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)))
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  return [box, width] as const
}
