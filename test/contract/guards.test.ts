import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { administer } from '../../src/administer.js'
import { realClock } from '../../src/clock.js'
import { webhookSigner } from '../../src/sandbox/signing.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/** What looks after the installation, with a worker that runs: faults are caused at the remote systems, and people are told over HTTP. */
let here: Installation
const servers: Server[] = []
afterEach(async () => {
  await here.close()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

interface Heard {
  readonly url: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
}
async function listener(): Promise<{ readonly address: string; readonly heard: Heard[] }> {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      heard.push({ url: request.url ?? '', body, headers: request.headers })
      response.writeHead(200).end()
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}
const open = async (wish: InstallationWish): Promise<void> => {
  here = await installation(wish)
}
/** As another process does it, beside the service. */
async function beside<T>(work: (desk: Awaited<ReturnType<typeof administer>>['desk']) => Promise<T>): Promise<T> {
  const { desk, close } = await administer(here.load().config, { clock: realClock, plant: () => undefined })
  try {
    return await work(desk)
  } finally {
    await close()
  }
}
const signal = new AbortController().signal
const soon = { timeout: 12_000, interval: 100 }

describe('[R70] a sign-in that is refused', () => {
  it('is told within seconds, keeps what people do in the queue, and after the repair everything goes on, nothing twice', async () => {
    const chat = await listener()
    await open({ notices: { slack: `${chat.address}/slack` }, sync: { poll: '200ms', sweep: '2s' } })
    await here.app.start('worker')
    const shared = here.completeOpportunity('Shared while signed out')
    await expect.poll(() => here.app.store.getValue('guard.connections'), soon).not.toBeNull()
    here.sandbox.entra.revoke()
    here.sandbox.entra.expireAccessTokens()
    here.writes()
    here.share(shared)
    await expect.poll(() => chat.heard.map(({ body }) => body).join(), soon).toContain('Partner Center refuses the connector')
    expect(here.writes().filter((call) => call.includes('/referrals'))).toEqual([])
    const told = chat.heard.length
    expect((await here.app.service.overview()).states.pending).toBeGreaterThan(0)
    const show = ({ userCode }: { userCode: string }): void =>
      void here.sandbox.entra.answerDevice(userCode, { kind: 'approved', email: 'cosell@partner.example' })
    await beside((desk) => desk.signIn({ show, by: 'kim', signal }))
    await expect.poll(() => here.ownReferrals(shared).length, soon).toBe(1)
    await expect.poll(async () => (await here.app.service.overview()).states.pending, soon).toBe(0)
    expect(here.writes().filter((call) => call.startsWith('POST') && call.endsWith('/referrals'))).toHaveLength(1)
    expect(chat.heard.length).toBe(told)
  }, 40_000)

  it('by a right that was taken away is told too, and the queue goes on once it is given back', async () => {
    const chat = await listener()
    await open({ notices: { slack: `${chat.address}/slack` }, sync: { poll: '200ms', sweep: '1s' } })
    await here.app.start('worker')
    await expect.poll(() => here.app.store.getValue('guard.connections'), soon).not.toBeNull()
    here.sandbox.entra.addUser({ email: 'cosell@partner.example', name: 'Cosell Service', roles: [], mfa: true })
    await expect.poll(() => chat.heard.map(({ body }) => body).join(), soon).toContain('Partner Center refuses the connector')
    expect(chat.heard.filter(({ body }) => body.includes('refuses the connector'))).toHaveLength(1)
  }, 40_000)
})

describe('[R71] events that are not ours', () => {
  it('go on to the owner of the webhook before us, as they came, where the configuration allows its address', async () => {
    const before = await listener()
    const theirs = { url: `${before.address}/hook`, events: ['subscription-updated', 'referral-created'] }
    await open({ webhook: { relayTo: [theirs.url] }, server: { publicUrl: 'https://cosell.example.com' } })
    const { webhook } = here.sandbox.partnerCenter
    webhook.set(theirs)
    await beside((desk) => desk.registerWebhook({ overwrite: 'yes', by: 'kim', signal }))
    expect(webhook.current()?.events).toContain('subscription-updated')
    await here.app.start('worker')
    const content = Buffer.from(
      JSON.stringify({ EventName: 'subscription-updated', ResourceUri: 'https://x/y/1', ResourceChangeUtcDate: '2026-08-03T09:21:05Z' }),
    )
    const headers = {
      authorization: `Signature ${webhookSigner().sign(content)}`,
      'x-ms-certificate-url': `${here.sandbox.urls.partnerCenter}/cert/pcnotifications-dispatch.microsoft.com.cer`,
      'x-ms-signature-algorithm': 'rsa-sha256',
      'content-type': 'application/json',
    }
    for (let times = 0; times < 3; times += 1) {
      const answer = await fetch(`${here.address}/hooks/partner-center`, { method: 'POST', headers, body: new Uint8Array(content) })
      expect(answer.status).toBe(202)
    }
    await expect.poll(() => before.heard.length, soon).toBe(1)
    expect(before.heard[0]).toMatchObject({ url: '/hook', body: content.toString(), headers: { authorization: headers.authorization } })
  }, 30_000)
})
