import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import type { DealRow } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { PageLink } from '../../parts/links.js'
import { Panel } from '../../parts/page.js'
import { useNow } from '../../parts/time.js'

const shown = 8
const fetched = 200
const soonMs = 3 * 86_400_000

const byDue = (a: DealRow, b: DealRow): number => (a.answerDue ?? '9').localeCompare(b.answerDue ?? '9')
/** The whole of the last day counts. */
const endOf = (day: string): string => `${day.slice(0, 10)}T23:59:59Z`

/** The response clock: who waits for our answer, the most urgent first. */
export function AnswersDue() {
  const {
    overview: { answers },
    deals,
  } = useText()
  const format = useFormat()
  const now = useNow()
  const query = useQuery({
    queryKey: [...keys.deals, 'answers due'],
    queryFn: ({ signal }) => api.deals({ waitsFor: 'us' }, { limit: fetched, after: null, signal }),
  })
  return (
    <Panel title={answers.title} aside={<span>{query.data === undefined ? '' : format.number(query.data.total)}</span>}>
      <p className="panel__lead">{answers.lead}</p>
      <Answer query={query} rows={4}>
        {(page) =>
          page.deals.length === 0 ? (
            <p className="muted">{answers.none}</p>
          ) : (
            <ul className="due-list">
              {page.deals
                .toSorted(byDue)
                .slice(0, shown)
                .map((row) => (
                  <li key={row.id}>
                    <span className="truncate">
                      <PageLink to="/deals/$deal" params={{ deal: row.id }}>
                        {row.name ?? deals.unnamed}
                      </PageLink>
                    </span>
                    {row.answerDue !== null && (
                      <time
                        dateTime={row.answerDue}
                        title={format.day(row.answerDue)}
                        className={Date.parse(endOf(row.answerDue)) - now < soonMs ? 'due due--soon' : 'due'}
                      >
                        {format.relative(endOf(row.answerDue), now)}
                      </time>
                    )}
                  </li>
                ))}
            </ul>
          )
        }
      </Answer>
    </Panel>
  )
}
