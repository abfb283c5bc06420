import { createServer, type Server } from 'node:http'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { administer } from '../../src/administer.js'
import { assemble, storeUrl, writeBackup, type App } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { runProgram } from '../../src/cli/program.js'
import type { CliWorld } from '../../src/cli/app.js'
import { loadConfig, secretValues, type Config } from '../../src/config/index.js'
import { createLogger, createRedactor, type Logger } from '../../src/log.js'
import { installation, type Installation } from '../support/installation.js'
import { recordSpans } from '../support/spans.js'

/**
 * Secrets are planted wherever the configuration and the remote systems have any, everything is made to go right and wrong, and whatever left the
 * process is searched for them: log, API, console, commands, exports, errors, ledger, figures, traces, notices, backup.
 */
let here: Installation
let app: App | null = null
const servers: Server[] = []
afterEach(async () => {
  await app?.stop()
  app = null
  await here.close()
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

const planted = {
  adminToken: 'planted-admin-token-0123456789',
  webhookKey: 'test-webhook-key', // As test/support/installation.ts gives it.
  slackPath: 'planted-slack-path-T0/B0/xyz',
  smtpPassword: 'planted-smtp-password',
  signInSecret: 'planted-sign-in-secret',
  proxyless: 'planted-seal-key-0123456789abcdef0123456789',
}

const signal = new AbortController().signal
const listening = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Everything below a folder as text. */
const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())

async function everyAnswer(address: string): Promise<string[]> {
  const { paths } = (await (await fetch(`${address}/api/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
  const seen: string[] = []
  const ask = async (path: string, init: RequestInit = {}): Promise<void> => {
    const answer = await fetch(`${address}${path}`, { redirect: 'manual', ...init })
    seen.push(`${path.split('?')[0] ?? ''} ${JSON.stringify([...answer.headers])} ${await answer.text()}`)
  }
  const headers = { authorization: `Bearer ${planted.adminToken}` }
  for (const path of Object.keys(paths)) if (paths[path]?.['get'] !== undefined && path !== '/api/v1/events') await ask(path.replaceAll(/\{\w+\}/g, 'x'), { headers })
  for (const path of ['/', '/deals', '/api/openapi.json', '/readyz?verbose', '/metrics', '/api/v1/me', '/nothing', '/auth/sign-in']) await ask(path, { headers })
  await ask('/api/v1/me', { headers: { authorization: 'Bearer wrong' } })
  await ask('/api/v1/session', { method: 'POST', body: JSON.stringify({ token: planted.adminToken }), headers: { 'content-type': 'application/json', 'x-cosell-request': '1' } })
  await ask(`/hooks/dynamics?code=${planted.webhookKey}x`, { method: 'POST', body: '{}' })
  return seen
}

it('[R43] nothing that leaves the process holds a secret, whatever goes right or wrong', async () => {
  const recording = recordSpans()
  const lines: string[] = []
  const said: string[] = []
  const chat = await listening(createServer((request, response) => void request.on('data', (chunk: Buffer) => said.push(chunk.toString())).on('end', () => response.writeHead(500).end())))
  here = await installation({
    server: {
      adminTokens: [planted.adminToken],
      publicUrl: 'https://127.0.0.1:9',
      signIn: { issuer: 'http://127.0.0.1:9/issuer', clientId: 'console', clientSecret: planted.signInSecret },
    },
    notices: {
      slack: `http://127.0.0.1:${chat}/${planted.slackPath}`,
      email: { smtp: `smtp://user:${planted.smtpPassword}@127.0.0.1:9`, from: 'a@b.example', to: ['c@d.example'] },
    },
    more: { sealKey: planted.proxyless, log: { level: 'trace' } },
    sync: { poll: '200ms', sweep: '1s' },
  })
  const { config } = here.load()
  await here.app.stop()
  const redactor = createRedactor(secretValues(config))
  const learnt: string[] = []
  const plant = (secret: string): void => {
    learnt.push(secret)
    redactor.plant(secret)
  }
  const log: Logger = createLogger({ level: 'trace', context: {}, stream: { write: (line) => lines.push(line) }, clock: realClock, redactor, color: false })
  app = await assemble(config, { clock: realClock, demo: null, log, version: 'test', adopt: false, plant })
  const address = (await app.start('all')).address ?? ''
  const left: Record<string, string[]> = {}

  // What goes right: deals of both kinds with all their calls in the ledger.
  const shared = here.completeOpportunity('Shared')
  here.share(shared)
  await expect.poll(() => here.ownReferrals(shared).length, { timeout: 15_000 }).toBe(1)
  const { plan } = { plan: await app.service.plan({ deals: [], signal }) }
  left['an answer of the API'] = await everyAnswer(address)
  // What goes wrong: the sign-ins end, the secret is refused, notices cannot be sent.
  here.sandbox.entra.revoke()
  here.sandbox.entra.expireAccessTokens()
  here.seller.edit('opportunity', shared, { description: 'Said while nobody was signed in.' })
  await expect.poll(() => said.join(), { timeout: 20_000 }).toContain('refuses the connector')
  await expect.poll(() => lines.join(''), { timeout: 20_000 }).toContain('could not be sent by email')
  left['an answer of the API while it is refused'] = await everyAnswer(address)
  left['the log'] = lines
  left['a notice'] = said
  left['a trace'] = recording.spans.map((span) => JSON.stringify(span))
  left['a plan'] = [JSON.stringify(plan)]
  left['the ledger'] = [JSON.stringify(await app.service.audit({ limit: 2_000, after: null }))]
  left['a command'] = await commands(config)
  recording.stop()

  const folder = mkdtempSync(join(tmpdir(), 'cosell-secrets-'))
  const backup = join(folder, 'backup.gz')
  await writeBackup(storeUrl(config), backup, Date.now())
  left['a backup'] = [gunzipSync(readFileSync(backup)).toString()]
  rmSync(folder, { recursive: true, force: true })
  left['the store on the disk'] = filesBelow(storeUrl(config)).filter((path) => !path.endsWith('.sock')).map((path) => readFileSync(path).toString('latin1'))
  left['the console'] = filesBelow('console/src').map((path) => readFileSync(path, 'utf8'))

  const secrets = new Set([...secretValues(config), ...learnt, ...Object.values(planted)])
  expect(learnt.length, 'tokens were learnt at run time').toBeGreaterThan(1)
  for (const [what, texts] of Object.entries(left)) {
    expect(texts.join('').length, what).toBeGreaterThan(0)
    for (const secret of secrets) {
      const at = texts.find((text) => text.includes(secret) || text.includes(encodeURIComponent(secret)) || text.includes(Buffer.from(secret).toString('base64')))
      expect(at === undefined ? null : around(at, secret), `${what} holds a secret`).toBeNull()
    }
    // Access tokens of the simulated sign-in, whether or not anybody knew of them.
    expect(texts.find((text) => /\beyJ[\w-]{10,}\.[\w-]{10,}\./.test(text))?.slice(0, 300), `${what} holds a token`).toBeUndefined()
  }
}, 90_000)

