import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStore } from '../../src/store/index.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'
import { tunnel, type Tunnel } from '../support/tunnel.js'

let postgres: PrivatePostgres
let way: Tunnel
let folder: string
beforeAll(async () => {
  postgres = startPostgres()
  folder = mkdtempSync(join(tmpdir(), 'cosell-tunnel-'))
  const real = decodeURIComponent(new URL(postgres.url).searchParams.get('host') ?? '')
  way = await tunnel(join(folder, '.s.PGSQL.5432'), join(real, '.s.PGSQL.5432'))
}, 60_000)
afterAll(async () => {
  await way.close()
  postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('gives up a connection that fell silent, says so, and goes on over another', async () => {
  const url = new URL(postgres.url)
  url.searchParams.set('host', folder)
  url.searchParams.set('query_timeout', '300')
  const store = await openStore({ url: url.href, now: () => Date.now() })
  const noted = (): Promise<boolean> => store.setValue('note', 1, { expect: 'any', now: Date.now() })
  expect(await noted()).toBe(true)
  way.silence()
  await expect(noted()).rejects.toMatchObject({ kind: 'offline', message: expect.stringMatching(/^The connection to the PostgreSQL store was lost: /) as string })
  way.heal()
  // As many as the pool has connections: none of the silent ones is taken again.
  for (let turn = 0; turn < 10; turn += 1) expect(await noted()).toBe(true)
  await store.close()
})

it('a database that is not there is a wrong setting, not a system that is away', async () => {
  const url = new URL(postgres.url)
  url.pathname = '/nowhere'
  await expect(openStore({ url: url.href, now: () => Date.now() })).rejects.toMatchObject({ kind: 'misconfigured' })
})
