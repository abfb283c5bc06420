import type { AuditRecord } from '../api/types.js'
import { useText } from '../i18n/locale.js'
import { EntryDetails } from './entry-details.js'
import { useEventText, useKindName } from './event-text.js'
import { Icon, type IconName } from './icon.js'
import { At } from './time.js'
import { useWho } from './use-words.js'

const ICONS: Readonly<Record<string, IconName>> = {
  hinted: 'bolt',
  planned: 'mapping',
  wrote: 'pencil',
  'found-written': 'search',
  failed: 'stop',
  conflict: 'attention',
  linked: 'connections',
  unlinked: 'unlinked',
  ordered: 'person',
  ran: 'runs',
  state: 'info',
  observed: 'info',
  setting: 'settings',
  agreed: 'check',
  forgotten: 'unlinked',
  moved: 'chevron',
}

/** What happened to a deal, newest first: event, decision, calls, result. */
export function Timeline({ records }: { readonly records: readonly AuditRecord[] }) {
  return (
    <ol className="timeline">
      {records.map((record) => (
        <Entry key={record.id} record={record} />
      ))}
    </ol>
  )
}

function Entry({ record }: { readonly record: AuditRecord }) {
  const { events } = useText()
  const who = useWho()
  const say = useEventText()
  const kindName = useKindName()
  const { event } = record
  const kind = event?.kind ?? 'erased'
  return (
    <li className={`entry entry--${kind}`}>
      <span className="entry__icon">
        <Icon name={ICONS[kind] ?? 'info'} size={16} />
      </span>
      {event === null ? (
        <p className="muted">{events.erased}</p>
      ) : (
        <details className="entry__more">
          <summary>
            <span className="entry__kind">{kindName(kind)}</span>
            <span className="entry__text">{say(event)}</span>
            <span className="entry__when">
              <At at={record.at} /> · {events.by(who(record.by))}
            </span>
          </summary>
          <div className="entry__details">
            <EntryDetails event={event} />
          </div>
        </details>
      )}
    </li>
  )
}
