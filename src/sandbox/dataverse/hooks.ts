import type { Hooks } from './change.js'
import { coreHooks } from './hooks-core.js'
import { eventHooks } from './hooks-events.js'
import { platformHooks } from './hooks-platform.js'
import { salesHooks } from './hooks-sales.js'

const hooks: ReadonlyMap<string, Hooks> = new Map(Object.entries({ ...coreHooks, ...salesHooks, ...platformHooks, ...eventHooks }))
const noHooks: Hooks = {}

export const hooksOf = (table: string): Hooks => hooks.get(table) ?? noHooks
