import type { DealView } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { Sentence } from '../../parts/sentence.js'
import { Panel } from '../../parts/page.js'

/** Differences that nobody has to decide: the other side cannot take them, or a rule has decided and the loser is named. */
export function Stays({ deal }: { readonly deal: DealView }) {
  const {
    deal: { stays: text, conflicts },
    common,
  } = useText()
  const nameOf = useFieldName()
  const known = deal.conflicts.filter(({ winner, kind }) => winner !== null || kind === 'info')
  if (known.length === 0) return null
  const currency = deal.fields.find(({ field }) => field === 'details.currency')
  return (
    <Panel title={text.title}>
      <ul className="stays">
        {known.map((conflict) => (
          <li key={conflict.field}>
            <p>
              <strong>{nameOf(conflict.field)}</strong> ·{' '}
              {conflict.winner === null ? conflicts.kinds[conflict.kind] : text.won(common.sides[conflict.winner])}
            </p>
            <p>
              <span className="side-tag side-tag--partner">{common.sides.partner}</span>{' '}
              <FieldText field={conflict.field} value={conflict.saw.partner} currency={currency?.partner} />
            </p>
            <p>
              <span className="side-tag side-tag--crm">{common.sides.crm}</span>{' '}
              <FieldText field={conflict.field} value={conflict.saw.crm} currency={currency?.crm} />
            </p>
            <p className="muted">
              <Sentence text={conflict.reason} />
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
