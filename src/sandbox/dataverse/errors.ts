/**
 * Refusals of the Web API, with the codes of Microsoft's list of web service errors.
 * Source: learn.microsoft.com "Web service error codes" and "Compose HTTP requests and handle errors" (read 2023-10).
 * People acting through the simulator's methods meet the same refusals as a program does.
 */
export class DataverseError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'DataverseError'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

const refusal = (status: number, code: string, message: string): DataverseError => new DataverseError(status, code, message)

/** A body the OData reader does not accept. */
export function payloadError(setName: string, inner: string): DataverseError {
  return refusal(
    400,
    '0x80048d19',
    `Error identified in Payload provided by the user for Entity :'${setName}', For more information on this error please follow this help link ` +
      `https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : Microsoft.OData.ODataException: ${inner}`,
  )
}

export const undeclared = (setName: string, property: string, typeName: string): DataverseError =>
  payloadError(
    setName,
    `An undeclared property '${property}' which only has property annotations in the payload but no property value was found in the payload. ` +
      `In OData, only declared navigation properties and declared named streams can be represented as properties without values. ` +
      `Type: Microsoft.Dynamics.CRM.${typeName}.`,
  )

export const badQuery = (message: string): DataverseError => refusal(400, '0x80060888', message)

export const unknownProperty = (property: string, table: string): DataverseError =>
  badQuery(`Could not find a property named '${property}' on type 'Microsoft.Dynamics.CRM.${table}'.`)

export const unknownSegment = (segment: string): DataverseError =>
  refusal(404, '0x8006088a', `Resource not found for the segment '${segment}'.`)

export const notSupported = (message: string): DataverseError => refusal(501, '0x8006088a', message)

export const methodNotAllowed = (message: string): DataverseError => refusal(405, '0x80060888', message)

export const missingRow = (table: string, id: string): DataverseError =>
  refusal(404, '0x80040217', `${table} With Id = ${id} Does Not Exist`)

export const missingByKey = (table: string): DataverseError =>
  refusal(404, '0x80060891', `A record with the specified key values does not exist in ${table} entity`)

export const keyNotDefined = (table: string, columns: readonly string[]): DataverseError =>
  refusal(400, '0x80060890', `The specified key attributes are not a defined key for the ${table} entity: ${columns.join(', ')}`)

export const severalRowsByKey = (table: string): DataverseError =>
  refusal(400, '0x8006089D', `More than one record exists in the ${table} entity for the specified key values.`)

export const duplicateKey = (status: number): DataverseError =>
  refusal(
    status,
    '0x80060892',
    'A record that has the attribute values you specified already exists. A record with matching key values already exists.',
  )

export const matchingRowExists = (code: string): DataverseError => refusal(412, code, 'A record with matching key values already exists.')

export const duplicateId = (): DataverseError => refusal(412, '0x80040237', 'A record with matching key values already exists.')

export const duplicatesFound = (): DataverseError =>
  refusal(412, '0x80040333', 'A record was not created or updated because a duplicate of the current record already exists.')

export const versionMismatch = (): DataverseError =>
  refusal(412, '0x80060882', "The version of the existing record doesn't match the RowVersion property provided.")

export const concurrencyNotEnabled = (table: string): DataverseError =>
  refusal(
    400,
    '0x8006088D',
    `Optimistic concurrency isn't enabled for entity type ${table}. The IfVersionMatches value of ConcurrencyBehavior can only be used if optimistic concurrency is enabled.`,
  )

export const tooLong = (table: string, column: string, maxLength: number): DataverseError =>
  refusal(
    400,
    '0x80044331',
    `A validation error occurred. The length of the '${column}' attribute of the '${table}' entity exceeded the maximum allowed length of '${maxLength}'.`,
  )

export const outOfRange = (table: string, column: string, value: unknown, accepted: string): DataverseError =>
  refusal(
    400,
    '0x8004431A',
    `A validation error occurred. The value ${String(value)} of '${column}' on record of type '${table}' is outside the valid range. Accepted Values: ${accepted}`,
  )

export const invalidArgument = (message: string): DataverseError => refusal(400, '0x80040203', message)

export const privilegeDenied = (userId: string, privilege: string): DataverseError =>
  refusal(
    403,
    '0x80040220',
    `Principal user (Id=${userId}, type=8, roleCount=1, privilegeCount=1, accessMode=4) is missing ${privilege} privilege`,
  )

export const userNotMember = (): DataverseError => refusal(403, '0x80072560', 'The user is not a member of the organization.')

export const userDisabled = (): DataverseError => refusal(403, '0x8004A112', 'The user representing the caller is disabled.')

export const cannotImpersonate = (userId: string): DataverseError =>
  refusal(403, '0x8004A110', `User ${userId} cannot act on behalf of another user: prvActOnBehalfOfAnotherUser is missing.`)

export const invalidState = (table: string, state: number, status: number): DataverseError =>
  refusal(400, '0x80048408', `${status} is not a valid status code for state code ${state} on ${table}.`)

export const useCloseMessage = (): DataverseError =>
  refusal(
    400,
    '0x80100005',
    'This message can not be used to set the state of opportunity to Won or Lost. In order to set state of opportunity, use the WinOpportunity or LoseOpportunity message instead.',
  )

export const opportunityClosed = (): DataverseError => refusal(400, '0x80040515', 'The opportunity has already been closed.')

export const opportunityOpen = (): DataverseError => refusal(400, '0x8004051a', 'The opportunity is already in the open state.')

export const leadClosed = (): DataverseError => refusal(400, '0x80040519', 'The lead is already closed.')

export const leadOpen = (): DataverseError => refusal(400, '0x80040518', 'The lead is already in the open state.')

export const cannotQualify = (why: string): DataverseError => refusal(400, '0x80081018', `The lead cannot be qualified: ${why}`)

export const deleteBlocked = (relationship: string): DataverseError =>
  refusal(405, '0x80040227', `The object cannot be deleted because it is associated with other objects (${relationship}).`)

export const trackingNotEnabled = (table: string): DataverseError =>
  refusal(400, '0x80072491', `Change tracking is not enabled for the entity '${table}'.`)

export const expiredVersion = (): DataverseError =>
  refusal(400, '0x80044352', 'Version stamp associated with the client has expired. Please perform a full sync.')

export const lockHeld = (what: string): DataverseError =>
  refusal(
    400,
    '0x80071151',
    `Cannot start the requested operation [${what}] because there is another operation running at this moment. Use Solution History for more details.`,
  )

export const coded = refusal
