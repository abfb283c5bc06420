import { Button } from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api } from '../api/client.js'
import { keys, useMay } from '../api/queries.js'
import type { RunRow } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Answer } from '../parts/answers.js'
import { Icon } from '../parts/icon.js'
import { PageLink } from '../parts/links.js'
import { Page, Panel } from '../parts/page.js'
import { Outcome } from '../parts/run-line.js'
import { Timeline } from '../parts/timeline.js'
import { At } from '../parts/time.js'
import { useSay } from '../parts/use-say.js'
import { useBecause } from '../parts/use-words.js'
import '../styles/deal.css'
import '../styles/runs.css'
import { Sentence } from '../parts/sentence.js'

const route = getRouteApi('/inside/runs/$run')

/** One pass over a deal with everything that it did. */
export function RunPage() {
  const { run: id } = route.useParams()
  const { runs } = useText()
  const query = useQuery({ queryKey: keys.run(id), queryFn: ({ signal }) => api.run(id, signal) })
  const deal = query.data?.run.deal ?? null
  return (
    <Page
      title={query.data?.run.name ?? runs.run(id.slice(0, 8))}
      lead={
        <PageLink to="/runs">
          <Icon name="left" size={14} /> {runs.back}
        </PageLink>
      }
      actions={deal !== null && <Retry deal={deal} />}
    >
      <Answer query={query}>
        {({ run, entries }) => (
          <>
            <Panel>
              <Facts run={run} />
            </Panel>
            <Panel title={runs.entries}>
              {entries.length === 0 ? <p className="muted">{runs.noEntries}</p> : <Timeline records={entries} />}
            </Panel>
          </>
        )}
      </Answer>
    </Page>
  )
}

function Facts({ run }: { readonly run: RunRow }) {
  const { runs } = useText()
  const format = useFormat()
  const because = useBecause()
  return (
    <dl className="fact-list">
      <dt>{runs.columns.outcome}</dt>
      <dd>
        <Outcome run={run} />
      </dd>
      <dt>{runs.columns.at}</dt>
      <dd>
        <At at={run.at} />
      </dd>
      <dt>{runs.columns.because}</dt>
      <dd>{because(run.because)}</dd>
      <dt>{runs.columns.writes}</dt>
      <dd>{format.number(run.writes)}</dd>
      <dt>{runs.columns.took}</dt>
      <dd>{format.duration(run.ms)}</dd>
      <dt>{runs.columns.attempt}</dt>
      <dd>{format.number(run.attempt)}</dd>
      {run.message !== null && (
        <>
          <dt>{runs.columns.message}</dt>
          <dd>
            <Sentence text={run.message} />
          </dd>
        </>
      )}
      {run.deal !== null && (
        <>
          <dt>{runs.columns.deal}</dt>
          <dd>
            <PageLink to="/deals/$deal" params={{ deal: run.deal }}>
              {run.name ?? runs.toDeal}
            </PageLink>
          </dd>
        </>
      )}
    </dl>
  )
}

function Retry({ deal }: { readonly deal: string }) {
  const { runs } = useText()
  const format = useFormat()
  const say = useSay()
  const client = useQueryClient()
  const mayRetry = useMay('operator')
  const retry = useMutation({
    mutationFn: () => api.retry(deal),
    onSuccess: ({ retried }) => say.done(runs.retried(format.number(retried))),
    onError: say.failed,
    onSettled: () => client.invalidateQueries(),
  })
  if (!mayRetry) return null
  return (
    <Button icon={<Icon name="runs" size={16} />} disabled={retry.isPending} onClick={() => retry.mutate()}>
      {runs.retryOne}
    </Button>
  )
}
