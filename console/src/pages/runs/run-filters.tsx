import { Button, Field, Select } from '@fluentui/react-components'
import { getRouteApi } from '@tanstack/react-router'
import { AUDIT_SPANS, OUTCOMES } from '../../app/search.js'
import { useText } from '../../i18n/locale.js'
import { Typed } from '../../parts/typed.js'

const route = getRouteApi('/inside/runs')

/** What is looked at stands in the address. */
export function RunFilters() {
  const { runs, deals, audit } = useText()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const change = (part: Readonly<Record<string, string | true | undefined>>): void => {
    const next = Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value !== undefined && value !== ''))
    void navigate({ search: next, replace: true })
  }
  const outcome = search.failed === true ? 'failed' : (search.outcome ?? '')
  return (
    <div className="filters filters--labelled panel__filters" role="search">
      <Field label={runs.columns.outcome}>
        <Select
          value={outcome}
          onChange={(_, { value }) =>
            change({ failed: value === 'failed' ? true : undefined, outcome: value === 'failed' ? undefined : value })
          }
        >
          <option value="">{deals.all}</option>
          <option value="failed">{runs.failedOnly}</option>
          {OUTCOMES.map((each) => (
            <option key={each} value={each}>
              {runs.outcomes[each]}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={audit.span}>
        <Select value={search.span ?? 'all'} onChange={(_, { value }) => change({ span: value === 'all' ? undefined : value })}>
          {AUDIT_SPANS.map((span) => (
            <option key={span} value={span}>
              {audit.spans[span]}
            </option>
          ))}
        </Select>
      </Field>
      <Typed label={runs.columns.deal} placeholder={audit.dealHint} value={search.deal ?? ''} onChange={(deal) => change({ deal })} />
      {Object.keys(search).length > 0 && (
        <Button appearance="subtle" onClick={() => void navigate({ search: {} })}>
          {deals.clear}
        </Button>
      )}
    </div>
  )
}
