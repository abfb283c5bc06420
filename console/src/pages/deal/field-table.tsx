import { Button, Spinner, Switch } from '@fluentui/react-components'
import { useState } from 'react'
import type { DealView, FieldView, Side } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'

interface Props {
  readonly deal: DealView
  readonly look: 'agreed' | 'live'
  readonly onLook: (look: 'agreed' | 'live') => void
  readonly isReading: boolean
}

/** Both sides next to each other, with what they agreed on between. */
export function FieldTable({ deal, look, onLook, isReading }: Props) {
  const {
    deal: { fields: text },
  } = useText()
  const [only, setOnly] = useState(false)
  const rows = only ? deal.fields.filter((field) => field.differs || field.changedBy.length > 0) : deal.fields
  const currency = deal.fields.find(({ field }) => field === 'details.currency')
  const aside = (
    <>
      <Switch label={text.onlyDifferences} checked={only} onChange={(_, { checked }) => setOnly(checked)} />
      <Button
        appearance={look === 'live' ? 'secondary' : 'primary'}
        icon={isReading ? <Spinner size="tiny" /> : <Icon name="runs" size={16} />}
        title={text.liveHint}
        onClick={() => onLook(look === 'live' ? 'agreed' : 'live')}
      >
        {look === 'live' ? text.agreedHint : text.live}
      </Button>
    </>
  )
  return (
    <Panel title={text.title} aside={aside} kind="flush">
      {rows.length === 0 ? (
        <p className="panel__text muted">{text.noDifferences}</p>
      ) : (
        <div className="table-wrap">
          <table className="fields">
            <Head />
            <tbody>
              {rows.map((row) => (
                <Row key={row.field} row={row} currency={currency} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function Head() {
  const {
    deal: { fields: text },
    common,
  } = useText()
  return (
    <thead>
      <tr>
        <th scope="col">{text.field}</th>
        <th scope="col">
          <span className="side-tag side-tag--partner">{common.sides.partner}</span>
        </th>
        <th scope="col">{text.base}</th>
        <th scope="col">
          <span className="side-tag side-tag--crm">{common.sides.crm}</span>
        </th>
      </tr>
    </thead>
  )
}

function Row({ row, currency }: { readonly row: FieldView; readonly currency: FieldView | undefined }) {
  const nameOf = useFieldName()
  return (
    <tr className={row.differs ? 'fields__row fields__row--differs' : 'fields__row'}>
      <th scope="row">{nameOf(row.field)}</th>
      <Cell row={row} side="partner" currency={currency} />
      <Base row={row} currency={currency} />
      <Cell row={row} side="crm" currency={currency} />
    </tr>
  )
}

function Cell({ row, side, currency }: { readonly row: FieldView; readonly side: Side; readonly currency: FieldView | undefined }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  const changed = row.changedBy.includes(side)
  return (
    <td className={`${side}${changed ? ' fields__changed' : ''}`} data-side={common.sides[side]}>
      <FieldText field={row.field} value={row[side]} currency={currency?.[side]} />
      {changed && (
        <span className="fields__mark">
          <Icon name="pencil" size={12} />
          {text.changedHere}
        </span>
      )}
    </td>
  )
}

/** One value where both agreed on the same; else both, each by its side. */
function Base({ row, currency }: { readonly row: FieldView; readonly currency: FieldView | undefined }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  const same = JSON.stringify(row.basePartner ?? null) === JSON.stringify(row.baseCrm ?? null)
  const none = row.basePartner === undefined && row.baseCrm === undefined
  if (none)
    return (
      <td className="fields__base" data-side={text.base}>
        <span className="muted">–</span>
      </td>
    )
  return (
    <td className="fields__base" data-side={text.base}>
      {same || row.baseCrm === undefined ? (
        <FieldText field={row.field} value={row.basePartner} currency={currency?.basePartner} />
      ) : row.basePartner === undefined ? (
        <FieldText field={row.field} value={row.baseCrm} currency={currency?.baseCrm} />
      ) : (
        <>
          <span className="side-tag side-tag--partner visually-small" title={common.sides.partner}>
            <FieldText field={row.field} value={row.basePartner} currency={currency?.basePartner} />
          </span>
          <span className="side-tag side-tag--crm visually-small" title={common.sides.crm}>
            <FieldText field={row.field} value={row.baseCrm} currency={currency?.baseCrm} />
          </span>
        </>
      )}
    </td>
  )
}
