import fastify from 'fastify'
import { expect, it } from 'vitest'
import { limitRate, networkOf, requestsPerMinuteMost } from './limits.js'
import { problemOf, Refusal, sendProblem } from './problems.js'

it('[R51] one address is told to slow down after so many requests a minute; others, this machine, hooks and health checks are not', async () => {
  const app = fastify()
  await limitRate(app, (request) => request.headers['x-local'] !== undefined)
  app.setErrorHandler((error, request, reply) =>
    sendProblem(reply, problemOf(error, request.id), error instanceof Refusal ? error.headers : {}),
  )
  for (const url of ['/api/v1/me', '/hooks/partner-center', '/readyz']) app.get(url, () => 'fine')
  const ask = (url: string, more: { remoteAddress?: string; headers?: Record<string, string> } = {}) => app.inject({ url, ...more })
  for (let asked = 0; asked < requestsPerMinuteMost; asked += 1) await ask('/api/v1/me')
  const refused = await ask('/api/v1/me')
  expect([refused.statusCode, refused.headers['content-type']]).toEqual([429, expect.stringContaining('application/problem+json')])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  expect(refused.json()).toMatchObject({ code: 'too-many-requests', remedy: expect.any(String) as string })
  expect((await ask('/api/v1/me', { remoteAddress: '10.1.1.1' })).statusCode).toBe(200)
  expect((await ask('/api/v1/me', { headers: { 'x-local': '1' } })).statusCode).toBe(200)
  for (const url of ['/hooks/partner-center', '/readyz?verbose']) expect((await ask(url)).statusCode).toBe(200)
})

it('an address stands for its network', () => {
  expect(networkOf('10.1.2.3')).toBe('10.1.2.3')
  expect(networkOf('::ffff:10.1.2.3')).toBe('10.1.2.3')
  expect(networkOf('2001:DB8:1:2::3')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8:1:2:9::1')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
  expect(networkOf(undefined)).toBe('')
})
