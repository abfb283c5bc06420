import { connect } from 'node:net'
import fastify from 'fastify'
import { expect, it } from 'vitest'
import { realClock } from '../clock.js'
import { letFinish, limitRate, networkOf, requestsPerMinuteMost } from './limits.js'
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

it('a sender reads that its body is too large, however much of it is still on its way', async () => {
  const app = fastify({ bodyLimit: 64 * 1024 })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler(async (error, request, reply) => {
    await letFinish(request.raw, realClock)
    return sendProblem(reply, problemOf(error, request.id))
  })
  app.post('/', () => 'taken')
  const address = await app.listen({ port: 0 })
  // Like many clients: all of it is sent before anything is read.
  const answerTo = (bytes: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(address).port), '127.0.0.1').pause()
      let answer = ''
      socket.on('data', (chunk) => (answer += chunk.toString())).on('error', reject).on('close', () => resolve(answer))
      socket.write(`POST / HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: ${bytes}\r\n\r\n`)
      socket.write(Buffer.alloc(bytes), () => socket.resume())
    })
  for (let time = 0; time < 3; time += 1) expect(await answerTo(8 * 1024 * 1024)).toMatch(/^HTTP\/1\.1 413 /)
  await app.close()
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
