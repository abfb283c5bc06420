import { Button, Field, Input, Textarea } from '@fluentui/react-components'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import type { Check, MappingTrial, PlanDocument } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { save } from '../../lib/csv.js'
import { ProblemBar } from '../../parts/answers.js'
import { ChangeList } from '../../parts/change-list.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { CheckList } from '../connections/checks.js'

const start = 'version: 1\nopportunity:\n  # details.dealValue: { crm: new_budget }\n'
const lastDeals = 100
const deep = 'text/yaml;charset=utf-8'

type Outcome =
  | { readonly kind: 'checks'; readonly checks: readonly Check[] }
  | { readonly kind: 'trial'; readonly trial: MappingTrial }
  | { readonly kind: 'estate'; readonly plan: PlanDocument }

/** A draft beside what it would do. Nothing of it is kept by the service. */
export function TryOut() {
  const {
    settings: {
      mapping: { tryOut: text },
    },
  } = useText()
  const format = useFormat()
  const [draft, setDraft] = useState(start)
  const [deal, setDeal] = useState('')
  const working = useTrial(draft, deal)
  return (
    <div className="try-out">
      <Panel
        title={text.title}
        aside={
          <Button size="small" icon={<Icon name="download" size={16} />} onClick={() => save('mapping.yaml', draft, deep)}>
            {text.download}
          </Button>
        }
      >
        <p className="panel__lead">{text.lead}</p>
        <Field label={text.editor}>
          <Textarea className="try-out__editor" value={draft} rows={18} spellCheck={false} onChange={(_, { value }) => setDraft(value)} />
        </Field>
      </Panel>
      <div className="stack">
        <Panel>
          <div className="stack">
            <Field label={text.deal}>
              <Input value={deal} placeholder={text.dealHint} onChange={(_, { value }) => setDeal(value)} />
            </Field>
            <div className="row">
              <Button appearance="primary" disabled={deal.trim() === '' || working.isPending} onClick={() => working.mutate('trial')}>
                {text.run}
              </Button>
              <Button disabled={working.isPending} onClick={() => working.mutate('checks')}>
                {text.check}
              </Button>
              <Button disabled={working.isPending} onClick={() => working.mutate('estate')}>
                {text.last(format.number(lastDeals))}
              </Button>
            </div>
          </div>
        </Panel>
        <div aria-live="polite" className="stack">
          {working.isPending && <p className="muted">{text.working}</p>}
          {working.isError && <ProblemBar error={working.error} />}
          {working.data !== undefined && !working.isPending && <Shown outcome={working.data} />}
        </div>
      </div>
    </div>
  )
}

function useTrial(draft: string, deal: string) {
  return useMutation({
    mutationFn: async (ask: 'checks' | 'trial' | 'estate'): Promise<Outcome> => {
      if (ask === 'checks') return { kind: 'checks', checks: (await api.checkMapping(draft)).checks }
      if (ask === 'trial') return { kind: 'trial', trial: await api.tryMapping(deal.trim(), draft) }
      const { deals } = await api.deals({}, { limit: lastDeals, after: null })
      return {
        kind: 'estate',
        plan: await api.planMapping(
          draft,
          deals.map(({ id }) => id),
        ),
      }
    },
  })
}

function Shown({ outcome }: { readonly outcome: Outcome }) {
  const {
    settings: {
      mapping: { tryOut: text },
    },
  } = useText()
  const format = useFormat()
  switch (outcome.kind) {
    case 'checks':
      return (
        <Panel>
          <CheckList checks={outcome.checks} />
        </Panel>
      )
    case 'trial': {
      const { changes } = outcome.trial.item
      return (
        <Panel title={text.writes}>
          {changes.length === 0 ? <p className="muted">{text.nothing}</p> : <ChangeList changes={changes} />}
        </Panel>
      )
    }
    case 'estate': {
      const { items } = outcome.plan
      const touched = items.filter(({ changes }) => changes.length > 0)
      const changes = touched.flatMap((item) => item.changes)
      return (
        <Panel title={text.writes}>
          <p>
            <strong>{text.estate(format.number(touched.length), format.number(changes.length), format.number(items.length))}</strong>
          </p>
          <ChangeList changes={changes.slice(0, 10)} />
        </Panel>
      )
    }
  }
}
