import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { adminToken } from '../../test/support/fleet.js'
import { less, spread, type Figure, type Measured } from '../figure.js'
import { seededId, seedStore } from '../seed-store.js'
import { overStore, stageOf, STORE_NAMES, type StoreKind } from '../stage.js'

const deals = 100_000
const asked = 7
/** What people ask of a long list, and the slowest of what each store has to look through. */
const QUESTIONS: readonly (readonly [string, string])[] = [
  ['the first rows', 'limit=100&offset=0'],
  ['rows 90,000 on', 'limit=100&offset=90000'],
  ['one state', 'limit=100&offset=0&state=needs-attention'],
  ['part of a name', 'limit=100&offset=0&search=contact%20centre'],
  ['a name that nobody has', 'limit=100&offset=0&search=nobody%20has%20this'],
]

/** What the console asks the service over a hundred thousand deals: pages of the list, and one deal with what its page shows. The floor is the same request for nothing. */
export const lists = (store: StoreKind): Promise<Measured> =>
  overStore(store, async (postgres) => {
    const stage = await stageOf({ postgres })
    try {
      const data = join(stage.folder, 'data')
      mkdirSync(data, { recursive: true })
      await seedStore(postgres ?? data, deals)
      await stage.start('server')
      const { address } = stage.fleet
      const floor = await took(() => `${address}/healthz`)
      const name = `${deals.toLocaleString('en')} deals on ${STORE_NAMES[store]}`
      const figures: Figure[] = [less(`${name}: a request that asks the store nothing`, floor, { target: null, unit: 'ms' })]
      for (const [question, query] of QUESTIONS)
        figures.push(less(`list of ${name}: ${question}`, await took(() => `${address}/api/v1/deals?${query}`), { target: 250, unit: 'ms' }))
      const idOf = (turn: number): string => seededId(Math.floor((deals * (turn + 0.5)) / asked))
      for (const [part, path] of PAGE_OF_A_DEAL)
        figures.push(less(`page of one deal among ${name}: ${part}`, await took((turn) => `${address}/api/v1/${path.replace(':id', idOf(turn))}`), { target: 100, unit: 'ms' }))
      return { figures }
    } finally {
      await stage.close()
    }
  })

/** What the page of a deal asks for. */
const PAGE_OF_A_DEAL: readonly (readonly [string, string])[] = [
  ['the deal, both sides', 'deals/:id'],
  ['its ledger', 'audit?deal=:id&limit=50'],
]

/** The same question several times, in milliseconds. */
async function took(urlOf: (turn: number) => string): Promise<Figure['measured']> {
  const times: number[] = []
  for (let turn = 0; turn < asked; turn += 1) {
    const began = performance.now()
    const answer = await fetch(urlOf(turn), { headers: { authorization: `Bearer ${adminToken}` } })
    const said = await answer.text()
    if (!answer.ok) throw new Error(`${urlOf(turn)} answered ${answer.status} ${said}`)
    times.push(performance.now() - began)
  }
  return spread(times)
}
