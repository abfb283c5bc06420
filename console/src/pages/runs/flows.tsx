import { Radio, RadioGroup } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { FlowView } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { Ask } from '../../parts/ask.js'
import { Panel } from '../../parts/page.js'

const VALUES = ['on', 'observe', 'off'] as const

/** Which way data goes. A switch asks before it is thrown. */
export function Flows() {
  const {
    runs: { flows: text },
  } = useText()
  const query = useQuery({ queryKey: keys.flows, queryFn: ({ signal }) => api.flows(signal) })
  const mayChange = useMay('admin')
  return (
    <Panel title={text.title}>
      <p className="panel__lead">
        {text.lead} {!mayChange && text.adminOnly}
      </p>
      <Answer query={query} rows={2}>
        {({ flows }) => (
          <div className="flows">
            {flows.map((flow) => (
              <Flow key={flow.flow} flow={flow} mayChange={mayChange} />
            ))}
          </div>
        )}
      </Answer>
    </Panel>
  )
}

function Flow({ flow, mayChange }: { readonly flow: FlowView; readonly mayChange: boolean }) {
  const {
    runs: { flows: text },
    overview: { flows: names },
  } = useText()
  const [wanted, setWanted] = useState<FlowView['value'] | null>(null)
  return (
    <div className="flow">
      <div>
        <h3 id={`flow-${flow.flow}`}>{names[flow.flow]}</h3>
        <p className="muted">{flow.origin === 'file' ? text.fromFile : text.byCommand}</p>
      </div>
      <RadioGroup
        layout="horizontal"
        value={flow.value}
        disabled={!mayChange}
        aria-labelledby={`flow-${flow.flow}`}
        onChange={(_, { value }) => setWanted(VALUES.find((each) => each === value) ?? null)}
      >
        {VALUES.map((value) => (
          <Radio key={value} value={value} label={names[value]} />
        ))}
      </RadioGroup>
      {wanted !== null && wanted !== flow.value && (
        <Ask
          title={text.ask(names[flow.flow], names[wanted])}
          action={text.change}
          done={text.done}
          onClose={() => setWanted(null)}
          act={() => api.setFlow(flow.flow, wanted)}
          undo={() => api.setFlow(flow.flow, flow.value)}
        >
          <p>{text.explain[wanted]}</p>
        </Ask>
      )}
    </div>
  )
}
