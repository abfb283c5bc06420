import { Button, Switch } from '@fluentui/react-components'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.js'
import { keys, useMay } from '../api/queries.js'
import type { RunRow } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Empty, ProblemBar, Waiting } from '../parts/answers.js'
import { Icon } from '../parts/icon.js'
import { PageLink } from '../parts/links.js'
import { Page, Panel } from '../parts/page.js'
import { Outcome } from '../parts/run-line.js'
import { Ago } from '../parts/time.js'
import { Flows } from './runs/flows.js'
import { RetryAll } from './runs/retry-all.js'
import '../styles/runs.css'

const route = getRouteApi('/inside/runs')
const pageSize = 100

/** The switches of both ways, and every pass over a deal. */
export function RunsPage() {
  const { runs } = useText()
  const [asking, setAsking] = useState(false)
  const mayRetry = useMay('operator')
  return (
    <Page
      title={runs.title}
      lead={runs.lead}
      actions={
        mayRetry && (
          <Button icon={<Icon name="runs" size={16} />} onClick={() => setAsking(true)}>
            {runs.retryAll}
          </Button>
        )
      }
    >
      <Flows />
      <Panel title={runs.list} kind="flush" aside={<Filters />}>
        <RunList />
      </Panel>
      {asking && <RetryAll onClose={() => setAsking(false)} />}
    </Page>
  )
}

function Filters() {
  const { runs, deals } = useText()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <>
      {search.deal !== undefined && (
        <Button size="small" onClick={() => void navigate({ search: search.failed ? { failed: true } : {} })}>
          {runs.ofDeal} · {deals.clear}
        </Button>
      )}
      <Switch
        label={runs.failedOnly}
        checked={search.failed === true}
        onChange={(_, { checked }) =>
          void navigate({
            search: { ...(search.deal === undefined ? {} : { deal: search.deal }), ...(checked ? { failed: true as const } : {}) },
            replace: true,
          })
        }
      />
    </>
  )
}

function RunList() {
  const { runs, common } = useText()
  const search = route.useSearch()
  const query = useInfiniteQuery({
    queryKey: [...keys.runs, search],
    queryFn: ({ pageParam, signal }) =>
      api.runs({ deal: search.deal, failedOnly: search.failed === true }, { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
  const rows = query.data?.pages.flatMap((page) => page.runs) ?? []
  if (query.isError)
    return (
      <div className="panel__text">
        <ProblemBar error={query.error} again={() => void query.refetch()} />
      </div>
    )
  if (query.isPending)
    return (
      <div className="panel__text">
        <Waiting rows={10} />
      </div>
    )
  return (
    <>
      {rows.length === 0 ? (
        <Empty icon="runs" title={runs.none}>
          <p>{runs.noneHelp}</p>
        </Empty>
      ) : (
        <RunTable rows={rows} />
      )}
      {query.hasNextPage && (
        <div className="more">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {common.actions.showMore}
          </Button>
        </div>
      )}
    </>
  )
}

function RunTable({ rows }: { readonly rows: readonly RunRow[] }) {
  const { runs } = useText()
  const format = useFormat()
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={runs.list}>
      <table className="table">
        <thead>
          <tr>
            <th>{runs.columns.outcome}</th>
            <th>{runs.columns.because}</th>
            <th>{runs.columns.at}</th>
            <th className="num">{runs.columns.writes}</th>
            <th className="num">{runs.columns.took}</th>
            <th className="num">{runs.columns.attempt}</th>
            <th>{runs.columns.message}</th>
            <th>{runs.columns.deal}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((run) => (
            <tr key={run.id}>
              <td>
                <Outcome run={run} />
              </td>
              <td>
                <PageLink to="/runs/$run" params={{ run: run.id }}>
                  {runs.because(run.because)}
                </PageLink>
              </td>
              <td className="nowrap">
                <Ago at={run.at} />
              </td>
              <td className="num">{format.number(run.writes)}</td>
              <td className="num">{format.duration(run.ms)}</td>
              <td className="num">{format.number(run.attempt)}</td>
              <td className="runs__message">{run.message}</td>
              <td>
                {run.deal !== null && (
                  <PageLink to="/deals/$deal" params={{ deal: run.deal }} aria-label={`${runs.toDeal} ${run.deal}`} className="mono">
                    {run.deal.slice(0, 8)}
                  </PageLink>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
