import { HELP_LABELS } from './conversions.js'
import { HELP, type Field } from './deal.js'

/**
 * Words that Partner Center is known to use for a field. Others may come; they are carried on, and refused by nobody but the column.
 * Source: learn.microsoft.com "Referral resources" and "Bulk operations" (read 2023-10).
 */
export const KNOWN_WORDS: { readonly [F in Field]?: readonly string[] } = {
  [HELP]: Object.keys(HELP_LABELS),
  'details.requirements.marketplaceIntent': ['Yes', 'No', 'HaveNotDecided'],
  salesStage: ['10', '20', '40', '60', '80', '100'],
}
