import { FIELD_NAMES, FIELDS, isListField, pick, type Field, type Projection } from './deal.js'
import type { Rule } from './change.js'
import type { Side } from './ref.js'

/** When a field may be written to a side: `always` · only with a new record · only after · `never` (the row is declared one-way, or the side has no such field). */
export type Flow = 'always' | 'create' | 'update' | 'never'

export interface FieldPolicy {
  readonly rule: Rule
  readonly into: { readonly [S in Side]: Flow }
  /** The row was declared one-way by an administrator: an edit on the receiving side is undone and recorded. */
  readonly restore: boolean
}

/** `on` writes · `observe` plans and records, writes nothing · `off`. Named by what they write to. */
export type FlowSwitch = 'on' | 'observe' | 'off'
export type FlowName = 'partnerToCrm' | 'crmToPartner'
export const flowInto = (side: Side): FlowName => (side === 'crm' ? 'partnerToCrm' : 'crmToPartner')

/** The fields' policies for a record of that kind. */
export const fieldsFor = ({ fields, leadFields }: Pick<Policy, 'fields' | 'leadFields'>, kind: string): Policy['fields'] =>
  kind === 'lead' ? leadFields : fields

export interface Policy {
  readonly fields: { readonly [F in Field]: FieldPolicy }
  /** The same for records that are leads: their rows are their own. */
  readonly leadFields: { readonly [F in Field]: FieldPolicy }
  readonly flows: Readonly<Record<FlowName, FlowSwitch>>
  /** False: leads stay in Partner Center. Never limits CRM -> Partner Center. */
  readonly leads: boolean
  /** What to do at a one-way door: sharing with Microsoft, accepting, declining, closing. */
  readonly irreversible: 'allow' | 'confirm' | 'forbid'
  /** E-mail of the CRM owner of inbound deals when no team member is a CRM user. */
  readonly owner: string | null
  readonly checkMarkInName: boolean
}

/** Whether a new record on that side is given the field, and whether one that is there is. */
export const onCreate = (way: Flow): boolean => way === 'always' || way === 'create'
export const onUpdate = (way: Flow): boolean => way === 'always' || way === 'update'
/** Of a deal, what a new record on that side may be given. */
export const carriedOnCreate = (fields: Policy['fields'], side: Side, deal: Projection): Projection =>
  pick(
    deal,
    FIELD_NAMES.filter((field) => onCreate(fields[field].into[side])),
  )

/**
 * The rule a field has unless the mapping says otherwise: lists merge, and where two people wrote different things a person decides.
 * Sales team and customer fields follow the API: Partner Center takes the customer with a new referral only.
 */
export function defaultFieldPolicy(field: Field): FieldPolicy {
  const takes = FIELDS[field].partner
  const intoPartner: Flow = takes === 'edit' || takes === 'door' ? 'always' : takes === 'create' ? 'create' : 'never'
  // A seller writes the reason of a close into the CRM before closing: it travels with that step and is nobody's to undo.
  if (field === 'statusReason') return { rule: 'partner', into: { crm: 'always', partner: 'never' }, restore: false }
  if (takes === 'read') return { rule: 'partner', into: { crm: 'always', partner: 'never' }, restore: true }
  if (field === 'team') return { rule: 'union', into: { crm: 'create', partner: 'always' }, restore: false }
  if (field === 'name' || field.startsWith('customerProfile.address') || field === 'customerProfile.name') {
    return { rule: 'hold', into: { crm: 'create', partner: intoPartner }, restore: false }
  }
  return { rule: isListField(field) ? 'union' : 'hold', into: { crm: 'always', partner: intoPartner }, restore: false }
}

export const defaultFieldPolicies = (): { readonly [F in Field]: FieldPolicy } =>
  Object.fromEntries(FIELD_NAMES.map((field) => [field, defaultFieldPolicy(field)])) as { [F in Field]: FieldPolicy } // one entry per field by construction

export function defaultPolicy(): Policy {
  return {
    fields: defaultFieldPolicies(),
    leadFields: defaultFieldPolicies(),
    flows: { partnerToCrm: 'on', crmToPartner: 'on' },
    leads: true,
    irreversible: 'allow',
    owner: null,
    checkMarkInName: false,
  }
}
