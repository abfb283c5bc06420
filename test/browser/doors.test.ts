import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { consoleWorld, picture, type ConsoleWorld, type Person } from './console-world.js'

vi.setConfig({ testTimeout: 120_000 })

/** Under `sync.irreversible: confirm` what cannot be taken back waits for one more yes; both answers stand on the page of the deal. */
let world: ConsoleWorld
beforeAll(async () => {
  world = await consoleWorld({ doors: 'demo', env: { COSELL_SYNC_IRREVERSIBLE: 'confirm' } })
}, 120_000)
afterAll(() => world.close())

const patient = { timeout: 40_000, interval: 100 }
const referral = (id: string) => world.demo.sandbox.partnerCenter.referral(id)
const opportunity = (id: string) => world.demo.sandbox.dynamics.read('opportunity', id)

const isOpen = ({ status, state, kind }: { readonly status: string | null; readonly state: string; readonly kind: string }): boolean =>
  status === 'Active' && state === 'in-sync' && kind === 'opportunity'
interface Pair {
  readonly referralId: string
  readonly crmId: string
}
const taken = new Set<string>()
/** An open deal in step that no other test here touches, and what somebody does with it. */
async function waiting(act: (deal: Pair) => void): Promise<Pair & { readonly id: string }> {
  const { deals } = await world.app.service.deals({ limit: 1_000 })
  const row = deals.find((each) => !taken.has(each.id) && isOpen(each) && each.referralId !== null && each.crmId !== null)
  if (row?.referralId == null || row.crmId === null) throw new Error('the sample has no such deal left')
  taken.add(row.id)
  const deal = { id: row.id, referralId: row.referralId, crmId: row.crmId }
  act(deal)
  await expect.poll(async () => (await world.app.service.deal(deal.id, { live: false })).reason?.code, patient).toBe('confirm')
  return deal
}
const onPage = async (deal: string, person: Person = {}): Promise<Page> => world.open(`/deals/${deal}`, person)
const card = (page: Page, side: 'partner' | 'crm') => page.locator(`.conflict__side.${side}`)

/** Presses the answer on its card; the dialog's own button says the same words. */
async function answer(page: Page, side: 'partner' | 'crm', label: string): Promise<string> {
  await card(page, side).getByRole('button', { name: label }).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('.preview[aria-busy=false]').waitFor()
  const said = await dialog.innerText()
  await picture(page, `door-${side}-${label.slice(0, 3)}`)
  await dialog.getByRole('button', { name: label }).click()
  await dialog.waitFor({ state: 'hidden' })
  return said
}

describe('a close that a seller made waits for a word', () => {
  it('a yes stands with what the seller did, warns that it cannot be taken back, and closes the referral', async () => {
    const { id, referralId } = await waiting(({ crmId }) => world.demo.sandbox.dynamics.people.win(crmId))
    const page = await onPage(id)
    await page.getByRole('region', { name: /To decide/ }).getByText('Waits for a yes').waitFor()
    await picture(page, 'door')
    const said = await answer(page, 'crm', 'Yes, go on')
    expect(said).toContain('Write “Won” to Partner Center?')
    expect(said).toContain('This cannot be taken back.')
    expect(said).not.toContain('A person must still choose')
    await expect.poll(() => referral(referralId), patient).toMatchObject({ status: 'Closed', substatus: 'Won' })
    await page.context().close()
  })

  it('a no stands with what the other side says, and puts the record back', async () => {
    const { id, referralId, crmId } = await waiting((deal) => world.demo.sandbox.dynamics.people.win(deal.crmId))
    const page = await onPage(id)
    const said = await answer(page, 'partner', 'No, put it back')
    expect(said).toContain('Put CRM back to “Active”?')
    expect(said).not.toContain('This cannot be taken back.')
    await expect.poll(() => opportunity(crmId)?.['statecode'], patient).toBe(0)
    expect(referral(referralId)).toMatchObject({ status: 'Active' })
    await page.context().close()
  })
})

it('a close that comes from Partner Center has its yes on the other card, in Chinese too', async () => {
  const { id, crmId } = await waiting(({ referralId }) => world.demo.sandbox.partnerCenter.portal.win(referralId))
  const page = await onPage(id, { locale: 'zh-CN', width: 390, height: 844 })
  await page.getByText('等待有人确认按赢单关闭 CRM 记录，因为无法撤销。').first().waitFor()
  await card(page, 'crm').getByRole('button', { name: '不同意，恢复原状' }).waitFor()
  await picture(page, 'door-zh')
  const said = await answer(page, 'partner', '同意，继续')
  expect(said).toContain('将“赢单”写入 CRM？')
  await expect.poll(() => opportunity(crmId)?.['statecode'], patient).toBe(1)
  await page.context().close()
})
