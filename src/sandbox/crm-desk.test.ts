import { afterEach, describe, expect, it } from 'vitest'
import type { CrmCard } from './crm-desk.js'
import { startSandbox, type Sandbox } from './sandbox.js'

/** The sandbox's own page plays every CRM by the same deeds. */
let sandbox: Sandbox
afterEach(() => sandbox.close())

describe.each(['dynamics', 'salesforce'] as const)('the desk of a simulated %s', (crm) => {
  const ask = async (path: string, ...args: readonly unknown[]): Promise<unknown> => {
    const init = args.length === 0 ? {} : { method: 'POST', body: JSON.stringify(args) }
    const answer = await fetch(`${sandbox.urls.desk}/crm/${path}`, init)
    expect(answer.status).toBe(200)
    return answer.json()
  }
  const card = async (id: string) => (await ask(`card?table=opportunity&id=${id}`)) as CrmCard // what this desk answers

  it('makes a deal, shows it, edits every field of the card and closes it', async () => {
    sandbox = await startSandbox({ port: 0, seed: 5, customFields: 'cosell', crm })
    const id = String(await ask('seller/newDeal', 'Data estate'))
    expect(await card(id)).toMatchObject({
      topic: 'Data estate',
      customer: 'Data estate Inc.',
      value: 75_000,
      state: '0',
      sync: false,
      section: { help: null, reason: null, solutions: [{ id: 'SOL-10001-SBX', name: 'Sandbox Insights' }] },
    })
    // A share needs a member of the sales team who can be phoned.
    const phones =
      crm === 'dynamics'
        ? sandbox.dynamics.find('systemuser').map((user) => user['mobilephone'])
        : sandbox.salesforce.find('User').map((user) => user['Phone'])
    expect(phones).toContain('+49 30 5550100')
    const edit = { topic: 'Other', value: 5, close: '2027-06-30', description: 'New', sync: true, visible: true, help: 3, reason: 1 }
    await ask('seller/edit', 'opportunity', id, edit)
    const { topic, value, close, description, sync, visible, section } = await card(id)
    expect({ topic, value, close, description, sync, visible, help: section.help, reason: section.reason }).toEqual(edit)
    await ask('seller/edit', 'opportunity', id, { help: null })
    expect((await card(id)).section.help).toBeNull()
    await ask('seller/win', id)
    expect((await card(id)).state).toBe('1')
  })

  it('shows a lead too, and nothing for a record that is not there', async () => {
    sandbox = await startSandbox({ port: 0, seed: 5, customFields: 'cosell', crm })
    const id =
      crm === 'dynamics'
        ? sandbox.dynamics.people.create('lead', { subject: 'A lead', lastname: 'Roth', companyname: 'Contoso' })
        : sandbox.salesforce.people.create('Lead', { LastName: 'Roth', Company: 'Contoso' })
    await ask('seller/edit', 'lead', id, { topic: 'Other', value: 7, description: 'New' })
    expect(await ask(`card?table=lead&id=${id}`)).toMatchObject({ customer: 'Contoso', value: 7, description: 'New', state: '0' })
    expect(await ask('card?table=opportunity&id=0065g00000QrStUAAV')).toBeNull()
  })
})
