import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueryId, type CompiledQuery, type KyselyPlugin } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countMentions, erasePerson, forgetPayloads } from './retention.js'
import { openStore, type OpenStore } from './store.js'

const dayMs = 86_400_000
const days = 12
const entriesADay = 50
let folder: string
let store: OpenStore

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cosell-retention-'))
  store = await openStore({ url: folder, now: () => 0 })
  await said(0)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Fifty entries a day, for twelve days from then on. */
const said = (fromDay: number): Promise<void> =>
  store.addAudit(
    Array.from({ length: days * entriesADay }, (_, index) => ({
      ...{ link: null, at: fromDay * dayMs + (index * dayMs) / entriesADay, by: 'cosell', run: null },
      event: { kind: 'ordered', what: 'sync', detail: `entry ${index}` } as const,
    })),
    0,
  )

const kept = async (): Promise<number> => {
  const { n } = await store.database.db
    .selectFrom('audit')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('payload', 'is not', null)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** The questions of one tidying that look for old entries. */
async function asked(before: number): Promise<readonly CompiledQuery[]> {
  const { database } = store
  const questions: CompiledQuery[] = []
  const noting: KyselyPlugin = {
    transformQuery({ node }) {
      if (node.kind === 'SelectQueryNode') questions.push(database.db.getExecutor().compileQuery(node, createQueryId()))
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  }
  await forgetPayloads({ ...database, db: database.db.withPlugin(noting) }, 'default', { before, now: before })
  return questions.filter(({ sql }) => sql.includes('"audit"'))
}

test('old entries lose their content in as many steps as they need, and the chains stay whole', async () => {
  await store.tidy(13 * dayMs, 3 * dayMs)
  expect(await kept()).toBe(2 * entriesADay)
  expect(await store.verifyAudit()).toMatchObject({ entries: days * entriesADay, broken: [] })
})

test('a shorter time to keep empties more, a longer one nothing more, and both leave nothing behind for later', async () => {
  await store.tidy(13 * dayMs, 9 * dayMs)
  expect(await kept()).toBe(8 * entriesADay)
  await store.tidy(13 * dayMs, 11 * dayMs)
  expect(await kept()).toBe(8 * entriesADay)
  await store.tidy(13 * dayMs, 3 * dayMs)
  expect(await kept()).toBe(2 * entriesADay)
})

test('a clock that was years ahead for a while keeps nothing from being forgotten after it', async () => {
  await store.tidy(1_000 * dayMs, 8 * dayMs)
  expect(await kept()).toBe(0)
  await store.tidy(13 * dayMs, 8 * dayMs)
  await said(13)
  await store.tidy(31 * dayMs, 8 * dayMs)
  expect(await kept()).toBe(2 * entriesADay)
})

test('what was emptied long ago is not looked through again, and the order of time is used', async () => {
  await asked(6 * dayMs)
  const [first, ...others] = await asked(7 * dayMs)
  expect(others).toEqual([])
  expect(first?.parameters).toEqual(expect.arrayContaining([5 * dayMs, 7 * dayMs]))
  const explained = { ...(first as CompiledQuery), sql: `explain query plan ${String(first?.sql)}` } // there is one, as was just seen
  const { rows } = await store.database.db.executeQuery<{ detail: string }>(explained)
  expect(rows.map(({ detail }) => detail)).toEqual(['SEARCH audit USING INDEX audit_at (tenant=? AND at>? AND at<?)'])
})

test('what speaks of a person is emptied in one walk, however much of it there is: no entry is looked through twice', async () => {
  const email = 'Mara.Vogt_50%@nordwind.example'
  const about = (detail: string, count: number) =>
    Array.from({ length: count }, (_, index) => ({
      ...{ link: null, at: index, by: 'cosell', run: null },
      event: { kind: 'ordered', what: 'sync', detail } as const,
    }))
  for (let round = 0; round < 5; round += 1) await store.addAudit([...about(`told ${email}`, 500), ...about('MARA.VOGT_50%@NORDWIND.EXAMPLE', 300), ...about('mara.vogtx50x@nordwind.example', 200)], 0)
  const { database } = store
  const looked: CompiledQuery[] = []
  const noting: KyselyPlugin = {
    transformQuery({ node }) {
      if (node.kind === 'SelectQueryNode') looked.push(database.db.getExecutor().compileQuery(node, createQueryId()))
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  }
  const watching = { ...database, db: database.db.withPlugin(noting) }
  expect(await countMentions(watching, 'default', email)).toBe(4_000)
  const places = looked.map(({ parameters }) => Number(parameters[2]))
  expect(places).toEqual([...places].sort((one, other) => one - other))
  expect(new Set(places).size).toBe(looked.length)
  const all = await kept()
  expect(await erasePerson(watching, 'default', email.toLowerCase())).toBe(4_000)
  expect(await kept()).toBe(all - 4_000)
  expect(await countMentions(watching, 'default', email)).toBe(0)
  expect((await store.verifyAudit()).broken).toEqual([])
})
