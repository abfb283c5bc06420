import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { realClock } from '../../src/sandbox/clock.js'
import { entra } from '../../src/sandbox/entra/index.js'
import { listen, type SimListener } from '../../src/sandbox/http.js'
import { seededRng } from '../../src/sandbox/rng.js'
import { consoleWorld, picture, settled, type ConsoleWorld } from './console-world.js'

vi.setConfig({ testTimeout: 120_000 })

const tenantId = '5f0e2f4e-0c1d-4f0a-9a6b-7f2f3c1d2e10'
const secret = 'the-secret-of-the-console'
const person = (email: string, name: string) => ({ email, name, roles: [], mfa: true })
/** The company's own directory: another tenant than the one of the partner account. */
const directory = entra({
  clock: realClock(),
  rng: seededRng(11),
  tenantId,
  apps: [{ clientId: 'console', name: 'cosell', secret, kind: 'delegated', consents: [] }],
  users: [
    person('ana@company.example', 'Ana Silva'),
    person('ben@company.example', 'Ben Okoro'),
    person('vera@company.example', 'Vera Lindqvist'),
    person('nora@company.example', 'Nora Haas'),
  ],
})

let issuer: SimListener
let world: ConsoleWorld
beforeAll(async () => {
  issuer = await listen(directory.handle, { port: 0 })
  directory.options.publicBase = issuer.url
  world = await consoleWorld({
    doors: 'asks',
    env: {
      COSELL_SERVER_SIGNIN_ISSUER: `${issuer.url}/${tenantId}/v2.0`,
      COSELL_SERVER_SIGNIN_CLIENTID: 'console',
      COSELL_SERVER_SIGNIN_CLIENTSECRET: secret,
      COSELL_SERVER_SIGNIN_ROLES_ADMIN: 'ana@company.example,ben@company.example',
      COSELL_SERVER_SIGNIN_ROLES_VIEWER: 'vera@company.example',
      COSELL_SYNC_APPROVAL: 'second-person',
    },
  })
}, 120_000)
afterAll(async () => {
  await world.close()
  await issuer.close()
})

/** Comes to a page, is asked to sign in, goes to the company's page, and is clicked there as one of its people. */
async function choose(name: string, path = '/'): Promise<Page> {
  const page = await world.open(path)
  await page.getByRole('link', { name: 'Sign in with your organisation' }).click()
  await page.getByRole('button', { name }).click()
  return page
}
async function signedIn(name: string, email: string, path = '/'): Promise<Page> {
  const page = await choose(name, path)
  await page.getByRole('button', { name: `Signed in as ${email}` }).waitFor()
  return page
}
const anyDeal = async (): Promise<string> => (await world.app.service.deals({ state: 'in-sync', limit: 1 })).deals[0]?.id ?? ''

describe('signing in with the company', () => {
  it('leads back to the page one wanted, and nothing secret is left in the browser', async () => {
    const page = await signedIn('Ana Silva', 'ana@company.example', '/audit')
    expect(new URL(page.url()).pathname).toBe('/audit')
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor()
    const [session, ...others] = (await page.context().cookies(world.address)).filter(({ name }) => name !== 'cosell_sign_in')
    expect(others).toEqual([])
    expect(session).toMatchObject({ httpOnly: true })
    expect(['Lax', 'Strict']).toContain(session?.sameSite)
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie)
    expect(kept).not.toMatch(/eyJ|token|secret/i)
    await settled(page) // A page that is still being built may take the menu away under the pointer.
    await page.getByRole('button', { name: 'Signed in as ana@company.example' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('link', { name: 'Sign in with your organisation' }).waitFor()
    expect((await page.request.get(`${world.address}/api/v1/overview`)).status()).toBe(401)
    await page.context().close()
  })

  it('tells somebody without a role so, and lets nobody in who declined', async () => {
    const page = await choose('Nora Haas')
    await page.getByText('You have no role here').waitFor()
    await page.getByText('You are signed in as nora@company.example', { exact: false }).waitFor()
    expect((await page.request.get(`${world.address}/api/v1/overview`)).status()).toBe(401)
    await page.goto(`${world.address}/sign-in`)
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click()
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.getByText('The sign-in failed').waitFor()
    await page.context().close()
  })
})

describe('a viewer', () => {
  // Every button that does something, by what it says; filters, tabs, exports and menus stay.
  const acts = /^(Sync now|Accept|Decline|Mark as|Share|Leave alone|More|Link|End the link|Keep|Retry|Save|Promote|Approve|Go back|Register|Replace|Put |Send a test|Sign in|Create|Add$|End )/

  it('looks at everything and finds nothing to press that would change something', async () => {
    const page = await signedIn('Vera Lindqvist', 'vera@company.example')
    const [conflict] = await world.app.service.conflicts()
    for (const path of ['/deals', `/deals/${conflict?.deal ?? ''}`, '/attention', '/runs', '/runs?tab=dead', '/audit', '/mapping', '/connections', '/users']) {
      await page.goto(`${world.address}${path}`)
      await page.locator('h1').first().waitFor()
      await settled(page)
      const names = await page.locator('main').getByRole('button').allInnerTexts()
      expect({ path, acts: names.filter((name) => acts.test(name.trim())) }).toEqual({ path, acts: [] })
      await expect.poll(() => page.locator('main').getByRole('radio').and(page.locator(':enabled')).count()).toBe(0)
    }
    await page.goto(`${world.address}/deals/${conflict?.deal ?? ''}`)
    await settled(page)
    await picture(page, 'deal-as-viewer')
    await page.context().close()
    // The same look finds them where somebody may act.
    const admin = await signedIn('Ana Silva', 'ana@company.example', `/deals/${conflict?.deal ?? ''}`)
    await settled(admin)
    expect((await admin.locator('main').getByRole('button').allInnerTexts()).filter((name) => acts.test(name.trim())).length).toBeGreaterThan(2)
    await admin.context().close()
  })

  it('is refused with a sentence when asking the API all the same', async () => {
    const page = await signedIn('Vera Lindqvist', 'vera@company.example')
    const before = (await world.app.service.audit({ limit: 1 })).records[0]?.id
    const answer = await page.evaluate(async (deal) => {
      const response = await fetch('/api/v1/sync', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-cosell-request': '1' },
        body: JSON.stringify({ deals: [deal] }),
      })
      return { status: response.status, problem: (await response.json()) as { detail: string; remedy: string } }
    }, await anyDeal())
    expect(answer.status).toBe(403)
    expect(answer.problem.detail).toBe('This needs the role operator; vera@company.example has viewer.')
    expect(answer.problem.remedy).toBe('Ask an administrator of this installation.')
    expect((await world.app.service.audit({ limit: 1 })).records[0]?.id).toBe(before)
    await page.context().close()
  })
})

