import { CODE_LABELS, HELP_LABELS, labelOf } from '../../core/conversions.js'
import { FIELD_NAMES, FIELDS, HELP, type Field } from '../../core/deal.js'
import type { RemoteSchema, SchemaField } from '../../core/ports.js'
import { NEVER_EMPTY } from '../../core/preflight.js'
import { INTENT } from './canonical.js'

/** Words the documentation lists; the service may know more, so they are offered and never enforced. */
const OPTIONS: { readonly [F in Field]?: readonly string[] } = {
  [HELP]: Object.keys(HELP_LABELS),
  [INTENT]: Object.keys(CODE_LABELS).filter((code) => !Object.hasOwn(HELP_LABELS, code)),
  'customerProfile.size': [
    '1to9employees', '10to50employees', '51to250employees', '251to1000employees',
    '1001to5000employees', '5001to10000employees', '10001to20000employees', 'Morethan20000employees',
  ],
}

/** Labels are the path in words: `details.closingDateTime` is "Details: closing date time". */
function labelFor(field: Field): string {
  const words = field.split('.').map((part) => labelOf(part).replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase())
  const text = words.join(': ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** What a referral has, for the mapping editor. Partner Center offers no description of itself. */
export function describeReferral(): RemoteSchema {
  const fields = FIELD_NAMES.map((name): SchemaField => ({
    name,
    label: labelFor(name),
    type: FIELDS[name].kind,
    writable: FIELDS[name].partner !== 'read',
    required: NEVER_EMPTY.has(name),
    maxLength: null, // No page names the lengths of texts.
    options: OPTIONS[name]?.map((value) => ({ value, label: labelOf(value) })) ?? null,
  }))
  return { records: { referral: fields } }
}
