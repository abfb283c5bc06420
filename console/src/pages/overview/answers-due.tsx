import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import type { Activity, DealRow } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { StackedBars } from '../../parts/chart.js'
import { ChartPanel } from '../../parts/chart-panel.js'
import { PageLink } from '../../parts/links.js'
import { useNow } from '../../parts/time.js'

const shown = 5
const soonMs = 3 * 86_400_000
const dayMs = 86_400_000
/** Microsoft gives fourteen days; what is due later stands with the last one. */
const daysShown = 15

/** The whole of the last day counts. */
const endOf = (day: string): string => `${day.slice(0, 10)}T23:59:59Z`

interface Slot {
  readonly label: string
  readonly deals: number
  readonly urgent: boolean
}

function useSlots(answers: Activity['answers'], now: number): readonly Slot[] {
  const { overview } = useText()
  const format = useFormat()
  const today = new Date(now).toISOString().slice(0, 10)
  const dayAt = (index: number): string => new Date(Date.parse(today) + index * dayMs).toISOString().slice(0, 10)
  const sum = (fits: (day: string) => boolean): number =>
    answers.reduce((total, { day, deals }) => (day !== null && fits(day) ? total + deals : total), 0)
  const days = Array.from({ length: daysShown }, (_, index) => {
    const day = dayAt(index)
    const last = index === daysShown - 1
    const label = format.shortDay(day)
    return { label: last ? `${label} +` : label, deals: sum((due) => (last ? due >= day : due === day)), urgent: index * dayMs < soonMs }
  })
  const overdue = sum((due) => due < today)
  return overdue === 0 ? days : [{ label: overview.answers.overdue, deals: overdue, urgent: true }, ...days]
}

/** The response clock: who waits for our answer, the most urgent first. */
export function AnswersDue({ activity }: { readonly activity: Activity }) {
  const {
    overview: { answers },
  } = useText()
  const format = useFormat()
  const slots = useSlots(activity.answers, useNow())
  const total = activity.answers.reduce((sum, { deals }) => sum + deals, 0)
  const labels = slots.map(({ label }) => label)
  const series = [
    { name: answers.soon, className: 'series urgent', values: slots.map(({ deals, urgent }) => (urgent ? deals : 0)) },
    { name: answers.later, className: 'series partner', values: slots.map(({ deals, urgent }) => (urgent ? 0 : deals)) },
  ]
  return (
    <ChartPanel
      title={answers.title}
      lead={total === 0 ? answers.none : answers.lead(format.number(total))}
      chart={total === 0 ? null : <StackedBars title={answers.title} labels={labels} series={series} say={format.number} />}
      head={[answers.due, answers.deals]}
      rows={slots.map(({ label, deals }) => [label, format.number(deals)])}
    >
      {total > 0 && <MostUrgent total={total} />}
    </ChartPanel>
  )
}

function MostUrgent({ total }: { readonly total: number }) {
  const {
    overview: { answers },
  } = useText()
  const format = useFormat()
  const { data } = useQuery({
    queryKey: [...keys.deals, 'answers due'],
    queryFn: ({ signal }) => api.dealsAt({ waitsFor: 'us', order: 'due' }, { limit: shown, offset: 0, signal }),
  })
  return (
    <>
      <ul className="due-list">
        {(data?.deals ?? []).map((row) => (
          <Due key={row.id} row={row} />
        ))}
      </ul>
      {total > shown && (
        <p className="panel__foot">
          <PageLink to="/deals" search={{ waitsFor: 'us', order: 'due' }}>
            {answers.all(format.number(total))}
          </PageLink>
        </p>
      )}
    </>
  )
}

function Due({ row }: { readonly row: DealRow }) {
  const { deals } = useText()
  const format = useFormat()
  const now = useNow()
  return (
    <li>
      <span className="truncate" dir="auto">
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
  )
}
