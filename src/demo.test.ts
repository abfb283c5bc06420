import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { createDemo } from './demo.js'

const here = mkdtempSync(join(tmpdir(), 'cosell-demo-test-'))
afterEach(() => {
  vi.unstubAllEnvs()
})
const wish = { port: 0, crm: 'dynamics', say: () => undefined }
const listeners = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length

test('a demo that may write nowhere says so and leaves nothing running that would keep the process alive', async () => {
  vi.stubEnv('TMPDIR', join(here, 'no-such-folder'))
  const before = listeners()
  await expect(createDemo(wish)).rejects.toThrow('no-such-folder')
  expect(listeners()).toBe(before)
})

test('simulators alone take every currency of the deals that people make there', async () => {
  const { sandbox, close } = await createDemo({ ...wish, sandboxPort: 0 })
  try {
    const codes = sandbox.dynamics.find('transactioncurrency', {}).map(({ isocurrencycode: code }) => code)
    const made = Array.from({ length: 40 }, () => sandbox.partnerCenter.portal.create('private').own.details?.currency)
    expect(codes).toEqual(expect.arrayContaining([...new Set(made)]))
  } finally {
    await close()
  }
})

test('a demo whose port is taken leaves no folder behind', async () => {
  vi.stubEnv('TMPDIR', here)
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo // a server that listens has one
  await expect(createDemo({ ...wish, sandboxPort: port })).rejects.toThrow()
  expect(readdirSync(here)).toEqual([])
  await new Promise((resolve) => taken.close(resolve))
  rmSync(here, { recursive: true })
})
