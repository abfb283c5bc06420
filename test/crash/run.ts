import { parseArgs } from 'node:util'
import { built } from '../support/fleet.js'
import { campaign, ORDEALS, type Campaign } from './campaign.js'
import { CRASH_CRMS } from './crm.js'

// `npm run crash [-- --kills N --store sqlite|postgres|both --crm dynamics|salesforce|both --seed K --quick --without disk-full]`
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '40' },
    store: { type: 'string', default: 'both' },
    crm: { type: 'string', default: 'both' },
    seed: { type: 'string', default: '1' },
    acts: { type: 'string', default: '12' },
    quick: { type: 'boolean', default: false },
    without: { type: 'string', multiple: true, default: [] },
  },
})
built()
const stores = (['sqlite', 'postgres'] as const).filter((store) => values.store === 'both' || values.store === store)
const crms = CRASH_CRMS.filter((crm) => values.crm === 'both' || values.crm === crm)
const failed: Campaign[] = []
for (const store of stores) {
  for (const crm of crms) {
    const name = `${store}, ${crm}`
    const result = await campaign({
      store,
      crm,
      kills: Number(values.kills),
      seed: Number(values.seed),
      actsPerSecond: Number(values.acts),
      leases: values.quick ? 'clock-jump' : 'wait',
      ordeals: values.quick ? [] : ORDEALS[store].filter((ordeal) => !values.without.includes(ordeal)),
      say: (text) => console.log(`${name}: ${text}`),
    })
    report(name, result)
    if (result.problems.length > 0 || result.writesAtRest.length > 0) failed.push(result)
  }
}
process.exit(failed.length === 0 ? 0 : 1)

function report(name: string, result: Campaign): void {
  const { acts, deals, kills, accepted, worked, lost, doubled, problems, writesAtRest, seconds, folder } = result
  console.log(`${name}: ${kills} kills, ${acts} acts on ${deals} deals, ${seconds.toFixed(0)} s`)
  console.log(`${name}: accepted ${accepted}, worked ${worked}, lost ${lost}, doubled ${doubled}, writes at rest ${writesAtRest.length}`)
  for (const problem of problems) console.log(`  ! ${problem}`)
  for (const write of writesAtRest) console.log(`  ! written at rest: ${write}`)
  if (problems.length > 0) console.log(`  log and store: ${folder}`)
}
