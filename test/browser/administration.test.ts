import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { consoleWorld, picture, settled, type ConsoleWorld } from './console-world.js'

vi.setConfig({ testTimeout: 120_000 })

let world: ConsoleWorld
beforeAll(async () => {
  world = await consoleWorld()
}, 120_000)
afterAll(() => world.close())

const patient = { timeout: 40_000, interval: 100 }

describe('an administrator', () => {
  it('sees whose the registration is, replaces it knowingly, and could put it back', async () => {
    const { webhook } = world.demo.sandbox.partnerCenter
    const ours = webhook.current()
    webhook.set({ url: 'https://other.example/hook', events: ['referral-created'] })
    const page = await world.open('/connections')
    await page.getByText('Somebody else is registered').waitFor()
    await page.getByRole('button', { name: 'Replace the registration' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('https://other.example/hook will receive no more events', { exact: false }).waitFor()
    await picture(page, 'replace-registration')
    await dialog.getByRole('button', { name: 'Replace the registration' }).click()
    await page.getByText('Registered for this service').waitFor()
    expect(webhook.current()?.url).toBe(ours?.url)
    await page.getByRole('button', { name: 'Put the previous one back' }).waitFor()
    await page.context().close()
  })

  it('is told of a step that cannot be looked at that nobody knows it, and not that it is to be done', async () => {
    const page = await world.open('/')
    let answer = (): void => undefined
    const asked = new Promise<void>((resolve) => (answer = resolve))
    await page.route('**/api/v1/webhook', async (route) => {
      await asked
      await route.continue()
    })
    await page.goto(`${world.address}/connections`)
    const step = page.getByRole('listitem').filter({ hasText: 'Register for events' })
    await step.getByText('Not known yet').waitFor()
    answer()
    await step.getByText('Done').waitFor()
    await page.context().close()
  })

  it('finds the way back from an address that leads nowhere', async () => {
    const page = await world.open('/nowhere')
    await page.getByText('There is nothing here').waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'Deals' }).click()
    await page.waitForURL(`${world.address}/deals`)
    await page.context().close()
  })

  it('signs in to Partner Center again by a code, and the page notices when it is done', async () => {
    const { entra } = world.demo.sandbox
    entra.revoke()
    entra.expireAccessTokens()
    const page = await world.open('/connections')
    await page.getByRole('button', { name: 'Sign in with a code' }).click()
    const dialog = page.getByRole('dialog')
    const code = dialog.getByLabel('Code')
    await code.waitFor()
    await picture(page, 'sign-in-by-code')
    entra.answerDevice((await code.innerText()).trim(), { kind: 'approved', email: 'cosell@partner.example' })
    const signedIn = async (): Promise<boolean> =>
      (await world.app.service.audit({ limit: 1_000 })).records.some(({ event }) => event?.kind === 'setting' && event.name === 'sign-in')
    await expect.poll(signedIn, patient).toBe(true)
    await dialog.getByText('Signed in. What waited for it is worked now.').waitFor()
    expect((await world.connection('partner-center')).state).toBe('connected')
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.context().close()
  })

  it('signs in to Partner Center in this browser, and comes back to the page it began on', async () => {
    const page = await world.open('/connections')
    await page.getByRole('button', { name: 'Sign in here' }).click()
    await page.getByText('cosell@partner.example').first().click()
    await page.waitForURL(`${world.address}/connections`)
    const card = page.getByRole('region', { name: 'Partner Center', exact: true })
    await card.getByText('this machine').waitFor()
    expect(await card.innerText()).toContain('Sees deals of other people too')
    expect((await world.connection('partner-center')).owner?.by).toBe('this machine')
    // The answer of a sign-in is taken once.
    const answered = await page.goto(`${world.address}/connect/partner-center?state=stale&code=x`)
    expect(answered?.status()).toBe(400)
    await page.context().close()
  })

  it('tries a mapping on a deal, and nothing is written by it', async () => {
    const { deals } = await world.app.service.deals({ state: 'in-sync', kind: 'opportunity', limit: 500 })
    const { id, referralId, crmId } = deals.find(({ status }) => status === 'Active') ?? { id: '', referralId: null, crmId: null }
    const versions = () => [
      world.demo.sandbox.partnerCenter.referral(referralId ?? '')?.eTag,
      world.demo.sandbox.dynamics.read('opportunity', crmId ?? '')?.['versionnumber'],
    ]
    const before = versions()
    const page = await world.open('/mapping')
    await page.getByRole('tab', { name: 'Try a change' }).click()
    await page.getByLabel('Mapping as YAML').fill('version: 1\nopportunity:\n  details.notes: { crm: qualificationcomments }\n')
    await page.getByLabel('Deal to try it on').fill(id)
    await page.getByRole('button', { name: 'Try on this deal' }).click()
    await page.getByRole('region', { name: 'A sync would write' }).waitFor()
    const rows = page.getByRole('region', { name: 'Both directions, row by row' }).getByRole('row')
    const notes = rows.filter({ hasText: 'qualificationcomments' })
    expect(await notes.getByRole('cell').count()).toBe(5)
    expect(await rows.filter({ hasText: 'estimatedvalue' }).innerText()).toMatch(/[\d,]+/)
    await page.setViewportSize({ width: 1280, height: 1500 })
    await picture(page, 'mapping-try')
    expect(versions()).toEqual(before)
    await page.getByLabel('Mapping as YAML').fill('version: 1\nopportunity: { details.nonsense: { crm: x } }\n')
    await page.getByRole('button', { name: 'Try on this deal' }).click()
    await page
      .getByText(/details.nonsense/)
      .last()
      .waitFor()
    await page.locator('.cm-lintRange-error').waitFor() // The line itself is marked.
    await settled(page)
    await page.context().close()
  })

  it('is offered fields, keys and columns of the CRM while typing a mapping, and the tab is in the address', async () => {
    const page = await world.open('/mapping?tab=try')
    const editor = page.getByLabel('Mapping as YAML')
    await editor.fill('version: 1\n')
    await editor.press('Control+End')
    const choose = async (typed: string, choice: string): Promise<void> => {
      await editor.pressSequentially(typed)
      await page.locator('.cm-tooltip-autocomplete').getByRole('option', { name: choice }).first().click()
    }
    await choose('oppo', 'opportunity')
    await editor.press('Enter')
    await choose('  dealVal', 'details.dealValue')
    await choose('{ cr', 'crm')
    await editor.pressSequentially('budget')
    await page.locator('.cm-tooltip-autocomplete').getByRole('option', { name: 'budgetamount' }).first().waitFor()
    await picture(page, 'mapping-completion')
    await choose('am', 'budgetamount')
    expect(await editor.innerText()).toContain('  details.dealValue: { crm: budgetamount}')
    // The keyboard leaves the editor: Tab is not taken.
    await editor.press('Tab')
    expect(await editor.evaluate((element) => element === document.activeElement)).toBe(false)
    await page.context().close()
  })

  it('changes the mapping: sees the difference, saves it as a version with a note, promotes a document, and goes back', async () => {
    const page = await world.open('/mapping')
    await page.getByRole('tab', { name: 'Try a change' }).click()
    await page.getByRole('combobox', { name: 'Field of the deal' }).selectOption('customerProfile.ids.duns')
    await page.getByRole('combobox', { name: 'CRM column' }).fill('customerneed')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('button', { name: 'Save as version' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('mapping.opportunity.customerProfile.ids.duns').waitFor()
    await dialog.getByLabel('Note').fill('D-U-N-S numbers are kept too')
    await picture(page, 'save-version')
    await dialog.getByRole('button', { name: 'Put in force' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('tab', { name: 'Versions' }).click()
    await page.getByText('D-U-N-S numbers are kept too').waitFor()
    await picture(page, 'versions')
    const held = await world.app.service.settings.show(null)
    expect(held.settings.mapping).toContain('customerProfile.ids.duns: { crm: customerneed }')

    const exported = (await world.app.service.settings.export(null)).replace('leads: true', 'leads: false')
    await page
      .getByLabel('Promote a document')
      .first()
      .setInputFiles({ name: 'settings.yaml', mimeType: 'text/yaml', buffer: Buffer.from(exported) })
    await dialog.getByText('policies.leads').waitFor()
    await dialog.getByRole('button', { name: 'Put in force' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(async () => (await world.app.service.settings.show(null)).settings.policies.leads, patient).toBe(false)

    await page.getByRole('listitem').filter({ hasText: 'Version 1' }).getByRole('button', { name: 'Go back to this' }).last().click()
    await dialog.getByText('policies.leads').waitFor() // What it would change is shown before it is done.
    await dialog.getByText('customerProfile.ids.duns').waitFor()
    await dialog.getByRole('button', { name: 'Go back to this' }).click()
    await expect.poll(async () => (await world.app.service.settings.show(null)).note, patient).toBe('as in version 1')
    await page.context().close()
  })

  it('reads that the CRM has changed under the mapping, and says that it is as it should be', async () => {
    const page = await world.open('/mapping')
    let told = [{ key: 'crm-columns.1', level: 'urgent', deal: null, raisedAt: 0, title: 'The CRM has changed under the mapping', text: '', remedy: '' }]
    // The guard looks every ten minutes; what it finds has tests of its own.
    await page.route('**/api/v1/notices', (route) => route.fulfill({ json: { notices: told } }))
    await page.reload()
    await page.getByText('The CRM has changed under the mapping').waitFor()
    told = []
    await page.getByRole('button', { name: 'This is as it should be' }).click()
    await page.getByText('The CRM has changed under the mapping').waitFor({ state: 'detached' })
    const said = (await world.app.service.audit({ limit: 1_000 })).records.map(({ event }) => event)
    expect(said).toContainEqual(expect.objectContaining({ name: 'columns of the CRM', detail: 'accepted as they are' }))
    await page.context().close()
  })
})
