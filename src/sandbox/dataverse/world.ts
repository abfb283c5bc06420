import type { SandboxClock } from '../clock.js'
import type { SandboxRng } from '../rng.js'
import { missingRow } from './errors.js'
import type { Model, Table } from './metadata-model.js'
import { tableOf } from './metadata-model.js'
import type { DataverseOptions } from './options.js'
import type { Row } from './row-store.js'
import type { Transactions } from './transactions.js'

/** What every part of the simulator shares. */
export interface World {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly options: DataverseOptions
  readonly model: Model
  readonly transactions: Transactions
  /** Ids of the rows that are there from the start. */
  readonly ids: { readonly organization: string; readonly businessUnit: string; readonly systemUser: string; readonly baseCurrency: string }
  /** A new id; cheaper than the rng's own, because every request takes several. */
  guid(): string
  /** The global counter behind `versionnumber` and ETags. */
  nextVersion(): number
  currentVersion(): number
  /** Runs a failed system job again. */
  resumeJob(jobId: string): void
  /** The user of the request under way; null outside of requests. Requests are answered one after another, so that there is only ever one. */
  readonly viewer: { userId: string | null }
  /** A hook for writes that other parts cache things about: steps, roles, users. */
  readonly caches: Map<string, unknown>
}

export const table = (world: World, name: string): Table => tableOf(world.model, name)

export function put(world: World, into: Table, row: Row): void {
  const before = into.rows.get(row.id)
  const position = into.rows.position()
  world.transactions.undo(() => into.rows.rewind(row.id, before, position))
  into.rows.put(row)
}

export function remove(world: World, from: Table, row: Row): void {
  const position = from.rows.position()
  world.transactions.undo(() => from.rows.rewind(row.id, row, position))
  from.rows.remove(row.id, world.nextVersion())
}

export function rowOf(from: Table, id: string): Row {
  const row = from.rows.get(id)
  if (row === undefined) throw missingRow(from.name, id)
  return row
}

/** UTC and whole seconds, as the service writes every moment. */
export function secondsIso(atMs: number): string {
  const second = Math.floor(atMs / 1_000)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = `${new Date(second * 1_000).toISOString().slice(0, 19)}Z`
  }
  return lastText
}

// Many writes happen in the same second; its text is made once.
let lastSecond = Number.NaN
let lastText = ''

/** Keeps the result of `make` until somebody forgets it; prefixes group what is forgotten together. */
export function cached<T>(world: World, key: string, make: () => T): T {
  const held = world.caches.get(key)
  if (held !== undefined) return held as T // every key is used with one type, by the one function that makes it
  const made = make()
  world.caches.set(key, made)
  return made
}

export function forget(world: World, prefix: string): void {
  for (const key of world.caches.keys()) if (key.startsWith(prefix)) world.caches.delete(key)
}

const bytes = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))
const hex = (word: number): string => `${bytes[word >>> 24]}${bytes[(word >>> 16) & 255]}${bytes[(word >>> 8) & 255]}${bytes[word & 255]}`

export function quickGuid(rng: SandboxRng): string {
  const word = (): number => Math.floor(rng.next() * 4_294_967_296)
  const first = hex(word())
  // The version (4) and the variant (8 to b) stand where a random GUID has them.
  const second = hex((word() & 0xffff_0fff) | 0x0000_4000)
  const third = hex((word() & 0x3fff_ffff) | 0x8000_0000)
  return `${first}-${second.slice(0, 4)}-${second.slice(4)}-${third.slice(0, 4)}-${third.slice(4)}${hex(word())}`
}
