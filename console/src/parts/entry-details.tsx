import type { AuditEvent, Change, Projection } from '../api/types.js'
import { useText } from '../i18n/locale.js'
import { ChangeList } from './change-list.js'
import { WireCalls } from './wire-calls.js'
import { Sentence } from './sentence.js'

/** The values of a change beside what they replaced. */
const asView = (change: Change, before: Projection) => {
  const set = change.kind === 'create' ? change.deal : change.set
  const fields = Object.entries(set).map(([field, after]) => ({ field, before: before[field as keyof Projection], after })) // keys of a projection
  return { kind: change.kind, side: change.side, what: '', fields, irreversible: false, change }
}

/** What an entry holds beyond its sentence; null when the sentence says it all. */
export function EntryDetails({ event }: { readonly event: AuditEvent }) {
  switch (event.kind) {
    case 'wrote':
      return (
        <>
          <ChangeList changes={[asView(event.change, event.before)]} />
          <Facts requestId={event.requestId} remarks={event.remarks} remedy={null} />
          <WireCalls calls={event.calls} />
          <Raw event={event} />
        </>
      )
    case 'planned':
    case 'observed':
      return (
        <>
          <ChangeList changes={event.changes.map((change) => asView(change, {}))} />
          <Raw event={event} />
        </>
      )
    case 'found-written':
      return (
        <>
          <ChangeList changes={[asView(event.change, {})]} />
          <Raw event={event} />
        </>
      )
    case 'failed':
      return (
        <>
          <Facts requestId={event.requestId} remarks={[]} remedy={event.remedy} />
          {event.change !== null && <ChangeList changes={[asView(event.change, {})]} />}
          <WireCalls calls={event.calls} />
          <Raw event={event} />
        </>
      )
    default:
      return <Raw event={event} />
  }
}

function Facts({
  requestId,
  remarks,
  remedy,
}: {
  readonly requestId: string | null
  readonly remarks: readonly string[]
  readonly remedy: string | null
}) {
  const { events } = useText()
  if (requestId === null && remarks.length === 0 && remedy === null) return null
  return (
    <dl className="fact-list">
      {remedy !== null && (
        <>
          <dt>{events.remedy}</dt>
          <dd>
            <Sentence text={remedy} />
          </dd>
        </>
      )}
      {requestId !== null && (
        <>
          <dt>{events.requestId}</dt>
          <dd className="mono">{requestId}</dd>
        </>
      )}
      {remarks.length > 0 && (
        <>
          <dt>{events.remarks}</dt>
          <dd>
            <Sentence text={remarks.join(' ')} />
          </dd>
        </>
      )}
    </dl>
  )
}

function Raw({ event }: { readonly event: AuditEvent }) {
  const { deal } = useText()
  return (
    <details className="raw">
      <summary>{deal.timeline.raw}</summary>
      <pre className="code" tabIndex={0}>
        {JSON.stringify(event, null, 2)}
      </pre>
    </details>
  )
}
