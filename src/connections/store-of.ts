import { createHash, randomUUID } from 'node:crypto'
import type { Config } from '../config/index.js'
import type { Clock } from '../core/ports.js'
import type { StoreIdentity } from '../engine/identity.js'
import { versionBook, type VersionBook } from '../engine/versions.js'
import { ONLY_TENANT, type OpenStore } from '../store/index.js'
import { readMappingText } from './mapping.js'

/** The address of the store: a folder, or postgres://… */
export const storeUrl = ({ store }: Config): string => (store.kind === 'postgres' ? store.url : store.folder)
/**
 * The file name of the socket by which commands find the running service. State folders of PostgreSQL stores go by the environment's name, which two
 * installations of one machine may share: without the database in it, a command of the one would be carried out by the other.
 */
export function socketNameOf({ store }: Config): string {
  if (store.kind === 'embedded') return 'cosell.sock'
  const { hostname, port, pathname, searchParams } = new URL(store.url)
  const database = JSON.stringify([searchParams.get('host') ?? hostname, searchParams.get('port') ?? (port || '5432'), pathname])
  return `cosell-${createHash('sha256').update(database).digest('hex').slice(0, 8)}.sock`
}
/** Whose rows of the store are ours. */
export const tenantOf = ({ tenant }: Config): string => tenant ?? ONLY_TENANT
/** The systems the store belongs to from its first start on. */
export const identityOf = ({ partnerCenter, crm }: Config): StoreIdentity => ({ partnerTenant: partnerCenter.tenant, crm: crm.url })

export const bookOver = (config: Config, { store, clock }: { readonly store: OpenStore; readonly clock: Clock }): VersionBook =>
  versionBook({ store, clock, newId: randomUUID, readMapping: readMappingText, approval: config.sync.approval })
