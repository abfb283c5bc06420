import type { Context } from './emission.js'
import type { Cell } from './row-store.js'
import { createRow, internally } from './rows.js'
import { currencyId } from './seeds.js'
import { secondsIso, table as tableNamed, type World } from './world.js'

/** This many opportunities share one account. */
const perAccount = 20
const spreadMs = 180 * 86_400_000

/** Fills an environment with accounts and opportunities of the last half year. Nobody is told, as after a restore. */
export function manyOpportunities(world: World, count: number): readonly string[] {
  const accounts = tableNamed(world, 'account')
  const opportunities = tableNamed(world, 'opportunity')
  const userId = world.ids.systemUser
  const startMs = world.clock.now() - spreadMs
  const ids: string[] = []
  let account: Cell = null
  world.transactions.run(() => {
    for (let number = 0; number < count; number++) {
      const context = quiet(world, userId, startMs + Math.floor((spreadMs * number) / count))
      const create = (table: typeof accounts, cells: Record<string, Cell>): string =>
        createRow(world, context, table, { cells, parents: [], children: [] }, internally).id
      if (number % perAccount === 0) account = { table: 'account', id: create(accounts, { name: `Customer ${number / perAccount + 1}` }) }
      ids.push(
        create(opportunities, {
          name: `Opportunity ${number + 1}`,
          estimatedvalue: 1_000 + (number % 500) * 100,
          estimatedclosedate: '2027-06-30',
          parentaccountid: account,
          transactioncurrencyid: { table: 'transactioncurrency', id: currencyId('USD') },
        }),
      )
    }
  })
  return ids
}

function quiet(world: World, userId: string, nowMs: number): Context {
  return {
    userId,
    initiatingUserId: userId,
    nowMs,
    now: secondsIso(nowMs),
    correlationId: world.ids.organization,
    requestId: world.ids.organization,
    userAgent: '',
    tag: null,
    bypass: 'custom-async',
    solution: null,
    mergeLabels: false,
    detectDuplicates: false,
    trusted: true,
  }
}