const around = (text: string, secret: string): string => {
  const at = text.indexOf(secret)
  return text.slice(Math.max(0, at - 80), at + secret.length + 40)
}

/** What commands print, those that fail included. */
async function commands(config: Config): Promise<string[]> {
  const printed: string[] = []
  const write = (text: string): void => void printed.push(text)
  const world = {
    io: { out: write, err: write, outIsTty: false, errIsTty: false, inIsTty: false, color: false },
    loadConfig: () => Promise.resolve(here.load()),
    loadTenants: () => Promise.resolve([here.load()]),
    connect: () => Promise.resolve({ service: app?.service, via: 'running', close: () => Promise.resolve() }),
    administer: () => administer(config, { clock: realClock, plant: () => undefined }),
    signal,
    user: 'kim',
    version: '1',
    now: () => Date.now(),
  } as unknown as CliWorld // what these commands do not use is left out
  for (const line of ['config show --json', 'config show --origin', 'doctor --json', 'connect partner-center --check', 'webhook show', 'audit --json --limit 1000', 'audit --format csv', 'runs list --json', 'deals list --json', 'webhook test', 'nonsense'])
    await runProgram(line.split(' '), world)
  // A configuration that is wrong is quoted in the message, and what stands beside a secret is not.
  const broken = `partnerCenter: { tenant: a, clientSecret: ${planted.signInSecret}, clientSecrt: ${planted.smtpPassword} }\nstore: postgres://u:${planted.smtpPassword}@nowhere/x\n`
  try {
    loadConfig({ path: '/c.yaml', env: {}, cwd: '/', readFile: (path) => (path === '/c.yaml' ? broken : null) })
  } catch (error) {
    printed.push(String(error), error instanceof Error ? (error.stack ?? '') : '')
  }
  return printed
}
