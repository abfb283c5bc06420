import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { clockMs } from './clock.js'
import type { Delivery } from './simulators.js'
import { inFlight, within, type Pair, type Stage } from './stage.js'

/** Whoever carries events over: where they are posted to, and the deals that are its own. What one writes would look to the other like people's edits. */
export interface Carrier {
  readonly url: string
  readonly deals: readonly Pair[]
}
/** How events are sent: so many at once and the next when one is acknowledged, all at once, or so many a second whatever happens. */
export type Sending = { readonly kind: 'in flight'; readonly most: number } | { readonly kind: 'at once' } | { readonly kind: 'paced'; readonly perSecond: number }
export interface Task {
  /** The deal value of the first; each further one has one more. */
  readonly value: number
  readonly sending: Sending
}
export interface Carried {
  /** Events a second, from the first that is sent to the answer of the last write. */
  readonly perSecond: number
  /** From each event to the answer of its write. */
  readonly delaysMs: readonly number[]
}

const longestMs = 120_000

export async function post(url: string, { headers, body }: Delivery): Promise<void> {
  const answer = await request(url, { method: 'POST', headers: { ...headers }, body })
  await answer.body.dump()
  if (answer.statusCode >= 300) throw new Error(`The hook answered ${answer.statusCode}.`)
}

/** People edit the deals in Partner Center. @returns the signed deliveries that say so. */
export async function edited({ simulators }: Stage, deals: readonly Pair[], value: number): Promise<readonly Delivery[]> {
  const ids = deals.map(({ referralId }) => referralId)
  await simulators.ask('editReferrals', { ids, value })
  const deliveries = await simulators.ask('deliveries', ids)
  await simulators.ask('reset')
  return deliveries
}

/** Edits every deal of the carrier, sends the events, and waits until all of them are written. */
export async function carry(stage: Stage, { url, deals }: Carrier, { value, sending }: Task): Promise<Carried> {
  const deliveries = await edited(stage, deals, value)
  const written = within(longestMs, stage.simulators.ask('written', deals.length))
  const sentAt: number[] = []
  const startedAt = clockMs()
  await send(deliveries, sending, async (delivery, index) => {
    sentAt[index] = clockMs()
    await post(url, delivery)
  })
  const writtenAt = new Map((await written).map(({ opportunityId, atMs }) => [opportunityId, atMs]))
  const perSecond = (deals.length * 1_000) / (Math.max(...writtenAt.values()) - startedAt)
  const delayOf = (id: string, index: number): number => (writtenAt.get(id) ?? Number.NaN) - (sentAt[index] ?? Number.NaN)
  return { perSecond, delaysMs: deals.map(({ opportunityId }, index) => delayOf(opportunityId, index)) }
}

type Send = (delivery: Delivery, index: number) => Promise<void>
async function send(deliveries: readonly Delivery[], how: Sending, one: Send): Promise<void> {
  const all = deliveries.map((delivery, index) => ({ delivery, index }))
  if (how.kind !== 'paced') return inFlight(all, how.kind === 'at once' ? all.length : how.most, ({ delivery, index }) => one(delivery, index))
  const startedAt = clockMs()
  const sent: Promise<void>[] = []
  for (const { delivery, index } of all) {
    const waitMs = startedAt + (index * 1_000) / how.perSecond - clockMs()
    if (waitMs > 0) await sleep(waitMs)
    sent.push(one(delivery, index))
  }
  await Promise.all(sent)
}

/** How the service reads an opportunity, with `:id` for its id: the floor reads the same. */
export async function readOf(stage: Stage, { url, deals }: Carrier): Promise<string> {
  const some = deals.slice(0, 1)
  await carry(stage, { url, deals: some }, { value: 4_000, sending: { kind: 'at once' } })
  const id = some[0]?.opportunityId ?? ''
  const read = (await stage.simulators.ask('calls')).find(({ system, method, path }) => system === 'crm' && method === 'GET' && path.includes(id))
  if (read === undefined) throw new Error(`The service read no record ${id}.`)
  return read.path.replace(id, ':id')
}

const betweenMs = 5 // What the last event left to do (its end is saved after its write) is no part of the next one's delay.

/** Milliseconds from one event to the answer of its write, one after another. */
export async function delaysOf(stage: Stage, { url, deals }: Carrier, value: number): Promise<number[]> {
  const delays: number[] = []
  for (const delivery of await edited(stage, deals, value)) {
    await stage.simulators.ask('reset')
    const written = within(longestMs, stage.simulators.ask('written', 1))
    await sleep(betweenMs)
    const startedAt = clockMs()
    await post(url, delivery)
    delays.push(((await written)[0]?.atMs ?? Number.NaN) - startedAt)
  }
  return delays
}

const [userTicks, systemTicks] = [11, 12] // Behind the process's name in /proc/PID/stat: proc(5).
/** Milliseconds of processor time that a process has used so far. */
export const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[userTicks]) + Number(fields[systemTicks])) * 10 // Linux counts a process's time in hundredths of a second.
}
const megabyte = 1_048_576
const statusMb = (pid: number, line: RegExp): number =>
  (Number(line.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1_024) / megabyte
/** Megabytes that a process holds in memory. */
export const residentMb = (pid: number): number => statusMb(pid, /^VmRSS:\s+(\d+)/m)
/** The most megabytes it has held so far. */
export const peakMb = (pid: number): number => statusMb(pid, /^VmHWM:\s+(\d+)/m)
