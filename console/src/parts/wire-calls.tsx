import type { AuditEvent } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Sentence } from './sentence.js'

type WireCall = Extract<AuditEvent, { kind: 'wrote' }>['calls'][number]

/** Bodies are JSON as a rule; anything else, or what was cut off, is shown as it went over the wire. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}

/** The very requests and answers behind a write. Headers, and with them every secret, are never recorded. */
export function WireCalls({ calls }: { readonly calls: readonly WireCall[] | undefined }) {
  const { events } = useText()
  if (calls === undefined || calls.length === 0) return null
  return (
    <section className="wire" aria-label={events.wire.title}>
      <h4>{events.wire.title}</h4>
      {calls.map((call, index) => (
        <Call key={index} call={call} />
      ))}
    </section>
  )
}

function Call({ call }: { readonly call: WireCall }) {
  const {
    events: { wire: text, requestId },
    common,
  } = useText()
  const format = useFormat()
  const failed = call.status === null || call.status >= 400
  return (
    <details className="wire__call">
      <summary>
        <code className="wire__what">
          {call.method} {call.path}
        </code>
        <span className={failed ? 'wire__status wire__status--failed' : 'wire__status'}>{call.status ?? text.noAnswer}</span>
        <span className="muted nowrap">
          <Sentence text={call.system} /> · {format.duration(call.ms)}
        </span>
      </summary>
      {call.requestId !== null && (
        <p className="muted">
          {requestId}
          {common.marks.colon}
          <span className="mono">{call.requestId}</span>
        </p>
      )}
      <Body title={text.asked} body={call.asked} />
      <Body title={text.answered} body={call.answered} />
    </details>
  )
}

function Body({ title, body }: { readonly title: string; readonly body: string | null }) {
  const { common } = useText()
  return (
    <div>
      <p className="muted">{title}</p>
      {body === null || body === '' ? (
        <p className="value value--nothing">{common.words.empty}</p>
      ) : (
        <pre className="code" tabIndex={0}>
          {readable(body)}
        </pre>
      )}
    </div>
  )
}
