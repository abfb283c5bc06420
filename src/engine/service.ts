import { Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import { activityOf } from './activity.js'
import { rowOf, viewOf } from './deal-view.js'
import { entry, type Engine } from './engine.js'
import { changeDeal, findDeal } from './find-deal.js'
import { intended } from './intended.js'
import { issuesOf } from './issues.js'
import { asLinked, linkRecords } from './linking.js'
import { look } from './look.js'
import { markUnderSwitches } from './mark-again.js'
import { proposeMatches } from './matching.js'
import { observeReport } from './observation.js'
import { overviewOf, type Rounds } from './overview.js'
import { assertCarriedOut, assertOrderable } from './orders.js'
import { applyPlan, planAll, planOne } from './planning.js'
import { auditOf, runOf, runsOf } from './runs.js'
import { syncNow } from './sync.js'
import type { Activity, DealView, PlanProgress, PlanWatch, Service } from './views.js'
import type { VersionBook } from './versions.js'
import type { Worker } from './worker.js'

export interface ServiceOptions {
  readonly engine: Engine
  /** Works deals on demand: for commands that wait for the result. */
  readonly worker: Worker
  readonly environment: string
  readonly versions: Pick<VersionBook, 'flows' | 'setFlow'>
  /** Called after a switch was set, so that the policy in force is read anew. */
  readonly refresh: () => Promise<void>
  readonly firstSync: { readonly since: number | null; readonly openOnly: boolean }
  readonly rounds: Rounds
  /** What the remote systems allow, and how much of it is used. */
  readonly quotas: () => Promise<Activity['quotas']>
  readonly checks: Service['checks']
  readonly mapping: Service['mapping']
  readonly settings: Service['settings']
  readonly taxonomy: Service['taxonomy']
}

/** Everything a person or a script can do, over one engine. */
// eslint-disable-next-line max-lines-per-function -- one entry per promised operation; the work is in the files beside it
export function service(options: ServiceOptions): Service {
  const { engine, worker } = options
  const { store, clock } = engine
  const never = new AbortController().signal

  const workNow = async (link: Link, because: string): Promise<void> => {
    const now = clock.now()
    await store.queue.mark([{ link: link.id, dueAt: now, urgency: 0, wide: true, because }], now)
    await worker.drain({ only: [link.id], signal: never })
  }
  let planning: PlanProgress | null = null
  const watch: PlanWatch = (progress) => (planning = progress)
  const afterwards = async (id: string): Promise<DealView> => viewOf(engine, await findDeal(engine, id), null)

  return {
    async deals(filter) {
      const page = await store.list(filter)
      return { deals: page.links.map((link) => rowOf(engine, link)), next: page.next, total: page.total }
    },
    async deal(deal, { live }) {
      const link = await findDeal(engine, deal)
      if (!live) return viewOf(engine, link, null)
      const seen = await look(engine, link, { wide: true, signal: never, known: {} })
      return viewOf(engine, link, seen.now)
    },
    async order(deal, order) {
      const found = await findDeal(engine, deal)
      assertOrderable(found, order.take)
      if (engine.policy().policy.irreversible === 'forbid') {
        throw new Fault('rejected', `The setting sync.irreversible forbids the connector to ${order.take} deals.`, {
          remedy: 'Do it in Partner Center, or change the setting.',
        })
      }
      const at = clock.now()
      const link = await changeDeal(
        engine,
        found.id,
        (current) => intended(current, { kind: 'order', take: order.take, reason: order.reason }, { by: order.by, at }),
        (current) => [
          entry({ link: current.id, run: null, at, by: order.by }, { kind: 'ordered', what: order.take, detail: order.reason }),
        ],
      )
      await workNow(link, `ordered: ${order.take}`)
      assertCarriedOut(await findDeal(engine, link.id), order.take)
      return afterwards(link.id)
    },
    async hold(deal, { on, by }) {
      const at = clock.now()
      const link = await changeDeal(
        engine,
        deal,
        (current) => ({
          ...current,
          ignored: on,
          ...(on
            ? {
                state: 'unlinked' as const,
                reason: {
                  code: 'ignored' as const,
                  text: 'A person asked to leave this deal alone.',
                  remedy: 'Run "cosell deals hold --release" to take it up again.',
                },
              }
            : { state: 'pending' as const, reason: null }),
        }),
        (current) => [entry({ link: current.id, run: null, at, by }, { kind: 'ordered', what: on ? 'hold' : 'release', detail: null })],
      )
      if (!on) await workNow(link, 'released by a person')
      return rowOf(engine, await findDeal(engine, link.id))
    },
    async link({ by, ...ends }) {
      const saved = await linkRecords(engine, ends, by)
      await workNow(saved, 'linked by a person')
      return afterwards(saved.id)
    },
    match: (signal) => proposeMatches(engine, signal),
    async unlink(deal, { by }) {
      const at = clock.now()
      const link = await changeDeal(
        engine,
        deal,
        (current) => ({
          ...current,
          ends: { partner: current.ends.partner, crm: current.ends.partner === null ? current.ends.crm : null },
          base: null,
          intents: [],
          givenUp: [],
          conflicts: [],
          ignored: true,
          state: 'unlinked',
          reason: {
            code: 'ignored',
            text: 'A person ended the connection of the two records.',
            remedy: 'Run "cosell deals link" to connect them again.',
          },
        }),
        (current) => [entry({ link: current.id, run: null, at, by }, { kind: 'unlinked', ends: current.ends, how: 'by a person' })],
      )
      return rowOf(engine, link)
    },
    async conflicts() {
      const page = await store.list({ state: 'needs-attention', limit: 1_000 })
      return page.links.flatMap((link) =>
        link.conflicts
          .filter((conflict) => conflict.kind !== 'info')
          .map((conflict) => ({ deal: link.id, name: link.name, currency: link.base?.partner['details.currency'] ?? null, conflict })),
      )
    },
    async resolve(deal, choice) {
      const found = await findDeal(engine, deal)
      const at = clock.now()
      const link = await changeDeal(
        engine,
        found.id,
        (current) => intended(current, { kind: 'resolve', field: choice.field, keep: choice.keep }, { by: choice.by, at }),
        (current) => [
          entry({ link: current.id, run: null, at, by: choice.by }, { kind: 'ordered', what: `keep ${choice.keep}`, detail: choice.field }),
        ],
      )
      await workNow(link, 'conflict resolved')
      return afterwards(link.id)
    },
    runs: (filter) => runsOf(engine, filter),
    run: (id) => runOf(engine, id),
    async retry(target) {
      const links = 'deal' in target ? [await findDeal(engine, target.deal)] : await failing(engine)
      const now = clock.now()
      for (const link of links) {
        await changeDeal(
          engine,
          link.id,
          (current) => ({ ...current, rejected: null, doubt: null, state: 'pending' }),
          (current) => [entry({ link: current.id, run: null, at: now, by: target.by }, { kind: 'ordered', what: 'retry', detail: null })],
        )
      }
      await store.queue.mark(
        links.map((link) => ({ link: link.id, dueAt: now, urgency: 0 as const, wide: true, because: 'retry' })),
        now,
      )
      return links.length
    },
    sync: (sync) => syncNow({ engine, worker, firstSync: options.firstSync }, sync),
    plan: ({ deals, signal }) => planAll(engine, deals, signal, watch),
    apply: (plan, { signal, only }) =>
      applyPlan(engine, plan, {
        signal,
        keep: (link) => (only === 'foresee' ? Promise.resolve(link) : store.add(link, [], link.createdAt)),
        work: (link) => (only === 'foresee' ? Promise.resolve() : workNow(link, 'plan applied')),
      }),
    async audit({ deal, ...filter }) {
      return auditOf(engine, { ...filter, ...(deal === undefined ? {} : { link: (await findDeal(engine, deal)).id }) })
    },
    verifyAudit: () => store.verifyAudit(),
    flows: () => options.versions.flows(),
    async setFlow(flow, value, by) {
      const flows = await options.versions.setFlow(flow, value, by)
      await options.refresh()
      await markUnderSwitches(engine, engine.policy().policy)
      return flows
    },
    observeReport: (asked) => observeReport(engine, { ...asked, flows: options.versions.flows }),
    overview: async () => ({ ...(await overviewOf(options)), planning }),
    activity: () => activityOf(engine, options.quotas),
    issues: () => issuesOf(engine),
    preview: async (deal, intention, signal) => {
      if (intention.kind === 'link') return planOne(engine, await asLinked(engine, intention, signal), signal)
      const link = await findDeal(engine, deal)
      if (intention.kind === 'order') assertOrderable(link, intention.take)
      return planOne(engine, intended(link, intention, { by: 'preview', at: clock.now() }), signal)
    },
    checks: options.checks,
    mapping: { ...options.mapping, plan: (text, deals, signal) => options.mapping.plan(text, deals, signal, watch) },
    settings: options.settings,
    taxonomy: options.taxonomy,
  }
}

async function failing(engine: Engine): Promise<Link[]> {
  const links: Link[] = []
  for (const filter of [{ state: 'stopped' as const }, { reason: 'retrying' }, { reason: 'rejected' }]) {
    let after: string | null = null
    do {
      const page = await engine.store.list({ ...filter, limit: 500, after })
      links.push(...page.links)
      after = page.next
    } while (after !== null)
  }
  return links
}
