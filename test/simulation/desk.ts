import { changeDeal } from '../../src/engine/find-deal.js'
import { intended } from '../../src/engine/intended.js'
import { markUnderSwitches } from '../../src/engine/mark-again.js'
import { assertOrderable } from '../../src/engine/orders.js'
import type { Conflict } from '../../src/core/change.js'
import { HELP, VISIBILITY } from '../../src/core/deal.js'
import type { Link } from '../../src/core/link.js'
import { otherSide, type Side } from '../../src/core/ref.js'
import { isStage, phaseOf, type Take } from '../../src/core/stage.js'
import type { Engine } from '../../src/engine/engine.js'
import type { Node } from './node.js'
import type { Stage } from './people.js'
import { chosen } from './script.js'

type AtDesk = Stage & { readonly engine: Engine }
const linksOf = async ({ store }: Stage): Promise<readonly Link[]> => (await store.list({ limit: 200 })).links

/**
 * What a person does with the product itself. Each act does its own waiting, so that the kinds that are older keep the course of their runs.
 * @returns what was done, for the trace; null when nothing could be.
 */
export function atTheDesk(stage: Stage, [what, how = '']: readonly string[], pick: number): Promise<string | null> {
  const here = stage.node()
  if (here === null) return Promise.resolve(null)
  const desk: AtDesk = { ...stage, engine: { ...here.engine, store: stage.store } }
  switch (what) {
    case 'retry':
      return retry(desk)
    case 'release':
      return release(desk, here)
    case 'resolve':
      return decide(desk, { only: null, keep: how === 'crm' ? 'crm' : 'partner' }, pick)
    case 'confirm':
    case 'refuse':
      return decide(desk, { only: 'confirm', keep: what }, pick)
    case 'order':
      return order(desk, how as Ordered, pick) // the script names these
    case 'hold':
    case 'take-up':
      return leaveAlone(desk, what === 'hold', pick)
    case 'open-flow':
      return openFlows(desk)
    default:
      return Promise.resolve(null)
  }
}

async function release(desk: AtDesk, node: Node): Promise<string> {
  await linksOf(desk)
  void node.sweep('partner', true)
  void node.sweep('crm', true)
  return 'desk.release'
}

async function retry(desk: AtDesk): Promise<string> {
  const links = await linksOf(desk)
  const { engine, store } = desk
  const now = engine.clock.now()
  for (const link of links)
    if (link.rejected !== null)
      await changeDeal(
        engine,
        link.id,
        (current) => ({ ...current, rejected: null }),
        () => [],
      )
  await store.queue.mark(
    links.map(({ id }) => ({ link: id, dueAt: now, urgency: 0 as const, wide: true, because: 'retry' })),
    now,
  )
  return 'desk.retry'
}

interface Held {
  readonly link: Link
  readonly conflict: Conflict
}
const heldIn = (links: readonly Link[]): Held[] =>
  links.flatMap((link) =>
    link.conflicts.filter(({ winner, kind }) => winner === null && kind !== 'info').map((conflict) => ({ link, conflict })),
  )

interface Answer {
  readonly only: Conflict['kind'] | null
  /** `confirm` and `refuse` say yes and no to a door. */
  readonly keep: Side | 'confirm' | 'refuse'
}
async function decide(desk: AtDesk, { only, keep: wanted }: Answer, pick: number): Promise<string | null> {
  const held = heldIn(await linksOf(desk)).filter(({ conflict }) => only === null || conflict.kind === only)
  const { engine, store, office, truth } = desk
  const choice = chosen(held, pick)
  if (choice === null) return null
  const { link, conflict } = choice
  const { field, door = 'partner' } = conflict
  const keep = wanted === 'confirm' ? otherSide(door) : wanted === 'refuse' ? door : wanted
  const now = engine.clock.now()
  await changeDeal(
    engine,
    link.id,
    (current) => intended(current, { kind: 'resolve', field, keep }, { by: 'kim', at: now }),
    () => [],
  )
  office.choices.push({ order: truth.happenings.length, records: recordsOf(link), field, keep, value: conflict.saw[keep] })
  // On a first meeting a word about a door is the same as a yes to it.
  if (conflict.door === keep) office.refused.add(link.id)
  else {
    const takes = meant(conflict, keep)
    office.words.push({ order: truth.happenings.length, link: link.id, records: recordsOf(link), side: otherSide(keep), takes })
  }
  await store.queue.mark([{ link: link.id, dueAt: now, urgency: 0, wide: true, because: 'resolved' }], now)
  return `desk.resolve ${field} of ${link.id} for ${keep}`
}

const recordsOf = ({ ends, aliases }: Link): string[] =>
  [ends.partner, ends.crm, ...aliases].flatMap((end) => (end === null ? [] : [end.id]))

/** The steps that a word about a field allows. */
function meant({ field, saw }: Conflict, keep: Side): readonly Take[] {
  if (field === VISIBILITY || field === HELP) return ['share']
  const kept = saw[keep]
  if (field !== 'status' || typeof kept !== 'string' || !isStage(kept)) return []
  switch (phaseOf(kept)) {
    case 'waiting':
      return []
    case 'open':
      return ['accept']
    case 'won':
      return ['accept', 'win']
    case 'lost':
      return ['decline', 'lose']
  }
}

type Ordered = Exclude<Take, 'qualify' | 'reopen'>
async function order(desk: AtDesk, take: Ordered, pick: number): Promise<string | null> {
  const links = await linksOf(desk)
  const { engine, store, office, truth } = desk
  const link = chosen(links, pick)
  if (link === null) return null
  if (office.irreversible === 'forbid') return null // The command says so.
  assertOrderable(link, take)
  const now = engine.clock.now()
  await changeDeal(
    engine,
    link.id,
    (current) => intended(current, { kind: 'order', take, reason: null }, { by: 'kim', at: now }),
    () => [],
  )
  office.words.push({ order: truth.happenings.length, link: link.id, records: recordsOf(link), side: 'both', takes: [take] })
  await store.queue.mark([{ link: link.id, dueAt: now, urgency: 0, wide: true, because: `ordered: ${take}` }], now)
  return `desk.order ${take} of ${link.id}`
}

/** As `cosell deals hold` does it, and `--release`. */
async function leaveAlone(desk: AtDesk, on: boolean, pick: number): Promise<string | null> {
  const links = await linksOf(desk)
  const { engine, store, office } = desk
  const link = chosen(
    links.filter(({ ignored }) => ignored !== on),
    pick,
  )
  if (link === null) return null
  const now = engine.clock.now()
  const reason = { code: 'ignored', text: 'A person asked to leave this deal alone.', remedy: 'Take it up again.' } as const
  await changeDeal(
    engine,
    link.id,
    (current) => ({ ...current, ignored: on, ...(on ? { state: 'unlinked' as const, reason } : { state: 'pending' as const, reason: null }) }),
    () => [],
  )
  if (on) office.holds.push({ link: link.id, records: recordsOf(link), fromMs: desk.now(), untilMs: Infinity })
  else {
    for (const hold of office.holds) if (hold.link === link.id) hold.untilMs = Math.min(hold.untilMs, desk.now())
    await store.queue.mark([{ link: link.id, dueAt: now, urgency: 0, wide: true, because: 'released by a person' }], now)
  }
  return `desk.${on ? 'hold' : 'take-up'} of ${link.id}`
}

async function openFlows({ engine, office, now }: AtDesk): Promise<string | null> {
  const opened = office.open(now())
  if (opened.length === 0) return null
  await markUnderSwitches(engine, office.inForce().policy)
  return `desk.open-flow ${opened.join(', ')}`
}
