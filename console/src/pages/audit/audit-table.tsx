import { useState } from 'react'
import { Button } from '@fluentui/react-components'
import type { AuditLine } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { EntryDetails } from '../../parts/entry-details.js'
import { useEventText, useKindName } from '../../parts/event-text.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { At } from '../../parts/time.js'
import { useWho } from '../../parts/use-words.js'

export function AuditTable({ records }: { readonly records: readonly AuditLine[] }) {
  const {
    audit: { columns, title },
    common,
  } = useText()
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={title}>
      <table className="table table--cards audit">
        <thead>
          <tr>
            <th>{columns.at}</th>
            <th>{columns.who}</th>
            <th>{columns.what}</th>
            <th>{columns.detail}</th>
            <th>{columns.deal}</th>
            <th>
              <span className="visually-hidden">{common.actions.details}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <Row key={record.id} record={record} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ record }: { readonly record: AuditLine }) {
  const { audit, events, common } = useText()
  const say = useEventText()
  const kindName = useKindName()
  const [open, setOpen] = useState(false)
  const who = useWho()
  const { event, link } = record
  return (
    <>
      <tr>
        <td className="nowrap">
          <At at={record.at} />
        </td>
        <td className="nowrap" data-head={audit.columns.who}>{who(record.by)}</td>
        <td className="nowrap">
          <strong>{event === null ? '–' : kindName(event.kind)}</strong>
        </td>
        <td className="audit__text">{event === null ? events.erased : say(event)}</td>
        <td data-head={audit.columns.deal}>
          {link === null ? (
            <span className="muted">{audit.installation}</span>
          ) : (
            <PageLink to="/deals/$deal" params={{ deal: link }}>
              {record.name ?? link.slice(0, 8)}
            </PageLink>
          )}
        </td>
        <td className="num">
          {event !== null && (
            <Button
              size="small"
              appearance="subtle"
              aria-expanded={open}
              aria-label={`${common.actions.details} ${record.id}`}
              icon={
                <span className={open ? 'turned' : ''}>
                  <Icon name="chevron" size={14} />
                </span>
              }
              onClick={() => setOpen(!open)}
            />
          )}
        </td>
      </tr>
      {open && event !== null && (
        <tr className="audit__open">
          <td colSpan={6}>
            <div className="entry__details">
              <EntryDetails event={event} />
              <p className="mono muted">{record.hash}</p>
            </div>
          </td>
        </tr>
      )}
    </>
  )
}
