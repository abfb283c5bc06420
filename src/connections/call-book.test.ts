import { expect, it } from 'vitest'
import { memoryStore } from '../../test/support/memory-store.js'
import { dynamicsAllowances } from '../adapters/dynamics/allowances.js'
import { salesforceAllowances } from '../adapters/salesforce/allowances.js'
import type { CallReport } from '../remote/send.js'
import { callBook } from './call-book.js'

const call = (given: Partial<CallReport> = {}): CallReport => ({
  system: 'Dynamics 365',
  method: 'GET',
  path: '/api',
  status: 200,
  ms: 5,
  requestId: null,
  bytes: 10,
  waitMs: null,
  allowances: [],
  ...given,
})

it('adds up what several processes ask, forgets what is older than a day, and says until when a system wants to be left alone', async () => {
  let now = Date.UTC(2026, 10, 1, 12)
  const clock = { now: () => now }
  const store = memoryStore({ random: () => 0.5 })
  const [one, other] = [callBook(store, clock), callBook(store, clock)]
  one.called(call())
  one.called(call({ status: 429, waitMs: 30_000 }))
  other.called(call({ allowances: [{ name: 'window-calls', left: 5_990, limit: null }] }))
  await Promise.all([one.note(), other.note()])
  const at = new Date(now).toISOString()
  expect(await one.show()).toEqual([
    {
      system: 'Dynamics 365',
      callsLastHour: 3,
      callsLastDay: 3,
      throttledLastDay: 1,
      lastThrottledAt: at,
      waitsUntil: new Date(now + 30_000).toISOString(),
      lastError: { at, call: 'GET /api', status: 429 },
      allowances: [{ name: 'window-calls', left: 5_990, limit: null, at }],
    },
  ])
  now += 2 * 3_600_000
  other.called(call({ allowances: [{ name: 'window-calls', left: 4_000, limit: null }] }))
  expect(await other.show()).toMatchObject([
    { callsLastHour: 1, callsLastDay: 4, waitsUntil: null, lastError: { status: 429 }, allowances: [{ left: 4_000 }] },
  ])
  now += 25 * 3_600_000
  one.called(call({ status: 404 }))
  expect(await one.show()).toMatchObject([{ callsLastDay: 1, lastError: null, throttledLastDay: 0, lastThrottledAt: at }])
})

it('reads what Salesforce and Dataverse say of their allowances', () => {
  expect(salesforceAllowances({ 'sforce-limit-info': 'api-usage=10018/100000; per-app-api-usage=17/250(appName=x)' })).toEqual([
    { name: 'daily-calls', left: 89_982, limit: 100_000 },
  ])
  expect(
    dynamicsAllowances({ 'x-ms-ratelimit-burst-remaining-xrm-requests': '5998', 'x-ms-ratelimit-time-remaining-xrm-requests': '1,199.50' }),
  ).toEqual([
    { name: 'window-calls', left: 5_998, limit: null },
    { name: 'window-seconds', left: 1_199.5, limit: null },
  ])
  for (const read of [dynamicsAllowances, salesforceAllowances]) expect(read({ 'content-type': 'application/json' })).toEqual([])
})
