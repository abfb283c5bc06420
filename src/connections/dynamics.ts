import { randomUUID } from 'node:crypto'
import { dynamicsAdapter } from '../adapters/dynamics/adapter.js'
import { dynamicsAllowances } from '../adapters/dynamics/allowances.js'
import { DynamicsApi } from '../adapters/dynamics/api.js'
import { DYNAMICS } from '../adapters/dynamics/kind.js'
import { dynamicsTasks } from '../adapters/dynamics/tasks.js'
import { guidOf } from '../adapters/guid.js'
import { dynamicsInbound } from '../adapters/dynamics/inbound.js'
import { dynamicsInstaller, type Notebook } from '../adapters/dynamics/install/installer.js'
import type { DynamicsConfig } from '../config/index.js'
import type { Mapping } from '../core/mapping.js'
import type { Clock, Store } from '../core/ports.js'
import { customerGuard } from '../engine/customer-guard.js'
import { clientCredentials, type TokenEndpoint } from '../remote/tokens.js'
import { sender, type ConnectionParts, type CrmConnection, type CrmSettings } from './parts.js'
import { seenAnew } from './seen-anew.js'
import { entraUrl } from './partner-center.js'

/** Columns that the mapping names; those of related records are events of other tables. */
const columnsIn = ({ opportunity, lead }: Mapping): readonly string[] =>
  [...Object.values(opportunity), ...Object.values(lead)].map(({ crm }) => crm).filter((name) => !name.includes('.'))

/** What the installer must remember beyond one process. */
const notebook = (store: Store, clock: Clock): Notebook => ({
  read: async (name) => (await store.getValue(name))?.value ?? null,
  write: async (name, value) => void (await store.setValue(name, value, { expect: 'any', now: clock.now() })),
})

export function connectDynamics(config: DynamicsConfig, parts: ConnectionParts, settings: () => CrmSettings): CrmConnection {
  const { clock, transport, store } = parts
  const url = config.url.replace(/\/+$/, '')
  const endpoint: TokenEndpoint = {
    transport,
    clock,
    name: DYNAMICS.name,
    repair: 'cosell connect crm',
    url: entraUrl(config.authorityUrl, config.tenant, 'token'),
  }
  const send = sender(parts, {
    name: DYNAMICS.name,
    url,
    token: clientCredentials(endpoint, { clientId: config.clientId, clientSecret: config.clientSecret, scope: `${url}/.default` }),
    correlation: (id) => ({ 'x-ms-client-request-id': id }),
    allowances: dynamicsAllowances,
  })
  const adapter = dynamicsAdapter({ url: config.url, send, clock, settings, customerGuard: customerGuard(store, clock, randomUUID) })
  const installer = dynamicsInstaller({ url, send, clock, notebook: notebook(store, clock), mapped: () => columnsIn(settings().mapping) })
  return {
    kind: 'dynamics',
    adapter,
    inbound: dynamicsInbound({ key: config.webhookKey, solutionTable: () => adapter.solutionTable() }),
    idFor: (referralId) => guidOf(`referral:${referralId}`),
    installer: seenAnew(installer, () => adapter.outdate()),
    tasks: dynamicsTasks(new DynamicsApi({ url, send })),
    checks: (signal) => adapter.checks({ signal }),
    outdate: () => adapter.outdate(),
  }
}
