import { Button } from '@fluentui/react-components'
import { useState } from 'react'
import { useMay } from '../../api/queries.js'
import type { Conflict, DealView, Side } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { answerOf, otherSide } from '../../parts/doors.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { Icon } from '../../parts/icon.js'
import { Sentence } from '../../parts/sentence.js'
import { ActionDialog, type Action } from './action-dialog.js'

const SIDES: readonly Side[] = ['partner', 'crm']

/** What a person has to decide, on top of everything else. */
export function Conflicts({ deal }: { readonly deal: DealView }) {
  const {
    deal: { conflicts: text },
  } = useText()
  const format = useFormat()
  const [action, setAction] = useState<Action | null>(null)
  const held = deal.conflicts.filter(({ winner, kind }) => winner === null && kind !== 'info')
  if (held.length === 0) return null
  return (
    <section className="conflicts" aria-label={text.title(format.number(held.length))}>
      <h2>
        <Icon name="attention" />
        {text.title(format.number(held.length))}
      </h2>
      {held.map((conflict) => (
        <Held key={conflict.field} conflict={conflict} deal={deal} onKeep={setAction} />
      ))}
      <ActionDialog deal={deal} action={action} onClose={() => setAction(null)} />
    </section>
  )
}

interface HeldProps {
  readonly conflict: Conflict
  readonly deal: DealView
  readonly onKeep: (action: Action) => void
}
function Held({ conflict, deal, onKeep }: HeldProps) {
  const {
    deal: { conflicts: text },
  } = useText()
  const nameOf = useFieldName()
  const field = deal.fields.find((item) => item.field === conflict.field)
  return (
    <article className="conflict">
      <header>
        <h3>{nameOf(conflict.field)}</h3>
        <p>{conflict.forbidden === true ? text.forbidden : text.kinds[conflict.kind]}</p>
        <p className="muted">{conflict.kind === 'confirm' ? <Sentence text={conflict.reason} /> : text.rules[conflict.kind]}</p>
        {field?.basePartner !== undefined && (
          <p className="muted">
            <BaseValue deal={deal} field={conflict.field} />
          </p>
        )}
      </header>
      <div className="conflict__sides">
        {SIDES.map((side) => (
          <Choice key={side} side={side} conflict={conflict} deal={deal} onKeep={onKeep} />
        ))}
      </div>
    </article>
  )
}

function BaseValue({ deal, field }: { readonly deal: DealView; readonly field: string }) {
  const {
    deal: { fields: text },
    common,
  } = useText()
  const base = deal.fields.find((item) => item.field === field)?.basePartner
  const currency = deal.fields.find((item) => item.field === 'details.currency')?.basePartner
  return (
    <>
      {text.base}
      {common.marks.colon}
      <FieldText field={field} value={base} currency={currency} />
    </>
  )
}

interface ChoiceProps {
  readonly side: Side
  readonly conflict: Conflict
  readonly deal: DealView
  readonly onKeep: (action: Action) => void
}
/** One side's value, and what keeping it writes. */
function Choice({ side, conflict, deal, onKeep }: ChoiceProps) {
  const {
    deal: { conflicts: text },
    common,
  } = useText()
  const mayDecide = useMay('operator')
  const currency = deal.fields.find((item) => item.field === 'details.currency')?.[side]
  const value = <FieldText field={conflict.field} value={conflict.saw[side]} currency={currency} />
  const label = { yes: text.allow, no: text.refuse, choice: text.keep(common.sides[side]) }[answerOf(conflict, side)]
  return (
    <div className={`conflict__side ${side}`}>
      <span className={`side-tag side-tag--${side}`}>{common.sides[side]}</span>
      <p className="conflict__value">{value}</p>
      <p className="conflict__effect">
        {value} {text.writesTo(common.sides[otherSide(side)])}
      </p>
      {mayDecide && conflict.forbidden !== true && <Button onClick={() => onKeep({ kind: 'resolve', field: conflict.field, keep: side })}>{label}</Button>}
    </div>
  )
}
