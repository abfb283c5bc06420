import { REASON_CODES } from '../core/link.js'
import { rowOf } from './deal-view.js'
import type { Engine } from './engine.js'
import type { Issue } from './views.js'

const samplesShown = 5
/** States in which a cause asks for a person, or soon will. */
const STATES = ['needs-attention', 'stopped', 'pending'] as const

/** What keeps deals from being in sync, by cause: how many, and a few of them. */
export async function issuesOf(engine: Engine): Promise<Issue[]> {
  const issues: Issue[] = []
  for (const state of STATES) {
    for (const reason of REASON_CODES) {
      const { links, total } = await engine.store.list({ state, reason, limit: samplesShown })
      if (total > 0) issues.push({ state, reason, count: total, sample: links.map((link) => rowOf(engine, link)) })
    }
  }
  return issues
}
