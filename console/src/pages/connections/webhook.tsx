import { Button, MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useMutation, type UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import { useMay } from '../../api/queries.js'
import type { Registration, WebhookTest, WebhookView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer, ProblemBar } from '../../parts/answers.js'
import { Ask } from '../../parts/ask.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'

interface Props {
  readonly query: UseQueryResult<WebhookView>
  readonly test: WebhookTest | null
  readonly onTest: (test: WebhookTest) => void
}

/** The one registration of the partner tenant: whose it is, and what can be done with it. */
export function Webhook({ query, test, onTest }: Props) {
  const {
    settings: {
      connections: { webhook: text },
    },
  } = useText()
  return (
    <Panel title={text.title}>
      <Answer query={query} rows={4}>
        {(view) => (
          <div className="stack">
            <p className={view.ours ? 'connection connection--connected' : 'connection connection--reauthorize'}>
              <Icon name={view.ours ? 'check' : 'attention'} size={14} />
              {view.ours ? text.ours : view.registered === null ? text.none : text.foreign}
            </p>
            {view.wanted === null && <p className="muted">{text.unwanted}</p>}
            <Registrations view={view} />
            <Actions view={view} onTest={onTest} />
            {test !== null && <TestResult test={test} />}
          </div>
        )}
      </Answer>
    </Panel>
  )
}

function Registrations({ view }: { readonly view: WebhookView }) {
  const {
    settings: {
      connections: { webhook: text },
    },
  } = useText()
  const format = useFormat()
  const rows: readonly (readonly [string, Registration | null])[] = [
    [text.registered, view.registered],
    [text.wanted, view.ours ? null : view.wanted],
    [text.previous, view.previous],
  ]
  return (
    <dl className="fact-list">
      {rows.map(
        ([name, registration]) =>
          registration !== null && (
            <div key={name} className="fact-list__row">
              <dt>{name}</dt>
              <dd>
                <code>{registration.url}</code>
                <br />
                <span className="muted">{format.list(registration.events)}</span>
              </dd>
            </div>
          ),
      )}
    </dl>
  )
}

type Asked = 'register' | 'overwrite' | 'restore'

function Actions({ view, onTest }: { readonly view: WebhookView; readonly onTest: (test: WebhookTest) => void }) {
  const {
    settings: {
      connections: { webhook: text },
    },
  } = useText()
  const [asked, setAsked] = useState<Asked | null>(null)
  const mayChange = useMay('admin')
  const testing = useMutation({ mutationFn: () => api.testWebhook(), onSuccess: onTest })
  const isForeign = view.registered !== null && !view.ours
  return (
    <>
      <div className="row">
        {mayChange && !view.ours && view.wanted !== null && (
          <Button appearance="primary" onClick={() => setAsked(isForeign ? 'overwrite' : 'register')}>
            {isForeign ? text.overwrite : text.register}
          </Button>
        )}
        {mayChange && view.previous !== null && <Button onClick={() => setAsked('restore')}>{text.restore}</Button>}
        <Button
          icon={<Icon name="send" size={16} />}
          disabled={testing.isPending || view.registered === null}
          onClick={() => testing.mutate()}
        >
          {text.test}
        </Button>
      </div>
      {testing.isError && <ProblemBar error={testing.error} />}
      {asked === 'restore' && view.previous !== null && (
        <Ask
          title={text.restoreAsk}
          action={text.restore}
          done={text.restored}
          onClose={() => setAsked(null)}
          act={() => api.restoreWebhook()}
        >
          <p>{text.restoreExplain(view.previous.url)}</p>
        </Ask>
      )}
      {(asked === 'register' || asked === 'overwrite') && (
        <Ask
          title={asked === 'overwrite' ? text.overwriteAsk : text.register}
          action={asked === 'overwrite' ? text.overwrite : text.register}
          done={text.done}
          onClose={() => setAsked(null)}
          act={() => api.registerWebhook(asked === 'overwrite')}
        >
          <p>{asked === 'overwrite' ? text.overwriteExplain(view.registered?.url ?? '') : view.wanted?.url}</p>
        </Ask>
      )}
    </>
  )
}

function TestResult({ test }: { readonly test: WebhookTest }) {
  const {
    settings: {
      connections: { webhook: text },
    },
  } = useText()
  return (
    <MessageBar intent={test.arrived ? 'success' : 'warning'} layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>{test.arrived ? text.arrived : text.lost}</MessageBarTitle>
        <ul>
          {test.attempts.map((attempt, index) => (
            <li key={index}>{text.answered(attempt.responseCode, attempt.message)}</li>
          ))}
        </ul>
      </MessageBarBody>
    </MessageBar>
  )
}
