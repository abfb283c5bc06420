import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { listen } from '../sandbox/http.js'
import { loopbackTls } from '../sandbox/signing.js'
import { NoAnswer, undiciTransport, type TransportRequest } from './transport.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => void
const servers: Server[] = []
const network = undiciTransport({ proxy: null, ca: null })

async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a listening TCP server has an address object
}
const asking = (url: string, more: Partial<TransportRequest> = {}): TransportRequest => ({
  method: 'GET', url, headers: {}, body: null, timeoutMs: 5_000, signal: new AbortController().signal, ...more,
})
const failureOf = async (request: TransportRequest): Promise<NoAnswer | null> => {
  try {
    await network(request)
    return null
  } catch (error) {
    if (error instanceof NoAnswer) return error
    throw error
  }
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
afterAll(() => network.close())

describe('the network', () => {
  it('carries method, headers and body, and lower-case names come back', async () => {
    const url = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => response.writeHead(201, { 'X-Answer': 'yes', 'Set-Cookie': ['a=1', 'b=2'] }).end(`${request.method} ${request.url} ${request.headers['x-ask']} ${body}`))
    })
    const answer = await network(asking(`${url}/a?b=c%20d`, { method: 'PATCH', headers: { 'X-Ask': '1' }, body: 'grüß' }))
    expect(answer).toMatchObject({ status: 201, headers: { 'x-answer': 'yes', 'set-cookie': 'a=1, b=2' } })
    expect(answer.body.toString()).toBe('PATCH /a?b=c%20d 1 grüß')
  })

  it('unpacks what is packed, and not without end', async () => {
    const url = await serve((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a'.repeat(100_000))))
    expect((await network(asking(url))).body.length).toBe(100_000)
    expect((await failureOf(asking(url, { bytesMost: 50_000 })))?.sent).toBe(true)
  })

  it('follows no redirect and keeps no cookie', async () => {
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers.cookie)
      response.writeHead(302, { location: '/elsewhere', 'set-cookie': 'session=1' }).end()
    })
    expect((await network(asking(url))).status).toBe(302)
    await network(asking(url))
    expect(seen).toEqual([undefined, undefined])
  })

  it('takes no answer larger than the limit', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(70_000)))
    expect((await failureOf(asking(url, { bytesMost: 65_536 })))?.message).toContain('larger than 65536 bytes')
  })
})

describe('the last look before the wire', () => {
  const refusing = (url: string, looks: string[]): Promise<unknown> =>
    network(asking(url, { method: 'POST', body: '{}', lastLook: () => { looks.push('looked'); throw new Error('too late') } }))

  it('[R6] is taken with a connection in hand: what it refuses is not sent, and ends with what it said', async () => {
    const arrived: string[] = []
    const url = await serve((request, response) => {
      arrived.push(request.method ?? '')
      response.end()
    })
    const looks: string[] = []
    for (const before of [false, true]) {
      if (before) await network(asking(url)) // A connection that is there already is asked about as one that is made.
      await expect(refusing(url, looks)).rejects.toThrow(/^too late$/)
    }
    expect(looks).toEqual(['looked', 'looked'])
    expect((await network(asking(url))).status).toBe(200)
    expect(arrived).toEqual(['GET', 'GET'])
  })

  it('is not taken where there is no connection to write to', async () => {
    const url = await serve(() => undefined)
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    const looks: string[] = []
    await expect(refusing(url, looks)).rejects.toMatchObject({ sent: false })
    expect(looks).toEqual([])
  })
})

describe('an answer that does not come', () => {
  it('was certainly not asked for when nobody listens, or the name is unknown', async () => {
    const url = await serve(() => undefined)
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    expect(await failureOf(asking(url, { method: 'POST', body: '{}' }))).toMatchObject({ sent: false })
    expect(await failureOf(asking('http://no-such-host.invalid/', { method: 'POST', body: '{}' }))).toMatchObject({ sent: false })
  })

  it('was certainly not asked for when the certificate is not trusted, and is when its authority is', async () => {
    const { key, cert, ca } = loopbackTls()
    const listener = await listen(async () => ({ status: 200, headers: {}, body: 'ok' }), { port: 0, tls: { key, cert } })
    expect(await failureOf(asking(listener.url, { method: 'POST', body: '{}' }))).toMatchObject({ sent: false })
    const trusting = undiciTransport({ proxy: null, ca })
    expect((await trusting(asking(listener.url))).body.toString()).toBe('ok')
    await trusting.close()
    await listener.close()
  })

  it('may have been carried out when the connection breaks after the request went out', async () => {
    const url = await serve((request) => request.socket.destroy())
    expect(await failureOf(asking(url, { method: 'POST', body: '{}' }))).toMatchObject({ sent: true })
    const half = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
      setImmediate(() => response.destroy())
    })
    expect(await failureOf(asking(half, { method: 'POST', body: '{}' }))).toMatchObject({ sent: true })
  })

  it('may have been carried out when it takes too long, or is no longer wanted', async () => {
    let arrived: () => void = () => undefined
    const url = await serve(() => arrived())
    expect(await failureOf(asking(url, { method: 'POST', body: '{}', timeoutMs: 50 }))).toMatchObject({ sent: true, message: expect.stringContaining('no answer within') })
    const controller = new AbortController()
    arrived = () => controller.abort()
    const pending = failureOf(asking(url, { method: 'POST', body: '{}', signal: controller.signal }))
    expect(await pending).toMatchObject({ sent: true, message: 'the call was cancelled' })
    expect(await failureOf(asking(url, { method: 'POST', signal: AbortSignal.abort() }))).toMatchObject({ sent: false })
  })

  it('is no HTTP at all', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.write('SSH-2.0-OpenSSH_9.2\r\n', () => socket.destroySoon())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // a listening TCP server has an address object
    expect(await failureOf(asking(`http://127.0.0.1:${port}/`))).toMatchObject({ sent: true })
    await new Promise((resolve) => server.close(resolve))
  })
})
