import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CompiledQuery } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asLinkId, type EndRef } from '../core/ref.js'
import { openDatabase, type OpenDatabase } from './database.js'
import { migrate } from './migrations.js'
import { standingOf, standingToWork } from './standing.js'

let folder: string
let open: OpenDatabase
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cosell-standing-'))
  open = await openDatabase(folder, 'own')
  await migrate(open, 0)
})
afterEach(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

const refs = ['r-1', 'r-2'].map((id): { ref: EndRef; engagementId: null } => ({ ref: { side: 'partner', kind: 'referral', id }, engagementId: null }))

test('what stands of a deal is found by steps in indexes, however many deals and entries there are', async () => {
  const asked: CompiledQuery[] = []
  asked.push(...standingToWork(open.db, 'default', [asLinkId('a'), asLinkId('b')]).queries)
  await open.db.transaction().execute((trx) => {
    for (const withDeals of [false, true]) asked.push(...standingOf(trx, refs, { open, tenant: 'default', withDeals }).queries)
    return Promise.resolve()
  })
  const plans: string[] = []
  for (const query of asked) {
    const { rows } = await open.db.executeQuery<{ detail: string }>({ ...query, sql: `explain query plan ${query.sql}` })
    plans.push(...rows.map(({ detail }) => detail).filter((detail) => !/^CORRELATED|LIST SUBQUERY/.test(detail)))
  }
  expect(asked).toHaveLength(3)
  expect(plans.length).toBeGreaterThanOrEqual(8)
  expect(plans.filter((plan) => !/^SEARCH \w+ USING (COVERING )?INDEX (link_ref_record|audit_chain|sqlite_autoindex_link_1) \(tenant=\?/.test(plan))).toEqual([])
  expect(plans.filter((plan) => plan.includes('audit_chain') && !plan.includes('chain=?'))).toEqual([])
})

test('of many records at once only the ids are told, and on PostgreSQL of several: what is locked before it is marked is one deal', async () => {
  const many = Array.from({ length: 17 }, (_, index) => ({ ref: { side: 'partner', kind: 'referral', id: `r-${index}` }, engagementId: null }) as const)
  const postgres = { ...open, kind: 'postgres' } as const
  await open.db.transaction().execute((trx) => {
    const texts = (of: OpenDatabase, wanted: typeof many): string => standingOf(trx, wanted, { open: of, tenant: 'default', withDeals: true }).queries.map(({ sql }) => sql).join(';')
    expect(texts(postgres, many.slice(0, 1))).toContain('for update')
    expect([texts(postgres, many.slice(0, 2)), texts(open, many)].filter((text) => /for update|"doc"/.test(text))).toEqual([])
    expect(texts(open, many.slice(0, 16))).toContain('"doc"')
    return Promise.resolve()
  })
})
