import { Button } from '@fluentui/react-components'
import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import { useMay } from '../../api/queries.js'
import type { ConnectionView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { DeviceSignIn } from './device-sign-in.js'

const ICONS = { connected: 'check', reauthorize: 'attention', disconnected: 'stop' } as const

export function ConnectionCards({ query }: { readonly query: UseQueryResult<{ connections: ConnectionView[] }> }) {
  return (
    <Answer query={query} rows={5}>
      {({ connections }) => (
        <div className="connection-cards">
          {connections.map((connection) => (
            <Card key={connection.system} connection={connection} />
          ))}
        </div>
      )}
    </Answer>
  )
}

function Card({ connection }: { readonly connection: ConnectionView }) {
  const {
    settings: { connections: text },
    common,
  } = useText()
  const [signingIn, setSigningIn] = useState(false)
  const maySignIn = useMay('admin')
  const { name, state, detail, remedy } = connection
  return (
    <Panel
      title={connection.system === 'crm' ? common.sides.crm : name}
      aside={
        <span className={`connection connection--${state}`}>
          <Icon name={ICONS[state]} size={14} />
          {text.states[state]}
        </span>
      }
    >
      <Facts connection={connection} />
      <p className="connection__detail" lang="en">
        {detail}
        {remedy !== null && <strong> {remedy}</strong>}
      </p>
      {connection.system === 'partner-center' && maySignIn && (
        <Button
          appearance={state === 'connected' ? 'secondary' : 'primary'}
          icon={<Icon name="person" size={16} />}
          onClick={() => setSigningIn(true)}
        >
          {text.signIn}
        </Button>
      )}
      {signingIn && <DeviceSignIn onClose={() => setSigningIn(false)} />}
    </Panel>
  )
}

function Facts({ connection: { account, tenant, tokenUntil, signInUntil } }: { readonly connection: ConnectionView }) {
  const {
    settings: { connections: text },
  } = useText()
  const format = useFormat()
  return (
    <dl className="fact-list">
      {account !== null && (
        <>
          <dt>{text.account}</dt>
          <dd>{account}</dd>
        </>
      )}
      {tenant !== null && (
        <>
          <dt>{text.tenant}</dt>
          <dd>{tenant}</dd>
        </>
      )}
      {tokenUntil !== null && (
        <>
          <dt>{text.tokenUntil}</dt>
          <dd>
            {format.dateTime(tokenUntil)} <span className="muted">({text.renewed})</span>
          </dd>
        </>
      )}
      {signInUntil !== null && (
        <>
          <dt>{text.signInUntil}</dt>
          <dd>{format.day(signInUntil)}</dd>
        </>
      )}
    </dl>
  )
}
