import { Button, Select, Switch } from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.js'
import { inboundReferral, newOpportunity, setOutage } from '../api/desk.js'
import { keys } from '../api/queries.js'
import type { DealRow } from '../api/types.js'
import { useText } from '../i18n/locale.js'
import { Icon } from '../parts/icon.js'
import { PageLink } from '../parts/links.js'
import { Page } from '../parts/page.js'
import { StateBadge } from '../parts/state-badge.js'
import { useSay } from '../parts/use-say.js'
import { CrmPane } from './sandbox/crm-pane.js'
import { PartnerPane } from './sandbox/partner-pane.js'
import { Travel } from './sandbox/travel.js'
import { useCards, type Chosen } from './sandbox/use-cards.js'
import '../styles/sandbox.css'

const route = getRouteApi('/inside/sandbox')
const listed = 300

/** Both simulated systems side by side, in the demo: whoever changes one sees it arrive in the other. */
export function SandboxPage() {
  const { sandbox } = useText()
  const { deal } = route.useSearch()
  const list = useQuery({
    queryKey: [...keys.deals, 'sandbox'],
    queryFn: ({ signal }) => api.deals({}, { limit: listed, after: null, signal }),
  })
  const rows = list.data?.deals ?? []
  const wanted = deal ?? rows.find(({ state, status }) => state === 'in-sync' && status === 'Active')?.id
  return (
    <Page title={sandbox.title} lead={sandbox.lead} actions={<Weather />}>
      <div className="sandbox-bar">
        <Choose rows={rows} chosen={wanted} />
        <Newcomers />
      </div>
      {wanted !== undefined && <Stage key={wanted} wanted={wanted} />}
    </Page>
  )
}

function Stage({ wanted }: { readonly wanted: string }) {
  const { sandbox, common } = useText()
  const row = useQuery({
    queryKey: [...keys.deal(wanted), 'agreed'],
    queryFn: ({ signal }) => api.deal(wanted, false, signal),
    // A deal that was made a moment ago is not yet known here: asked for again until it is.
    refetchInterval: 1_000,
    retry: false,
  })
  const chosen: Chosen = row.data === undefined ? { referralId: null, crmId: wanted, table: 'opportunity' } : chosenOf(row.data, wanted)
  const cards = useCards(chosen)
  return (
    <>
      <div className="sandbox-status">
        <Travel cards={cards} />
        {row.data !== undefined && (
          <>
            <StateBadge state={row.data.state} />
            <PageLink to="/deals/$deal" params={{ deal: row.data.id }}>
              {sandbox.console}
            </PageLink>
          </>
        )}
        {row.isError && <span className="muted">{common.states.pending}</span>}
      </div>
      <div className="sandbox-panes">
        <CrmPane cards={cards} />
        <PartnerPane cards={cards} />
      </div>
    </>
  )
}

const chosenOf = (row: DealRow, wanted: string): Chosen => ({
  referralId: row.referralId ?? (row.crmId === null ? wanted : null),
  crmId: row.crmId,
  table: row.crmEntity === 'lead' ? 'lead' : 'opportunity',
})

function Choose({ rows, chosen }: { readonly rows: readonly DealRow[]; readonly chosen: string | undefined }) {
  const { sandbox, deals } = useText()
  const navigate = route.useNavigate()
  const known = rows.find(({ id, referralId, crmId }) => [id, referralId, crmId].includes(chosen ?? ''))
  return (
    <label className="sandbox-bar__choose">
      <span>{sandbox.deal}</span>
      <Select value={known?.id ?? ''} onChange={(_, { value }) => void navigate({ search: { deal: value } })}>
        {known === undefined && <option value="">{sandbox.choose}</option>}
        {rows.map((row) => (
          <option key={row.id} value={row.id}>
            {row.name ?? deals.unnamed}
          </option>
        ))}
      </Select>
    </label>
  )
}

function Newcomers() {
  const { sandbox } = useText()
  const navigate = route.useNavigate()
  const client = useQueryClient()
  const say = useSay()
  const making = useMutation({
    mutationFn: (kind: 'coSell' | 'qualifiedLead' | 'crm') =>
      kind === 'crm' ? newOpportunity('Wide World Importers') : inboundReferral(kind),
    onSuccess: async (deal) => {
      await navigate({ search: { deal } })
      await client.invalidateQueries({ queryKey: keys.deals })
    },
    onError: say.failed,
  })
  return (
    <div className="row">
      <Button icon={<Icon name="plus" size={16} />} disabled={making.isPending} onClick={() => making.mutate('coSell')}>
        {sandbox.newFromMicrosoft}
      </Button>
      <Button icon={<Icon name="plus" size={16} />} disabled={making.isPending} onClick={() => making.mutate('qualifiedLead')}>
        {sandbox.newLead}
      </Button>
      <Button icon={<Icon name="plus" size={16} />} disabled={making.isPending} onClick={() => making.mutate('crm')}>
        {sandbox.newInCrm}
      </Button>
    </div>
  )
}

function Weather() {
  const { sandbox } = useText()
  const say = useSay()
  const [down, setDown] = useState({ partnerCenter: false, crm: false })
  const toggle = (system: 'partnerCenter' | 'crm', isDown: boolean): void => {
    setOutage(system, isDown).then(() => setDown((all) => ({ ...all, [system]: isDown })), say.failed)
  }
  return (
    <div className="row" role="group" aria-label={sandbox.weather}>
      <Switch label={sandbox.outage} checked={down.partnerCenter} onChange={(_, { checked }) => toggle('partnerCenter', checked)} />
      <Switch label={sandbox.crmOutage} checked={down.crm} onChange={(_, { checked }) => toggle('crm', checked)} />
    </div>
  )
}
