import { Button, Field, Input } from '@fluentui/react-components'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { Check, MappingTrial, PlanDocument, VersionView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { ProblemBar } from '../../parts/answers.js'
import { ChangeList } from '../../parts/change-list.js'
import { Panel } from '../../parts/page.js'
import { CheckList } from '../connections/checks.js'
import { DraftEditor } from './draft-editor.js'
import { Promote } from './promote.js'
import { TrialTable } from './trial-table.js'

const start = 'version: 1\nopportunity:\n  # details.dealValue: { crm: new_budget }\n'
const lastDeals = 100
const route = getRouteApi('/inside/mapping')

type Outcome =
  | { readonly kind: 'checks'; readonly checks: readonly Check[] }
  | { readonly kind: 'trial'; readonly trial: MappingTrial }
  | { readonly kind: 'estate'; readonly plan: PlanDocument }

type Question = Outcome['kind']

/** The settings in force with another mapping, as a document. JSON is YAML too. */
const documentWith = (mapping: string, crm: string, { policies, flows }: VersionView['settings']): string =>
  JSON.stringify({ cosell: 1, crm, mapping, policies, flows })

/** A draft beside what it would do, until it is saved as the next version. */
export function TryOut({ crm }: { readonly crm: string }) {
  const {
    settings: {
      mapping: { tryOut: text },
    },
  } = useText()
  const version = useQuery({ queryKey: keys.version, queryFn: ({ signal }) => api.version(signal) })
  const held = version.data?.settings
  const [typed, setDraft] = useState<string | null>(null)
  const draft = typed ?? held?.mapping ?? start
  const [saving, setSaving] = useState<string | null>(null)
  const maySave = useMay('admin')
  const [deal, setDeal] = useState(route.useSearch().deal ?? '')
  const working = useTrial(draft, deal)
  const outcome = working.isPending ? undefined : working.data
  return (
    <div className="try-out">
      <DraftEditor
        draft={draft}
        onDraft={setDraft}
        refusal={working.error}
        onSave={maySave && held !== undefined ? () => setSaving(documentWith(draft, crm, held)) : null}
      />
      {saving !== null && <Promote document={saving} onClose={() => setSaving(null)} />}
      <div className="stack">
        <Questions deal={deal} onDeal={setDeal} busy={working.isPending} onAsk={working.mutate} />
        <div aria-live="polite" className="stack">
          {working.isPending && <p className="muted">{text.working}</p>}
          {working.isError && <ProblemBar error={working.error} />}
          {outcome !== undefined && <Shown outcome={outcome} />}
        </div>
      </div>
      {outcome?.kind === 'trial' && (
        <div className="try-out__rows">
          <Panel title={text.rows} kind="flush">
            <TrialTable rows={outcome.trial.rows} />
          </Panel>
        </div>
      )}
    </div>
  )
}

interface QuestionsProps {
  readonly deal: string
  readonly onDeal: (deal: string) => void
  readonly busy: boolean
  readonly onAsk: (question: Question) => void
}
/** What a draft can be asked: on one deal, against the CRM, on many deals. */
function Questions({ deal, onDeal, busy, onAsk }: QuestionsProps) {
  const {
    settings: {
      mapping: { tryOut: text },
    },
  } = useText()
  const format = useFormat()
  const list = useId()
  return (
    <Panel>
      <div className="stack">
        <Field label={text.deal}>
          <Input value={deal} list={list} placeholder={text.dealHint} onChange={(_, { value }) => onDeal(value)} />
        </Field>
        <LastDeals id={list} />
        <div className="row">
          <Button appearance="primary" disabled={deal.trim() === '' || busy} onClick={() => onAsk('trial')}>
            {text.run}
          </Button>
          <Button disabled={busy} onClick={() => onAsk('checks')}>
            {text.check}
          </Button>
          <Button disabled={busy} onClick={() => onAsk('estate')}>
            {text.last(format.number(lastDeals))}
          </Button>
        </div>
      </div>
    </Panel>
  )
}

/** The newest deals by name, to choose from. */
function LastDeals({ id }: { readonly id: string }) {
  const { data } = useQuery({
    queryKey: [...keys.deals, 'newest', lastDeals],
    queryFn: ({ signal }) => api.deals({}, { limit: lastDeals, after: null, signal }),
  })
  return (
    <datalist id={id}>
      {(data?.deals ?? []).map((deal) => (
        <option key={deal.id} value={deal.id}>
          {deal.name}
        </option>
      ))}
    </datalist>
  )
}

function useTrial(draft: string, deal: string) {
  return useMutation({
    mutationFn: async (ask: Question): Promise<Outcome> => {
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
