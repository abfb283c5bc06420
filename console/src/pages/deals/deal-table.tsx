import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useRef } from 'react'
import type { DealRow } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { StageWord } from '../../parts/stage-word.js'
import { StateBadge } from '../../parts/state-badge.js'
import { Ago } from '../../parts/time.js'

const rowHeight = 60
const loadAhead = 60 // Rows before the end at which the next page is asked for: far enough that nobody sees it come.

interface Props {
  readonly rows: readonly DealRow[]
  readonly total: number
  readonly more: boolean
  readonly isLoading: boolean
  readonly loadMore: () => void
  readonly isStale: boolean
}

/** Only the rows in sight are in the page, however many there are. */
export function DealTable({ rows, total, more, isLoading, loadMore, isStale }: Props) {
  const { deals: text } = useText()
  const list = useRef<HTMLDivElement>(null)
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (index) => rows[index]?.id ?? index,
  })
  const items = virtual.getVirtualItems()
  const lastSeen = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && !isLoading && lastSeen >= rows.length - loadAhead) loadMore()
  }, [more, isLoading, lastSeen, rows.length, loadMore])
  return (
    <div className={`deal-table${isStale ? ' deal-table--stale' : ''}`} role="table" aria-label={text.title} aria-rowcount={total + 1}>
      <div role="rowgroup">
        <div className="deal-table__head deal-row" role="row" aria-rowindex={1}>
          {(['name', 'state', 'stage', 'ends', 'synced', 'problem'] as const).map((name) => (
            <span key={name} role="columnheader">
              {text.columns[name]}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={list} className="deal-table__body" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]
          return row === undefined ? null : (
            <Row key={item.key} row={row} index={item.index} top={item.start - virtual.options.scrollMargin} />
          )
        })}
      </div>
      {isLoading && (
        <p className="deal-table__more" role="status">
          {text.loadingMore}
        </p>
      )}
    </div>
  )
}

const Row = memo(
  function Row({ row, index, top }: { readonly row: DealRow; readonly index: number; readonly top: number }) {
    const { deals: text, common, reasons } = useText()
    return (
      <div className="deal-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
        <span role="cell" className="deal-row__name">
          <span className="truncate">
            <PageLink to="/deals/$deal" params={{ deal: row.id }}>
              {row.name ?? text.unnamed}
            </PageLink>
          </span>
          <span className="deal-row__kind">{common.kinds[row.kind]}</span>
        </span>
        <span role="cell">
          <StateBadge state={row.state} />
        </span>
        <span role="cell" className="truncate">
          <StageWord status={row.status} substatus={row.substatus} />
        </span>
        <span role="cell" className="deal-row__ends">
          <Ends row={row} />
        </span>
        <span role="cell" className="deal-row__when">
          <Ago at={row.lastSyncedAt} />
        </span>
        <span role="cell" className="deal-row__problem">
          {row.reason !== null && (
            <span className={row.problem === null ? 'muted' : 'deal-row__cause'}>{reasons[row.reason.code].name}</span>
          )}
          {row.problem !== null && (
            <span className="truncate" title={row.problem}>
              {row.problem}
            </span>
          )}
        </span>
      </div>
    )
  },
  (before, after) => before.top === after.top && before.index === after.index && sameRow(before.row, after.row),
)

const sameRow = (a: DealRow, b: DealRow): boolean =>
  a === b ||
  (a.id === b.id &&
    a.state === b.state &&
    a.lastSyncedAt === b.lastSyncedAt &&
    a.problem === b.problem &&
    a.name === b.name &&
    a.status === b.status)

function Ends({ row }: { readonly row: DealRow }) {
  const { deals: text } = useText()
  const format = useFormat()
  const both = row.referralId !== null && row.crmId !== null
  const says = both ? text.both : row.referralId !== null ? text.onlyPartner : text.onlyCrm
  const ids = format.list([row.referralId, row.crmId].filter((id) => id !== null))
  return (
    <span title={ids}>
      <Icon name={both ? 'connections' : 'unlinked'} size={16} /> <span>{says}</span>
    </span>
  )
}
