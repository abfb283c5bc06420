import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useNavigate } from '@tanstack/react-router'
import { memo, useCallback, useRef, type MouseEvent } from 'react'
import type { DealRow } from '../../api/types.js'
import type { DealsSearch } from '../../app/search.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'
import { StageWord, useMicrosoftWord } from '../../parts/stage-word.js'
import { StateBadge } from '../../parts/state-badge.js'
import { Ago } from '../../parts/time.js'
import { useDealRows } from './use-deal-pages.js'
import { Sentence, useSentence } from '../../parts/sentence.js'

const rowHeight = 48
const overscan = 10

interface Props {
  readonly search: DealsSearch
  readonly total: number
  readonly isStale: boolean
}

/** Only the rows in sight are in the page, and only the pages they lie in are asked for, however long the list is. */
export function DealTable({ search, total, isStale }: Props) {
  const { deals: text } = useText()
  const list = useRef<HTMLDivElement>(null)
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => rowHeight,
    overscan,
    useFlushSync: false, // A frame that is not made in time is left out rather than waited for.
    scrollMargin: list.current?.offsetTop ?? 0,
  })
  const items = virtual.getVirtualItems()
  const open = useOpen()
  const rowAt = useDealRows(search, { from: items[0]?.index ?? 0, to: items.at(-1)?.index ?? 0 })
  return (
    <div className={`deal-table${isStale ? ' deal-table--stale' : ''}`} role="table" aria-label={text.title} aria-rowcount={total + 1}>
      <div role="rowgroup" className="deal-table__top">
        <div className="deal-table__head deal-row" role="row" aria-rowindex={1}>
          {(['name', 'state', 'stage', 'ends', 'synced', 'problem'] as const).map((name) => (
            <span key={name} role="columnheader">
              {text.columns[name]}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" ref={list} className="deal-table__body" style={{ height: virtual.getTotalSize() }} onClick={open}>
        {items.map((item) => {
          const row = rowAt(item.index)
          const top = item.start - virtual.options.scrollMargin
          return row === undefined ? (
            <Coming key={item.key} index={item.index} top={top} />
          ) : (
            <Row key={item.key} row={row} index={item.index} top={top} />
          )
        })}
      </div>
    </div>
  )
}

/** One listener for all rows: their links are plain, so that hundreds of rows a second can be made while one scrolls. */
function useOpen(): (event: MouseEvent<HTMLElement>) => void {
  const navigate = useNavigate()
  return useCallback(
    (event) => {
      const { button, metaKey, ctrlKey, shiftKey, altKey, target } = event
      const deal = target instanceof Element ? target.closest('a[data-deal]')?.getAttribute('data-deal') : null
      if (deal == null || button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return
      event.preventDefault()
      void navigate({ to: '/deals/$deal', params: { deal } })
    },
    [navigate],
  )
}

interface Place {
  readonly index: number
  readonly top: number
}

/** A row that is still on its way. */
function Coming({ index, top }: Place) {
  return (
    <div className="deal-row deal-row--coming" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
      <span role="cell">
        <span className="deal-row__grey" />
      </span>
    </div>
  )
}

const Row = memo(
  function Row({ row, index, top }: Place & { readonly row: DealRow }) {
    const { deals: text, common, reasons } = useText()
    const format = useFormat()
    const say = useSentence()
    const microsoft = useMicrosoftWord()(row.microsoft)
    return (
      <div className="deal-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)` }}>
        <span role="cell" className="deal-row__name">
          <span className="truncate" dir="auto" title={row.name ?? text.unnamed}>
            <a href={`/deals/${row.id}`} data-deal={row.id}>
              {row.name ?? text.unnamed}
            </a>
          </span>
          {row.kind === 'lead' && <span className="chip">{common.kinds.lead}</span>}
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
          {row.answerDue !== null && (
            <span className="deal-row__cause truncate" title={format.day(row.answerDue)}>
              {text.answerUntil(format.monthDay(row.answerDue))}
            </span>
          )}
          {row.reason !== null && (
            <span className={row.problem === null ? 'muted truncate' : 'deal-row__cause truncate'}>{reasons[row.reason.code].name}</span>
          )}
          {microsoft !== null && row.answerDue === null && row.problem === null && <span className="truncate">{microsoft}</span>}
          {row.problem !== null && (
            <span className="truncate" title={say(row.problem)}>
              <Sentence text={row.problem} />
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
    a.status === b.status &&
    a.answerDue === b.answerDue &&
    a.microsoft === b.microsoft &&
    a.referralId === b.referralId &&
    a.crmId === b.crmId)

/** Both records of a deal, each a way into its own system. */
function Ends({ row }: { readonly row: DealRow }) {
  const { deals: text, common } = useText()
  const outside = (href: string, name: string) => (
    <a href={href} target="_blank" rel="noreferrer" className="outside">
      {name}
      <Icon name="external" size={12} />
      <span className="visually-hidden">({common.words.newTab})</span>
    </a>
  )
  const none = (side: string) => <span className="muted">{text.without(side)}</span>
  return (
    <>
      {row.urls.partner === null ? none(common.short.partner) : outside(row.urls.partner, common.short.partner)}
      {row.urls.crm === null ? none(common.short.crm) : outside(row.urls.crm, common.short.crm)}
    </>
  )
}
