import { createServer as createHttp, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { assemble, type App } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import type { Config } from '../../src/config/index.js'
import { silentLog } from '../../src/log.js'
import { loopbackTls, webhookSigner } from '../../src/sandbox/signing.js'
import { installation, type Installation } from '../support/installation.js'

/**
 * A company's network: nothing leaves but through a proxy that asks for a password, and what comes back is certified by the company's own authority.
 * The names below exist in no DNS, so that a call which goes around the proxy fails.
 */
const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** Ends TLS with the company's certificate and passes the request on to the simulator of that name. */
function terminator(origins: ReadonlyMap<string, string>): Server {
  const { key, cert } = loopbackTls()
  return createHttps({ key, cert }, (asked, answer) => {
    const origin = origins.get(asked.headers.host ?? '')
    if (origin === undefined) return void answer.writeHead(502).end()
    const on = httpRequest(`${origin}${asked.url ?? '/'}`, { method: asked.method, headers: asked.headers }, (given: IncomingMessage) => {
      answer.writeHead(given.statusCode ?? 502, given.headers)
      given.pipe(answer)
    })
    on.on('error', () => answer.destroy())
    asked.pipe(on)
  }) // an https server listens and closes like an http one
}

async function companyNetwork(origins: ReadonlyMap<string, string>): Promise<{ readonly proxy: string; readonly asked: string[] }> {
  const inside = await portOf(terminator(origins))
  const asked: string[] = []
  const proxy = createHttp((_request, response) => response.writeHead(405).end())
  proxy.on('connect', (request, socket, head) => {
    asked.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? 'nobody'}`)
    const through = connect(inside, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      through.write(head)
      socket.pipe(through).pipe(socket)
    })
    for (const end of [through, socket]) end.on('error', () => end.destroy())
    closing.push(() => {
      through.destroy()
      socket.destroy()
    })
  })
  return { proxy: `http://company:pass%20word@127.0.0.1:${await portOf(proxy)}`, asked }
}

async function behind(here: Installation, change: Partial<Config>): Promise<App> {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-proxy-'))
  closing.push(() => rmSync(folder, { recursive: true, force: true }))
  const { config } = here.load()
  const app = await assemble(
    { ...config, ...change, store: { kind: 'embedded', folder }, stateFolder: folder, seal: { kind: 'file', path: join(folder, 'seal.key') } },
    { clock: realClock, demo: null, log: silentLog, version: 'test', adopt: false, plant: () => undefined },
  )
  closing.push(() => app.stop())
  return app
}

it('[R50] every call leaves through the proxy and is certified by the authority of the configuration: tokens, referrals, webhooks, sign-in of people', async () => {
  const here = await installation()
  closing.push(() => here.close())
  const { urls, credentials } = here.sandbox
  const names = new Map([
    ['partner.cosell.test', urls.partnerCenter],
    ['login.cosell.test', urls.entra],
  ])
  const { proxy, asked } = await companyNetwork(names)
  const { config } = here.load()
  const inside: Partial<Config> = {
    proxy,
    caBundle: { path: 'ca.pem', text: loopbackTls().ca },
    partnerCenter: {
      ...config.partnerCenter,
      referralsUrl: 'https://partner.cosell.test',
      platformUrl: 'https://partner.cosell.test',
      authorityUrl: 'https://login.cosell.test',
      webhook: { ...config.partnerCenter.webhook, certificateHosts: ['partner.cosell.test'] },
    },
    server: {
      ...config.server,
      signIn: {
        issuer: `https://login.cosell.test/${credentials.tenant}/v2.0`,
        clientId: credentials.partnerClientId,
        clientSecret: credentials.partnerClientSecret,
        roles: { admin: [], operator: [], viewer: [] },
      },
    },
  }
  const app = await behind(here, inside)
  const address = (await app.start('server')).address ?? ''
  const signal = new AbortController().signal
  const checks = new Map((await app.service.checks(signal)).map((check) => [check.name, check.status]))
  for (const name of ['token for referrals', 'token for the platform', 'referrals', 'Partner ID', 'webhook rights'])
    expect(checks.get(`Partner Center: ${name}`), name).toBe('pass')
  expect(new Set(asked)).toEqual(new Set([...names.keys()].map((name) => `${name}:443 Basic ${Buffer.from('company:pass word').toString('base64')}`)))

  const body = Buffer.from(JSON.stringify({ EventName: 'referral-updated', ResourceUri: 'https://x/referrals/5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10' }))
  const before = asked.length
  const event = await fetch(`${address}/hooks/partner-center`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      authorization: `Signature ${webhookSigner().sign(body)}`,
      'x-ms-certificate-url': 'https://partner.cosell.test/cert/pcnotifications-dispatch.microsoft.com.cer',
      'x-ms-signature-algorithm': 'rsa-sha256',
      'content-type': 'application/json',
    },
  })
  expect(event.status, 'the certificate was fetched through the proxy').toBe(202)
  expect(asked.length).toBeGreaterThanOrEqual(before)

  // A provider that calls itself by another name is not believed, and that is said; once it is right it is asked anew.
  expect((await fetch(`${address}/auth/sign-in`, { redirect: 'manual' })).status).toBe(502)
  Object.assign(here.sandbox.entra.options, { publicBase: 'https://login.cosell.test' })
  const people = await fetch(`${address}/auth/sign-in`, { redirect: 'manual' })
  expect([people.status, new URL(people.headers.get('location') ?? 'http://nowhere').pathname]).toEqual([303, expect.stringContaining('/authorize')])

  const untrusting = await behind(here, { ...inside, caBundle: null })
  const refused = (await untrusting.service.checks(signal)).find(({ name }) => name === 'Partner Center: token for referrals')
  expect(refused).toMatchObject({ status: 'fail', detail: expect.stringMatching(/certificate/i) as string })
}, 30_000)
