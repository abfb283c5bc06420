import type { PlanDocument, PlanItem } from '../assemble.js'
import type { Io } from './app.js'
import { counted, shown } from './print.js'

const isOpen = (conflict: PlanItem['conflicts'][number]): boolean => conflict.winner === null && conflict.kind !== 'info'
const isNothing = (value: unknown): boolean => shown(value) === shown(null)

/** What would be written for one deal, field by field, and what waits for a person. */
export function showItem(io: Io, item: PlanItem): void {
  const held = item.conflicts.filter(isOpen)
  if (item.changes.length === 0 && held.length === 0) return
  io.out(`${item.name ?? item.deal ?? '(new deal)'}\n`)
  for (const change of item.changes) {
    io.out(`  ${change.kind === 'create' ? '+ create' : '~ update'}: ${change.what}${change.irreversible ? ' (cannot be taken back)' : ''}\n`)
    // A new record has nothing before, and its empty fields stay empty: no lines of nothing.
    for (const { field, before, after } of change.fields)
      if (!isNothing(before) || !isNothing(after)) io.out(`      ${field}: ${shown(before)} -> ${shown(after)}\n`)
  }
  for (const note of item.conflicts.filter(({ kind }) => kind === 'info')) io.out(`  i ${note.field}: ${note.reason}\n`)
  for (const conflict of held) io.out(`  ! conflict: ${conflict.field}: ${shown(conflict.saw.partner)} | ${shown(conflict.saw.crm)}\n`)
}

/** Why nothing would be written for a deal that somebody asked about. */
export function showRest(io: Io, { name, deal, state, reason }: PlanItem): void {
  io.out(`${name ?? deal ?? '(new deal)'}\n  = nothing to write (${state})${reason === null ? '' : `: ${reason.text} ${reason.remedy}`}\n`)
}

/** Of a plan for named deals each is spoken of; of one for all only what would be written, and how many wait for a person. */
export function showPlan(io: Io, plan: PlanDocument, about: 'each deal' | 'what is to do' = 'what is to do'): void {
  for (const item of plan.items) {
    showItem(io, item)
    if (about === 'each deal' && item.changes.length === 0 && !item.conflicts.some(isOpen)) showRest(io, item)
  }
  const { create, update, steps, conflicts, unchanged } = plan.totals
  io.out(
    `${create} to create, ${update} to update, ${counted(steps, 'step')}, ${counted(conflicts, 'conflict')}, ${unchanged} unchanged.\n`,
  )
  const waiting = plan.items.filter(({ state }) => state === 'needs-attention').length
  if (waiting > 0 && about === 'what is to do')
    io.err(`${counted(waiting, 'deal waits', 'deals wait')} for a person. Next: cosell deals list --state needs-attention\n`)
}
