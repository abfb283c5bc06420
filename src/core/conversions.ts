/** What a column of a record can hold before it is given a meaning. */
export type Scalar = string | number | boolean | null

/** Letters and digits only, without case: labels differ in capitals, dashes and blanks between systems and editions of their pages. */
export const labelKey = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

const leadingMark = /^(?:\s*[\u2713\u2714\u2717\u2718]\uFE0F?\s*)+/u
/** The reference connector puts a check mark or a cross before the name of a deal; it is never part of the name. */
export const stripCheckMark = (name: string): string => name.replace(leadingMark, '')

/**
 * Codes of the Referrals API and the label people see, with the spellings of older pages after it.
 * Source: learn.microsoft.com "Partner Center referrals connector" (enum) and "Bulk operations" (labels), read 2023-10.
 */
export const HELP_LABELS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  WorkloadSpecificValueProposition: ['Workload - specific value proposition'],
  CustomerTechnicalArchitecture: ['Customer technical architecture'],
  ProofOfConceptOrDemo: ['Proof of concept / Demo', 'Proof Of Concept or Demo'],
  QuotesOrLicensing: ['Quotes / Licensing', 'Quotes or Licensing'],
  PostSalesCustomerSuccess: ['Post - sales customer success'],
  GeneralOrOther: ['General or other'],
}
const OTHER_LABELS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  HaveNotDecided: ['Have not decided', 'Not decided', 'Undecided'],
  Yes: ['Yes'],
  No: ['No'],
}
export const CODE_LABELS = { ...HELP_LABELS, ...OTHER_LABELS }

const codeByLabel: ReadonlyMap<string, string> = new Map(
  Object.entries(CODE_LABELS).flatMap(([code, labels]) => [code, ...labels].map((label): [string, string] => [labelKey(label), code])),
)
/** `Unknown` is Partner Center's word for "no help asked for"; a record says that by leaving the field empty. */
const EMPTY_CODES: ReadonlySet<string> = new Set(['unknown', 'nohelprequiredatthispointoftime', 'none'])

export const isEmptyCode = (text: string): boolean => EMPTY_CODES.has(labelKey(text))
/** The API's code for a label or a code in any spelling; other text stays as it is. */
export const codeOf = (text: string): string => codeByLabel.get(labelKey(text)) ?? text
/** The label people see for a code; a code without one is split into its words. */
export const labelOf = (code: string): string =>
  (Object.hasOwn(CODE_LABELS, code) ? CODE_LABELS[code]?.[0] : undefined) ?? code.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
