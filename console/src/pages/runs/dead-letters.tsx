import { Button, Checkbox } from '@fluentui/react-components'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { DealRow } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Empty, ProblemBar, Waiting } from '../../parts/answers.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { Panel } from '../../parts/page.js'
import { Ago } from '../../parts/time.js'
import { useRetryDeals } from './retry-deals.js'
import { Sentence } from '../../parts/sentence.js'

const pageSize = 200

/** Deals that were given up: nothing more is tried for them until a person says so. */
export function DeadLetters() {
  const { runs, common } = useText()
  const query = useInfiniteQuery({
    queryKey: [...keys.deals, 'stopped'],
    queryFn: ({ pageParam, signal }) => api.deals({ state: 'stopped' }, { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
  })
  const rows = query.data?.pages.flatMap((page) => page.deals) ?? []
  return (
    <Panel kind="flush">
      {query.isError && (
        <div className="panel__text">
          <ProblemBar error={query.error} again={() => void query.refetch()} />
        </div>
      )}
      {query.isPending && !query.isError && (
        <div className="panel__text">
          <Waiting rows={6} />
        </div>
      )}
      {query.data !== undefined && rows.length === 0 && (
        <Empty icon="check" title={runs.dead.none}>
          <p>{runs.dead.noneHelp}</p>
        </Empty>
      )}
      {rows.length > 0 && <Letters rows={rows} />}
      {query.hasNextPage && (
        <div className="more">
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {common.actions.showMore}
          </Button>
        </div>
      )}
    </Panel>
  )
}

function Letters({ rows }: { readonly rows: readonly DealRow[] }) {
  const { runs } = useText()
  const format = useFormat()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const askRetry = useRetryDeals()
  const retry = (some: readonly DealRow[]): void => {
    askRetry(some.map(({ id, name }) => ({ deal: id, name })))
    setChosen(new Set())
  }
  const mayRetry = useMay('operator')
  const ticked = rows.filter(({ id }) => chosen.has(id))
  return (
    <>
      {mayRetry && (
        <div className="chosen">
          <Checkbox
            label={ticked.length === 0 ? runs.chooseAll : runs.chosen(format.number(ticked.length))}
            checked={ticked.length === rows.length ? true : ticked.length === 0 ? false : 'mixed'}
            onChange={(_, { checked }) => setChosen(new Set(checked === true ? rows.map(({ id }) => id) : []))}
          />
          <Button
            size="small"
            appearance="primary"
            disabled={ticked.length === 0}
            icon={<Icon name="runs" size={16} />}
            onClick={() => retry(ticked)}
          >
            {runs.retryChosen}
          </Button>
        </div>
      )}
      <ul className="letters">
        {rows.map((row) => (
          <Letter
            key={row.id}
            row={row}
            isChosen={chosen.has(row.id)}
            choose={(on) => setChosen((before) => new Set(on ? [...before, row.id] : [...before].filter((id) => id !== row.id)))}
            {...(mayRetry ? { retry: () => retry([row]) } : {})}
          />
        ))}
      </ul>
    </>
  )
}

interface LetterProps {
  readonly row: DealRow
  readonly isChosen: boolean
  readonly choose: (on: boolean) => void
  readonly retry?: () => void
}
function Letter({ row, isChosen, choose, retry }: LetterProps) {
  const { runs, deals, reasons, common } = useText()
  const name = row.name ?? deals.unnamed
  return (
    <li className="letter">
      {retry !== undefined && (
        <Checkbox aria-label={`${runs.choose}${common.marks.colon}${name}`} checked={isChosen} onChange={(_, { checked }) => choose(checked === true)} />
      )}
      <div className="grow">
        <PageLink to="/deals/$deal" params={{ deal: row.id }}>
          {name}
        </PageLink>
        {row.reason !== null && (
          <p>
            <strong>{reasons[row.reason.code].name}.</strong> <Sentence text={row.reason.text} />
          </p>
        )}
        {row.reason !== null && <p className="muted">{reasons[row.reason.code].todo}</p>}
        <p className="muted">
          {deals.columns.synced}
          {common.marks.colon}
          <Ago at={row.lastSyncedAt} />
        </p>
      </div>
      {retry !== undefined && (
        <Button size="small" onClick={retry} aria-label={`${runs.retryOne}${common.marks.colon}${name}`}>
          {runs.retryOne}
        </Button>
      )}
    </li>
  )
}
