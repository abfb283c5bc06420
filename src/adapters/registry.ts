import type { CrmKind } from './crm-kind.js'
import { DYNAMICS } from './dynamics/kind.js'
import { SALESFORCE } from './salesforce/kind.js'

/** Every kind of CRM there is; where nobody says which, the first is meant. One more is one more entry here. */
export const CRM_KINDS = [DYNAMICS, SALESFORCE] as const
export type CrmName = (typeof CRM_KINDS)[number]['kind']
export const CRM_NAMES: readonly [CrmName, ...CrmName[]] = [DYNAMICS.kind, SALESFORCE.kind]
export const usualCrm: CrmName = CRM_KINDS[0].kind

/** Null: there is no such kind. */
export const crmKind = (name: unknown): CrmKind<CrmName> | null => CRM_KINDS.find(({ kind }) => kind === name) ?? null
