import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { adminToken, root } from '../../test/support/fleet.js'
import { windowOn } from '../browser.js'
import { seedStore } from '../seed-store.js'
import { less, more, percentile, spread, type Figure, type Measured } from '../figure.js'
import { stageOf } from '../stage.js'

const deals = 100_000
const count = deals.toLocaleString('en')
const inMs = (name: string, measured: Figure['measured'] | number, target: number): Figure => less(name, measured, { target, unit: 'ms' })
const PAGES = [
  { link: 'Deals', heading: 'Deals' },
  { link: 'Needs attention', heading: 'Needs attention' },
  { link: 'Flows and runs', heading: 'Flows and runs' },
  { link: 'Audit', heading: 'Audit' },
  { link: 'Mapping', heading: 'Mapping' },
  { link: 'Connections', heading: 'Connections' },
  { link: 'Users and tokens', heading: 'Users and tokens' },
  { link: 'Sandbox', heading: 'Sandbox' },
  { link: 'Overview', heading: 'Overview' },
] as const
/** The console in a browser: over a hundred thousand deals, and over the data of the demo. */
export async function consoleFigures(): Promise<Measured> {
  return { figures: [...(await longList()), ...(await pages())] }
}

async function longList(): Promise<Figure[]> {
  const stage = await stageOf({ postgres: null })
  try {
    mkdirSync(join(stage.folder, 'data'), { recursive: true })
    await seedStore(join(stage.folder, 'data'), deals)
    await stage.start('server')
    const { page, scrolled, jumped, close } = await windowOn(stage.fleet.address)
    try {
      await page.goto('/deals')
      await page.getByLabel('Access token').fill(adminToken)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByText('100,000 deals').waitFor()
      await page.locator('.deal-row a').first().waitFor()
      const frames: number[] = []
      for (const pixels of [40, 160, 600]) frames.push(...(await scrolled(200, pixels)))
      const jumps: number[] = []
      for (const share of [0.5, 0.1, 0.93, 0.33, 0.71, 1, 0.02, 0.85]) jumps.push(await jumped(share))
      const smooth = (100 * frames.filter((ms) => ms < smoothMs).length) / frames.length
      return [
        more(`scrolling ${count} deals: frames under ${smoothMs} ms`, smooth, { target: 95, unit: '%' }),
        inMs('scrolling: a frame, 95 %', percentile(frames, 0.95), smoothMs),
        inMs('jumping anywhere in the list: its rows are there after', spread(jumps), 500),
      ]
    } finally {
      await close()
    }
  } finally {
    await stage.close()
  }
}
const smoothMs = 32

const rounds = 5

/** From a click in the menu to the page with its content, once everything was visited. */
async function pages(): Promise<Figure[]> {
  const port = 8_991
  const main = join(root, 'dist', 'cli', 'main.js')
  const demo = spawn(process.execPath, [main, 'demo', '--port', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = ''
      for (const stream of [demo.stdout, demo.stderr])
        stream.on('data', (chunk: Buffer) => {
          said += chunk.toString()
          const found = /running at (http:\S+)/.exec(said)?.[1]
          if (found !== undefined) resolve(found)
        })
      demo.once('exit', () => reject(new Error(`the demo ended: ${said}`)))
    })
    const { page, turned, close } = await windowOn(address)
    try {
      await page.goto('/')
      await page.getByRole('heading', { level: 1 }).waitFor()
      const took = new Map<string, number[]>()
      for (let round = 0; round <= rounds; round += 1)
        for (const to of PAGES) {
          const ms = await turned(to.link, to.heading)
          if (round > 0) took.set(to.link, [...(took.get(to.link) ?? []), ms])
          await page.waitForTimeout(150)
        }
      const medians = [...took].map(([name, times]) => ({ name, ms: spread(times).median })).sort((a, b) => b.ms - a.ms)
      for (const { name, ms } of medians) console.log(`  ${name}: ${ms.toFixed(0)} ms`)
      const slowest = medians[0]?.name ?? ''
      return [inMs(`change of page on the data of the demo: the slowest (${slowest})`, spread(took.get(slowest) ?? []), 100)]
    } finally {
      await close()
    }
  } finally {
    demo.kill('SIGTERM')
  }
}
