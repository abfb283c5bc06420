import { Button } from '@fluentui/react-components'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import type { PlanDocument } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { ChangeList } from '../../parts/change-list.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { Panel } from '../../parts/page.js'

const dealsTried = 10

/** What a sync would write on the last few deals. Asked for by a person: it reads both systems. */
export const useDryRun = () =>
  useQuery({
    queryKey: ['dry run'],
    queryFn: async ({ signal }) => {
      const { deals } = await api.deals({}, { limit: dealsTried, after: null, signal })
      return api.plan(
        deals.map(({ id }) => id),
        signal,
      )
    },
    enabled: false,
    staleTime: Infinity,
  })

export function DryRun({ query }: { readonly query: UseQueryResult<PlanDocument> }) {
  const {
    settings: {
      connections: { dryRun: text },
    },
  } = useText()
  const format = useFormat()
  const button = (
    <Button icon={<Icon name="search" size={16} />} disabled={query.isFetching} onClick={() => void query.refetch()}>
      {query.isFetching ? text.running : text.run(format.number(dealsTried))}
    </Button>
  )
  return (
    <Panel title={text.title} aside={button}>
      <p className="panel__lead">{text.lead}</p>
      {(query.data !== undefined || query.isFetching || query.isError) && (
        <Answer query={query} rows={4}>
          {(plan) => <Found plan={plan} />}
        </Answer>
      )}
    </Panel>
  )
}

function Found({ plan: { items, totals } }: { readonly plan: PlanDocument }) {
  const {
    settings: {
      connections: { dryRun: text },
    },
    deals,
  } = useText()
  const format = useFormat()
  const touched = items.filter(({ changes }) => changes.length > 0)
  return (
    <div className="stack">
      <p role="status">
        {touched.length === 0
          ? text.nothing(format.number(items.length))
          : text.totals({
              create: format.number(totals.create),
              update: format.number(totals.update),
              steps: format.number(totals.steps),
              conflicts: format.number(totals.conflicts),
            })}
      </p>
      {touched.map((item) => (
        <section key={item.deal ?? item.name} className="stack stack--tight" aria-label={item.name ?? deals.unnamed}>
          {item.deal === null ? (
            <strong>{item.name ?? deals.unnamed}</strong>
          ) : (
            <PageLink to="/deals/$deal" params={{ deal: item.deal }}>
              {item.name ?? deals.unnamed}
            </PageLink>
          )}
          <ChangeList changes={item.changes} />
        </section>
      ))}
    </div>
  )
}
