import type { World } from './world.js'
import type { Side } from './truth.js'

// What fails is given up after 72 hours, by an attempt that is due some time after that.
const outageMs = 80 * 3_600_000
const busy = ['crm.value', 'partner.notes', 'crm.notes', 'partner.value', 'partner.create.private', 'crm.create'] as const

/** One system answers nothing for more than three days, while people go on working. It is over when all faults end. */
export async function outage(world: World, side: Side): Promise<void> {
  const tell = (line: string): void => void world.trace.push(`${new Date(world.clock.now()).toISOString().slice(5, 23)} --- ${line} ---`)
  const system = side === 'partner' ? world.partner : world.crm
  system.faults.set([{ kind: 'unavailable', rate: 1, amount: 5 }])
  tell(`${side} answers nothing any more`)
  for (const [pick, kind] of busy.entries()) await world.play({ afterMs: 1_000, kind, pick })
  await world.pass(outageMs)
  const { links } = await world.store.list({ state: 'stopped', limit: 200 })
  if (links.length > 0) world.counts.set('given up after 72 hours', links.length)
  tell(`${links.length} deals were given up`)
}
