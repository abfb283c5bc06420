import type { FieldValue, MappingTrial } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { FieldText, useFieldName } from '../../parts/field-value.js'
import { Sentence } from '../../parts/sentence.js'

type Row = MappingTrial['rows'][number]
/** Rows of which neither side shows anything say nothing about the mapping. */
const says = ({ partner, crm, problem }: Row): boolean => problem !== null || [partner, crm].some((value) => value !== null && value !== '')

/** Both directions, row by row: what the CRM would hold for Partner Center's value, and what Partner Center would show for the CRM's. */
export function TrialTable({ rows }: { readonly rows: MappingTrial['rows'] }) {
  const {
    settings: {
      mapping: {
        tryOut: { rows: title, columns },
      },
    },
  } = useText()
  const nameOf = useFieldName()
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={title}>
      <table className="table table--cards trial">
        <thead>
          <tr>
            <th>{columns.field}</th>
            <th>{columns.partner}</th>
            <th>{columns.toCrm}</th>
            <th>{columns.crm}</th>
            <th>{columns.toPartner}</th>
          </tr>
        </thead>
        <tbody>
          {rows.filter(says).map((row) => (
            <tr key={row.field}>
              <td>
                <strong>{nameOf(row.field)}</strong>
                {row.row !== null && (
                  <>
                    <br />
                    <code className="muted">{row.row.crm}</code>
                  </>
                )}
                {row.problem !== null && (
                  <p className="trial__problem">
                    <Sentence text={row.problem} />
                  </p>
                )}
              </td>
              <Value head={columns.partner} field={row.field} value={row.toCrm.before} />
              <Held head={columns.toCrm} value={row.toCrm.after} />
              <Value head={columns.crm} field={row.field} value={row.toPartner.before} />
              <Value head={columns.toPartner} field={row.field} value={row.toPartner.after} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ head, field, value }: { readonly head: string; readonly field: string; readonly value: unknown }) {
  return (
    <td data-head={head}>
      <FieldText field={field} value={value as FieldValue} /> {/* a value of the field, as the deal page shows it; the API leaves its shape open */}
    </td>
  )
}

/** What the column itself would hold: a code, an id or a text of the CRM's own. */
function Held({ head, value }: { readonly head: string; readonly value: unknown }) {
  const { common } = useText()
  return (
    <td data-head={head}>
      {value === null || value === undefined || value === '' ? (
        <span className="value value--nothing">{common.words.empty}</span>
      ) : (
        <code>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</code>
      )}
    </td>
  )
}
