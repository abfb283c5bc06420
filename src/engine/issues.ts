import { REASON_CODES, type LinkState, type ReasonCode } from '../core/link.js'
import { rowOf } from './deal-view.js'
import type { Engine } from './engine.js'
import type { Issue } from './views.js'

const samplesShown = 5
/** States in which a cause asks for a person, or soon will. */
const STATES = ['needs-attention', 'stopped', 'pending'] as const
/** What asks for a person although the deal is in sync. */
const BESIDE: readonly ReasonCode[] = ['ambiguous-account']

/** What keeps deals from being in sync, by cause: how many, and a few of them. */
export async function issuesOf(engine: Engine): Promise<Issue[]> {
  const issues: Issue[] = []
  const look = async (state: LinkState, reason: ReasonCode): Promise<void> => {
    const { links, total } = await engine.store.list({ state, reason, limit: samplesShown })
    if (total > 0) issues.push({ state, reason, count: total, sample: links.map((link) => rowOf(engine, link)) })
  }
  for (const state of STATES) for (const reason of REASON_CODES) await look(state, reason)
  for (const reason of BESIDE) await look('in-sync', reason)
  return issues
}
