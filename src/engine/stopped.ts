import { Fault } from '../core/fault.js'
import type { Side } from '../core/ref.js'

/** Ends a sweep that was told to stop: one that merely broke off would look like one that is through. @throws Fault 'offline' */
export function stopIfTold(side: Side, signal: AbortSignal): void {
  if (!signal.aborted) return
  throw new Fault('offline', `The sweep of ${side === 'crm' ? 'the CRM' : 'Partner Center'} was stopped before it was through.`, {
    remedy: 'Nothing to do: the next one goes on from there.',
  })
}
