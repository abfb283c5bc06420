import type { Command } from 'commander'
import type { PlanItem } from '../assemble.js'
import { EXIT, type Io } from './app.js'
import { showItem, showRest } from './plan-text.js'
import { printJson } from './print.js'

type Options = Readonly<Record<string, unknown>>

/** Every command that changes something takes it, and says the same way what it would do. */
export const takesDryRun = (command: Command): Command => command.option('--dry-run', 'say what would be done, and change nothing')
export const isDryRun = (options: Options): boolean => options['dryRun'] === true

export interface Foretold {
  /** One line each, beginning with a verb: `register https://…`. */
  readonly would: readonly string[]
  /** What keeps it from being done, or will be left; then the command ends as the real one would. */
  readonly but?: readonly string[]
  /** More for scripts, under names of its own. */
  readonly details?: object
}

/** What would be done, on stdout; that nothing was, on stderr. With `--json` one document: `{ dryRun: true, would, but, … }`. */
export function foretell(io: Io, json: boolean, { would, but = [], details = {} }: Foretold): number {
  if (json) printJson(io, { dryRun: true, would, but, ...details })
  else {
    for (const line of would) io.out(`would ${line}\n`)
    if (would.length === 0 && but.length === 0) io.out('Nothing to do.\n')
    for (const line of but) io.err(`! ${line}\n`)
    io.err('Nothing was changed (--dry-run).\n')
  }
  return but.length === 0 ? EXIT.done : EXIT.attention
}

/** The same for what is done to one deal: field by field, as in a plan. */
export function foretellDeal(io: Io, json: boolean, item: PlanItem): number {
  if (json) printJson(io, { dryRun: true, item })
  else {
    showItem(io, item)
    if (item.changes.length === 0) showRest(io, item)
    io.err('Nothing was changed (--dry-run).\n')
  }
  return item.state === 'needs-attention' || item.state === 'stopped' ? EXIT.attention : EXIT.done
}
