import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'

/** Everything that phones home or wants a real machine is off. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A page in Debian's Chromium, and what can be measured in it, in milliseconds; see in-page.js. */
export interface Window {
  readonly page: Page
  scrolled(frames: number, pixels: number): Promise<number[]>
  jumped(share: number): Promise<number>
  turned(link: string, heading: string): Promise<number>
  close(): Promise<void>
}

export async function windowOn(address: string): Promise<Window> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en', baseURL: address })
  await context.addInitScript({ path: fileURLToPath(new URL('in-page.js', import.meta.url)) })
  const page = await context.newPage()
  const ask = <T>(name: string, ...args: readonly unknown[]): Promise<T> =>
    page.evaluate(`measure.${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`) // answers what in-page.js says it does
  return {
    page,
    scrolled: (frames, pixels) => ask('scrolled', frames, pixels),
    jumped: (share) => ask('jumped', share),
    turned: (link, heading) => ask('turned', link, heading),
    close: () => browser.close(),
  }
}
