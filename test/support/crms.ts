import type { AnyInstallation, CrmWish } from './crm-installation.js'
import { onDynamics } from './crm-on-dynamics.js'
import { onSalesforce } from './crm-on-salesforce.js'

export type { AnyInstallation, CrmWish } from './crm-installation.js'

/** One more CRM is one more line here. */
export const CRMS: readonly (readonly [name: string, open: (wish?: CrmWish) => Promise<AnyInstallation>])[] = [
  ['Dynamics 365', onDynamics],
  ['Salesforce', onSalesforce],
]
