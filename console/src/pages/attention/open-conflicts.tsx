import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import { useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { PageLink } from '../../parts/links.js'

const shown = 20

/** Held fields of all deals, with what both sides say. */
export function OpenConflicts({ kind }: { readonly kind: 'conflict' | 'confirm' }) {
  const { attention, common, deals } = useText()
  const nameOf = useFieldName()
  const query = useQuery({ queryKey: keys.conflicts, queryFn: ({ signal }) => api.conflicts(signal) })
  return (
    <Answer query={query} rows={3}>
      {({ conflicts }) => (
        <div className="table-wrap" tabIndex={0} role="group" aria-label={attention.conflicts}>
          <table className="table">
            <thead>
              <tr>
                <th>{deals.columns.name}</th>
                <th>{common.actions.details}</th>
                <th>{common.sides.partner}</th>
                <th>{common.sides.crm}</th>
                <th>
                  <span className="visually-hidden">{attention.decide}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {conflicts
                .filter(({ conflict }) => (conflict.kind === 'confirm') === (kind === 'confirm'))
                .slice(0, shown)
                .map(({ deal, name, conflict }) => (
                  <tr key={`${deal} ${conflict.field}`}>
                    <td>{name ?? deals.unnamed}</td>
                    <td>{nameOf(conflict.field)}</td>
                    <td>
                      <FieldText field={conflict.field} value={conflict.saw.partner} />
                    </td>
                    <td>
                      <FieldText field={conflict.field} value={conflict.saw.crm} />
                    </td>
                    <td className="num">
                      <PageLink to="/deals/$deal" params={{ deal }} aria-label={`${attention.decide}: ${name ?? deal}`}>
                        {attention.decide}
                      </PageLink>
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
    </Answer>
  )
}
