import type { DealView } from '../assemble.js'
import { EXIT, type Io } from './app.js'
import { printJson } from './print.js'

/** What became of one deal, and the exit code that says so. */
export function report(io: Io, json: boolean, view: DealView): number {
  if (json) printJson(io, view)
  else
    io.out(
      `${view.name ?? view.id}: ${view.state}${view.status === null ? '' : ` (${view.status}/${view.substatus ?? ''})`}${view.problem === null ? '' : `\n  ${view.problem}\n  ${view.reason?.remedy ?? ''}`}\n`,
    )
  if (view.reason?.code === 'retrying') return EXIT.remote
  return view.state === 'needs-attention' || view.state === 'stopped' ? EXIT.attention : EXIT.done
}
