import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { api } from '../api/client.js'
import { keys, useMay } from '../api/queries.js'
import type { DealRow, Issue } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { everything } from '../lib/everything.js'
import { Answer, Empty } from '../parts/answers.js'
import { BulkHost, useAskBulk, type BulkItem } from '../parts/bulk-dialog.js'
import { Icon } from '../parts/icon.js'
import { PageLink } from '../parts/links.js'
import { Page, Panel } from '../parts/page.js'
import { Sentence } from '../parts/sentence.js'
import { StateBadge } from '../parts/state-badge.js'
import { OpenConflicts } from './attention/open-conflicts.js'
import '../styles/attention.css'

const route = getRouteApi('/inside/attention')
const RETRIABLE: readonly string[] = [
  'retrying',
  'ambiguous-account',
  'rejected',
  'given-up',
  'preflight',
  'unmapped-value',
  'missing-record',
  'linked-record-missing',
  'absent',
]

/** Everything that waits for a person, grouped by what is behind it. */
export function AttentionPage() {
  const { attention } = useText()
  const query = useQuery({ queryKey: keys.issues, queryFn: ({ signal }) => api.issues(signal) })
  return (
    <Page title={attention.title} lead={attention.lead}>
      <BulkHost>
        <Answer query={query} rows={8}>
          {({ issues }) => {
            const mine = issues.filter(({ state }) => state !== 'pending').toSorted((a, b) => b.count - a.count)
            const rest = issues.filter(({ state }) => state === 'pending')
            return (
              <>
                {mine.length === 0 && (
                  <Empty icon="check" title={attention.none}>
                    <p>{attention.noneHelp}</p>
                  </Empty>
                )}
                {mine.map((issue) => (
                  <Cause key={`${issue.state} ${issue.reason}`} issue={issue} />
                ))}
                {rest.length > 0 && (
                  <Panel title={attention.waitingTitle}>
                    <p className="muted">{attention.waitingLead}</p>
                    <ul className="quiet-causes">
                      {rest.map((issue) => (
                        <Quiet key={issue.reason} issue={issue} />
                      ))}
                    </ul>
                  </Panel>
                )}
              </>
            )
          }}
        </Answer>
      </BulkHost>
    </Page>
  )
}

function Cause({ issue }: { readonly issue: Issue }) {
  const { attention, reasons, deals } = useText()
  const format = useFormat()
  const { cause } = route.useSearch()
  const box = useRef<HTMLElement>(null)
  const ask = useAskBulk()
  const mayRetry = useMay('operator')
  const { name } = reasons[issue.reason]
  const isWanted = cause === issue.reason
  const retry = (): void =>
    ask({
      title: attention.retryAsk(format.number(issue.count), name),
      explain: attention.retryExplain,
      action: attention.retryKind,
      count: issue.count,
      sample: issue.sample.map(itemOf),
      items: () => dealsOf(issue),
    })
  useEffect(() => {
    if (isWanted) box.current?.scrollIntoView({ block: 'start' })
  }, [isWanted])
  return (
    <section className={`cause${isWanted ? ' cause--wanted' : ''}`} ref={box} aria-label={name}>
      <header className="cause__head">
        <h2>{name}</h2>
        <StateBadge state={issue.state} />
        <span className="muted">{attention.count(format.number(issue.count))}</span>
        <span className="cause__actions">
          <PageLink to="/deals" search={{ state: issue.state, reason: issue.reason }}>
            {attention.all(format.number(issue.count))}
          </PageLink>
          {mayRetry && RETRIABLE.includes(issue.reason) && (
            <Button icon={<Icon name="runs" size={16} />} onClick={retry}>
              {attention.retryKind}
            </Button>
          )}
        </span>
      </header>
      <Meaning reason={issue.reason} />
      {issue.reason === 'conflict' || issue.reason === 'confirm' ? (
        <OpenConflicts kind={issue.reason} />
      ) : (
        <ul className="cause__deals">
          {issue.sample.map((row) => (
            <li key={row.id}>
              <PageLink to="/deals/$deal" params={{ deal: row.id }}>
                {row.name ?? deals.unnamed}
              </PageLink>
              <Details row={row} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Meaning({ reason }: Pick<Issue, 'reason'>) {
  const { attention, reasons } = useText()
  const { what, todo } = reasons[reason]
  return (
    <dl className="fact-list">
      <dt>{attention.what}</dt>
      <dd>{what}</dd>
      <dt>{attention.todo}</dt>
      <dd>
        {todo} {reason === 'unmapped-value' && <PageLink to="/mapping">{attention.openMapping}</PageLink>}
      </dd>
    </dl>
  )
}

const itemOf = ({ id, name }: DealRow): BulkItem => ({ deal: id, name, act: () => api.retry(id) })
const pageSize = 500

async function dealsOf({ state, reason }: Issue) {
  const rows = await everything(
    async (after) => {
      const page = await api.deals({ state, reason }, { limit: pageSize, after })
      return { rows: page.deals, next: page.next }
    },
    () => undefined,
  )
  return rows.map(itemOf)
}

/** What is wrong with this very deal, as the service said it. */
function Details({ row }: { readonly row: Issue['sample'][number] }) {
  const items = row.reason?.items ?? []
  if (items.length > 0)
    return (
      <ul className="bullets muted">
        {items.map((item) => (
          <li key={item}>
            <Sentence text={item} />
          </li>
        ))}
      </ul>
    )
  return row.problem === null ? null : (
    <span className="muted">
      <Sentence text={row.problem} />
    </span>
  )
}

function Quiet({ issue }: { readonly issue: Issue }) {
  const { attention, reasons } = useText()
  const format = useFormat()
  return (
    <li>
      <PageLink to="/deals" search={{ state: issue.state, reason: issue.reason }}>
        {reasons[issue.reason].name}
      </PageLink>
      <span className="muted">{attention.count(format.number(issue.count))}</span>
    </li>
  )
}
