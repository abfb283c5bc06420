import type { Activity, QuotaView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Panel } from '../../parts/page.js'
import { Ago, At } from '../../parts/time.js'
import { useSentence } from '../../parts/sentence.js'

const tightShare = 0.2

/** How much the remote systems are asked, and what they say of how much more they allow. */
export function Quotas({ quotas }: { readonly quotas: Activity['quotas'] }) {
  const {
    overview: { quotas: text },
  } = useText()
  return (
    <Panel title={text.title}>
      {quotas.length === 0 ? (
        <p className="muted">{text.none}</p>
      ) : (
        <div className="quotas">
          {quotas.map((quota) => (
            <Quota key={quota.system} quota={quota} />
          ))}
        </div>
      )}
    </Panel>
  )
}

function Quota({ quota }: { readonly quota: QuotaView }) {
  const {
    overview: { quotas: text },
  } = useText()
  const format = useFormat()
  const say = useSentence()
  return (
    <section className="quota" aria-label={say(quota.system)}>
      <h3>{say(quota.system)}</h3>
      <dl className="fact-list">
        <dt>{text.calls}</dt>
        <dd>{text.hourAndDay(format.number(quota.callsLastHour), format.number(quota.callsLastDay))}</dd>
        <dt>{text.slowed}</dt>
        <dd>
          {quota.throttledLastDay === 0 ? text.never : text.times(format.number(quota.throttledLastDay))}
          {quota.lastThrottledAt !== null && quota.throttledLastDay > 0 && (
            <>
              {' · '}
              <Ago at={quota.lastThrottledAt} />
            </>
          )}
        </dd>
        {quota.waitsUntil !== null && (
          <>
            <dt>{text.waits}</dt>
            <dd className="due--soon">
              <At at={quota.waitsUntil} />
            </dd>
          </>
        )}
        {quota.allowances.map((allowance) => (
          <Left key={allowance.name} allowance={allowance} />
        ))}
        {quota.allowances.length === 0 && (
          <>
            <dt>{text.allowed}</dt>
            <dd className="muted">{text.unpublished}</dd>
          </>
        )}
      </dl>
    </section>
  )
}

function Left({ allowance: { name, left, limit, at } }: { readonly allowance: QuotaView['allowances'][number] }) {
  const {
    overview: { quotas: text },
  } = useText()
  const format = useFormat()
  const tight = limit !== null && left < limit * tightShare
  return (
    <>
      <dt>{text.names[name]}</dt>
      <dd title={format.dateTime(at)}>
        {limit === null ? text.left(format.number(left)) : text.leftOf(format.number(left), format.number(limit))}
        {limit !== null && (
          <span className={`quota__bar${tight ? ' quota__bar--tight' : ''}`} aria-hidden="true">
            <span style={{ width: `${Math.round((100 * left) / Math.max(1, limit))}%` }} />
          </span>
        )}
      </dd>
    </>
  )
}
