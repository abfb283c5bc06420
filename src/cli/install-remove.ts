import type { InstallItem } from '../core/ports.js'
import { administered } from './administered.js'
import { EXIT, type Io } from './app.js'
import { counted, printJson } from './print.js'
import { progressBar } from './progress.js'
import type { Plain } from './run.js'

/** `install remove`: the plan, a person's word, and the way back. Where nobody can be asked, the plan is all that happens. */
export function removeInstalled(
  plain: Plain,
  wish: { readonly data: 'keep' | 'delete'; readonly consent: 'yes' | 'ask' },
): Promise<number> {
  const { data, consent } = wish
  return administered(plain, async (desk, { io, user, signal }) => {
    const plan = await desk.installation.planRemoval({ data, signal })
    const doomed = plan.items.filter(({ change }) => change !== null)
    if (doomed.length === 0) {
      if (plain.json) printJson(io, { done: [], left: [], kept: plan.items })
      else showKept(io, 'Nothing to remove.\n', plan.items)
      return EXIT.done
    }
    if (!plain.json)
      for (const { what, change, note } of plan.items) io.out(`${change === null ? '=' : '-'} ${what}: ${change ?? note ?? ''}\n`)
    if (consent === 'ask' && !(await agreed(plain, doomed.length, data))) {
      if (plain.json) printJson(io, { done: [], left: doomed, kept: plan.items.filter(({ change }) => change === null) })
      else io.err('Nothing was changed. Run it again with --yes to do this.\n')
      return EXIT.attention
    }
    const bar = progressBar(io)
    const report = await desk.installation
      .remove({ data, by: user, signal, onProgress: (progress) => bar.show(progress) })
      .finally(() => bar.end())
    const left = report.items.filter(({ change }) => change !== null)
    const kept = report.items.filter(({ change }) => change === null)
    if (plain.json) printJson(io, { done: report.done, left, kept })
    else showKept(io, `${counted(report.done.length, 'change')}, read back.\n`, kept)
    return left.length === 0 ? EXIT.done : EXIT.attention
  })
}

async function agreed({ world, json }: Plain, count: number, data: 'keep' | 'delete'): Promise<boolean> {
  const { io } = world
  if (json || !io.inIsTty || !io.errIsTty) return false
  const { confirm } = await import('@clack/prompts')
  const message = `Take away these ${count}?${data === 'delete' ? ' What the columns and tables hold is lost.' : ''}`
  return (await confirm({ message, initialValue: false })) === true
}

function showKept(io: Io, text: string, kept: readonly InstallItem[]): void {
  io.out(text)
  if (kept.length === 0) return
  io.err('Still there:\n')
  for (const { what, note } of kept) io.err(`  = ${what}: ${note ?? ''}\n`)
}
