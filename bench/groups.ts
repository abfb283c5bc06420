import { fileURLToPath } from 'node:url'
import { CRMS, NAME_OF } from './desk.js'
import type { Measured } from './figure.js'
import { acknowledging } from './figures/acknowledging.js'
import { calls } from './figures/calls.js'
import { carrying } from './figures/carrying.js'
import { consoleFigures } from './figures/console.js'
import { growth } from './figures/growth.js'
import { lists } from './figures/lists.js'
import { pace } from './figures/pace.js'
import { soak } from './figures/soak.js'
import { SIZES, volume } from './figures/volume.js'
import { workers } from './figures/workers.js'
import { carriedBy } from './page.js'
import { PEERS } from './peers/peer.js'
import { trials } from './peers/trials.js'
import { STORE_NAMES, type StoreKind } from './stage.js'

/** Where the results of a group stand. */
export const resultFile = (group: string): string => fileURLToPath(new URL(`results/${group}.json`, import.meta.url))

interface Group {
  readonly title: string
  run(): Promise<Measured>
  /** Runs only when it is named: it needs what `npm ci` does not bring. */
  readonly named?: true
}

const STORES = Object.keys(STORE_NAMES) as StoreKind[] // its own keys
const byStore = (name: string, of: (store: StoreKind) => Group): [string, Group][] => STORES.map((store) => [`${name}-${store}`, of(store)])

/** What is measured, in the order of the page. Each takes a few minutes at most. */
export const GROUPS: Readonly<Record<string, Group>> = Object.fromEntries<Group>([
  ['calls', { title: 'Remote calls', run: calls }],
  ['acknowledging', { title: 'Acknowledgement of webhooks', run: acknowledging }],
  ...byStore('carrying', (store) => ({ title: `From event to write: ${STORE_NAMES[store]}`, run: () => carrying(store) })),
  ...CRMS.flatMap((crm) => byStore('pace', (store) => ({ title: `At several paces: ${STORE_NAMES[store]}, ${NAME_OF[crm]}`, run: () => pace(store, crm) })).map(([name, group]): [string, Group] => [`${name}-${crm}`, group])),
  ['workers', { title: 'Several workers on PostgreSQL', run: workers }],
  ...SIZES.map((size): [string, Group] => [`volume-${size}`, { title: `First sync, sweeps and rest: ${size.toLocaleString('en')} deals`, run: () => volume(size) }]),
  ['growth', { title: 'How cost grows', run: () => growth(resultFile) }],
  ...byStore('lists', (store) => ({ title: `Lists over a hundred thousand deals: ${STORE_NAMES[store]}`, run: () => lists(store) })),
  ['soak', { title: 'Two days of work, and five weeks', run: soak }],
  ...PEERS.map(({ name, mapping }): [string, Group] => [
    `peers-${name}-${mapping}`,
    { title: `${carriedBy}${name}, ${mapping === 'full' ? 'full mapping' : 'one field'}`, run: () => trials(name, mapping), named: true },
  ]),
  ['console', { title: 'The console in a browser', run: consoleFigures }],
])
