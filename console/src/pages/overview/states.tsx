import { useFormat, useText } from '../../i18n/locale.js'
import type { LinkState, Overview } from '../../api/types.js'
import { STATES } from '../../app/search.js'
import { Empty } from '../../parts/answers.js'
import { PageLink } from '../../parts/links.js'
import { StateBadge } from '../../parts/state-badge.js'

/** How many deals are in which state: a bar to compare, a list to read and to follow. */
export function States({ states }: { readonly states: Overview['states'] }) {
  const { overview, common } = useText()
  const format = useFormat()
  const total = STATES.reduce((sum, state) => sum + states[state], 0)
  if (total === 0) return <Empty icon="deals" title={overview.states.none} />
  return (
    <div className="states">
      <p className="states__total">{overview.states.total(format.number(total))}</p>
      <div className="states__bar" aria-hidden="true">
        {STATES.map(
          (state: LinkState) =>
            states[state] > 0 && (
              <span
                key={state}
                className={`fill--${state}`}
                style={{ flexGrow: states[state] }}
                title={`${common.states[state]}${common.marks.colon}${format.number(states[state])}`}
              />
            ),
        )}
      </div>
      <ul className="states__list">
        {STATES.map((state) => (
          <li key={state}>
            <StateBadge state={state} />
            <PageLink
              to="/deals"
              search={{ state }}
              className="states__count"
              aria-label={`${common.states[state]}${common.marks.colon}${format.number(states[state])}`}
            >
              {format.number(states[state])}
            </PageLink>
            <span className="states__share">{format.percent(states[state] / total)}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
