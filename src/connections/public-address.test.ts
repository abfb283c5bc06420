import { createServer, type Server } from 'node:https'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { Check } from '../core/ports.js'
import { undiciTransport } from '../remote/transport.js'
import { loopbackTls } from '../sandbox/signing.js'
import { publicAddressCheck } from './public-address.js'

const { key, cert, ca } = loopbackTls()
const trusting = undiciTransport({ proxy: null, ca })
const strict = undiciTransport({ proxy: null, ca: null })
let server: Server
const serve = async (answer: RequestListener): Promise<string> => {
  server = createServer({ key, cert }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(() => void server?.closeAllConnections())
const asked = (url: string | null, { transport = trusting, serving = true } = {}): Promise<Check> =>
  publicAddressCheck(url, { transport, serving, signal: new AbortController().signal })
const service: RequestListener = ({ url }, response) =>
  void (url === '/under/livez' ? response.end('{"status":"ok"}') : response.writeHead(302, { location: '/login' }).end())

it('asks the public address as others do, through its certificate and its path', async () => {
  const origin = await serve(service)
  expect(await asked(`${origin}/under/`)).toMatchObject({ status: 'pass', detail: `${origin}/under/ leads here.` })
})

it('tells of a proxy that answers in place of the service', async () => {
  const origin = await serve(service)
  expect(await asked(origin)).toMatchObject({ status: 'warn', detail: `${origin}/livez is answered with 302, not as this service answers it.` })
  server.removeAllListeners('request').on('request', (_asked, response) => void response.end('<html>Welcome</html>'))
  expect(await asked(origin)).toMatchObject({ status: 'warn', detail: `${origin}/livez is answered with 200, not as this service answers it.` })
})

it('tells of a certificate that is not trusted and of an address where nobody listens, and how to ask from outside', async () => {
  const origin = await serve(service)
  expect(await asked(`${origin}/under`, { transport: strict })).toMatchObject({ status: 'warn', detail: expect.stringContaining('certificate') as string })
  await new Promise((resolve) => server.close(resolve).closeAllConnections())
  const gone = await asked(origin)
  expect(gone).toMatchObject({ status: 'warn', detail: expect.stringContaining('cannot be reached from this machine') as string })
  expect(gone.remedy).toContain(`curl -i ${origin}/livez`)
})

it('asks nobody while nothing serves, and where there is no address or none that Partner Center could use', async () => {
  const never = 'https://127.0.0.1:1'
  expect(await asked(never, { serving: false })).toMatchObject({ status: 'pass' })
  expect(await asked(null)).toMatchObject({ status: 'warn', remedy: expect.stringContaining('server.publicUrl') as string })
  expect(await asked('http://127.0.0.1:1')).toMatchObject({ status: 'warn', detail: 'http://127.0.0.1:1 is not https.' })
})
