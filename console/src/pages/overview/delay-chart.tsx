import type { Activity } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { PairedBars } from '../../parts/chart.js'
import { ChartPanel } from '../../parts/chart-panel.js'

/** How long a change took from its event to the write, hour by hour. */
export function DelayChart({ activity }: { readonly activity: Activity }) {
  const {
    overview: { delay: text, chart, onTime },
  } = useText()
  const format = useFormat()
  const { p50, p95, measured } = activity.delay
  const labels = activity.hours.map(({ at }) => format.hour(at))
  const series = [
    { name: onTime.p50, className: 'series half', values: activity.hours.map((hour) => hour.p50) },
    { name: onTime.p95, className: 'series most', values: activity.hours.map((hour) => hour.p95) },
  ]
  const say = (value: number | null | undefined): string => (value == null ? '–' : format.duration(value))
  return (
    <ChartPanel
      title={text.title}
      lead={p50 === null || p95 === null ? onTime.unmeasured : text.lead(say(p50), say(p95), format.number(measured))}
      chart={p50 === null ? null : <PairedBars title={text.title} labels={labels} series={series} say={format.duration} />}
      head={[chart.hour, ...series.map(({ name }) => name)]}
      rows={labels.map((label, index) => [label, ...series.map(({ values }) => say(values[index]))])}
    />
  )
}
