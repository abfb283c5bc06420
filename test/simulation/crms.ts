import type { CrmKind, CrmMaker } from './crm.js'
import { dynamicsMaker } from './crm-dynamics.js'
import { salesforceMaker } from './crm-salesforce.js'

export const CRMS: Readonly<Record<CrmKind, CrmMaker>> = { dynamics: dynamicsMaker, salesforce: salesforceMaker }
