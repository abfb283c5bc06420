/** One refusal as the REST API words it. Source: Salesforce REST API Developer Guide, "Status codes and error responses". */
export class SalesforceError extends Error {
  readonly status: number
  readonly code: string
  readonly fields: readonly string[]
  /** Further members of the body. */
  more: Readonly<Record<string, unknown>> = {}
  constructor(status: number, code: string, message: string, fields: readonly string[] = []) {
    super(message)
    this.status = status
    this.code = code
    this.fields = fields
  }
}
export const refuse = (code: string, message: string, fields: readonly string[] = [], status = 400): SalesforceError =>
  new SalesforceError(status, code, message, fields)
/** The body of a single refusal. */
export const errorBody = ({ code, message, fields, more }: SalesforceError): unknown => [
  { ...more, message, errorCode: code, ...(fields.length === 0 ? {} : { fields }) },
]
/** A refusal inside a list of results names its code otherwise. */
export const itemError = ({ code, message, fields }: SalesforceError): unknown => ({ statusCode: code, message, fields })

/** What a duplicate rule says. The key is misspelt on the wire. */
export function refuseDuplicate(object: string, like: string): SalesforceError {
  const error = refuse('DUPLICATES_DETECTED', 'Use one of these records?')
  const record = { attributes: { type: object, url: '' }, Id: like }
  const matchResults = [
    {
      entityType: object,
      errors: [],
      matchEngine: 'FuzzyMatchEngine',
      rule: `Standard_${object}_Match_Rule_v1_0`,
      size: 1,
      success: true,
      matchRecords: [{ additionalInformation: [], fieldDiffs: [], matchConfidence: 100, record }],
    },
  ]
  error.more = {
    duplicateResut: {
      allowSave: true,
      duplicateRule: `Standard_${object}_Duplicate_Rule`,
      duplicateRuleEntityType: object,
      errorMessage: 'Use one of these records?',
      matchResults,
    },
  }
  return error
}
