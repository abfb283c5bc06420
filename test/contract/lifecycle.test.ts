import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const soon = { timeout: 50_000, interval: 50 } // The sources are compiled as they are loaded, beside whatever else the machine does.
let folder = ''
const ending: (() => void)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosell-life-'))
})
afterEach(() => {
  for (const end of ending.splice(0)) end()
  rmSync(folder, { recursive: true, force: true })
})

/** A server that takes every connection and says nothing. */
async function silent(): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(join(folder, '.s.PGSQL.5432'))
  ending.push(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number } // it listens on a port
      server.close(() => resolve(port))
    })
  })

interface Service {
  readonly main: string
  readonly observe: string
  readonly child: ChildProcess
  said(): string
  readonly ended: Promise<number | null>
}
/** The service as a process of its own, over a PostgreSQL store in the folder. */
async function start(role: string): Promise<Service> {
  const [listen, observe] = [await freePort(), await freePort()]
  const system = { clientId: 'id', clientSecret: 'secret' }
  const config = {
    environment: 'test',
    store: `postgres://cosell@localhost/postgres?host=${encodeURIComponent(folder)}`,
    server: { listen: `127.0.0.1:${listen}`, observe: `127.0.0.1:${observe}` },
    partnerCenter: { tenant: 'contoso.onmicrosoft.com', ...system },
    crm: { kind: 'salesforce', url: 'https://contoso.my.salesforce.com', ...system },
  }
  writeFileSync(join(folder, 'cosell.yaml'), stringify(config), { mode: 0o600 })
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'start', '--role', role, '--config', join(folder, 'cosell.yaml')], {
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  ending.push(() => child.kill('SIGKILL'))
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { main: `http://127.0.0.1:${listen}`, observe: `http://127.0.0.1:${observe}`, child, said: () => text, ended }
}
const reason = async (address: string): Promise<unknown> => {
  const answer = await fetch(`${address}/readyz`).catch(() => null)
  return answer === null ? null : [answer.status, ((await answer.json()) as { reason?: string }).reason]
}

describe('[R34] [R56] a service whose store does not answer yet', () => {
  it.each(['server', 'worker'])('is there, is not ready, refuses every event for now, and ends when it is told to (%s)', async (role) => {
    await silent()
    const service = await start(role)
    await expect.poll(() => reason(service.observe), soon).toEqual([503, 'service: Starting: opening the store.'])
    expect((await fetch(`${service.observe}/livez`)).status).toBe(200)
    if (role === 'worker') await expect(fetch(service.main)).rejects.toThrow()
    else {
      const hook = await fetch(`${service.main}/hooks/partner-center`, { method: 'POST', body: '{}' })
      expect([hook.status, hook.headers.get('retry-after')]).toEqual([503, '5'])
    }
    service.child.kill('SIGTERM')
    const at = Date.now()
    expect(await service.ended).toBe(0)
    expect(Date.now() - at).toBeLessThan(10_000)
    expect(service.said()).not.toContain('could not be finished in time') // which ends it after nine and a half seconds, whatever hangs
  }, 90_000)

  it('says why it cannot start, and leaves nothing behind', async () => {
    const service = await start('all')
    expect(await service.ended).toBe(3)
    expect(service.said()).toContain('The PostgreSQL store cannot be reached')
    expect(readdirSync(folder, { recursive: true })).toEqual(['cosell.yaml'])
  }, 90_000)
})
