import { describe, expect, it, test } from 'vitest'
import type { FaultKind } from '../../core/fault.js'
import { faultOf, KNOWN_CODES, limitOf } from './errors.js'

/** Every code that the REST API documents, and what it must mean to us. A code without a row is a failing test. */
const MEANINGS: Readonly<Record<string, FaultKind>> = {
  INVALID_SESSION_ID: 'signed-out',
  INVALID_AUTH_HEADER: 'signed-out',
  API_DISABLED_FOR_ORG: 'forbidden',
  API_CURRENTLY_DISABLED: 'forbidden',
  REQUEST_LIMIT_EXCEEDED: 'throttled',
  SERVER_UNAVAILABLE: 'offline',
  UNKNOWN_EXCEPTION: 'offline',
  QUERY_TIMEOUT: 'offline',
  INVALID_QUERY_LOCATOR: 'stale',
  NOT_FOUND: 'missing',
  MALFORMED_ID: 'missing',
  ENTITY_IS_DELETED: 'missing',
  INVALID_CROSS_REFERENCE_KEY: 'missing',
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: 'forbidden',
  INSUFFICIENT_ACCESS_OR_READONLY: 'forbidden',
  INSUFFICIENT_ACCESS: 'forbidden',
  UNABLE_TO_LOCK_ROW: 'stale',
  DUPLICATE_VALUE: 'rejected',
  DUPLICATES_DETECTED: 'rejected',
  DUPLICATE_EXTERNAL_ID: 'rejected',
  REQUIRED_FIELD_MISSING: 'rejected',
  STRING_TOO_LONG: 'rejected',
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: 'rejected',
  FIELD_CUSTOM_VALIDATION_EXCEPTION: 'rejected',
  FIELD_INTEGRITY_EXCEPTION: 'rejected',
  FIELD_FILTER_VALIDATION_EXCEPTION: 'rejected',
  INVALID_FIELD: 'misconfigured',
  INVALID_TYPE: 'misconfigured',
  INVALID_FIELD_FOR_INSERT_UPDATE: 'misconfigured',
  INVALID_EMAIL_ADDRESS: 'rejected',
  NUMBER_OUTSIDE_VALID_RANGE: 'rejected',
  INVALID_CURRENCY_ISO: 'rejected',
  JSON_PARSER_ERROR: 'bug',
  MALFORMED_QUERY: 'bug',
  CANNOT_UPDATE_CONVERTED_LEAD: 'stale',
  ENTITY_IS_LOCKED: 'forbidden',
  INACTIVE_OWNER_OR_USER: 'rejected',
  OP_WITH_INVALID_USER_TYPE_EXCEPTION: 'rejected',
  CANNOT_EXECUTE_FLOW_TRIGGER: 'rejected',
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: 'rejected',
  APEX_ERROR: 'rejected',
  TOO_MANY_APEX_REQUESTS: 'throttled',
  TXN_SECURITY_METERING_ERROR: 'throttled',
  STORAGE_LIMIT_EXCEEDED: 'misconfigured',
  ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE: 'stale',
  PROCESSING_HALTED: 'rejected',
  ALL_OR_NONE_OPERATION_ROLLED_BACK: 'rejected',
  METHOD_NOT_ALLOWED: 'bug',
  EXCEEDED_ID_LIMIT: 'offline',
  INVALID_REPLICATION_DATE: 'offline',
  CUSTOM_ENTITY_OR_FIELD_LIMIT: 'rejected',
  DUPLICATE_DEVELOPER_NAME: 'rejected',
}
const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  tookMs: 0,
})
const asked = { method: 'PATCH', what: 'opportunity 006' }

