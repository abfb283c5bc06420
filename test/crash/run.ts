import { parseArgs } from 'node:util'
import { built } from '../support/fleet.js'
import { campaign, type Campaign, type CampaignOptions } from './campaign.js'

// `npm run crash [-- --kills N --store sqlite|postgres|both --seed K --quick]`
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '40' },
    store: { type: 'string', default: 'both' },
    seed: { type: 'string', default: '1' },
    acts: { type: 'string', default: '12' },
    quick: { type: 'boolean', default: false },
  },
})
built()
const stores = values.store === 'both' ? (['sqlite', 'postgres'] as const) : ([values.store as 'sqlite' | 'postgres'] as const)
const failed: Campaign[] = []
for (const store of stores) {
  const ordeals: CampaignOptions['ordeals'] = values.quick ? [] : store === 'sqlite' ? ['held'] : ['database-restarted', 'held']
  const result = await campaign({
    store,
    kills: Number(values.kills),
    seed: Number(values.seed),
    actsPerSecond: Number(values.acts),
    leases: values.quick ? 'clock-jump' : 'wait',
    ordeals,
    say: (text) => console.log(`${store}: ${text}`),
  })
  report(store, result)
  if (result.problems.length > 0 || result.writesAtRest.length > 0) failed.push(result)
}
process.exit(failed.length === 0 ? 0 : 1)

function report(store: string, result: Campaign): void {
  const { acts, deals, kills, accepted, worked, lost, doubled, problems, writesAtRest, seconds, folder } = result
  console.log(`${store}: ${kills} kills, ${acts} acts on ${deals} deals, ${seconds.toFixed(0)} s`)
  console.log(`${store}: accepted ${accepted}, worked ${worked}, lost ${lost}, doubled ${doubled}, writes at rest ${writesAtRest.length}`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  for (const write of writesAtRest) console.log(`  ! written at rest: ${write}`)
  if (problems.length > 0) console.log(`  log and store: ${folder}`)
}
