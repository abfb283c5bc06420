import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys, useNotices } from '../../api/queries.js'
import type { Activity, Overview } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { useNow } from '../../parts/time.js'

const delayedAfterMs = 60_000
const lateAfterMs = 10 * 60_000

/** By the oldest piece of work that is due and not yet done. An empty queue says nothing of a system that was not read whole, or not lately. */
function timeliness({ queue, lastSweepAt, behind }: Overview, now: number): 'unknown' | 'on_time' | 'delayed' | 'late' {
  if (lastSweepAt.partner === null || lastSweepAt.crm === null) return 'unknown'
  const waits = queue.oldestDueAt === null ? 0 : now - queue.oldestDueAt
  return behind.length > 0 || waits > lateAfterMs ? 'late' : waits > delayedAfterMs ? 'delayed' : 'on_time'
}

/** The three questions one opens this page with, each with its answer in large type. */
interface Props {
  readonly overview: Overview
  readonly activity: Activity | undefined
  /** The service does not answer any more: what was on time then need not be now. */
  readonly isStale: boolean
}
export function Questions({ overview, activity, isStale }: Props) {
  return (
    <div className="questions">
      <OnTime overview={overview} activity={activity} isStale={isStale} />
      <NeedsMe overview={overview} answers={activity === undefined ? null : answersDue(activity)} />
      <Changed activity={activity} />
    </div>
  )
}

function OnTime({ overview, activity, isStale }: Props) {
  const {
    common,
    overview: { onTime },
  } = useText()
  const format = useFormat()
  const now = useNow()
  const is = isStale ? 'unknown' : timeliness(overview, now)
  const since = (side: Overview['behind'][number]): string => onTime.behind(common.sides[side], format.relative(overview.lastSweepAt[side] ?? now, now))
  const delay = activity?.delay
  return (
    <section className="question">
      <h2>{onTime.question}</h2>
      <p className={`question__answer question__answer--${is}`}>
        <Icon name={is === 'on_time' ? 'check' : 'clock'} size={24} />
        {onTime[is]}
      </p>
      {!isStale && (is === 'unknown' || overview.behind.length > 0) && (
        <p className="muted">
          {is === 'unknown' ? onTime.unread : overview.behind.map(since).join(' ')}{' '}
          <PageLink to="/connections">{onTime.connections}</PageLink>
        </p>
      )}
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

const answersDue = ({ answers }: Activity): number => answers.reduce((sum, { deals }) => sum + deals, 0)

/** Deals that are in sync may wait for a person all the same: for the answer that the other party was promised. So may what a notice above says. */
function NeedsMe({ overview, answers }: { readonly overview: Overview; readonly answers: number | null }) {
  const {
    overview: { needs },
    reasons,
  } = useText()
  const format = useFormat()
  const { data } = useQuery({ queryKey: keys.issues, queryFn: ({ signal }) => api.issues(signal) })
  const waiting = overview.states['needs-attention'] + overview.states.stopped
  const urgent = (useNotices().data?.notices ?? []).filter(({ level }) => level === 'urgent').length
  const isNothing = waiting === 0 && answers === 0 && urgent === 0
  const headline = (): string => {
    if (isNothing) return needs.nothing
    if (waiting > 0) return needs.deals(format.number(waiting))
    return answers === null || answers === 0 ? needs.notices(format.number(urgent)) : needs.answers(format.number(answers))
  }
  const causes = (data?.issues ?? [])
    .filter(({ state }) => state !== 'pending')
    .sort((a, b) => b.count - a.count)
    .slice(0, causesShown)
  return (
    <section className="question">
      <h2>{needs.question}</h2>
      <p className={`question__answer question__answer--${isNothing ? 'on_time' : 'delayed'}`}>
        <Icon name={isNothing ? 'check' : 'attention'} size={24} />
        {headline()}
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
      {answers !== null && answers > 0 && (
        <PageLink to="/deals" search={{ waitsFor: 'us', order: 'due' }}>
          {waiting > 0 ? needs.answersToo(format.number(answers)) : needs.mostUrgent}
        </PageLink>
      )}
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
