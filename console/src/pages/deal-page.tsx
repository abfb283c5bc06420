import { Button } from '@fluentui/react-components'
import { useInfiniteQuery, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api } from '../api/client.js'
import { keys } from '../api/queries.js'
import type { DealView } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Answer } from '../parts/answers.js'
import { Icon } from '../parts/icon.js'
import { OutsideLink, PageLink } from '../parts/links.js'
import { Page, Panel } from '../parts/page.js'
import { StageWord, useMicrosoftWord } from '../parts/stage-word.js'
import { StateBadge } from '../parts/state-badge.js'
import { Timeline } from '../parts/timeline.js'
import { Ago } from '../parts/time.js'
import { ChangeList, DealCurrency } from '../parts/change-list.js'
import { DealActions } from './deal/deal-actions.js'
import { Conflicts } from './deal/conflicts.js'
import { FieldTable, type Look } from './deal/field-table.js'
import { ReasonPanel } from './deal/reason-panel.js'
import { Stays } from './deal/stays.js'
import '../styles/deal.css'

const route = getRouteApi('/inside/deals/$deal')

const staleMostMs = 60_000 // A reading that could not be repeated for so long gives way to what was agreed meanwhile.

/** One deal: what both sides say, what they agreed on, what is to decide, what happened. */
export function DealPage() {
  const { deal: id } = route.useParams()
  const { deals } = useText()
  const { query, look } = useDeal(id)
  const name = query.data?.name ?? (query.data === undefined ? id : deals.unnamed)
  const currency = query.data?.fields.find(({ field }) => field === 'details.currency')
  return (
    <DealCurrency value={currency?.partner ?? currency?.crm}>
      <Page
        title={name}
        lead={query.data !== undefined && <DealLead deal={query.data} />}
        actions={query.data !== undefined && <DealActions deal={query.data} />}
      >
        <Answer query={query} rows={12}>
          {(deal) => (
            <>
              <Orders deal={deal} />
              <Conflicts deal={deal} />
              <ReasonPanel deal={deal} />
              <FieldTable deal={deal} look={look} />
              <Stays deal={deal} />
              <div className="deal-grid">
                <History id={deal.id} />
                <Identity deal={deal} />
              </div>
            </>
          )}
        </Answer>
      </Page>
    </DealCurrency>
  )
}

/** What was last agreed is there at once; what both systems say now takes its place as soon as they have answered. */
function useDeal(id: string): { query: UseQueryResult<DealView>; look: Look } {
  const agreed = useQuery({ queryKey: [...keys.deal(id), 'agreed'], queryFn: ({ signal }) => api.deal(id, false, signal) })
  const live = useQuery({
    queryKey: [...keys.deal(id), 'live'],
    queryFn: ({ signal }) => api.deal(id, true, signal),
    enabled: agreed.data !== undefined,
    retry: false,
  })
  const query = live.data === undefined || live.dataUpdatedAt < agreed.dataUpdatedAt - staleMostMs ? agreed : { ...agreed, data: live.data }
  return {
    query: query as UseQueryResult<DealView>, // the answer of either, in the state of the first
    look: {
      isReading: live.isFetching,
      readAt: live.data === undefined ? null : live.dataUpdatedAt,
      error: live.error,
      again: () => void live.refetch(),
    },
  }
}

function DealLead({ deal }: { readonly deal: DealView }) {
  const { deal: text, deals, common } = useText()
  const format = useFormat()
  const microsoft = useMicrosoftWord()(deal.microsoft)
  return (
    <span className="deal-lead">
      <PageLink to="/deals">
        <Icon name="left" size={14} /> {text.back}
      </PageLink>
      <StateBadge state={deal.state} />
      <span className="chip">{common.kinds[deal.kind]}</span>
      <span className="chip">
        <StageWord status={deal.status} substatus={deal.substatus} />
      </span>
      {microsoft !== null && deal.answerDue === null && <span className="chip">{microsoft}</span>}
      {deal.answerDue !== null && <strong>{deals.answerUntil(format.day(deal.answerDue))}</strong>}
      <span>
        {text.synced}
        {common.marks.colon}
        <Ago at={deal.lastSyncedAt} />
      </span>
    </span>
  )
}

function Orders({ deal }: { readonly deal: DealView }) {
  const { deal: text, events } = useText()
  return deal.orders.map((order) => (
    <p key={order.take} className="note">
      <Icon name="clock" size={16} />
      {text.pendingOrder(events.takes[order.take])} {events.by(order.by)}
    </p>
  ))
}

function Identity({ deal }: { readonly deal: DealView }) {
  const { deal: text, common } = useText()
  const rows = [
    [text.ids.deal, deal.id],
    [text.ids.referral, deal.referralId],
    [text.ids.engagement, deal.engagementId],
    [text.ids.crm, deal.crmId],
  ] as const
  return (
    <div className="stack">
      <Panel title={common.actions.open}>
        <div className="stack stack--tight">
          {deal.urls.partner !== null && <OutsideLink href={deal.urls.partner}>{text.openIn(common.sides.partner)}</OutsideLink>}
          {deal.urls.crm !== null && <OutsideLink href={deal.urls.crm}>{text.openIn(common.sides.crm)}</OutsideLink>}
          <dl className="ids">
            {rows.map(
              ([name, value]) =>
                value !== null && (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd className="mono">{value}</dd>
                  </div>
                ),
            )}
          </dl>
        </div>
      </Panel>
      {deal.live && (
        <Panel title={text.planned.title}>
          {deal.planned.length === 0 ? <p className="muted">{text.planned.none}</p> : <PlannedChanges deal={deal} />}
        </Panel>
      )}
    </div>
  )
}

function PlannedChanges({ deal }: { readonly deal: DealView }) {
  const before = (side: 'partner' | 'crm', field: string) => deal.fields.find((item) => item.field === field)?.[side]
  const changes = deal.planned.map((change) => ({
    kind: change.kind,
    side: change.side,
    what: '',
    irreversible: false,
    change,
    fields: Object.entries(change.kind === 'create' ? change.deal : change.set).map(([field, after]) => ({
      field,
      before: before(change.side, field),
      after,
    })),
  }))
  return <ChangeList changes={changes} />
}

const pageSize = 50

function History({ id }: { readonly id: string }) {
  const { deal: text, common } = useText()
  const format = useFormat()
  const query = useInfiniteQuery({
    queryKey: [...keys.deal(id), 'audit'],
    queryFn: ({ pageParam, signal }) => api.audit({ deal: id }, { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
  })
  const records = query.data?.pages.flatMap((page) => page.records) ?? []
  return (
    <Panel
      title={text.timeline.title}
      aside={
        <>
          <span>{format.number(records.length)}</span>
          <PageLink to="/audit" search={{ deal: id }}>
            {text.timeline.all}
          </PageLink>
        </>
      }
    >
      {query.data !== undefined && records.length === 0 ? <p className="muted">{text.timeline.none}</p> : <Timeline records={records} />}
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
