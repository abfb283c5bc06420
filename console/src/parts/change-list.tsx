import { createContext, use } from 'react'
import { useText } from '../i18n/locale.js'
import type { Change, FieldValue, PlanChangeView, Side } from '../api/types.js'
import { Icon } from './icon.js'
import { FieldText, useFieldName } from './field-value.js'

/** What a change does, in one sentence. */
export function useChangeText(): (change: Change) => string {
  const { events, common } = useText()
  return (change) => {
    const side = common.sides[change.side]
    switch (change.kind) {
      case 'create':
        return change.as === 'related' ? events.change.related : events.change.create(common.kinds[change.as], side)
      case 'patch':
        return events.change.patch(common.kinds[change.ref.kind], side)
      case 'step':
        return events.change.step(events.takes[change.take], side)
    }
  }
}

/** The currency of the deal on the page: a change of the amount alone does not carry it. */
export const DealCurrency = createContext<FieldValue | undefined>(undefined)

const SIGNS = { create: '+', patch: '~', step: '→' } as const
const isBookkeeping = (field: string): boolean => field.startsWith('(')

/** Changes field by field, with what is there now and what would be there after. */
export function ChangeList({ changes }: { readonly changes: readonly PlanChangeView[] }) {
  const { deal } = useText()
  const say = useChangeText()
  return (
    <ul className="changes">
      {changes.map((item, index) => (
        <li key={index} className="change">
          <p className="change__what">
            <span className={`change__sign change__sign--${item.kind}`} aria-hidden="true">
              {SIGNS[item.kind]}
            </span>
            <span className={`side-dot ${item.side}`} aria-hidden="true" />
            {say(item.change)}
            {item.irreversible && (
              <span className="change__door">
                <Icon name="lock" size={14} />
                {deal.irreversible}
              </span>
            )}
          </p>
          <Fields fields={item.fields.filter(({ field }) => !isBookkeeping(field))} side={item.side} />
        </li>
      ))}
    </ul>
  )
}

interface FieldsProps {
  readonly fields: readonly { readonly field: string; readonly before?: FieldValue | undefined; readonly after?: FieldValue | undefined }[]
  readonly side: Side
}
function Fields({ fields }: FieldsProps) {
  const nameOf = useFieldName()
  const ofDeal = use(DealCurrency)
  if (fields.length === 0) return null
  const currency = fields.find(({ field }) => field === 'details.currency')?.after ?? ofDeal
  return (
    <dl className="change__fields">
      {fields.map(({ field, before, after }) => (
        <div key={field}>
          <dt>{nameOf(field)}</dt>
          <dd>
            {before !== undefined && (
              <>
                <del>
                  <FieldText field={field} value={before} currency={currency} />
                </del>
                <Icon name="chevron" size={12} />
              </>
            )}
            <ins>
              <FieldText field={field} value={after} currency={currency} />
            </ins>
          </dd>
        </div>
      ))}
    </dl>
  )
}
