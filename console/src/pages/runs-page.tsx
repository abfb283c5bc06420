import { Button, Tab, TabList } from '@fluentui/react-components'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay, useOverview } from '../api/queries.js'
import { useFormat, useText } from '../i18n/locale.js'
import { BulkHost } from '../parts/bulk-dialog.js'
import { Icon } from '../parts/icon.js'
import { Page, Panel } from '../parts/page.js'
import { DeadLetters } from './runs/dead-letters.js'
import { Flows } from './runs/flows.js'
import { RetryAll } from './runs/retry-all.js'
import { RunFilters } from './runs/run-filters.js'
import { RunList } from './runs/run-list.js'
import '../styles/runs.css'

const route = getRouteApi('/inside/runs')

/** The switches of both ways, every pass over a deal, and what was given up. */
export function RunsPage() {
  const { runs } = useText()
  const format = useFormat()
  const { tab } = route.useSearch()
  const navigate = route.useNavigate()
  const [asking, setAsking] = useState(false)
  const mayRetry = useMay('operator')
  const stopped = useOverview().data?.states.stopped ?? null
  return (
    <Page
      title={runs.title}
      lead={runs.lead}
      actions={
        mayRetry && (
          <Button icon={<Icon name="runs" size={16} />} onClick={() => setAsking(true)}>
            {runs.retryAll}
          </Button>
        )
      }
    >
      <Flows />
      <TabList
        className="tabs"
        selectedValue={tab ?? 'runs'}
        onTabSelect={(_, { value }) => void navigate({ search: value === 'dead' ? { tab: 'dead' } : {}, replace: true })}
      >
        <Tab value="runs">{runs.list}</Tab>
        <Tab value="dead">{runs.dead.title(stopped === null ? null : format.number(stopped))}</Tab>
      </TabList>
      <BulkHost>
        {tab === 'dead' ? (
          <DeadLetters />
        ) : (
          <Panel kind="flush">
            <RunFilters />
            <RunList />
          </Panel>
        )}
      </BulkHost>
      {asking && <RetryAll onClose={() => setAsking(false)} />}
    </Page>
  )
}
