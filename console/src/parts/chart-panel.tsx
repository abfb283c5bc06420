import { Button } from '@fluentui/react-components'
import { useState, type ReactNode } from 'react'
import { useText } from '../i18n/locale.js'
import { Panel } from './page.js'

interface Props {
  readonly title: string
  readonly lead?: ReactNode
  readonly chart: ReactNode
  /** The same figures as the chart shows, in words and numbers. */
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly children?: ReactNode
}

/** A picture of figures, or the table it is made of. */
export function ChartPanel({ title, lead, chart, head, rows, children }: Props) {
  const { common } = useText()
  const [shape, setShape] = useState<'chart' | 'table'>('chart')
  const toggle = (
    <Button
      size="small"
      appearance="subtle"
      aria-label={`${shape === 'chart' ? common.actions.asTable : common.actions.asChart}: ${title}`}
      onClick={() => setShape(shape === 'chart' ? 'table' : 'chart')}
    >
      {shape === 'chart' ? common.actions.asTable : common.actions.asChart}
    </Button>
  )
  return (
    <Panel title={title} aside={toggle}>
      {lead !== undefined && <p className="panel__lead">{lead}</p>}
      {shape === 'chart' ? chart : <Figures title={title} head={head} rows={rows} />}
      {children}
    </Panel>
  )
}

function Figures({ title, head, rows }: Pick<Props, 'title' | 'head' | 'rows'>) {
  return (
    <div className="table-wrap table-wrap--short" tabIndex={0} role="group" aria-label={title}>
      <table className="table">
        <thead>
          <tr>
            {head.map((name, index) => (
              <th key={name} className={index === 0 ? undefined : 'num'}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row[0]}>
              {row.map((cell, index) => (
                <td key={index} className={index === 0 ? undefined : 'num'}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
