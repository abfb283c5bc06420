import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueryId, type KyselyPlugin, type RootOperationNode } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AuditFilter } from '../core/filters.js'
import { openDatabase, type OpenDatabase } from './database.js'
import { readAudit } from './ledger.js'
import { migrate } from './migrations.js'

let folder: string
let database: OpenDatabase
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cosell-plan-'))
  database = await openDatabase(folder, 'own')
  await migrate(database, 0)
})
afterEach(async () => {
  await database.close()
  rmSync(folder, { recursive: true, force: true })
})

/** How SQLite finds what a filter asks for, one line a step. */
async function plansOf(filter: AuditFilter): Promise<string[]> {
  const nodes: RootOperationNode[] = []
  const noting: KyselyPlugin = {
    transformQuery({ node }) {
      nodes.push(node)
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  }
  const { db } = database
  await readAudit(db.withPlugin(noting), 'default', filter)
  const plans: string[] = []
  for (const node of nodes) {
    const asked = db.getExecutor().compileQuery(node, createQueryId())
    const explained = { ...asked, sql: `explain query plan ${asked.sql}` }
    const { rows } = await db.executeQuery<{ detail: string }>(explained)
    plans.push(...rows.map(({ detail }) => detail))
  }
  return plans
}

test.each<[string, Partial<AuditFilter>]>([
  ['all of it', {}],
  ['one kind', { kinds: ['ran'] }],
  ['some kinds', { kinds: ['ran', 'state'] }],
  ['what failed', { outcomes: ['stopped', 'again'] }],
  ['a further page', { after: '100' }],
])('the ledger of one deal is read from its own chain, however long the whole is: %s', async (_, filter) => {
  const plans = await plansOf({ link: '00000000-0000-4000-8000-000000000001' as NonNullable<AuditFilter['link']>, limit: 50, ...filter }) // any id
  expect(plans.length).toBeGreaterThan(0)
  expect(plans.filter((plan) => !plan.includes('audit_chain'))).toEqual([])
})

test.each<[string, Partial<AuditFilter>, string]>([
  ['all of it', {}, 'audit_in_order'],
  ['a kind that every pass writes', { kinds: ['wrote'] }, 'audit_in_order'],
  ['some kinds', { kinds: ['setting', 'ran'] }, 'audit_in_order'],
  ['some rare kinds', { kinds: ['setting', 'conflict'] }, 'audit_in_order'],
  ['a rare kind', { kinds: ['setting'] }, 'audit_rare'],
  ['a further page', { kinds: ['setting'], after: '100' }, 'audit_rare'],
  ['what failed', { kinds: ['ran'], outcomes: ['stopped', 'again'] }, 'audit_ran'],
  ['one run', { run: 'a run' }, 'audit_of_run'],
])('the ledger of the whole installation is read in its order and never sorted: %s', async (_, filter, order) => {
  const plans = await plansOf({ limit: 50, ...filter })
  expect(plans.length).toBeGreaterThan(0)
  expect(plans.filter((plan) => !plan.includes(`USING INDEX ${order} (tenant=?`))).toEqual([])
})
