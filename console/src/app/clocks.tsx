import { Tooltip } from '@fluentui/react-components'
import { useOverview } from '../api/queries.js'
import type { Overview } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Icon } from '../parts/icon.js'
import { Ago } from '../parts/time.js'

/** The older of the two sweeps: only what both sides have seen is known to be complete. */
function lastSweep({ lastSweepAt: { partner, crm } }: Overview): string | null {
  return partner === null || crm === null ? null : partner < crm ? partner : crm
}

/** The two clocks that are always in sight: when something last came in, and since when nothing can have been missed. */
export function Clocks({ live }: { readonly live: 'live' | 'polling' }) {
  const { common } = useText()
  const format = useFormat()
  const { data } = useOverview()
  if (data === undefined) return <div className="clocks" />
  const said = (at: string | null): string => (at === null ? common.clocks.never : format.dateTime(at))
  return (
    <dl className="clocks" aria-label={common.clocks.label}>
      <div className="clock">
        <dt>
          <Icon name="bolt" size={14} />
          {common.clocks.event}
        </dt>
        <dd>
          <Ago at={data.lastEventAt} brief />
        </dd>
      </div>
      <Tooltip relationship="description" content={common.clocks.tooltip(said(data.lastSweepAt.partner), said(data.lastSweepAt.crm))}>
        <div className="clock">
          <dt>
            <Icon name="runs" size={14} />
            {common.clocks.sweep}
          </dt>
          <dd>
            <Ago at={lastSweep(data)} brief />
          </dd>
        </div>
      </Tooltip>
      {live === 'polling' && (
        <div className="clock clock--warn" title={common.problems.live}>
          <Icon name="attention" size={14} />
          <span className="visually-hidden">{common.problems.live}</span>
        </div>
      )}
    </dl>
  )
}
