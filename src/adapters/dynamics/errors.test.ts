import { describe, expect, test } from 'vitest'
import type { FaultKind } from '../../core/fault.js'
import { faultOf, tellsOfExisting } from './errors.js'

const error = (code: string, message = 'text of the CRM'): string => JSON.stringify({ error: { code, message } })
const patch = { method: 'PATCH', what: 'opportunity 7a1c', conditional: true }
const post = { method: 'POST', what: 'opportunity 7a1c', conditional: false }
const get = { method: 'GET', what: 'opportunity 7a1c', conditional: false }

describe('a refusal of Dynamics 365', () => {
  test.each<[number, string, object, FaultKind]>([
    [412, error('0x80060882'), patch, 'stale'],
    [412, error(''), patch, 'stale'],
    [412, '', post, 'rejected'],
    [412, error('0x80040237'), post, 'rejected'],
    [404, error('0x80040217'), get, 'missing'],
    [404, error(''), patch, 'missing'],
    [404, '', get, 'missing'],
    [404, '<html>not found</html>', get, 'invalid-answer'],
    [404, '<html>not found</html>', patch, 'ambiguous'],
    [400, '<html>Bad Request</html>', patch, 'ambiguous'],
    [400, '<html>Bad Request</html>', get, 'invalid-answer'],
    [403, '<html>Blocked</html>', post, 'ambiguous'],
    [405, '<html>Not allowed</html>', post, 'ambiguous'],
    [413, '<html>Too large</html>', patch, 'rejected'],
    [401, '<html>Sign in</html>', patch, 'signed-out'],
    [408, '', patch, 'ambiguous'],
    [408, '', get, 'offline'],
    [404, error('0x8006088a'), get, 'misconfigured'],
    [400, error('0x80060888'), get, 'misconfigured'],
    [400, error('0x80048D19'), patch, 'misconfigured'],
    [400, error('0x80044331'), patch, 'rejected'],
    [400, error('0x80040265'), patch, 'rejected'],
    [400, error('0x80040515'), post, 'stale'],
    [400, error('0x80044352'), get, 'stale'],
    [400, 'no json', patch, 'rejected'],
    [401, '', get, 'signed-out'],
    [403, error('0x80040220'), patch, 'forbidden'],
    [403, error('0x80072560'), get, 'forbidden'],
    [429, error('0x80072322'), patch, 'throttled'],
    [429, '', get, 'throttled'],
    [413, '', patch, 'rejected'],
    [500, error('0x80044150'), patch, 'offline'],
    [501, '', post, 'misconfigured'],
    [503, '<html></html>', get, 'offline'],
    [502, '<html></html>', patch, 'ambiguous'],
  ])('%i with %s is a fault that says what to do', (status, text, asked, kind) => {
    const fault = faultOf({ status, headers: {}, text }, asked as typeof get)
    expect(fault.kind).toBe(kind)
    expect(fault.message).toContain('opportunity 7a1c')
    expect(fault.remedy).not.toBe('')
  })

  test('carries the code, the request id for support, and how long to wait', () => {
    const fault = faultOf({ status: 429, headers: { 'retry-after': '17', 'x-ms-service-request-id': 'r-1' }, text: error('0x80072321', 'Combined execution time') }, get)
    expect(fault).toMatchObject({ kind: 'throttled', code: '0x80072321', requestId: 'r-1', retryAfterMs: 17_000 })
    expect(fault.message).toContain('Combined execution time')
  })

  test('tells an id that is taken from a version that moved', () => {
    expect(tellsOfExisting(faultOf({ status: 412, headers: {}, text: error('0x80040237') }, post))).toBe(true)
    expect(tellsOfExisting(faultOf({ status: 400, headers: {}, text: error('0x80060892') }, post))).toBe(true)
    expect(tellsOfExisting(faultOf({ status: 412, headers: {}, text: '' }, post))).toBe(true)
    expect(tellsOfExisting(faultOf({ status: 412, headers: {}, text: error('0x80060882') }, patch))).toBe(false)
  })
})