describe('somebody whose role was taken away while a page was open', () => {
  it('is told by the page which role it takes, and nothing is done', async () => {
    const page = await signedIn('Ana Silva', 'ana@company.example', `/deals/${await anyDeal()}`)
    await settled(page)
    const before = (await world.app.service.audit({ limit: 1 })).records[0]?.id
    // In another tab somebody else signs in: the session of this browser is theirs now.
    const other = await page.context().newPage()
    await other.request.post(`${world.address}/auth/sign-out`, { headers: { 'x-cosell-request': '1' } })
    await other.goto(`${world.address}/`)
    await other.getByRole('link', { name: 'Sign in with your organisation' }).click()
    await other.getByRole('button', { name: 'Vera Lindqvist' }).click()
    await other.getByRole('button', { name: 'Signed in as vera@company.example' }).waitFor()
    await other.close()
    await page.getByRole('button', { name: 'Sync now' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Sync now' }).click()
    const refusal = page.locator('.fui-ToastBody')
    await refusal.waitFor()
    expect(await refusal.innerText()).toBe(
      'This needs the role operator; vera@company.example has viewer. Ask an administrator of this installation.',
    )
    await picture(page, 'refused')
    expect((await world.app.service.audit({ limit: 1 })).records[0]?.id).toBe(before)
    await page.context().close()
  })
})

describe('settings that need a second person', () => {
  it('wait until another than the one who proposed them approves', async () => {
    const exported = (await world.app.service.settings.export(null)).replace('leads: true', 'leads: false')
    const inForce = async (): Promise<boolean> => (await world.app.service.settings.show(null)).settings.policies.leads
    const ana = await signedIn('Ana Silva', 'ana@company.example', '/mapping')
    await ana.getByRole('tab', { name: 'Versions' }).click()
    await ana
      .getByLabel('Promote a document')
      .first()
      .setInputFiles({ name: 'settings.yaml', mimeType: 'text/yaml', buffer: Buffer.from(exported) })
    const dialog = ana.getByRole('dialog')
    await dialog.getByText('policies.leads').waitFor()
    await dialog.getByRole('button', { name: 'Put in force' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await ana.getByText('waits for approval').waitFor()
    expect(await inForce()).toBe(true)

    await ana.getByRole('button', { name: 'Approve' }).click()
    await dialog.getByRole('button', { name: 'Approve' }).click()
    await dialog.getByText('cannot approve it', { exact: false }).waitFor()
    await dialog.getByText('Ask another person to approve it.', { exact: false }).waitFor()
    expect(await inForce()).toBe(true)
    await ana.context().close()

    const ben = await signedIn('Ben Okoro', 'ben@company.example', '/mapping')
    await ben.getByRole('tab', { name: 'Versions' }).click()
    await ben.getByText('waits for approval').waitFor()
    await ben.getByRole('button', { name: 'Approve' }).click()
    await ben.getByRole('dialog').getByText('policies.leads').waitFor()
    await picture(ben, 'approve')
    await ben.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await ben.getByRole('dialog').waitFor({ state: 'hidden' })
    await expect.poll(inForce, { timeout: 40_000, interval: 100 }).toBe(false)
    const approved = (await world.app.service.settings.list()).find(({ state }) => state === 'in-force')
    expect(approved).toMatchObject({ by: 'ana@company.example', approvedBy: 'ben@company.example' })
    await ben.context().close()
  })
})
