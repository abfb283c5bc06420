import { beforeAll, expect, it } from 'vitest'
import { built } from '../support/fleet.js'
import { campaign, type CampaignOptions } from './campaign.js'

/** A short run of `npm run crash`: the real processes, killed with kill -9 while people act in both systems. */
const options = { seed: 1, actsPerSecond: 10, leases: 'clock-jump', ordeals: [], say: (text: string) => console.log(text) } as const

beforeAll(() => built(), 180_000)

it.concurrent.each([
  { store: 'sqlite', kills: 20 },
  { store: 'postgres', kills: 10 },
] satisfies Pick<CampaignOptions, 'store' | 'kills'>[])(
  '[R2] [R27] loses nothing and doubles nothing in $kills kills on $store',
  async ({ store, kills }) => {
    const { problems, lost, doubled, writesAtRest, accepted, worked, deals } = await campaign({ ...options, store, kills })
    expect(problems).toEqual([])
    expect({ lost, doubled, writesAtRest }).toEqual({ lost: 0, doubled: 0, writesAtRest: [] })
    expect(deals).toBeGreaterThan(20)
    expect(accepted).toBeGreaterThan(50)
    expect(worked).toBe(accepted)
  },
  300_000,
)
