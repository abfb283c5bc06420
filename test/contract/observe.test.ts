import { afterEach, describe, expect, it } from 'vitest'
import { registerTraces } from '../../src/traces.js'
import { webhookSigner } from '../../src/sandbox/signing.js'
import { installation, type Installation } from '../support/installation.js'
import { recordSpans } from '../support/spans.js'

/** What somebody who watches from outside sees: spans, figures, and whether it is ready. */
let here: Installation | null = null
afterEach(async () => {
  await here?.close()
  here = null
})
const soon = { timeout: 10_000, interval: 50 }

async function send(world: Installation, referralId: string): Promise<number> {
  const body = Buffer.from(
    JSON.stringify({
      EventName: 'referral-updated',
      ResourceUri: `https://api.partnercenter.microsoft.com/engagements/v1/referrals/${referralId}`,
      ResourceName: 'referral',
      ResourceChangeUtcDate: new Date().toISOString(),
    }),
  )
  const headers = {
    authorization: `Signature ${webhookSigner().sign(body)}`,
    'x-ms-certificate-url': `${world.sandbox.urls.partnerCenter}/cert/pcnotifications-dispatch.microsoft.com.cer`,
    'x-ms-signature-algorithm': 'rsa-sha256',
    'content-type': 'application/json',
    traceparent: '00-11111111111111111111111111111111-2222222222222222-01',
  }
  return (await fetch(`${world.address}/hooks/partner-center`, { method: 'POST', headers, body: new Uint8Array(body) })).status
}

describe('[R72] a trace', () => {
  it('leads from the webhook through the queue to the write in the CRM, and no remote system is told of it', async () => {
    const recording = recordSpans()
    try {
      here = await installation()
      const world = here
      const { portal } = world.sandbox.partnerCenter
      const { own } = portal.create('private', { details: { currency: 'EUR' } })
      await world.sync()
      await world.app.start('worker')
      // The first polls and sweeps of a start would be quicker than the event.
      const resting = async (): Promise<boolean> => {
        const { due, later, leased } = await world.app.store.queue.depth(Date.now())
        const turns = await Promise.all(['swept.partner', 'guard.connections'].map((name) => world.app.store.getValue(name)))
        return due + later + leased === 0 && turns.every((turn) => turn !== null)
      }
      await expect.poll(resting, soon).toBe(true)
      portal.edit(own.id, { notes: 'Said at Partner Center.' })
      expect(await send(world, own.id)).toBe(202)
      const named = (name: string) => recording.spans.filter((span) => span.name === name && span.ended)
      const hook = () => named('POST /hooks/partner-center').at(-1)
      const write = () => named('PATCH Dynamics 365').find(({ traceId }) => traceId === hook()?.traceId)
      await expect.poll(() => write()?.attributes['http.response.status_code'], soon).toBe(204)
      const worked = () => named('work deal').find(({ traceId }) => traceId === hook()?.traceId)
      await expect.poll(worked, soon).toBeDefined()
      const pass = worked()
      expect(pass?.parentId).toBe(hook()?.spanId)
      expect(write()?.parentId).toBe(pass?.spanId)
      expect(hook()?.traceId).not.toMatch(/^1+$/) // A stranger's trace is not taken up.
      expect(pass?.attributes).toMatchObject({ 'cosell.because': 'referral-updated', 'cosell.outcome': 'settled', 'cosell.writes': 1 })
      const sent = [...world.sandbox.partnerCenter.calls.list(), ...world.sandbox.dynamics.calls.list()]
      expect(JSON.stringify(sent)).not.toContain('traceparent')
    } finally {
      recording.stop()
    }
  }, 30_000)

  it('costs nothing where nobody asked for it, and says what is missing where somebody did', async () => {
    const said: string[] = []
    await (await registerTraces({}, (text) => said.push(text))).stop()
    expect(said).toEqual([])
    await (await registerTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, (text) => said.push(text))).stop()
    expect(said).toEqual([expect.stringContaining('npm install @opentelemetry/sdk-node')])
  })

  it('never holds a process that stops: a collector that refuses or does not answer is a warning', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
    const stopping = async (shutdown: () => Promise<void>): Promise<[string, string[]]> => {
      const said: string[] = []
      const NodeSDK = class {
        start(): void {}
        shutdown = shutdown
      }
      const traces = await registerTraces(env, (text) => said.push(text), () => Promise.resolve({ NodeSDK }))
      return [await traces.stop(), said]
    }
    expect(await stopping(() => Promise.resolve())).toEqual(['sent', []])
    expect(await stopping(() => Promise.reject(new Error('connect ECONNREFUSED')))).toMatchObject(['left', [expect.stringContaining('ECONNREFUSED')]])
    expect(await stopping(() => new Promise(() => undefined))).toMatchObject(['left', [expect.stringContaining('does not answer')]])
  })
})

describe('[R56] the second address', () => {
  it('tells figures and health of a worker too, and nothing else', async () => {
    here = await installation({ server: { observe: '127.0.0.1:0' } })
    const worker = here.app.observed()
    expect(worker).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const figures = await (await fetch(`${worker}/metrics`)).text()
    expect(figures).toMatch(/^cosell_queue\{kind="due"\} \d+$/m)
    expect(figures).toMatch(/^cosell_remote_calls_total\{system="Dynamics 365",method="GET",status="200"\} \d+$/m)
    expect((await fetch(`${worker}/readyz`)).status).toBe(200)
    expect((await fetch(`${worker}/api/v1/overview`)).status).toBe(404)
    expect((await fetch(`${here.address}/metrics`, { headers: { 'x-forwarded-for': '1.2.3.4' } })).status).not.toBe(500)
  }, 20_000)
})
