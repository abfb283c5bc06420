import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forked } from '../test/support/forked.js'
import type { Questions } from './floor.js'
import { readOf, type Carrier } from './load.js'
import type { Pair, Stage } from './stage.js'

/** How many deals the service works at once; the floor does the same. */
export const inFlightMost = 10

/** The service as a carrier of these deals. */
export const serviceOn = ({ fleet }: Stage, deals: readonly Pair[]): Carrier => ({ url: `${fleet.address}/hooks/partner-center`, deals })

export interface FloorOptions {
  readonly deals: readonly Pair[]
  /** How the service reads an opportunity, see `readOf`. */
  readonly read: string
  readonly inFlight: number
  /** It checks signatures, and has on disk what it takes and what it will write. */
  readonly careful: boolean
}
export interface Floor extends Carrier {
  close(): void
}

/** A bare script beside the service, in a process of its own. */
export async function floorOn(stage: Stage, { deals, read, inFlight, careful }: FloorOptions): Promise<Floor> {
  const script = await forked<Questions>(fileURLToPath(new URL('floor.ts', import.meta.url)))
  const setup = await stage.simulators.ask('setup')
  const log = careful ? join(stage.folder, 'careful.log') : null
  const url = await script.ask('listen', { setup, crm: stage.crm, inFlight, read, pairs: deals, log })
  return { url, deals, close: script.close }
}

/** The service and one bare script, each with as many deals of its own. */
export async function besideFloor(stage: Stage, deals: readonly Pair[]): Promise<{ readonly ours: Carrier; readonly floor: Floor }> {
  const half = Math.floor(deals.length / 2)
  const ours = serviceOn(stage, deals.slice(0, half))
  const read = await readOf(stage, ours)
  return { ours, floor: await floorOn(stage, { deals: deals.slice(half), read, inFlight: inFlightMost, careful: false }) }
}
