import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { ConflictRow, Side } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { useAskBulk } from '../../parts/bulk-dialog.js'
import { keptByYes, otherSide } from '../../parts/doors.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { PageLink } from '../../parts/links.js'

const shown = 20
const SIDES: readonly Side[] = ['partner', 'crm']

/** Held fields of all deals, with what both sides say: to be decided one by one, or all the same way. */
export function OpenConflicts({ kind }: { readonly kind: 'conflict' | 'confirm' }) {
  const { attention } = useText()
  const format = useFormat()
  const query = useQuery({ queryKey: keys.conflicts, queryFn: ({ signal }) => api.conflicts(signal) })
  return (
    <Answer query={query} rows={3}>
      {({ conflicts }) => {
        const mine = conflicts.filter(({ conflict }) => (conflict.kind === 'confirm') === (kind === 'confirm'))
        return (
          <>
            <DecideAll rows={mine} kind={kind} />
            <div className="table-wrap" tabIndex={0} role="group" aria-label={attention.conflicts}>
              <Table rows={mine.slice(0, shown)} />
            </div>
            {mine.length > shown && <p className="muted">{attention.further(format.number(mine.length - shown))}</p>}
          </>
        )
      }}
    </Answer>
  )
}

function DecideAll({ rows, kind }: { readonly rows: readonly ConflictRow[]; readonly kind: 'conflict' | 'confirm' }) {
  const { attention, common, deal } = useText()
  const format = useFormat()
  const nameOf = useFieldName()
  const ask = useAskBulk()
  const mayDecide = useMay('operator')
  if (!mayDecide || rows.length < 2) return null
  // Of questions the left one is no and the right one is yes, on whichever side each of them has its door.
  const label = (side: Side): string =>
    kind === 'confirm' ? (side === 'crm' ? deal.conflicts.allow : deal.conflicts.refuse) : deal.conflicts.keep(common.sides[side])
  const keptOf = (side: Side, conflict: ConflictRow['conflict']): Side =>
    kind === 'confirm' && keptByYes(conflict) === 'partner' ? otherSide(side) : side
  const decide = (keep: Side): void => {
    const items = rows.map(({ deal: id, name, conflict }) => ({
      deal: id,
      name: `${name ?? id}${common.marks.colon}${nameOf(conflict.field)}`,
      act: () => api.resolve(id, conflict.field, keptOf(keep, conflict)),
    }))
    ask({
      title: attention.decideAsk(format.number(rows.length), label(keep)),
      explain: attention.decideExplain,
      action: label(keep),
      count: rows.length,
      sample: items,
      items: () => Promise.resolve(items),
    })
  }
  return (
    <div className="row">
      <span className="muted">{attention.allOfThem}</span>
      {SIDES.map((side) => (
        <Button key={side} size="small" onClick={() => decide(side)}>
          {label(side)}
        </Button>
      ))}
    </div>
  )
}

function Table({ rows }: { readonly rows: readonly ConflictRow[] }) {
  const { attention, common, deals } = useText()
  const nameOf = useFieldName()
  return (
    <table className="table table--cards">
      <thead>
        <tr>
          <th>{deals.columns.name}</th>
          <th>{attention.field}</th>
          <th>{common.sides.partner}</th>
          <th>{common.sides.crm}</th>
          <th>
            <span className="visually-hidden">{attention.decide}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ deal, name, currency, conflict }) => (
          <tr key={`${deal} ${conflict.field}`}>
            <td>{name ?? deals.unnamed}</td>
            <td data-head={attention.field}>{nameOf(conflict.field)}</td>
            <td data-head={common.sides.partner}>
              <FieldText field={conflict.field} value={conflict.saw.partner} currency={currency} />
            </td>
            <td data-head={common.sides.crm}>
              <FieldText field={conflict.field} value={conflict.saw.crm} currency={currency} />
            </td>
            <td className="num">
              <PageLink to="/deals/$deal" params={{ deal }} aria-label={`${attention.decide}${common.marks.colon}${name ?? deal}`}>
                {attention.decide}
              </PageLink>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
