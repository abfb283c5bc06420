import { Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.js'
import { keys, useMay } from '../api/queries.js'
import { useText } from '../i18n/locale.js'
import { Answer } from '../parts/answers.js'
import { Page } from '../parts/page.js'
import { MappingSection } from './mapping/mapping-section.js'
import { TryOut } from './mapping/try-out.js'
import { Versions } from './mapping/versions.js'
import '../styles/deal.css'
import '../styles/connections.css'
import '../styles/mapping.css'

const TABS = ['opportunity', 'lead', 'try', 'versions'] as const

/** Which field of a deal is kept where in the CRM, by which rules, and what a change of them would do. */
export function MappingPage() {
  const {
    settings: { mapping: text },
  } = useText()
  const query = useQuery({ queryKey: keys.mapping, queryFn: ({ signal }) => api.mapping(signal) })
  const [tab, setTab] = useState<(typeof TABS)[number]>('opportunity')
  const mayTry = useMay('operator')
  return (
    <Page
      title={text.title}
      lead={
        <>
          {text.lead} {text.editHint}
        </>
      }
    >
      <TabList className="tabs" selectedValue={tab} onTabSelect={(_, { value }) => setTab(TABS.find((each) => each === value) ?? 'opportunity')}>
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
