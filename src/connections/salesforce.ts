import { randomUUID } from 'node:crypto'
import { salesforceAdapter } from '../adapters/salesforce/adapter.js'
import { salesforceAllowances } from '../adapters/salesforce/allowances.js'
import { SalesforceApi } from '../adapters/salesforce/api.js'
import { salesforceInbound } from '../adapters/salesforce/inbound.js'
import { SALESFORCE } from '../adapters/salesforce/kind.js'
import { salesforceTasks } from '../adapters/salesforce/tasks.js'
import { salesforceInstaller } from '../adapters/salesforce/install/installer.js'
import type { SalesforceConfig } from '../config/index.js'
import { customerGuard } from '../engine/customer-guard.js'
import { assertOrganization } from '../engine/identity.js'
import { limitOf } from '../adapters/salesforce/errors.js'
import { salesforceSignIn } from './salesforce-sign-in.js'
import { sender, type ConnectionParts, type CrmConnection, type CrmSettings } from './parts.js'
import { seenAnew } from './seen-anew.js'
import { stageMemory } from './stage-memory.js'

export function connectSalesforce(config: SalesforceConfig, parts: ConnectionParts, settings: () => CrmSettings): CrmConnection {
  const { clock, transport, store } = parts
  const url = config.url.replace(/\/+$/, '')
  const { token, locate } = salesforceSignIn(config, { transport, clock, name: SALESFORCE.name, repair: 'cosell connect crm', url: `${url}/services/oauth2/token` })
  // Salesforce keeps no id of ours in its logs; the client's name stands in every call.
  const calls = { correlation: () => ({}), locate, asksToWait: limitOf, allowances: salesforceAllowances }
  const send = sender(parts, { name: SALESFORCE.name, url, token, ...calls })
  const assertOurs = async (id: string | null): Promise<void> => {
    if (id !== null) await assertOrganization(store, { id, crm: url }, clock.now())
  }
  const kept = { stageMemory: stageMemory(store, clock), customerGuard: customerGuard(store, clock, randomUUID) }
  const adapter = salesforceAdapter({ url, send, session: token, clock, settings, assertOurs, ...kept })
  const api = new SalesforceApi({ url, send, session: token, clock })
  return {
    kind: 'salesforce',
    adapter,
    inbound: salesforceInbound({ key: config.webhookKey, organizationId: () => adapter.organizationId() }),
    // Ids are the org's to choose; the referral's own id is the unique field that makes a repeat recognisable.
    idFor: (referralId) => referralId.toLowerCase(),
    installer: seenAnew(salesforceInstaller({ api, clock }), () => adapter.outdate()),
    tasks: salesforceTasks(api),
    checks: (signal) => adapter.checks({ signal }),
    outdate: () => adapter.outdate(),
  }
}
