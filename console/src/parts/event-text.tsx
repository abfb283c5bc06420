import type { AuditEvent } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { useChangeText } from './change-list.js'
import { useFieldName } from './field-value.js'
import { useBecause } from './use-words.js'
import { useSentence } from './sentence.js'

const namesMost = 6 // A first agreement is about every field of the deal; the entry itself has them all.
const kept = /^keep (\w+)$/
const dropped = /^(\w+) was dropped$/ // As the service records an order that the referral did not allow.

/** What happened, in one sentence, for each kind of entry in the ledger. */
export function useEventText(): (event: AuditEvent) => string {
  const { events, common, words, reasons } = useText()
  const ordered = useOrderText()
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
      case 'agreed': {
        const names = [...new Set([...Object.keys(event.partner), ...Object.keys(event.crm)])].map(nameOf)
        const [few, rest] = names.length > namesMost + 1 ? [names.slice(0, namesMost), names.length - namesMost] : [names, 0]
        return events.agreed(few.join(common.marks.comma), rest === 0 ? null : format.number(rest))
      }
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
        const now = states[event.state] ?? event.state
        return events.state(event.reason === null ? now : `${now} · ${reasons[event.reason.code].name}`)
      }
      case 'ordered':
        return ordered(event)
      case 'observed':
        return events.observed(format.number(event.changes.length))
      case 'ran':
        return events.ran(because(event.because), format.duration(event.ms))
      case 'setting':
        return events.setting(sentence(event.name), sentence(event.detail))
    }
  }
}

/** What a person asked for: a step, a decision, or that the deal is left alone. */
function useOrderText(): (event: Extract<AuditEvent, { readonly kind: 'ordered' }>) => string {
  const { events, common, deal } = useText()
  const nameOf = useFieldName()
  const sentence = useSentence()
  const names: Readonly<Record<string, string>> = { ...deal.actions, retry: common.actions.retry, ...events.takes }
  return ({ what, detail }) => {
    const [, undone] = dropped.exec(what) ?? []
    if (undone !== undefined) return events.notDone(names[undone] ?? undone, sentence(detail ?? ''))
    const [, side] = kept.exec(what) ?? []
    if (side === 'partner' || side === 'crm') return events.decided(deal.conflicts.keep(common.sides[side]), nameOf(detail ?? ''))
    return events.ordered([names[what] ?? what, detail].filter((part) => part !== null).join(' · '))
  }
}

/** The name of a kind of entry; a kind that a newer service knows is shown as it is. */
export function useKindName(): (kind: string) => string {
  const { events } = useText()
  const kinds: Readonly<Record<string, string>> = events.kinds
  return (kind) => kinds[kind] ?? kind
}
