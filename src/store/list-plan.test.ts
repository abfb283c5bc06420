import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueryId, type KyselyPlugin, type RootOperationNode } from 'kysely'
import { expect, test } from 'vitest'
import type { LinkFilter } from '../core/filters.js'
import { openDatabase } from './database.js'
import { listLinks } from './links.js'
import { migrate } from './migrations.js'

/** How SQLite finds what a filter asks for, one line a step. */
async function plansOf(filter: Partial<LinkFilter>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-lists-'))
  const { db, close } = await openDatabase(folder, 'own').then(async (open) => {
    await migrate(open, 0)
    return open
  })
  try {
    const nodes: RootOperationNode[] = []
    const noting: KyselyPlugin = {
      transformQuery({ node }) {
        nodes.push(node)
        return node
      },
      transformResult: ({ result }) => Promise.resolve(result),
    }
    await listLinks(db.withPlugin(noting), 'default', { limit: 50, ...filter })
    const plans: string[] = []
    for (const node of nodes) {
      const asked = db.getExecutor().compileQuery(node, createQueryId())
      const { rows } = await db.executeQuery<{ detail: string }>({ ...asked, sql: `explain query plan ${asked.sql}` })
      plans.push(...rows.map(({ detail }) => detail))
    }
    return plans
  } finally {
    await close()
    rmSync(folder, { recursive: true, force: true })
  }
}

test.each<[string, Partial<LinkFilter>, RegExp]>([
  ['of one reason', { reason: 'rejected' }, /link_reasons/],
  ['that wait for one', { waitsFor: 'us' }, /link_waits/],
  ['of one state', { state: 'pending' }, /link_state_order/],
  ['all', {}, /link_order/],
])('deals %s are read in their own order, and not sorted', async (_, filter, order) => {
  const plans = await plansOf(filter)
  expect(plans.length).toBeGreaterThan(0)
  expect(plans.filter((plan) => /USE TEMP B-TREE FOR ORDER BY|^SCAN link$/.test(plan))).toEqual([])
  expect(plans.some((plan) => order.test(plan)), plans.join('; ')).toBe(true)
})
