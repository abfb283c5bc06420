import { randomUUID } from 'node:crypto'
import type { Config } from '../config/index.js'
import type { Clock } from '../core/ports.js'
import type { StoreIdentity } from '../engine/identity.js'
import { versionBook, type VersionBook } from '../engine/versions.js'
import { ONLY_TENANT, type OpenStore } from '../store/index.js'
import { readMappingText } from './mapping.js'

/** The address of the store: a folder, or postgres://… */
export const storeUrl = ({ store }: Config): string => (store.kind === 'postgres' ? store.url : store.folder)
/** Whose rows of the store are ours. */
export const tenantOf = ({ tenant }: Config): string => tenant ?? ONLY_TENANT
/** The systems the store belongs to from its first start on. */
export const identityOf = ({ partnerCenter, crm }: Config): StoreIdentity => ({ partnerTenant: partnerCenter.tenant, crm: crm.url })

export const bookOver = (config: Config, { store, clock }: { readonly store: OpenStore; readonly clock: Clock }): VersionBook =>
  versionBook({ store, clock, newId: randomUUID, readMapping: readMappingText, approval: config.sync.approval })
