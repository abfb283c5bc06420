import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.js'
import { keys, useMay, useMe } from '../api/queries.js'
import type { Me, SessionView } from '../api/types.js'
import { useText } from '../i18n/locale.js'
import { Answer, Empty } from '../parts/answers.js'
import { Ask } from '../parts/ask.js'
import { Page, Panel } from '../parts/page.js'
import { Ago } from '../parts/time.js'
import { useWho } from '../parts/use-words.js'

const ROLES = ['viewer', 'operator', 'admin'] as const

/** Who is here, what roles mean, and which browser sessions are open. */
export function UsersPage() {
  const {
    settings: { users: text },
  } = useText()
  const me = useMe()
  return (
    <Page title={text.title} lead={text.lead}>
      <Answer query={me} rows={3}>
        {(mine) => <You me={mine} />}
      </Answer>
      <Panel title={text.roles}>
        <Roles mine={me.data?.role} />
        <p className="muted panel__foot">{text.from}</p>
      </Panel>
      <Sessions />
    </Page>
  )
}

function You({ me }: { readonly me: Me }) {
  const {
    settings: { users: text },
    common,
  } = useText()
  const who = useWho()
  const vias: Readonly<Record<string, string>> = text.via
  return (
    <Panel title={text.you}>
      <p>
        <strong>{who(me.name)}</strong> · {common.roles[me.role]} · <span className="muted">{vias[me.via] ?? me.via}</span>
      </p>
    </Panel>
  )
}

function Roles({ mine }: { readonly mine: Me['role'] | undefined }) {
  const {
    settings: { users: text },
    common,
  } = useText()
  return (
    <table className="table table--cards">
      <tbody>
        {ROLES.map((role) => (
          <tr key={role}>
            <td className="nowrap">
              <strong>{common.roles[role]}</strong>
              {role === mine && (
                <>
                  {' '}
                  <span className="chip">{text.you}</span>
                </>
              )}
            </td>
            <td>{text.may[role]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Sessions() {
  const {
    settings: { users: text },
    common,
  } = useText()
  const mayList = useMay('admin')
  const query = useQuery({ queryKey: keys.sessions, queryFn: ({ signal }) => api.sessions(signal), enabled: mayList })
  const [ending, setEnding] = useState<SessionView | null>(null)
  if (!mayList)
    return (
      <Panel title={text.sessions}>
        <Empty icon="lock" title={common.problems.forbidden} />
      </Panel>
    )
  return (
    <Panel title={text.sessions}>
      <Answer query={query} rows={3}>
        {({ sessions }) =>
          sessions.length === 0 ? <p className="muted">{text.noSessions}</p> : <SessionTable sessions={sessions} onEnd={setEnding} />
        }
      </Answer>
      {ending !== null && (
        <Ask
          title={text.endAsk(ending.name)}
          action={text.end}
          done={text.ended}
          onClose={() => setEnding(null)}
          act={() => api.endSession(ending.id)}
        >
          <p>{text.endExplain}</p>
        </Ask>
      )}
    </Panel>
  )
}

interface SessionTableProps {
  readonly sessions: readonly SessionView[]
  readonly onEnd: (session: SessionView) => void
}
function SessionTable({ sessions, onEnd }: SessionTableProps) {
  const {
    settings: { users: text },
    common,
  } = useText()
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={text.sessions}>
      <table className="table">
        <thead>
          <tr>
            <th>{text.columns.name}</th>
            <th>{text.columns.role}</th>
            <th>{text.columns.since}</th>
            <th>{text.columns.seen}</th>
            <th>
              <span className="visually-hidden">{text.end}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={session.id}>
              <td>{session.name}</td>
              <td>{common.roles[session.role]}</td>
              <td>
                <Ago at={session.createdAt} />
              </td>
              <td>
                <Ago at={session.lastSeenAt} />
              </td>
              <td className="num">
                <Button size="small" onClick={() => onEnd(session)}>
                  {text.end}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
