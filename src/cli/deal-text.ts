import type { DealView } from '../assemble.js'
import type { Io } from './app.js'
import { printTable, shown } from './print.js'

type Conflict = DealView['conflicts'][number]
const isOpen = ({ kind, winner }: Conflict): boolean => winner === null && kind !== 'info'

/** One deal for people: where it stands and why, what is to be decided, both sides field by field, and what to type next. */
export function showDeal(view: DealView, io: Io): void {
  showHead(view, io)
  const open = view.conflicts.filter(isOpen)
  if (open.length > 0) {
    printTable(io, [' ', 'to decide', 'Partner Center', 'CRM', 'why'], open.map((conflict) => ['!', conflict.field, shown(conflict.saw.partner), shown(conflict.saw.crm), conflict.reason]))
    io.out('\n')
  }
  if (view.fields.length === 0) return io.err('Nothing is agreed between the two yet. What they show now: add --live\n')
  const title = view.live ? 'field, read now' : 'field, as last agreed'
  printTable(io, [' ', title, 'Partner Center', 'CRM'], view.fields.map((field) => [signOf(field), field.field, shown(field.partner), shown(field.crm)]))
  showLegend(view, io)
  const [first] = open
  if (first !== undefined) io.err(`Next: cosell conflicts resolve ${view.id} ${first.field} --keep partner|crm (--dry-run shows what it would write)\n`)
}

function showHead(view: DealView, io: Io): void {
  io.out(`${view.name ?? '(no name)'}\n  deal ${view.id} · ${view.kind} · ${view.state}${view.lastSyncedAt === null ? '' : ` · last synced ${view.lastSyncedAt}`}\n`)
  if (view.reason !== null) io.out(`  ${view.reason.text}\n  ${view.reason.remedy}\n`)
  for (const side of ['partner', 'crm'] as const) {
    const message = view.seen?.[side].message ?? null
    if (message !== null) io.out(`  ! ${side === 'crm' ? 'The CRM' : 'Partner Center'} could not be read; its column shows what was last agreed: ${message}\n`)
  }
  io.out(`  referral ${[view.referralId ?? '–', view.urls.partner ?? ''].join('  ').trimEnd()}\n  CRM ${[`${view.crmEntity ?? 'record'} ${view.crmId ?? '–'}`, view.urls.crm ?? ''].join('  ').trimEnd()}\n\n`)
}

const signOf = ({ changedBy, differs }: DealView['fields'][number]): string => (changedBy.length > 0 ? '~' : differs ? '≠' : ' ')

/** What the signs mean that stand in the table, and how to see more. */
function showLegend(view: DealView, io: Io): void {
  const signs = new Set(view.fields.map(signOf))
  const meanings = [
    ...(signs.has('~') ? ['~ changed since the two last agreed'] : []),
    ...(signs.has('≠') ? ['≠ differs, and stays so: one side cannot take the other\'s value'] : []),
    ...(view.live ? [] : ['--live reads both systems now']),
  ]
  if (meanings.length > 0) io.err(`${meanings.join(' · ')}\n`)
}
