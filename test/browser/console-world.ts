import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { assemble, createDemo, type App, type ConnectionView, type Demo } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { loadConfig } from '../../src/config/index.js'
import { silentLog } from '../../src/log.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface ConsoleWorld {
  readonly demo: Demo
  readonly app: App
  readonly address: string
  readonly browser: Browser
  /** A page of a person who has never been here; what the browser complains about is kept in `complaints`. */
  open(path: string, person?: Person): Promise<Page>
  readonly complaints: string[]
  connection(system: 'partner-center' | 'crm'): Promise<ConnectionView>
  close(): Promise<void>
}
export interface Person {
  readonly locale?: 'en' | 'zh-CN'
  readonly theme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
}

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

/** A port that nobody has at this moment: the demo must know its own address before it listens. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))))
    })
  })

interface Wish {
  /** `demo`: whoever sits here may do everything · `asks`: people sign in with this token. */
  readonly doors: 'demo' | 'asks'
  /** Further settings, as the environment gives them. */
  readonly env?: Readonly<Record<string, string>>
}
export const TOKEN = 'a-token-that-is-long-enough-for-the-tests'

/** The demo as `cosell demo` starts it, in this process, and a real browser before it. */
export async function consoleWorld({ doors, env = {} }: Wish = { doors: 'demo' }): Promise<ConsoleWorld> {
  if (!existsSync(join(root, 'console', 'dist', 'index.html'))) throw new Error('The console is not built: run `npm run build` first.')
  const demo = await createDemo({ port: await freePort(), crm: 'dynamics', say: () => undefined })
  const { config } = loadConfig({
    path: demo.configFile,
    env: doors === 'asks' ? { COSELL_SERVER_ADMINTOKENS: TOKEN, ...env } : env,
    cwd: root,
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  const standing = doors === 'demo' ? { desk: demo.sandbox.urls.desk } : null
  const app = await assemble(config, {
    clock: realClock,
    log: silentLog,
    plant: () => undefined,
    version: '0.0.0',
    adopt: true,
    demo: standing,
  })
  const address = (await app.start('all')).address ?? ''
  await demo.ready(app.service, address)
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  const complaints: string[] = []
  return {
    demo,
    app,
    address,
    browser,
    complaints,
    open: async (path, person = {}) => {
      const { locale = 'en', theme = 'light', width = 1280, height = 900 } = person
      const context = await browser.newContext({ viewport: { width, height }, locale, timezoneId: 'UTC', reducedMotion: 'reduce' })
      context.setDefaultTimeout(40_000)
      await context.addInitScript(
        ([language, appearance]) => {
          localStorage.setItem('cosell.locale', language)
          localStorage.setItem('cosell.theme', appearance)
        },
        [locale, theme] as const,
      )
      const page = await context.newPage()
      page.on('console', (message) => (message.type() === 'error' ? complaints.push(`${path}: ${message.text()}`) : undefined))
      page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`))
      await page.goto(`${address}${path}`)
      await page.locator('h1').first().waitFor()
      return page
    },
    connection: async (system) => {
      const answer = await fetch(`${address}/api/v1/connections`)
      const { connections } = (await answer.json()) as { connections: ConnectionView[] } // the shape the server's own code gives it
      const found = connections.find((each) => each.system === system)
      if (found === undefined) throw new Error(`there is no connection ${system}`)
      return found
    },
    close: async () => {
      await browser.close()
      await app.stop()
      await demo.close()
    },
  }
}

/** Resolves when no grey shape stands in the place of something that is coming. */
export const settled = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.querySelector('[aria-busy=true], .waiting') === null)

/** What the documentation shows, by the name that a test gives it. */
const DOCUMENTED: Readonly<Record<string, string>> = {
  'overview-en-light': 'console-overview',
  'overview-zh-CN-dark': 'console-overview-zh',
  'deals-en-light': 'console-deals',
  'deal-en-light': 'console-deal',
  'conflict-dialog': 'console-decide',
  'request-and-answer': 'console-request',
  'attention-en-light': 'console-attention',
  'runs-en-light': 'console-runs',
  'audit-en-light': 'console-audit',
  versions: 'console-versions',
  'mapping-completion': 'console-mapping-editor',
  'mapping-try': 'console-mapping-try',
  'connections-en-light': 'console-connections',
  'sandbox-travel': 'console-sandbox',
}

/** Pictures for the documentation are renewed on demand only; otherwise a run leaves the tree as it was. */
const renews = process.env['COSELL_SCREENSHOTS'] === '1'
const folder = renews ? join(root, 'docs', 'images') : join(root, '.tmp', 'images')
export async function picture(page: Page, name: string): Promise<void> {
  const file = renews ? DOCUMENTED[name] : name
  if (file === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: join(folder, `${file}.png`), animations: 'disabled', caret: 'hide' })
}
