import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { socketPath } from '../../src/assemble.js'
import { connected, runningService } from '../../src/cli/connection.js'
import { loadConfig, type Config } from '../../src/config/index.js'
import { openStore } from '../../src/store/index.js'

const state = mkdtempSync(join(tmpdir(), 'cosell-own-'))
afterAll(() => {
  rmSync(state, { recursive: true, force: true })
})

const file = `
environment: production
partnerCenter: { tenant: contoso.onmicrosoft.com, clientId: pc, clientSecret: s }
crm: { kind: salesforce, url: "https://contoso.my.salesforce.com", clientId: crm, clientSecret: s }
`
function over(store: string): Config {
  const text = `${file}store: ${store}\n`
  return loadConfig({ path: null, env: { XDG_STATE_HOME: state }, cwd: '/etc', readFile: (path) => (path === '/etc/cosell.yaml' ? text : null) }).config
}

test('a command finds no service but its own, also beside another installation of the same environment name', async () => {
  const [ours, theirs] = [over('postgres://a:one@db/first'), over('postgres://a:one@db/second')]
  expect(ours.stateFolder).toBe(theirs.stateFolder)
  mkdirSync(theirs.stateFolder, { recursive: true })
  const service = createServer((_request, response) => response.end('{}')).listen(socketPath(theirs))
  await new Promise((resolve) => service.once('listening', resolve))
  expect(await runningService(ours, 'kim')).toBeNull()
  // Its own is found, whoever signs in to the database and however.
  expect(await runningService(over('postgres://b:two@db:5432/second?sslmode=require'), 'kim')).not.toBeNull()
  await new Promise((resolve) => service.close(resolve))
})

test('a command waits for a service that is just ending, and for another command; a service that stays without an answer is told of', async () => {
  const config = over(join(state, 'embedded'))
  const url = join(state, 'embedded')
  const holder = await openStore({ url, now: () => 0 })
  let waits = 0
  const clock = { sleep: async () => void ((waits += 1) === 3 && (await holder.close())) }
  const running = (): never => expect.fail('there is none')
  const store = await connected({ config, user: 'kim', clock }, { running, own: () => openStore({ url, now: () => 0 }) })
  expect(waits).toBe(3)
  const patient = { sleep: () => Promise.resolve() }
  const again = connected({ config, user: 'kim', clock: patient }, { running, own: () => openStore({ url, now: () => 0 }) })
  await expect(again).rejects.toMatchObject({ kind: 'misconfigured', code: 'store-taken' })
  await store.close()
})