describe('a refusal', () => {
  test('has a meaning and a remedy for every code there is, and for no other', () => {
    expect([...KNOWN_CODES].sort()).toEqual(Object.keys(MEANINGS).sort())
  })

  it.each(Object.entries(MEANINGS))('%s means %s, whatever its status and whatever its words', (code, kind) => {
    for (const status of [400, 403, 404]) {
      const fault = faultOf(answer(status, [{ errorCode: code, message: 'in words nobody reads' }]), asked)
      expect([fault.kind, fault.code]).toEqual([kind, code])
      expect(fault.message).toContain('opportunity 006')
      expect(fault.remedy).toMatch(/\w.*[.]$/)
    }
  })

  // Without a code of its own a gateway answered; a write may have been carried out behind it.
  it.each([
    [400, 'rejected', 'ambiguous'],
    [401, 'signed-out', 'signed-out'],
    [403, 'forbidden', 'forbidden'],
    [404, 'missing', 'ambiguous'],
    [405, 'rejected', 'ambiguous'],
    [408, 'ambiguous', 'ambiguous'],
    [410, 'misconfigured', 'ambiguous'],
    [412, 'stale', 'stale'],
    [414, 'bug', 'bug'],
    [302, 'offline', 'offline'],
    [420, 'offline', 'offline'],
    [428, 'rejected', 'rejected'],
    [431, 'bug', 'bug'],
    [429, 'throttled', 'throttled'],
    [500, 'ambiguous', 'ambiguous'],
    [502, 'ambiguous', 'ambiguous'],
    [503, 'ambiguous', 'ambiguous'],
  ] as const)('%i without a body means %s, and with the page of a gateway %s', (status, bare, page) => {
    expect(faultOf(answer(status, ''), asked).kind).toBe(bare)
    expect(faultOf(answer(status, '<html>Busy</html>'), asked).kind).toBe(page)
  })

  test('of a read by the page of a gateway says nothing about the record', () => {
    for (const status of [400, 404, 410]) expect(faultOf(answer(status, '<html>Moved</html>'), { method: 'GET', what: 'a query' }).kind).toBe('invalid-answer')
  })

  test('of a read by a gateway is an outage; of a write by a server that failed it may have happened', () => {
    expect(faultOf(answer(502, ''), { method: 'GET', what: 'a query' }).kind).toBe('offline')
    expect(faultOf(answer(500, [{ errorCode: 'UNKNOWN_EXCEPTION', message: '' }]), asked).kind).toBe('ambiguous')
    expect(faultOf(answer(503, [{ errorCode: 'SERVER_UNAVAILABLE', message: '' }]), asked).kind).toBe('ambiguous')
  })

  it.each(['duplicateResut', 'duplicateResult'])('by a duplicate rule names the records it found (%s)', (key) => {
    const matchRecords = [{ record: { Id: '00Q5g00000LlLlL' } }]
    const body = [{ [key]: { matchResults: [{ matchRecords }] }, errorCode: 'DUPLICATES_DETECTED', message: 'Use one of these?' }]
    expect(faultOf(answer(400, body), asked).message).toContain('It is like 00Q5g00000LlLlLEAV.')
  })

  test('in a list of results is told by its own name for the code, and what was rolled back with it says nothing', () => {
    const body = [
      { statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK', message: 'rolled back' },
      { statusCode: 'REQUIRED_FIELD_MISSING', message: 'Required fields are missing: [StageName]', fields: ['StageName'] },
    ]
    const fault = faultOf(answer(400, body), asked)
    expect(fault.code).toBe('REQUIRED_FIELD_MISSING')
    expect(fault.message).toContain('(StageName)')
  })
})

describe("the org's limit of calls", () => {
  const limited = (message: string) => ({
    status: 403,
    headers: {},
    body: Buffer.from(JSON.stringify([{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message }])),
  })
  test('by the day asks for a quarter of an hour, by the moment for seconds', () => {
    expect(limitOf(limited('TotalRequests Limit exceeded.'))).toMatchObject({ ms: 15 * 60_000, why: { text: "the org's limit of API calls is reached" } })
    expect(limitOf(limited('ConcurrentRequests (Concurrent API Requests) Limit exceeded.'))).toMatchObject({ ms: 5_000 })
    expect(limitOf({ status: 403, headers: {}, body: Buffer.from('Bad_OAuth_Token') })).toBeNull()
  })
})
