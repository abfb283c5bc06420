import type { AuditEvent } from '../core/audit.js'
import type { Change } from '../core/change.js'
import { shown } from './print.js'

/** What an entry of the ledger says, in one line for people. The whole of it stands in `--json`, `--format` and the console. */
export function auditText(event: AuditEvent | null): string {
  if (event === null) return 'The content was erased; the chain still proves that it was there.'
  switch (event.kind) {
    case 'hinted':
      return `${event.name} (from ${event.source})${event.ref === null ? '' : `: ${event.ref.kind} ${event.ref.id}`}`
    case 'planned':
      return `${counted(event.changes.length, 'change')} planned: ${event.verdict}`
    case 'wrote':
      return [changeText(event.change, event.before), event.remarks.join(' ')].filter((part) => part !== '').join('. ')
    case 'found-written':
      return `${changeText(event.change)} had arrived although its answer was lost`
    case 'failed':
      return `${event.change === null ? '' : `${changeText(event.change)}: `}${event.message} ${event.remedy}`
    case 'conflict':
      return `${event.conflict.field} differs: ${shown(event.conflict.saw.partner)} | ${shown(event.conflict.saw.crm)}. ${event.conflict.reason}`
    case 'agreed': {
      const fields = [...new Set([...Object.keys(event.partner), ...Object.keys(event.crm)])]
      return fields.length === 0 ? 'Both sides agree' : `Both sides agree on ${fields.join(', ')}`
    }
    case 'forgotten':
      return 'Nothing is agreed on any more; the two records meet anew'
    case 'linked':
      return `The two records were linked: ${event.how}`
    case 'unlinked':
      return `The link was ended: ${event.how}`
    case 'moved':
      return `${event.from.kind} ${event.from.id} became ${event.to.kind} ${event.to.id}`
    case 'state':
      return `Now ${event.state}${event.reason === null ? '' : `: ${event.reason.text}`}`
    case 'ordered':
      return `Asked for: ${event.what}${event.detail === null ? '' : ` (${event.detail})`}`
    case 'observed':
      return `${counted(event.changes.length, 'change')} would have been written: ${event.changes.map((change) => changeText(change)).join('; ')}`
    case 'ran': {
      const ended = event.outcome === 'settled' ? '' : `, ${event.outcome === 'again' ? 'tried again later' : 'stopped'}`
      return `${event.because}: ${counted(event.writes, 'write')} in ${event.ms} ms${ended}${event.message === null ? '' : `. ${event.message}`}`
    }
    case 'setting':
      return `${event.name}: ${event.detail}`
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function changeText(change: Change, before: Readonly<Record<string, unknown>> = {}): string {
  const system = change.side === 'partner' ? 'Partner Center' : 'the CRM'
  switch (change.kind) {
    case 'create':
      return change.as === 'related' ? 'Microsoft invited to the deal' : `${change.as} created in ${system}`
    case 'patch': {
      // A deal's keys are fields, and so are those of what it was before.
      const fields = Object.entries(change.set).map(([field, after]) => `${field} ${shown(before[field])} -> ${shown(after)}`)
      return `${change.ref.kind} updated in ${system}${fields.length === 0 ? '' : `: ${fields.join(', ')}`}`
    }
    case 'step':
      return `${change.take} in ${system}${change.reason === null ? '' : ` (${change.reason})`}`
  }
}
