import type { WebhookRegistration } from './adapters/partner-center/registration.js'
import type { Config } from './config/index.js'
import type { CrmConnection } from './connections/parts.js'
import type { PartnerCenterConnection } from './connections/partner-center.js'
import { tokenLapsesAt } from './connections/refresh-tokens.js'
import { displacedBefore, wantedRegistration } from './connections/webhook-wanted.js'
import type { Administration } from './engine/administration.js'
import type { OpenStore } from './store/index.js'
import type { WatchParts } from './watch/turns.js'

export interface GuardedParts {
  readonly config: Config
  readonly partner: PartnerCenterConnection
  readonly crm: CrmConnection
  readonly registration: WebhookRegistration
  readonly store: OpenStore
  /** As a person would: what is displaced is kept, and the ledger says so. */
  readonly registerWebhook: Administration['registerWebhook']
}

// What of a CRM's checks every deal needs, now or when a version of its API ends; a mapping that does not fit is told deal by deal, and by the guard of its columns.
const vital = /sign-in|role|tables|objects|fields|API version/i

/** What the guards look after, and how they look. */
export function guarded(parts: GuardedParts): Pick<WatchParts, 'connections' | 'webhook'> {
  const { config, partner, crm, store } = parts
  return {
    connections: [
      {
        name: 'partner-center',
        label: 'Partner Center',
        ready: (signal) => partner.ready(signal),
        secretExpiresAt: config.partnerCenter.clientSecretExpires,
        tokenLapsesAt: () => tokenLapsesAt(store),
        repair: 'cosell connect partner-center',
      },
      {
        name: 'crm',
        label: 'The CRM',
        async ready(signal) {
          // Says of itself whether it was refused or could not be reached; the checks put both in one word.
          await crm.adapter.describe({ signal })
          return (await crm.checks(signal)).filter(({ name }) => vital.test(name))
        },
        secretExpiresAt: config.crm.clientSecretExpires,
        tokenLapsesAt: () => Promise.resolve(null),
        repair: 'cosell connect crm',
      },
    ],
    webhook: guardedWebhook(parts),
  }
}

function guardedWebhook({ config, registration, registerWebhook, store }: GuardedParts): WatchParts['webhook'] {
  const bare = wantedRegistration(config, null)
  if (bare === null) return null
  return {
    policy: config.partnerCenter.webhook.guard,
    guarded: {
      show: registration.show,
      wanted: async () => wantedRegistration(config, await displacedBefore(store)) ?? bare,
      register: async (signal) => void (await registerWebhook({ overwrite: 'yes', by: 'cosell', signal })),
      async test(signal) {
        const { arrived, status, attempts } = await registration.test(signal)
        const answers = attempts.map(({ responseCode, message }) => `${responseCode} ${message}`.trim())
        return { arrived, detail: answers.length === 0 ? status : answers.join('; ') }
      },
    },
  }
}
