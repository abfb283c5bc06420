import type { Activity } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { StackedBars } from '../../parts/chart.js'
import { ChartPanel } from '../../parts/chart-panel.js'

/** Writes of the last day, hour by hour and each way. */
export function WritesChart({ activity }: { readonly activity: Activity }) {
  const {
    overview: { chart },
  } = useText()
  const format = useFormat()
  const labels = activity.hours.map(({ at }) => format.hour(at))
  const total = activity.hours.reduce((sum, { toCrm, toPartner }) => sum + toCrm + toPartner, 0)
  const series = [
    { name: chart.toCrm, className: 'series crm', values: activity.hours.map(({ toCrm }) => toCrm) },
    { name: chart.toPartner, className: 'series partner', values: activity.hours.map(({ toPartner }) => toPartner) },
    { name: chart.failed, className: 'series failed', values: activity.hours.map(({ failed }) => failed) },
  ]
  return (
    <ChartPanel
      title={chart.title}
      chart={<StackedBars title={chart.summary(format.number(total))} labels={labels} series={series} say={format.number} />}
      head={[chart.hour, ...series.map(({ name }) => name)]}
      rows={labels.map((label, index) => [label, ...series.map(({ values }) => format.number(values[index] ?? 0))])}
    />
  )
}
