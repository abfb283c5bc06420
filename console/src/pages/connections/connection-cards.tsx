import { Button } from '@fluentui/react-components'
import { useMutation, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { ConnectionView, QuotaView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { Sentence } from '../../parts/sentence.js'
import { Ago } from '../../parts/time.js'
import { useSay } from '../../parts/use-say.js'
import { DeviceSignIn } from './device-sign-in.js'

const ICONS = { connected: 'check', reauthorize: 'attention', disconnected: 'stop' } as const
const PARTNER_CENTER = 'Partner Center' // As the service names it in its messages.

type Connections = UseQueryResult<{ connections: ConnectionView[] }>

export function ConnectionCards({ query }: { readonly query: Connections }) {
  const activity = useQuery({ queryKey: keys.activity, queryFn: ({ signal }) => api.activity(signal) })
  const quotaOf = (system: ConnectionView['system']): QuotaView | undefined =>
    activity.data?.quotas.find((quota) => (quota.system === PARTNER_CENTER) === (system === 'partner-center'))
  return (
    <Answer query={query} rows={5}>
      {({ connections }) => (
        <div className="connection-cards">
          {connections.map((connection) => (
            <Card key={connection.system} connection={connection} quota={quotaOf(connection.system)} query={query} />
          ))}
        </div>
      )}
    </Answer>
  )
}

interface CardProps {
  readonly connection: ConnectionView
  readonly quota: QuotaView | undefined
  readonly query: Connections
}
function Card({ connection, quota, query }: CardProps) {
  const {
    settings: { connections: text },
    common,
  } = useText()
  const { state, detail, remedy, system } = connection
  return (
    <Panel
      title={common.sides[system === 'crm' ? 'crm' : 'partner']}
      aside={
        <span className={`connection connection--${state}`}>
          <Icon name={ICONS[state]} size={14} />
          {text.states[state]}
        </span>
      }
    >
      <Facts connection={connection} quota={quota} />
      {(state !== 'connected' || remedy !== null) && (
        <p className="connection__detail">
          <Sentence text={detail} />
          {remedy !== null && (
            <strong>
              {' '}
              <Sentence text={remedy} />
            </strong>
          )}
        </p>
      )}
      <div className="row">
        <TestConnection query={query} />
        {system === 'partner-center' && <SignIn state={state} />}
      </div>
    </Panel>
  )
}

/** Signs in with what is kept and reads a little; nothing is written. */
function TestConnection({ query }: { readonly query: Connections }) {
  const {
    settings: { connections: text },
    common,
  } = useText()
  return (
    <>
      <Button icon={<Icon name="runs" size={16} />} disabled={query.isFetching} onClick={() => void query.refetch()}>
        {query.isFetching ? text.testing : text.test}
      </Button>
      <span className="muted" role="status">
        {!query.isFetching && query.dataUpdatedAt > 0 && (
          <>
            {text.tested}
            {common.marks.gap}
            <Ago at={query.dataUpdatedAt} />
          </>
        )}
      </span>
    </>
  )
}

/** A code for another screen, or this browser. */
function SignIn({ state }: { readonly state: ConnectionView['state'] }) {
  const {
    settings: { connections: text },
  } = useText()
  const say = useSay()
  const [withCode, setWithCode] = useState(false)
  const here = useMutation({
    mutationFn: () => api.beginBrowserSignIn(),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: say.failed,
  })
  if (!useMay('admin')) return null
  return (
    <>
      <Button
        appearance={state === 'connected' ? 'secondary' : 'primary'}
        icon={<Icon name="person" size={16} />}
        disabled={here.isPending}
        onClick={() => here.mutate()}
      >
        {text.signInHere}
      </Button>
      <Button onClick={() => setWithCode(true)}>{text.signIn}</Button>
      {withCode && <DeviceSignIn onClose={() => setWithCode(false)} />}
    </>
  )
}

function Facts({ connection, quota }: { readonly connection: ConnectionView; readonly quota: QuotaView | undefined }) {
  const {
    settings: { connections: text },
  } = useText()
  const format = useFormat()
  const { account, tenant, tokenUntil, signInUntil, owner, role } = connection
  const error = quota?.lastError ?? null
  const rows: readonly (readonly [string, ReactNode])[] = [
    [text.address, connection.system === 'crm' ? <code key="address">{connection.name}</code> : null],
    [text.account, account],
    [text.role, role === null ? null : <RoleText key="role" role={role} />],
    [
      text.owner,
      owner === null ? (
        <span className="muted">{text.ownerFile}</span>
      ) : (
        <>
          {owner.by} · <Ago at={owner.at} />
        </>
      ),
    ],
    [text.tenant, tenant],
    [
      text.tokenUntil,
      tokenUntil === null ? null : (
        <>
          {format.dateTime(tokenUntil)} <span className="muted">({text.renewed})</span>
        </>
      ),
    ],
    [text.signInUntil, signInUntil === null ? null : format.day(signInUntil)],
    [
      text.lastError,
      error === null ? (
        <span className="muted">{text.noError}</span>
      ) : (
        <>
          <span className="connection__error">{error.status ?? text.noAnswer}</span> <code>{error.call}</code> · <Ago at={error.at} />
        </>
      ),
    ],
  ]
  return (
    <dl className="fact-list">
      {rows.map(
        ([name, value]) =>
          value !== null && (
            <div key={name} className="fact-list__row">
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

function RoleText({ role: { status, text } }: { readonly role: NonNullable<ConnectionView['role']> }) {
  return (
    <span className={status === 'pass' ? '' : 'connection__error'}>
      <Sentence text={text} />
    </span>
  )
}
