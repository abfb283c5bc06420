import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { realRandom } from './clock.js'
import type { Config } from './config/index.js'
import { administration, type AdministrationDesk } from './connections/administration.js'
import { connectCrm } from './connections/crm.js'
import { crmSettings } from './connections/in-force.js'
import type { ConnectionParts } from './connections/parts.js'
import { connectPartnerCenter } from './connections/partner-center.js'
import { settingsOfFile } from './connections/settings-document.js'
import { bookOver, identityOf, storeUrl, tenantOf } from './connections/store-of.js'
import type { Clock } from './core/ports.js'
import { checkIdentity } from './engine/identity.js'
import type { Foreseen } from './engine/versions.js'
import { undiciTransport } from './remote/transport.js'
import { openStore, sealOf, type OpenStore } from './store/index.js'

/** The installation's own settings, beside a running service (whose store it shares) or without one. */
interface Administering {
  readonly desk: AdministrationDesk
  close(): Promise<void>
}

interface Around {
  readonly clock: Clock
  /** Told about every secret that is learnt at run time. */
  readonly plant: (secret: string) => void
}

const isEmbeddedThere = ({ store }: Config): boolean => store.kind !== 'postgres' && existsSync(join(store.folder, 'cosell.db'))

/** @throws Fault `misconfigured` when the store was made for other systems: a copy of it must not touch the live partner account. */
export async function administer(config: Config, { clock, plant }: Around): Promise<Administering> {
  const standing = isEmbeddedThere(config) ? 'beside' : 'own'
  const store = await openStore({ url: storeUrl(config), now: () => clock.now(), standing, tenant: tenantOf(config) })
  try {
    await checkIdentity(store, identityOf(config))
    return await deskOver(store, config, { clock, plant })
  } catch (error) {
    await store.close()
    throw error
  }
}

async function deskOver(store: OpenStore, config: Config, { clock, plant }: Around): Promise<Administering> {
  const transport = undiciTransport({ proxy: config.proxy, ca: config.caBundle?.text ?? null })
  const parts: ConnectionParts = { transport, clock, random: realRandom, store, seal: sealOf(config.seal), plant, onCall: () => undefined }
  const book = bookOver(config, { store, clock })
  const settings = crmSettings(config.crm, (await book.number()) === 0 ? settingsOfFile(config) : (await book.current()).settings)
  const partner = connectPartnerCenter(config.partnerCenter, parts)
  const crm = connectCrm(config.crm, parts, () => settings)
  return {
    desk: administration({ ...parts, config, partner, crm }),
    close: async () => {
      await transport.close()
      await store.close()
    },
  }
}

const undefinedTable = '42P01' // PostgreSQL: a database that no process of ours has been in.

/** What holds with this file and the versions of the store. Null: there is no store yet. Makes and changes nothing. */
export async function settingsAhead(config: Config, clock: Clock): Promise<Foreseen | null> {
  if (config.store.kind !== 'postgres' && !isEmbeddedThere(config)) return null
  const store = await openStore({ url: storeUrl(config), now: () => clock.now(), standing: 'beside', tenant: tenantOf(config) })
  try {
    return await bookOver(config, { store, clock }).foresee(settingsOfFile(config))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === undefinedTable) return null
    throw error
  } finally {
    await store.close()
  }
}
