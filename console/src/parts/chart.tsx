import { scaleBand, scaleLinear } from 'd3-scale'
import { stack } from 'd3-shape'
import { useEffect, useRef, useState } from 'react'

export interface Series {
  readonly name: string
  /** A class that carries the colour. */
  readonly className: string
  readonly values: readonly number[]
}
interface BarsProps {
  readonly title: string
  readonly labels: readonly string[]
  readonly series: readonly Series[]
  readonly number: (value: number) => string
}

const height = 190
const margin = { top: 8, right: 4, bottom: 24, left: 36 }

/** Stacked bars over time. It is a picture of a table that the page shows too, so its parts are hidden from screen readers. */
export function StackedBars({ title, labels, series, number }: BarsProps) {
  const [box, width] = useWidth()
  const x = scaleBand<number>()
    .domain(labels.map((_, index) => index))
    .range([margin.left, Math.max(margin.left + 1, width - margin.right)])
    .padding(0.28)
  const most = Math.max(1, ...labels.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)))
  const y = scaleLinear()
    .domain([0, most])
    .nice(4)
    .range([height - margin.bottom, margin.top])
  const layers = stack<number, number>()
    .keys(series.keys())
    .value((index, key) => series[key]?.values[index] ?? 0)(labels.map((_, index) => index))
  const every = Math.ceil(labels.length / Math.max(1, Math.floor(width / 56)))
  return (
    <figure className="chart" ref={box}>
      <svg width={width} height={height} role="img" aria-label={title}>
        {y
          .ticks(4)
          .filter(Number.isInteger)
          .map((tick) => (
            <g key={tick} className="chart__line">
              <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
              <text x={margin.left - 8} y={y(tick)} dy="0.32em" textAnchor="end">
                {number(tick)}
              </text>
            </g>
          ))}
        {layers.map((layer) => (
          <g key={layer.key} className={series[layer.key]?.className}>
            {layer.map(([low, high], index) => (
              <rect key={index} x={x(index)} width={x.bandwidth()} y={y(high)} height={Math.max(0, y(low) - y(high))} rx={2}>
                <title>{`${labels[index] ?? ''}: ${series[layer.key]?.name ?? ''} ${number(high - low)}`}</title>
              </rect>
            ))}
          </g>
        ))}
        {labels.map(
          (label, index) =>
            index % every === 0 && (
              <text key={index} className="chart__label" x={(x(index) ?? 0) + x.bandwidth() / 2} y={height - 6} textAnchor="middle">
                {label}
              </text>
            ),
        )}
      </svg>
      <figcaption className="legend">
        {series.map(({ name, className }) => (
          <span key={name} className={`legend__item ${className}`}>
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

function useWidth() {
  const box = useRef<HTMLElement>(null)
  const [width, setWidth] = useState(640)
  useEffect(() => {
    if (box.current === null) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 640)))
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  return [box, width] as const
}
