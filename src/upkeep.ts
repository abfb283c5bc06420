import { configJsonSchema, maskedConfig, type Config } from './config/index.js'
import { crmPackage } from './connections/crm-package.js'
import { storeUrl } from './connections/store-of.js'
import { trigger } from './connections/trigger.js'
import { Fault, NOT_OFFERED } from './core/fault.js'
import type { Clock } from './core/ports.js'
import type { Upkeep } from './engine/administration.js'
import type { Service } from './engine/views.js'
import type { Transport } from './remote/transport.js'
import { rotateSecrets, writeBackup, type OpenStore } from './store/index.js'

export interface UpkeepParts {
  readonly config: Config
  readonly store: Pick<OpenStore, 'erasePerson'>
  readonly clock: Clock
  readonly transport: Transport
  readonly version: string
  /** Ends with the service. */
  readonly signal: AbortSignal
  /** The configuration under the settings that are in force. */
  readonly inForce: () => Config
  readonly deal: (name: string) => ReturnType<Service['deal']>
}

/** What the command line can do for an installation, for those who reach it by HTTP only. */
export function upkeepOf({ config, store, clock, transport, version, signal, inForce, deal }: UpkeepParts): Upkeep {
  return {
    version,
    configuration: () => maskedConfig(inForce()),
    erase: (email) => store.erasePerson(email),
    rotateSecrets: () => rotateSecrets(storeUrl(config), config.seal, clock.now()),
    configurationSchema: configJsonSchema,
    crmPackage: (form) => crmPackage(config.crm.kind, form),
    async backup(file) {
      if (config.tenant !== null)
        throw new Fault('misconfigured', 'The store holds several tenants, and a backup is of all of them.', {
          remedy: 'Run "cosell backup" on the machine that hosts them.',
          code: NOT_OFFERED,
        })
      await writeBackup(storeUrl(config), file, clock.now())
    },
    async trigger(event, name) {
      const { referralId } = await deal(name)
      if (referralId === null)
        throw new Fault('rejected', `${name} has no referral yet; there is nothing an event could be about.`, { remedy: 'Share the deal first.' })
      return trigger({ config, transport, signal }, event, referralId)
    },
  }
}
