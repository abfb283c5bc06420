import type { Clock, InstallItem } from '../../../core/ports.js'
import type { MetadataApi } from './metadata-api.js'
import type { Survey } from './survey.js'

/** The order in which things can be made: nothing needs what stands below it. */
export const STAGES = ['solution', 'tables', 'columns', 'lookups', 'keys', 'security', 'views', 'forms', 'roles', 'events'] as const
export type Stage = (typeof STAGES)[number]

/** A form or view of somebody else's: how it stood before we changed it, and how we left it. */
export interface Copy {
  readonly before: string
  readonly after: string
}
/** Kept beyond one run, by the id of the form or view. */
export interface Copies {
  read(id: string): Promise<Copy | null>
  keep(id: string, copy: Copy): Promise<void>
}

/** What a step works with. */
export interface Desk {
  readonly api: MetadataApi
  readonly clock: Clock
  readonly survey: Survey
  readonly signal: AbortSignal
  /** Reports what is under way while a step waits. */
  readonly say: (what: string) => void
  readonly copies: Copies
}

export interface Step {
  readonly item: InstallItem
  readonly stage: Stage
  /** Tables and web resources that must be published after it. */
  readonly publish: { readonly tables: readonly string[]; readonly resources: readonly string[] }
  readonly make: ((desk: Desk) => Promise<void>) | null
}

const nothing = { tables: [], resources: [] } as const

export const present = (stage: Stage, id: string, what: string, note: string | null = null): Step => ({
  item: { id, what, state: 'present', change: null, touches: 'new', note },
  stage,
  publish: nothing,
  make: null,
})

interface Wish {
  readonly id: string
  readonly what: string
  readonly state?: 'missing' | 'differs'
  readonly change: string
  readonly touches?: InstallItem['touches']
  readonly note?: string
  readonly publish?: Partial<Step['publish']>
  readonly make: (desk: Desk) => Promise<void>
}
export const wanted = (stage: Stage, wish: Wish): Step => ({
  item: {
    id: wish.id,
    what: wish.what,
    state: wish.state ?? 'missing',
    change: wish.change,
    touches: wish.touches ?? 'new',
    note: wish.note ?? null,
  },
  stage,
  publish: { ...nothing, ...wish.publish },
  make: wish.make,
})

/** Something only a person can put right. */
export const forPerson = (stage: Stage, id: string, what: string, note: string): Step => ({
  item: { id, what, state: 'differs', change: null, touches: 'existing', note },
  stage,
  publish: nothing,
  make: null,
})
