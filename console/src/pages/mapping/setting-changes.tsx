import type { SettingsSummary } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { useFieldName } from '../../parts/field-value.js'

/** What differs between two versions, setting by setting, with what stood there and what stands there now. */
export function SettingChanges({ changes }: { readonly changes: SettingsSummary['changes'] }) {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const nameOf = useFieldName()
  if (changes.length === 0) return <p className="muted">{text.same}</p>
  return (
    <dl className="setting-changes">
      {changes.map(({ path, before, after }) => {
        const field = /^mapping\.(?:opportunity|lead)\.(.+)$/.exec(path)?.[1]
        return (
          <div key={path}>
            <dt>
              {field !== undefined && <strong>{nameOf(field)} </strong>}
              <code className="muted">{path}</code>
            </dt>
            {before !== null && (
              <dd className="setting-changes__before">
                <span aria-label={text.before}>−</span> <code>{before}</code>
              </dd>
            )}
            {after !== null && (
              <dd className="setting-changes__after">
                <span aria-label={text.after}>+</span> <code>{after}</code>
              </dd>
            )}
          </div>
        )
      })}
    </dl>
  )
}
