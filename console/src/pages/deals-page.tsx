import { Button } from '@fluentui/react-components'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api } from '../api/client.js'
import { keys } from '../api/queries.js'
import type { DealsSearch } from '../app/search.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Empty, ProblemBar, Waiting } from '../parts/answers.js'
import { Page } from '../parts/page.js'
import { DealFilters } from './deals/deal-filters.js'
import { DealTable } from './deals/deal-table.js'
import { ExportDeals } from './deals/export-deals.js'
import { SavedViews } from './deals/saved-views.js'
import '../styles/deals.css'

const route = getRouteApi('/inside/deals')
const pageSize = 200

/** All deals, as fast as one scrolls. What is filtered stands in the address, so it can be sent to a colleague. */
export function DealsPage() {
  const { deals: text } = useText()
  const format = useFormat()
  const search = route.useSearch()
  const query = useDeals(search)
  const rows = query.data?.pages.flatMap((page) => page.deals) ?? []
  const total = query.data?.pages[0]?.total
  return (
    <Page
      title={text.title}
      {...(total === undefined ? {} : { lead: text.count(format.number(total)) })}
      actions={<ExportDeals search={search} total={total ?? 0} />}
    >
      <div className="deals">
        <SavedViews search={search} />
        <DealFilters search={search} />
        {query.isError && <ProblemBar error={query.error} again={() => void query.refetch()} />}
        {query.isPending && !query.isError && <Waiting rows={12} />}
        {query.data !== undefined && rows.length === 0 && <NoDeals search={search} />}
        {rows.length > 0 && (
          <DealTable
            rows={rows}
            total={total ?? rows.length}
            more={query.hasNextPage}
            isLoading={query.isFetchingNextPage}
            loadMore={() => void query.fetchNextPage()}
            isStale={query.isPlaceholderData}
          />
        )}
      </div>
    </Page>
  )
}

function useDeals(search: DealsSearch) {
  return useInfiniteQuery({
    queryKey: [...keys.deals, search],
    queryFn: ({ pageParam, signal }) => api.deals(search, { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
}

function NoDeals({ search }: { readonly search: DealsSearch }) {
  const { deals: text } = useText()
  const navigate = route.useNavigate()
  const filtered = Object.keys(search).length > 0
  return (
    <Empty icon="deals" title={filtered ? text.none : text.noneAtAll}>
      <p>{filtered ? text.noneHelp : text.noneAtAllHelp}</p>
      {filtered && <Button onClick={() => void navigate({ search: {} })}>{text.clear}</Button>}
    </Empty>
  )
}
