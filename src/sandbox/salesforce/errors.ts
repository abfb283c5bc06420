/** One refusal as the REST API words it. Source: Salesforce REST API Developer Guide, "Status codes and error responses". */
export class SalesforceError extends Error {
  readonly status: number
  readonly code: string
  readonly fields: readonly string[]
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
export const errorBody = ({ code, message, fields }: SalesforceError): unknown => [
  { message, errorCode: code, ...(fields.length === 0 ? {} : { fields }) },
]
/** A refusal inside a list of results names its code otherwise. */
export const itemError = ({ code, message, fields }: SalesforceError): unknown => ({ statusCode: code, message, fields })
