import { Button } from '@fluentui/react-components'
import { useState } from 'react'
import type { Activity } from '../../api/types.js'
import { useFormat, useLocale } from '../../i18n/locale.js'
import { StackedBars } from '../../parts/chart.js'
import { Panel } from '../../parts/page.js'

/** Writes of the last day, hour by hour; as a picture, or as the table it is made of. */
export function WritesChart({ activity }: { readonly activity: Activity }) {
  const {
    text: { overview, common },
    locale,
  } = useLocale()
  const format = useFormat()
  const [shape, setShape] = useState<'chart' | 'table'>('chart')
  const hour = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const labels = activity.hours.map(({ at }) => hour.format(new Date(at)))
  const total = activity.hours.reduce((sum, { toCrm, toPartner }) => sum + toCrm + toPartner, 0)
  const series = [
    { name: overview.chart.toCrm, className: 'series crm', values: activity.hours.map(({ toCrm }) => toCrm) },
    { name: overview.chart.toPartner, className: 'series partner', values: activity.hours.map(({ toPartner }) => toPartner) },
    { name: overview.chart.failed, className: 'series failed', values: activity.hours.map(({ failed }) => failed) },
  ]
  const toggle = (
    <Button size="small" appearance="subtle" onClick={() => setShape(shape === 'chart' ? 'table' : 'chart')}>
      {shape === 'chart' ? common.actions.asTable : common.actions.asChart}
    </Button>
  )
  return (
    <Panel title={overview.chart.title} aside={toggle}>
      {shape === 'chart' ? (
        <StackedBars title={overview.chart.summary(format.number(total))} labels={labels} series={series} number={format.number} />
      ) : (
        <div className="table-wrap table-wrap--short" tabIndex={0} role="group" aria-label={overview.chart.title}>
          <table className="table">
            <thead>
              <tr>
                <th>{overview.chart.hour}</th>
                {series.map(({ name }) => (
                  <th key={name} className="num">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {labels.map((label, index) => (
                <tr key={label}>
                  <td>{label}</td>
                  {series.map(({ name, values }) => (
                    <td key={name} className="num">
                      {format.number(values[index] ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
