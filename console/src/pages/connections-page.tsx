import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { api } from '../api/client.js'
import { keys, useMay } from '../api/queries.js'
import type { WebhookTest } from '../api/types.js'
import { useText } from '../i18n/locale.js'
import { Empty } from '../parts/answers.js'
import { Page } from '../parts/page.js'
import { Checks, useChecks } from './connections/checks.js'
import { ConnectionCards } from './connections/connection-cards.js'
import { DryRun, useDryRun } from './connections/dry-run.js'
import { Install } from './connections/install.js'
import { Steps } from './connections/steps.js'
import { Webhook } from './connections/webhook.js'
import '../styles/connections.css'

/** Both systems, the way in for events, and whether everything needed is in place; in the order in which one sets it up. */
export function ConnectionsPage() {
  const {
    settings: { connections: text },
    common,
  } = useText()
  const maySee = useMay('operator')
  const connections = useQuery({ queryKey: keys.connections, queryFn: ({ signal }) => api.connections(signal), enabled: maySee })
  const webhook = useQuery({ queryKey: keys.webhook, queryFn: ({ signal }) => api.webhook(signal), enabled: maySee })
  const install = useQuery({ queryKey: keys.installPlan, queryFn: ({ signal }) => api.installPlan(signal), enabled: maySee })
  const [test, setTest] = useState<WebhookTest | null>(null)
  const checks = useChecks()
  const dryRun = useDryRun()
  if (!maySee)
    return (
      <Page title={text.title} lead={text.lead}>
        <Empty icon="lock" title={common.problems.forbidden}>
          <p>{common.problems.forbiddenRemedy(common.roles.viewer)}</p>
        </Empty>
      </Page>
    )
  return (
    <Page title={text.title} lead={text.lead}>
      <Steps
        connections={connections.data?.connections}
        install={install.data}
        webhook={webhook.data}
        checks={checks.data?.checks}
        test={test}
        dryRun={dryRun.data}
      />
      <Place name="connections">
        <ConnectionCards query={connections} />
      </Place>
      <Place name="install">
        <Install query={install} />
      </Place>
      <Place name="events">
        <Webhook query={webhook} test={test} onTest={setTest} />
      </Place>
      <Place name="checks">
        <Checks query={checks} />
      </Place>
      <Place name="dry-run">
        <DryRun query={dryRun} />
      </Place>
    </Page>
  )
}

/** A part of the page that an address can lead to. */
const Place = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <div id={name} className="place">
    {children}
  </div>
)
