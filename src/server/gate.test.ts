import { Agent, createServer, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openDoors, openGate, type Doors, type Gate } from './gate.js'

const anyPort = { host: '127.0.0.1', port: 0 }
const open: (Gate | Doors)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
async function gate(): Promise<Gate> {
  const made = await openGate(anyPort)
  open.push(made)
  return made
}
const hook = (at: Gate): Promise<Response> => fetch(`${at.address}/hooks/partner-center`, { method: 'POST', body: 'x'.repeat(60_000) })

describe('[R34] [R56] before anybody takes the requests', () => {
  it('the process lives, is not ready and says why, and every event stays with its sender', async () => {
    const at = await gate()
    at.tell('migrating')
    for (const path of ['/livez', '/healthz?x']) expect((await fetch(`${at.address}${path}`)).status).toBe(200)
    const ready = await fetch(`${at.address}/readyz?verbose`)
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await ready.json()).toEqual({
      status: 'not ready',
      reason: 'service: Starting: migrating the store, or waiting for another process that does.',
      checks: [{ name: 'service', status: 'fail', detail: 'Starting: migrating the store, or waiting for another process that does.' }],
    })
    expect(await (await fetch(`${at.address}/readyz`)).json()).not.toHaveProperty('checks')
    const refused = await hook(at)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    for (const { headers } of [ready, refused]) expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff'])
    expect(await refused.json()).toMatchObject({ code: 'not-ready', detail: 'Starting: migrating the store, or waiting for another process that does.' })
    for (const path of ['/', '/api/v1/deals', '/metrics', '/livez/x']) expect((await fetch(`${at.address}${path}`)).status).toBe(503)
  })

  it('a connection of before is served by whoever takes the requests then', async () => {
    const at = await gate()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = (): Promise<string> =>
      new Promise((resolve, reject) => {
        request(`${at.address}/hooks/partner-center`, { agent, method: 'POST' }, (answer) => {
          const port = answer.socket.localPort
          answer.resume().once('end', () => resolve(`${answer.statusCode} ${String(answer.headers['by'])} ${port}`))
        })
          .once('error', reject)
          .end('{}')
      })
    const before = await ask()
    at.open((_request, response) => response.writeHead(202, { by: 'the app' }).end())
    const port = before.split(' ')[2]
    expect([before, await ask()]).toEqual([`503 undefined ${port}`, `202 the app ${port}`])
    agent.destroy()
  })
})

it('lets what is under way be answered at the end, and waits for nobody who has not asked', async () => {
  const at = await gate()
  const waiting = new Map<string | undefined, () => void>()
  at.open(({ method }, response) => waiting.set(method, () => response.end('done')))
  const asked = fetch(at.address).then((response) => response.text())
  const { port, hostname } = new URL(at.address)
  const half = connect(Number(port), hostname)
  half.on('error', () => undefined)
  half.write('POST /hooks/partner-center HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{')
  await expect.poll(() => [...waiting.keys()].sort()).toEqual(['GET', 'POST'])
  const closing = at.close()
  waiting.get('GET')?.()
  expect(await asked).toBe('done')
  await closing
  await expect(fetch(at.address)).rejects.toThrow()
  half.destroy()
}, 10_000)

it('ends with the last answer: a connection that is kept alive holds nobody up', async () => {
  const at = await gate()
  const answer = new Promise<() => void>((resolve) => at.open((_request, response) => resolve(() => response.end('done'))))
  const agent = new Agent({ keepAlive: true })
  const asked = new Promise((resolve, reject) => request(at.address, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject).end())
  const end = await answer
  const began = Date.now()
  const closing = at.close()
  end()
  await asked
  await closing
  expect(Date.now() - began).toBeLessThan(1_500) // who keeps on asking is cut off after two seconds
  agent.destroy()
})

it('is reached at every address of "localhost", and gives back what it took where it cannot have all', async () => {
  const notThisMachines = '192.0.2.1' // of RFC 5737
  const both = await openGate({ host: 'localhost', port: 0 }, () => Promise.resolve(['127.0.0.1', '127.0.0.2', notThisMachines]))
  open.push(both)
  for (const address of ['127.0.0.1', '127.0.0.2']) expect((await fetch(both.address.replace('127.0.0.1', address) + '/livez')).status).toBe(200)
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as { port: number } // it listens on a port
  const free = new URL(both.address).port
  await both.close()
  await expect(fetch(`http://127.0.0.2:${free}/livez`)).rejects.toThrow()
  const listen = { host: '127.0.0.1', port: Number(free) }
  await expect(openDoors({ listen, observe: { host: '127.0.0.1', port } })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  const doors = await openDoors({ listen, observe: anyPort })
  open.push(doors)
  doors.tell('opening')
  expect(await (await fetch(`${doors.observe?.address}/readyz`)).json()).toMatchObject({ reason: 'service: Starting: opening the store.' })
  await new Promise((resolve) => taken.close(resolve))
})
