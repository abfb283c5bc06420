import { DYNAMICS_PROFILE } from '../adapters/dynamics/profile.js'
import { SALESFORCE_PROFILE } from '../adapters/salesforce/profile.js'
import type { Config } from '../config/index.js'
import type { Profile } from '../core/mapping.js'
import { connectDynamics } from './dynamics.js'
import type { ConnectionParts, CrmConnection, CrmSettings } from './parts.js'
import { connectSalesforce } from './salesforce.js'

/** The only place that chooses by the kind of CRM. A further one is a case here and a folder under adapters. */
export function connectCrm(config: Config['crm'], parts: ConnectionParts, settings: () => CrmSettings): CrmConnection {
  switch (config.kind) {
    case 'dynamics':
      return connectDynamics(config, parts, settings)
    case 'salesforce':
      return connectSalesforce(config, parts, settings)
  }
}

/** The built-in mapping of a kind of CRM. */
export function profileOf(config: Config['crm']): Profile {
  switch (config.kind) {
    case 'dynamics':
      return DYNAMICS_PROFILE
    case 'salesforce':
      return SALESFORCE_PROFILE
  }
}
