import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { consoleWorld, picture, settled, type ConsoleWorld, type Person } from './console-world.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const firstLoadBytesMost = 350_000

vi.setConfig({ testTimeout: 120_000 })

let world: ConsoleWorld
let conflicted = ''
let ran = ''
beforeAll(async () => {
  world = await consoleWorld()
  const [conflict] = await world.app.service.conflicts()
  conflicted = conflict?.deal ?? ''
  const { runs } = await world.app.service.runs({ failedOnly: false, limit: 1 })
  ran = runs[0]?.id ?? ''
}, 120_000)
afterAll(() => world.close())

const PAGES = {
  overview: () => '/',
  deals: () => '/deals',
  deal: () => `/deals/${conflicted}`,
  attention: () => '/attention',
  runs: () => '/runs',
  run: () => `/runs/${ran}`,
  audit: () => '/audit',
  mapping: () => '/mapping',
  'mapping-try': () => `/mapping?tab=try&deal=${conflicted}`,
  'mapping-versions': () => '/mapping?tab=versions',
  connections: () => '/connections',
  users: () => '/users',
  sandbox: () => '/sandbox',
  'sign-in': () => '/sign-in',
  nothing: () => '/nothing-of-the-kind',
} as const
const names = Object.keys(PAGES) as (keyof typeof PAGES)[]

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}
/** Every rule of axe. Only the sentinels that Fluent UI puts around what holds the focus are left out. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => {
    const { axe: checker } = window as unknown as { axe: { run(context: object): Promise<{ violations: Violation[] }> } }
    return (await checker.run({ exclude: ['[data-tabster-dummy]'] })).violations
  })
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`))
}

/** One window for many pages: opening one takes longer than looking at what is in it. */
function walker(person: Person): { readonly to: (name: keyof typeof PAGES) => Promise<Page>; readonly close: () => Promise<void> } {
  let page: Page | null = null
  return {
    to: async (name) => {
      if (page === null) page = await world.open(PAGES[name](), person)
      else await page.goto(`${world.address}${PAGES[name]()}`)
      await page.locator('h1').first().waitFor()
      await settled(page)
      return page
    },
    close: async () => page?.context().close(),
  }
}
const widthOf = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth)

const looks = (['en', 'zh-CN'] as const).flatMap((locale) => (['light', 'dark'] as const).map((theme) => ({ locale, theme })))

describe.each(looks)('in $locale, $theme', ({ locale, theme }) => {
  let walk: ReturnType<typeof walker>
  beforeAll(() => {
    walk = walker({ locale, theme })
  })
  afterAll(() => walk.close())

  it.each(names)('the page "%s" has nothing that axe objects to', async (name) => {
    const page = await walk.to(name)
    expect(await page.locator('html').getAttribute('lang')).toBe(locale)
    expect(await violations(page)).toEqual([])
    expect(await page.locator('q').allInnerTexts()).toEqual([]) // Nothing that only another system could have said in English.
    await picture(page, `${name}-${locale}-${theme}`)
  })
})

describe('in Chinese', () => {
  it('the checks say everything in Chinese, and quote nobody', async () => {
    const page = await world.open('/connections', { locale: 'zh-CN' })
    await page.getByRole('button', { name: '运行检查' }).click()
    const checks = page.locator('.checks')
    await checks.waitFor()
    await checks.getByText('合作伙伴中心：第二重验证').waitFor()
    expect(await page.locator('q').allInnerTexts()).toEqual([])
    await picture(page, 'checks-zh-CN')
    await page.context().close()
  })
})

const word = 'Donaudampfschifffahrtsgesellschaftskapitänswitwenrente'.repeat(4)
/** A deal from Microsoft whose name no line can hold. */
async function longName(): Promise<void> {
  const answer = await fetch(`${world.demo.sandbox.urls.desk}/partnerCenter/inbound/coSell`, { method: 'POST', body: JSON.stringify([{ name: word }]) })
  expect(answer.status).toBe(200)
  await vi.waitFor(async () => expect((await world.app.service.deals({ search: word, limit: 1 })).total).toBe(1), { timeout: 20_000 })
}

describe.each([390, 320])('on a phone of %i pixels', (width) => {
  let walk: ReturnType<typeof walker>
  beforeAll(async () => {
    walk = walker({ width, height: 844 })
    if (width === 390) await longName()
  })
  afterAll(() => walk.close())

  it.each(names)('the page "%s" does not scroll sideways', async (name) => {
    const page = await walk.to(name)
    expect(await widthOf(page)).toBeLessThanOrEqual(width)
    await picture(page, `${name}-${width}`)
  })
})

describe('the first page', () => {
  it('counts the answers that are due among what needs a person, and leads to them, the most urgent first', async () => {
    const page = await world.open('/')
    const due = (await world.app.service.deals({ waitsFor: 'us', limit: 1 })).total
    await page.getByRole('link', { name: `Besides, ${due} deals wait for our answer` }).click()
    await page.getByText(`${due} deals`, { exact: true }).waitFor()
    await page.getByText(/^Answer by /).first().waitFor()
    expect(new URL(page.url()).searchParams.get('order')).toBe('due')
    await page.context().close()
  })
})

describe('the browser', () => {
  it('loads a first page within 350 kB, compressed', async () => {
    const page = await world.open('/sign-in')
    const sizes: number[] = []
    page.on('response', (response) => {
      if (/\.(js|css)$/.test(response.url())) void response.body().then((body) => sizes.push(gzipSync(body).length))
    })
    await page.goto(`${world.address}/`)
    await page.waitForLoadState('networkidle').catch(() => undefined) // The stream of events never rests.
    await settled(page)
    expect(sizes.length).toBeGreaterThan(3)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(firstLoadBytesMost)
    await page.context().close()
  })

  it('never had anything refused by the content policy, and no script failed', () => {
    expect(world.complaints.filter((text) => !text.includes('404'))).toEqual([])
  })
})

it.each([
  ['were read whole', { lastSweepAt: { partner: null, crm: null } }, 'Not known yet', /Not both systems have been read/],
  ['are read as often as they should be', { behind: ['crm'] }, 'Late', /CRM was last read whole/],
])('nobody is told that all is on time unless both systems %s', async (_what, over, answer, why) => {
  const page = await world.open('/audit')
  await page.route('**/api/v1/overview', async (route) => {
    const shown = await route.fetch()
    const overview = (await shown.json()) as object // of the server's own making
    await route.fulfill({ json: { ...overview, ...over } })
  })
  await page.route('**/api/v1/events', (route) => route.abort()) // It would tell of the sweeps that the demo has made.
  await page.goto(`${world.address}/`)
  await page.getByText(answer, { exact: true }).waitFor()
  await page.getByText(why).waitFor()
  await page.getByRole('link', { name: 'See the connections' }).click()
  await page.getByRole('heading', { level: 1, name: 'Connections' }).waitFor()
  await page.context().close()
})
