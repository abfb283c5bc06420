import { Button } from '@fluentui/react-components'
import { getRouteApi } from '@tanstack/react-router'
import type { DealsSearch } from '../app/search.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Empty, ProblemBar, Waiting } from '../parts/answers.js'
import { Page } from '../parts/page.js'
import { DealFilters } from './deals/deal-filters.js'
import { DealTable } from './deals/deal-table.js'
import { ExportDeals } from './deals/export-deals.js'
import { SavedViews } from './deals/saved-views.js'
import { useFirstPage } from './deals/use-deal-pages.js'
import '../styles/deals.css'

const route = getRouteApi('/inside/deals')

/** All deals, as fast as one scrolls. What is filtered stands in the address, so it can be sent to a colleague. */
export function DealsPage() {
  const { deals: text } = useText()
  const format = useFormat()
  const search = route.useSearch()
  const query = useFirstPage(search)
  const total = query.data?.total
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
        {total === 0 && <NoDeals search={search} />}
        {total !== undefined && total > 0 && (
          // A new list begins at its top.
          <DealTable key={JSON.stringify(search)} search={search} total={total} isStale={query.isPlaceholderData} />
        )}
      </div>
    </Page>
  )
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
