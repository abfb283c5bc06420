import { describe, expect, it, test } from 'vitest'
import { faultOf, saidIn, type Asked } from './refusals.js'

const now = Date.parse('2026-08-03T09:00:00Z')
const answer = (status: number, body: unknown = '', headers: Record<string, string> = {}) => ({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) })
const reading: Asked = { method: 'GET', what: 'reading referral r-1', now }
const patching: Asked = { method: 'PATCH', what: 'updating referral r-1', now }
const creating: Asked = { method: 'POST', what: 'creating a referral', now }

describe('what a refusal says', () => {
  test.each([
    [{ error: { code: 'invalidRequest', message: 'Outer.', innerError: { code: 'detail', message: 'Inner.' } } }, 'detail', 'Outer. Inner.'],
    [{ error: { code: 'itemNotFound', message: 'No such.', innererror: { message: 'No such.' } } }, 'itemNotFound', 'No such.'],
    [{ code: 3000, description: 'Partner Organization could not be found', data: [], source: 'PartnerFD' }, '3000', 'Partner Organization could not be found'],
    [{ statusCode: 429, message: 'Rate limit is exceeded. Try again in 57 seconds.' }, '429', 'Rate limit is exceeded. Try again in 57 seconds.'],
    ['<html><head><title>502 Bad Gateway</title></head></html>', null, 'a page titled "502 Bad Gateway"'],
    ['<Error/>', null, 'a page without a message'],
    ['plain\n text', null, 'plain text'],
    ['', null, ''],
    ['{"error":', null, '{"error":'],
    [{ error: 'text' }, null, '{"error":"text"}'],
    [[], null, '[]'],
  ] as const)('%o', (body, code, message) => {
    expect(saidIn(answer(400, body))).toEqual({ code, message })
  })

  it('is cut, however long and deep it is', () => {
    let error: Record<string, unknown> = { message: 'x'.repeat(3_000) }
    for (let depth = 0; depth < 1_000; depth += 1) error = { message: `level ${depth}`, innerError: error }
    expect(saidIn(answer(400, { error })).message.length).toBeLessThanOrEqual(1_025)
  })
})

describe('what a status means', () => {
  test.each([
    [301, reading, 'misconfigured'], [400, patching, 'rejected'], [401, reading, 'signed-out'], [403, reading, 'forbidden'], [404, patching, 'missing'], [405, patching, 'rejected'],
    [409, patching, 'stale'], [409, creating, 'rejected'], [410, reading, 'missing'], [412, patching, 'stale'], [413, patching, 'rejected'], [415, patching, 'rejected'], [422, creating, 'rejected'],
    [423, patching, 'throttled'], [429, reading, 'throttled'], [509, reading, 'throttled'], [503, reading, 'offline'], [507, patching, 'offline'],
    [428, patching, 'stale'], [501, reading, 'rejected'], [501, patching, 'rejected'],
    [500, reading, 'offline'], [502, reading, 'offline'], [504, reading, 'offline'], [408, reading, 'offline'],
    [500, patching, 'ambiguous'], [503, patching, 'ambiguous'], [502, creating, 'ambiguous'], [504, patching, 'ambiguous'], [408, creating, 'ambiguous'],
  ] as const)('%i', (status, asked, kind) => {
    const fault = faultOf(answer(status), asked)
    expect(fault).toMatchObject({ kind, status })
    expect(fault.message).toContain(asked.what)
    expect(fault.remedy).not.toBe('')
  })

  const page = '<html><head><title>400 Bad Request</title></head></html>'
  test.each([
    [400, patching, 'ambiguous'], [400, creating, 'ambiguous'], [400, reading, 'invalid-answer'], [404, reading, 'invalid-answer'], [404, patching, 'ambiguous'],
    [403, creating, 'ambiguous'], [403, reading, 'forbidden'], [405, patching, 'ambiguous'], [409, creating, 'ambiguous'], [422, creating, 'ambiguous'],
    [401, patching, 'signed-out'], [412, patching, 'stale'], [413, patching, 'rejected'], [429, patching, 'throttled'], [502, patching, 'ambiguous'],
  ] as const)('%i with the page of a gateway in the place of the service', (status, asked, kind) => {
    expect(faultOf(answer(status, page, { 'content-type': 'text/html' }), asked)).toMatchObject({ kind, status })
  })

  it('a service that says when it is back has refused in good order: nothing was done', () => {
    expect(faultOf(answer(503, '', { 'retry-after': '5' }), creating)).toMatchObject({ kind: 'offline', retryAfterMs: 5_000 })
  })

  it('keeps the request id, and how long to wait', () => {
    expect(faultOf(answer(429, '', { 'retry-after': '57', 'request-id': 'r-9' }), reading)).toMatchObject({ retryAfterMs: 57_000, requestId: 'r-9' })
    expect(faultOf(answer(503, '', { 'retry-after': 'Mon, 03 Aug 2026 09:00:30 GMT' }), patching)).toMatchObject({ retryAfterMs: 30_000 })
  })

  it('tells a missing second factor and a missing role apart', () => {
    const mfa = { error: { code: 'accessDenied', message: 'Blocked.', innerError: { code: 'insufficient_claims', message: 'No claim.' } } }
    expect(faultOf(answer(403, mfa), reading)).toMatchObject({ kind: 'signed-out', remedy: expect.stringContaining('multifactor') })
    expect(faultOf(answer(403, { code: '900309', description: 'Blocked by Conditional Access' }), reading)).toMatchObject({ kind: 'signed-out' })
    expect(faultOf(answer(403, { code: 900308, description: 'Insufficient privileges' }), reading)).toMatchObject({ kind: 'forbidden', remedy: expect.stringContaining('Admin agent') })
    expect(faultOf(answer(403, { code: 900329, description: 'App-only' }), reading)).toMatchObject({ remedy: expect.stringContaining('cosell connect partner-center') })
    expect(faultOf(answer(403), reading)).toMatchObject({ remedy: expect.stringContaining('Referrals admin') })
  })

  test.each([
    ['One or more mandatory fields are missing: mpnId', 'partnerCenter.partnerId'],
    ["The path '/name' cannot be changed.", 'flow: to-crm'],
    ["The solution 'SOL-1' does not exist.", 'solutions'],
    ['Something new', 'as the message says'],
  ])('advises on "%s"', (message, part) => {
    expect(faultOf(answer(400, { error: { code: 'invalidRequest', message } }), patching).remedy).toContain(part)
  })
})
