import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inTransaction, openDatabase, type Db, type OpenDatabase } from './database.js'
import { migrate } from './migrations.js'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cosell-database-'))))
const opened: OpenDatabase[] = []
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close()
  rmSync(folder, { recursive: true, force: true })
})

async function twoProcesses(): Promise<[service: OpenDatabase, command: OpenDatabase]> {
  const service = await openDatabase(folder, 'own')
  opened.push(service)
  await migrate(service, 0)
  const command = await openDatabase(folder, 'beside')
  opened.push(command)
  return [service, command]
}
const read = async (db: Db, name: string): Promise<string | undefined> =>
  (await db.selectFrom('value').select('value').where('name', '=', name).executeTakeFirst())?.value
const write = (db: Db, name: string, value: string): Promise<unknown> =>
  db.insertInto('value').values({ tenant: '', name, value, revision: 1, updated_at: 0 }).execute()

test('nobody else can read the files of a store, whoever made its folder', async () => {
  chmodSync(folder, 0o755)
  await twoProcesses()
  const modes = readdirSync(folder).map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)])
  expect(modes.length).toBeGreaterThan(2)
  expect(modes.filter(([, mode]) => mode !== '600')).toEqual([])
})

test('[R54] nothing a command beside the service writes comes between what the service reads and what it writes', async () => {
  const [service, command] = await twoProcesses()
  const refused: unknown[] = []
  await inTransaction(service, async (trx) => {
    const seen = await read(trx, 'count')
    await sql`pragma busy_timeout = 0`.execute(command.db)
    await write(command.db, 'count', '1').catch((error: unknown) => refused.push(error))
    await write(trx, 'after', seen ?? 'nothing')
  })
  await sql`pragma busy_timeout = 5000`.execute(command.db)
  await inTransaction(command, (trx) => write(trx, 'later', 'from the command'))
  await inTransaction(service, async (trx) => write(trx, 'last', (await read(trx, 'later')) ?? 'nothing'))
  expect([refused.length, await read(service.db, 'after'), await read(service.db, 'last')]).toEqual([1, 'nothing', 'from the command'])
})

test('[R53] a backup reads one moment and holds nobody up', async () => {
  const [service, command] = await twoProcesses()
  await write(service.db, 'before', 'there')
  const seen = await command.db
    .transaction()
    .setAccessMode('read only')
    .execute(async (trx) => {
      const first = await read(trx, 'before')
      await inTransaction(service, (other) => write(other, 'meanwhile', 'written'))
      return [first, await read(trx, 'meanwhile')]
    })
  expect([...seen, await read(command.db, 'meanwhile')]).toEqual(['there', undefined, 'written'])
})
