import { Button, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Switch } from '@fluentui/react-components'
import { useState } from 'react'
import type { DealView, FieldValue, FieldView, Side } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { ProblemBar } from '../../parts/answers.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { Panel } from '../../parts/page.js'
import { Ago } from '../../parts/time.js'
import { Sentence } from '../../parts/sentence.js'

/** How the look at both systems stands. */
export interface Look {
  readonly isReading: boolean
  readonly readAt: number | null
  readonly error: Error | null
  readonly again: () => void
}

const SIDES: readonly Side[] = ['partner', 'crm']
const isNothing = (value: FieldValue | undefined): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
const isBlank = ({ partner, crm, basePartner, baseCrm }: FieldView): boolean => [partner, crm, basePartner, baseCrm].every(isNothing)

/** Both sides next to each other, with what they agreed on between. */
export function FieldTable({ deal, look }: { readonly deal: DealView; readonly look: Look }) {
  const {
    deal: { fields: text },
  } = useText()
  const format = useFormat()
  const [only, setOnly] = useState(false)
  const [blanks, setBlanks] = useState(false)
  const filled = deal.fields.filter((field) => !isBlank(field))
  const hidden = deal.fields.length - filled.length
  const rows = only ? filled.filter((field) => field.differs || field.changedBy.length > 0) : blanks ? deal.fields : filled
  const currency = deal.fields.find(({ field }) => field === 'details.currency')
  const without = SIDES.filter((side) => (side === 'partner' ? deal.referralId : deal.crmId) === null)
  const aside = (
    <>
      <Reading look={look} />
      <Switch label={text.onlyDifferences} checked={only} onChange={(_, { checked }) => setOnly(checked)} />
      <Button
        appearance="subtle"
        disabled={look.isReading}
        icon={look.isReading ? <Spinner size="tiny" /> : <Icon name="runs" size={16} />}
        title={text.liveHint}
        onClick={look.again}
      >
        {text.live}
      </Button>
    </>
  )
  return (
    <Panel title={text.title} aside={aside} kind="flush">
      <Unread deal={deal} look={look} />
      {rows.length === 0 ? (
        <p className="panel__text muted">{text.noDifferences}</p>
      ) : (
        <div className="table-wrap">
          <table className="fields">
            <Head />
            <tbody>
              {rows.map((row) => (
                <Row key={row.field} row={row} currency={currency} without={without} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!only && hidden > 0 && (
        <div className="more more--start">
          <Button size="small" appearance="subtle" aria-expanded={blanks} onClick={() => setBlanks(!blanks)}>
            {blanks ? text.hideBlank : text.showBlank(format.number(hidden))}
          </Button>
        </div>
      )}
    </Panel>
  )
}

/** Whether what is shown was read just now, or is what was last agreed. */
function Reading({ look }: { readonly look: Look }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  return (
    <span role="status" className="fields__reading">
      {look.readAt !== null ? (
        <>
          {text.liveNow}
          {common.marks.gap}
          <Ago at={look.readAt} />
        </>
      ) : look.isReading ? (
        text.reading
      ) : (
        text.agreedHint
      )}
    </span>
  )
}

/** Why a side does not show what it says now. */
function Unread({ deal, look }: { readonly deal: DealView; readonly look: Look }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  const unread = SIDES.filter((side) => deal.seen !== null && ['unreachable', 'absent'].includes(deal.seen[side].kind) && (side === 'partner' ? deal.referralId : deal.crmId) !== null)
  if (look.error !== null && look.readAt === null)
    return (
      <div className="panel__text">
        <ProblemBar error={look.error} again={look.again} />
      </div>
    )
  return unread.map((side) => (
    <MessageBar key={side} intent="warning" layout="multiline" className="fields__unread">
      <MessageBarBody>
        <MessageBarTitle>
          {deal.seen?.[side].kind === 'absent' ? text.absent(common.sides[side]) : text.unreachable(common.sides[side])}
        </MessageBarTitle>{' '}
        {text.showsAgreed} <Sentence text={deal.seen?.[side].message ?? ''} />
      </MessageBarBody>
    </MessageBar>
  ))
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
        <th scope="col" className="fields__last">
          {text.last}
        </th>
      </tr>
    </thead>
  )
}

/** From where the value last came, when, and the run that carried it. */
function Carried({ carried }: { readonly carried: FieldView['carried'] }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  if (carried === null) return <span className="muted">–</span>
  const from = (
    <>
      <span className={`side-dot ${carried.from}`} aria-hidden="true" /> {text.from(common.short[carried.from])}
    </>
  )
  return (
    <>
      {carried.run === null ? (
        from
      ) : (
        <PageLink to="/runs/$run" params={{ run: carried.run }} className="quiet-link">
          {from}
        </PageLink>
      )}{' '}
      <span className="fields__when">
        <Ago at={carried.at} />
      </span>
    </>
  )
}

interface RowProps {
  readonly row: FieldView
  readonly currency: FieldView | undefined
  /** The sides that have no record of this deal yet, and so nothing to show. */
  readonly without: readonly Side[]
}
function Row({ row, currency, without }: RowProps) {
  const {
    deal: { fields: text },
  } = useText()
  const nameOf = useFieldName()
  return (
    <tr className={row.differs ? 'fields__row fields__row--differs' : 'fields__row'}>
      <th scope="row">{nameOf(row.field)}</th>
      <Cell row={row} side="partner" currency={currency} without={without} />
      <Base row={row} currency={currency} />
      <Cell row={row} side="crm" currency={currency} without={without} />
      <td className="fields__last" data-side={text.last}>
        <Carried carried={row.carried} />
      </td>
    </tr>
  )
}

function Cell({ row, side, currency, without }: RowProps & { readonly side: Side }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  const changed = row.changedBy.includes(side)
  return (
    <td className={`${side}${changed ? ' fields__changed' : ''}`} data-side={common.sides[side]}>
      {row[side] === undefined && without.includes(side) ? (
        <span className="muted">–</span>
      ) : (
        <FieldText field={row.field} value={row[side]} currency={currency?.[side]} />
      )}
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
