import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import type { Activity, Overview } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { useNow } from '../../parts/time.js'

const delayedAfterMs = 60_000
const lateAfterMs = 10 * 60_000

/** By the oldest piece of work that is due and not yet done. */
function timeliness({ queue }: Overview, now: number): 'on_time' | 'delayed' | 'late' {
  const behind = queue.oldestDueAt === null ? 0 : now - queue.oldestDueAt
  return behind > lateAfterMs ? 'late' : behind > delayedAfterMs ? 'delayed' : 'on_time'
}

/** The three questions one opens this page with, each with its answer in large type. */
export function Questions({ overview, activity }: { readonly overview: Overview; readonly activity: Activity | undefined }) {
  return (
    <div className="questions">
      <OnTime overview={overview} activity={activity} />
      <NeedsMe overview={overview} />
      <Changed activity={activity} />
    </div>
  )
}

function OnTime({ overview, activity }: { readonly overview: Overview; readonly activity: Activity | undefined }) {
  const {
    overview: { onTime },
  } = useText()
  const format = useFormat()
  const is = timeliness(overview, useNow())
  const delay = activity?.delay
  return (
    <section className="question">
      <h2>{onTime.question}</h2>
      <p className={`question__answer question__answer--${is}`}>
        <Icon name={is === 'on_time' ? 'check' : 'clock'} size={24} />
        {onTime[is]}
      </p>
      <p className="muted">{onTime.queue(format.number(overview.queue.due), format.number(overview.queue.later))}</p>
      {delay?.p50 != null && delay.p95 !== null ? (
        <dl className="figures" aria-label={onTime.delay}>
          <div>
            <dt>{onTime.p50}</dt>
            <dd>{format.duration(delay.p50)}</dd>
          </div>
          <div>
            <dt>{onTime.p95}</dt>
            <dd>{format.duration(delay.p95)}</dd>
          </div>
        </dl>
      ) : (
        <p className="muted">{onTime.unmeasured}</p>
      )}
    </section>
  )
}

const causesShown = 3

function NeedsMe({ overview }: { readonly overview: Overview }) {
  const {
    overview: { needs },
    reasons,
  } = useText()
  const format = useFormat()
  const { data } = useQuery({ queryKey: keys.issues, queryFn: ({ signal }) => api.issues(signal) })
  const waiting = overview.states['needs-attention'] + overview.states.stopped
  const causes = (data?.issues ?? [])
    .filter(({ state }) => state !== 'pending')
    .sort((a, b) => b.count - a.count)
    .slice(0, causesShown)
  return (
    <section className="question">
      <h2>{needs.question}</h2>
      <p className={`question__answer question__answer--${waiting === 0 ? 'on_time' : 'delayed'}`}>
        <Icon name={waiting === 0 ? 'check' : 'attention'} size={24} />
        {waiting === 0 ? needs.nothing : needs.deals(format.number(waiting))}
      </p>
      <ul className="question__list">
        {causes.map(({ reason, state, count }) => (
          <li key={`${state} ${reason}`}>
            <PageLink to="/attention" search={{ cause: reason }}>
              {reasons[reason].name}
            </PageLink>
            <span>{format.number(count)}</span>
          </li>
        ))}
      </ul>
      {waiting > 0 && <PageLink to="/attention">{needs.all}</PageLink>}
    </section>
  )
}

function Changed({ activity }: { readonly activity: Activity | undefined }) {
  const {
    overview: { today },
  } = useText()
  const format = useFormat()
  const sum = (name: 'toCrm' | 'toPartner' | 'failed'): number => (activity?.hours ?? []).reduce((total, hour) => total + hour[name], 0)
  const failed = sum('failed')
  return (
    <section className="question">
      <h2>{today.question}</h2>
      <p className="question__lead">{today.hours}</p>
      <dl className="figures figures--tall">
        <div>
          <dt>
            <span className="side-tag side-tag--crm">{today.toCrm}</span>
          </dt>
          <dd>{format.number(sum('toCrm'))}</dd>
        </div>
        <div>
          <dt>
            <span className="side-tag side-tag--partner">{today.toPartner}</span>
          </dt>
          <dd>{format.number(sum('toPartner'))}</dd>
        </div>
      </dl>
      {failed === 0 ? (
        <p className="muted">{today.noneFailed}</p>
      ) : (
        <PageLink to="/runs" search={{ failed: true }}>
          {today.failed(format.number(failed))}
        </PageLink>
      )}
      {activity?.complete === false && <p className="muted">{today.more}</p>}
    </section>
  )
}
