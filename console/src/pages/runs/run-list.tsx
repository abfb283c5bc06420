import { Button, Checkbox } from '@fluentui/react-components'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { RunRow } from '../../api/types.js'
import { sinceOf } from '../../app/search.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Empty, ProblemBar, Waiting } from '../../parts/answers.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { Outcome } from '../../parts/run-line.js'
import { Ago } from '../../parts/time.js'
import { useBecause } from '../../parts/use-words.js'
import { useRetryDeals } from './retry-deals.js'
import { Sentence } from '../../parts/sentence.js'

const route = getRouteApi('/inside/runs')
const pageSize = 50

export function RunList() {
  const { runs, common } = useText()
  const { deal, failed, outcome, span } = route.useSearch()
  const query = useInfiniteQuery({
    queryKey: [...keys.runs, deal ?? null, failed ?? null, outcome ?? null, span ?? null],
    queryFn: ({ pageParam, signal }) =>
      api.runs({ deal, failedOnly: failed === true, outcome, since: sinceOf(span) }, { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
  const rows = query.data?.pages.flatMap((page) => page.runs) ?? []
  const isFiltered = [deal, failed, outcome, span].some((filter) => filter !== undefined)
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
        <Empty icon="runs" title={isFiltered ? runs.none : runs.noneAtAll}>
          <p>{isFiltered ? runs.noneHelp : runs.noneAtAllHelp}</p>
        </Empty>
      ) : (
        <Chosen rows={rows} />
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

/** The table, and what can be done with the runs that are ticked in it. */
function Chosen({ rows }: { readonly rows: readonly RunRow[] }) {
  const { runs } = useText()
  const format = useFormat()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const retry = useRetryDeals()
  const ofDeals = new Map(rows.flatMap((run) => (run.deal !== null && chosen.has(run.id) ? [[run.deal, run.name] as const] : [])))
  const retryChosen = (): void => {
    retry([...ofDeals].map(([deal, name]) => ({ deal, name })))
    setChosen(new Set())
  }
  const toggle = (id: string, on: boolean): void =>
    setChosen((before) => new Set(on ? [...before, id] : [...before].filter((each) => each !== id)))
  return (
    <>
      {ofDeals.size > 0 && (
        <div className="chosen" role="region" aria-label={runs.chosen(format.number(ofDeals.size))}>
          <span>{runs.chosen(format.number(ofDeals.size))}</span>
          <Button size="small" appearance="primary" icon={<Icon name="runs" size={16} />} onClick={retryChosen}>
            {runs.retryChosen}
          </Button>
          <Button size="small" appearance="subtle" onClick={() => setChosen(new Set())}>
            {runs.chooseNone}
          </Button>
        </div>
      )}
      <RunTable rows={rows} chosen={chosen} toggle={toggle} />
    </>
  )
}

interface TableProps {
  readonly rows: readonly RunRow[]
  readonly chosen: ReadonlySet<string>
  readonly toggle: (id: string, on: boolean) => void
}
function RunTable({ rows, chosen, toggle }: TableProps) {
  const { runs } = useText()
  const mayRetry = useMay('operator')
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={runs.list}>
      <table className="table table--cards runs">
        <thead>
          <tr>
            {mayRetry && (
              <th>
                <span className="visually-hidden">{runs.choose}</span>
              </th>
            )}
            <th>{runs.columns.outcome}</th>
            <th>{runs.columns.deal}</th>
            <th>{runs.columns.because}</th>
            <th>{runs.columns.at}</th>
            <th className="num">{runs.columns.writes}</th>
            <th className="num">{runs.columns.took}</th>
            <th className="num">{runs.columns.attempt}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((run) => (
            <Row key={run.id} run={run} isChosen={chosen.has(run.id)} {...(mayRetry ? { toggle } : {})} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface RowProps {
  readonly run: RunRow
  readonly isChosen: boolean
  readonly toggle?: TableProps['toggle']
}
function Row({ run, isChosen, toggle }: RowProps) {
  const { runs, deals, common } = useText()
  const format = useFormat()
  const because = useBecause()
  const name = run.name ?? deals.unnamed
  return (
    <tr>
      {toggle !== undefined && (
        <td className="runs__choose">
          <Checkbox
            aria-label={`${runs.choose}${common.marks.colon}${name}, ${format.dateTime(run.at)}`}
            checked={isChosen}
            onChange={(_, { checked }) => toggle(run.id, checked === true)}
          />
        </td>
      )}
      <td>
        <PageLink to="/runs/$run" params={{ run: run.id }} className="quiet-link" aria-label={`${runs.outcomes[run.outcome]}${common.marks.colon}${name}`}>
          <Outcome run={run} />
        </PageLink>
      </td>
      <td className="runs__deal">
        {run.deal !== null && (
          <PageLink to="/deals/$deal" params={{ deal: run.deal }}>
            {name}
          </PageLink>
        )}
      </td>
      <td className="runs__message" data-head={runs.columns.because}>
        {because(run.because)}
        {run.message !== null && (
          <span className="runs__fault">
            <Sentence text={run.message} />
          </span>
        )}
      </td>
      <td className="nowrap" data-head={runs.columns.at}>
        <Ago at={run.at} />
      </td>
      <td className="num" data-head={runs.columns.writes}>
        {format.number(run.writes)}
      </td>
      <td className="num" data-head={runs.columns.took}>
        {format.duration(run.ms)}
      </td>
      <td className="num" data-head={runs.columns.attempt}>
        {format.number(run.attempt)}
      </td>
    </tr>
  )
}
