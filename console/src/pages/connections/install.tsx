import { Button, Checkbox, MessageBar, MessageBarBody, MessageBarTitle, ProgressBar } from '@fluentui/react-components'
import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { InstallJob, InstallPlan } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { Panel } from '../../parts/page.js'
import { useSay } from '../../parts/use-say.js'
import { Sentence } from '../../parts/sentence.js'

const lookEveryMs = 500
const SIGNS = { present: '✔', missing: '+', differs: '~' } as const

/** What the CRM must have, what of it is there, and the making of the rest. */
export function Install({ query }: { readonly query: UseQueryResult<InstallPlan> }) {
  const {
    settings: {
      connections: { install: text },
    },
  } = useText()
  const client = useQueryClient()
  const job = useQuery({
    queryKey: keys.installJob,
    queryFn: ({ signal }) => api.installJob(signal),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? lookEveryMs : false),
  })
  const state = job.data?.state
  useEffect(() => {
    if (state !== 'done' && state !== 'failed') return
    for (const queryKey of [keys.installPlan, keys.connections]) void client.invalidateQueries({ queryKey })
  }, [state, client])
  return (
    <Panel title={text.title}>
      <Answer query={query} rows={4}>
        {(plan) => (
          <div className="stack">
            <Plan plan={plan} />
            {job.data !== undefined && <Progress job={job.data} />}
            <Begin plan={plan} busy={state === 'running'} />
          </div>
        )}
      </Answer>
    </Panel>
  )
}

function Plan({ plan: { items } }: { readonly plan: InstallPlan }) {
  const {
    settings: {
      connections: { install: text },
    },
  } = useText()
  const format = useFormat()
  const open = items.filter(({ state }) => state !== 'present')
  return (
    <>
      <p>
        {open.length === 0
          ? text.complete(format.number(items.length))
          : text.open(format.number(open.length), format.number(items.length))}
      </p>
      {open.length > 0 && (
        <ul className="install" tabIndex={0} aria-label={text.title}>
          {open.map(({ id, what, state, change, note, touches }) => (
            <li key={id}>
              <span aria-hidden="true">{SIGNS[state]}</span> <Sentence text={what} />
              {change !== null && touches === 'existing' && <span className="chip">{text.existing}</span>}
              {[change, note].map((more) => more !== null && <More key={more} text={more} />)}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

const More = ({ text }: { readonly text: string }) => (
  <span className="muted">
    {' · '}
    <Sentence text={text} />
  </span>
)

function Progress({ job: { state, progress, problem } }: { readonly job: InstallJob }) {
  const {
    settings: {
      connections: { install: text },
    },
  } = useText()
  if (state === 'running')
    return (
      <div aria-live="polite">
        <ProgressBar aria-label={text.title} {...(progress === null ? {} : { value: progress.done, max: Math.max(1, progress.total) })} />
        <p className="muted">{progress === null ? text.begins : <Sentence text={progress.what} />}</p>
      </div>
    )
  if (problem === null) return null
  return (
    <MessageBar intent="error" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>
          <Sentence text={problem.message} />
        </MessageBarTitle>{' '}
        <Sentence text={problem.remedy} />
      </MessageBarBody>
    </MessageBar>
  )
}

function Begin({ plan: { items }, busy }: { readonly plan: InstallPlan; readonly busy: boolean }) {
  const {
    settings: {
      connections: { install: text },
    },
  } = useText()
  const client = useQueryClient()
  const say = useSay()
  const [alter, setAlter] = useState(false)
  const left = items.filter(({ state, change }) => state !== 'present' && change !== null)
  const alters = left.some(({ touches }) => touches === 'existing')
  const makes = alter || left.some(({ touches }) => touches === 'new')
  if (!useMay('admin') || left.length === 0) return null
  const begin = (): void => void api.beginInstall(alter).then(() => client.invalidateQueries({ queryKey: keys.installJob }), say.failed)
  return (
    <div className="row">
      {alters && <Checkbox label={text.alter} checked={alter} onChange={(_, { checked }) => setAlter(checked === true)} />}
      <Button appearance="primary" disabled={busy || !makes} onClick={begin}>
        {text.begin}
      </Button>
    </div>
  )
}
