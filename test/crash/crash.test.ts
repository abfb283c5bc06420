import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { built, root } from '../support/fleet.js'
import { campaign, type CampaignOptions } from './campaign.js'

/** A short run of `npm run crash`: the real processes, killed with kill -9 while people act in both systems. */
const options = { seed: 1, actsPerSecond: 10, leases: 'clock-jump', ordeals: [], say: (text: string) => console.log(text) } as const

beforeAll(() => built(), 180_000)

it.concurrent.each([
  { store: 'sqlite', crm: 'dynamics', kills: 20 },
  { store: 'postgres', crm: 'salesforce', kills: 20 },
] satisfies Pick<CampaignOptions, 'store' | 'crm' | 'kills'>[])(
  '[R2] [R27] [R30] loses nothing and doubles nothing in $kills kills on $store with $crm',
  async ({ store, crm, kills }) => {
    const { problems, lost, doubled, writesAtRest, accepted, worked, deals } = await campaign({ ...options, store, crm, kills })
    expect(problems).toEqual([])
    expect({ lost, doubled, writesAtRest }).toEqual({ lost: 0, doubled: 0, writesAtRest: [] })
    expect(deals).toBeGreaterThan(20)
    expect(accepted).toBeGreaterThan(50)
    expect(worked).toBe(accepted)
  },
  600_000, // On a database of their own, dead leases end when they end: no clock is moved for them.
)

it('says what is missing where it may open too few files', () => {
  const limited = ['-c', 'ulimit -n 100; exec "$@"', 'limited', process.execPath, join(root, 'dist', 'cli', 'main.js'), 'version']
  const { status, stderr } = spawnSync('bash', limited, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([2, expect.stringContaining('may open 100 files at once, and 1024 are needed')])
})
