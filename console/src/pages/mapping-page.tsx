import { Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { api } from '../api/client.js'
import { keys, useMay } from '../api/queries.js'
import { MAPPING_TABS } from '../app/search.js'
import { useText } from '../i18n/locale.js'
import { Answer } from '../parts/answers.js'
import { Page } from '../parts/page.js'
import { ChangedColumns } from './mapping/changed-columns.js'
import { MappingSection } from './mapping/mapping-section.js'
import { TryOut } from './mapping/try-out.js'
import { Versions } from './mapping/versions.js'
import '../styles/deal.css'
import '../styles/connections.css'
import '../styles/mapping.css'

const route = getRouteApi('/inside/mapping')

/** Which field of a deal is kept where in the CRM, by which rules, and what a change of them would do. */
export function MappingPage() {
  const {
    settings: { mapping: text },
    common,
  } = useText()
  const query = useQuery({ queryKey: keys.mapping, queryFn: ({ signal }) => api.mapping(signal) })
  const asked = route.useSearch().tab ?? 'opportunity'
  const navigate = route.useNavigate()
  const mayTry = useMay('operator')
  const tab = asked === 'try' && !mayTry ? 'opportunity' : asked
  return (
    <Page
      title={text.title}
      lead={
        <>
          {text.lead}
          {common.marks.gap}
          {text.editHint}
        </>
      }
    >
      <ChangedColumns />
      <TabList
        className="tabs"
        selectedValue={tab}
        onTabSelect={(_, { value }) => void navigate({ search: { tab: MAPPING_TABS.find((each) => each === value) ?? 'opportunity' }, replace: true })}
      >
        <Tab value="opportunity">{text.kinds.opportunity}</Tab>
        <Tab value="lead">{text.kinds.lead}</Tab>
        {mayTry && <Tab value="try">{text.tryOut.tab}</Tab>}
        <Tab value="versions">{text.versions.tab}</Tab>
      </TabList>
      {tab === 'versions' ? (
        <Versions />
      ) : (
        <Answer query={query} rows={12}>
          {(view) => (tab === 'try' ? <TryOut crm={view.crm} /> : <MappingSection key={tab} view={view} kind={tab} />)}
        </Answer>
      )}
    </Page>
  )
}
