import { Button, Field, Input, Textarea } from '@fluentui/react-components'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { Check, MappingTrial, PlanDocument, VersionView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { save } from '../../lib/csv.js'
import { ProblemBar } from '../../parts/answers.js'
import { ChangeList } from '../../parts/change-list.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { CheckList } from '../connections/checks.js'
import { AddRow, withRow } from './add-row.js'
import { Promote } from './promote.js'
import { TrialTable } from './trial-table.js'

const start = 'version: 1\nopportunity:\n  # details.dealValue: { crm: new_budget }\n'
const lastDeals = 100
const deep = 'text/yaml;charset=utf-8'

type Outcome =
  | { readonly kind: 'checks'; readonly checks: readonly Check[] }
  | { readonly kind: 'trial'; readonly trial: MappingTrial }
  | { readonly kind: 'estate'; readonly plan: PlanDocument }

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
  const format = useFormat()
  const version = useQuery({ queryKey: keys.version, queryFn: ({ signal }) => api.version(signal) })
  const held = version.data?.settings
  const [typed, setDraft] = useState<string | null>(null)
  const draft = typed ?? held?.mapping ?? start
  const [saving, setSaving] = useState<string | null>(null)
  const maySave = useMay('admin')
  const [deal, setDeal] = useState('')
  const working = useTrial(draft, deal)
  return (
    <div className="try-out">
      <Editor
        draft={draft}
        onDraft={setDraft}
        onSave={maySave && held !== undefined ? () => setSaving(documentWith(draft, crm, held)) : null}
      />
      {saving !== null && <Promote document={saving} onClose={() => setSaving(null)} />}
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

interface EditorProps {
  readonly draft: string
  readonly onDraft: (draft: string) => void
  /** Null: this person may not save. */
  readonly onSave: (() => void) | null
}
function Editor({ draft, onDraft, onSave }: EditorProps) {
  const {
    settings: {
      mapping: { tryOut: text },
    },
  } = useText()
  return (
    <Panel
      title={text.title}
      aside={
        <>
          <Button size="small" icon={<Icon name="download" size={16} />} onClick={() => save('mapping.yaml', draft, deep)}>
            {text.download}
          </Button>
          {onSave !== null && (
            <Button size="small" appearance="primary" onClick={onSave}>
              {text.save}
            </Button>
          )}
        </>
      }
    >
      <p className="panel__lead">{text.lead}</p>
      <Field label={text.editor}>
        <Textarea className="try-out__editor" value={draft} rows={18} spellCheck={false} onChange={(_, { value }) => onDraft(value)} />
      </Field>
      <AddRow onAdd={(kind, row) => onDraft(withRow(draft, kind, row))} />
    </Panel>
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
        <>
          <Panel title={text.writes}>
            {changes.length === 0 ? <p className="muted">{text.nothing}</p> : <ChangeList changes={changes} />}
          </Panel>
          <Panel title={text.rows} kind="flush">
            <TrialTable rows={outcome.trial.rows} />
          </Panel>
        </>
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
