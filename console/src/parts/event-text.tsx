import type { AuditEvent } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { useChangeText } from './change-list.js'
import { useFieldName } from './field-value.js'
import { useBecause } from './use-words.js'
import { useSentence } from './sentence.js'

/** What happened, in one sentence, for each kind of entry in the ledger. */
export function useEventText(): (event: AuditEvent) => string {
  const { events, common, words } = useText()
  const because = useBecause()
  const format = useFormat()
  const say = useChangeText()
  const nameOf = useFieldName()
  const sentence = useSentence()
  return (event) => {
    switch (event.kind) {
      case 'hinted':
        return events.hinted(because(event.name), words.sources[event.source] ?? event.source)
      case 'planned':
        return events.planned(format.number(event.changes.length))
      case 'wrote':
        return events.wrote(say(event.change))
      case 'found-written':
        return events.foundWritten(say(event.change))
      case 'failed':
        return events.failed(sentence(event.message))
      case 'conflict':
        return events.conflict(nameOf(event.conflict.field))
      case 'agreed':
        return events.agreed([...new Set([...Object.keys(event.partner), ...Object.keys(event.crm)])].map(nameOf).join(', '))
      case 'forgotten':
        return events.forgotten
      case 'linked':
        return events.linked(words.how[event.how] ?? sentence(event.how))
      case 'unlinked':
        return events.unlinked(words.how[event.how] ?? sentence(event.how))
      case 'moved':
        return events.moved
      case 'state': {
        const states: Readonly<Record<string, string>> = common.states
        return events.state(states[event.state] ?? event.state)
      }
      case 'ordered': {
        const takes: Readonly<Record<string, string>> = events.takes
        return events.ordered([takes[event.what] ?? event.what, event.detail].filter((part) => part !== null).join(' · '))
      }
      case 'observed':
        return events.observed(format.number(event.changes.length))
      case 'ran':
        return events.ran(because(event.because), format.duration(event.ms))
      case 'setting':
        return events.setting(sentence(event.name), sentence(event.detail))
    }
  }
}

/** The name of a kind of entry; a kind that a newer service knows is shown as it is. */
export function useKindName(): (kind: string) => string {
  const { events } = useText()
  const kinds: Readonly<Record<string, string>> = events.kinds
  return (kind) => kinds[kind] ?? kind
}
