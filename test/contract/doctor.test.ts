import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Check } from '../../src/core/ports.js'
import { administrator, publisher, textColumn } from '../support/dynamics-administrator.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

let here: Installation
const open = async (wish: InstallationWish = {}): Promise<Installation> => (here = await installation(wish))
afterEach(() => here.close())
const checked = async (): Promise<Record<string, Check>> =>
  Object.fromEntries((await here.app.service.checks(new AbortController().signal)).map((check) => [check.name, check]))

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
/** Its address must be known before it listens, and a port that was free a moment ago may be somebody else's now. */
async function openAtPublicAddress(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    try {
      await open({ server: { listen: `127.0.0.1:${port}`, publicUrl: `http://127.0.0.1:${port}` } })
      return port
    } catch (error) {
      if (attempt >= 5) throw error
    }
  }
}
const events = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated', 'test-created']

describe('doctor', () => {
  it('checks everything that Partner Center needs, each with a line of its own, and what the machine and the CRM need', async () => {
    const port = await openAtPublicAddress()
    here.sandbox.partnerCenter.webhook.set({ url: `http://127.0.0.1:${port}/hooks/partner-center`, events })
    const { own } = here.sandbox.partnerCenter.portal.create('private', { details: { currency: 'EUR' } })
    await here.sync()
    expect(own.details.requirements.solutions.length).toBeGreaterThan(0)
    const checks = await checked()
    const passed = [
      'Partner Center: token for referrals',
      'Partner Center: token for the platform',
      'Partner Center: sign-in',
      'Partner Center: second factor',
      'Partner Center: referrals',
      'Partner Center: role',
      'Partner Center: clock',
      'Partner Center: Partner ID',
      'Partner Center: legal profile',
      'Partner Center: webhook rights',
      'Partner Center: webhook',
      'Partner Center: test event',
      'Partner Center: solutions',
      'store',
      'CRM sign-in',
      'CRM fields',
    ]
    for (const name of passed) expect(checks[name], name).toMatchObject({ status: 'pass' })
    expect(checks['public address']).toMatchObject({ status: 'warn', remedy: expect.stringContaining('https') as string })
    for (const check of Object.values(checks)) expect(check.status === 'pass' || (check.remedy ?? '') !== '').toBe(true)
  })

  it('warns of a sealing key that others of the machine can read, and says how it becomes private', async () => {
    here = await installation()
    const { seal } = here.load().config
    if (seal.kind !== 'file') throw new Error('the key is in a file here')
    expect((await checked())['sealing key']).toMatchObject({ status: 'pass' })
    chmodSync(seal.path, 0o644)
    expect((await checked())['sealing key']).toMatchObject({ status: 'warn', remedy: expect.stringContaining(`chmod 600 ${seal.path}`) as string })
  })

  it('names whoever has the webhook, and what to do about it', async () => {
    await open({ server: { publicUrl: 'https://127.0.0.1:1' } })
    const unregistered = await checked()
    expect(unregistered['Partner Center: webhook']).toMatchObject({
      status: 'warn',
      remedy: expect.stringContaining('cosell webhook register') as string,
    })
    expect(unregistered['public address']).toMatchObject({ status: 'warn', detail: expect.stringContaining('cannot be reached') as string })
    here.sandbox.partnerCenter.webhook.set({ url: 'https://theirs.example/hook', events })
    expect((await checked())['Partner Center: webhook']).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining('https://theirs.example/hook') as string,
    })
  })

  it('says that a sign-in is refused before anything that hangs on it', async () => {
    await open()
    here.sandbox.entra.revoke()
    here.sandbox.entra.expireAccessTokens()
    here.later(2 * 3_600_000)
    const checks = await checked()
    expect(checks['Partner Center: token for referrals']).toMatchObject({
      status: 'fail',
      remedy: expect.stringContaining('cosell connect') as string,
    })
    expect(checks['Partner Center: referrals']).toBeUndefined()
    expect(checks['CRM sign-in']).toBeDefined()
  })

  const fromThere = { crm: 'xco_segment', flow: 'to-partner' } as const
  it.each([
    ['no row names', {}],
    ['a row only reads', { opportunity: { campaignId: fromThere } }],
    ['a row fills only later', { opportunity: { campaignId: { crm: 'xco_segment', when: 'update' } } }],
  ])('tells of a column that the CRM demands of a new record and that %s, before a deal fails on it', async (_, rows) => {
    await open({ mapping: { version: 1, ...rows } })
    const administer = await administrator(here.sandbox)
    await publisher(administer)
    const column = textColumn('xco_Segment', { RequiredLevel: { Value: 'ApplicationRequired' } })
    await administer('POST', "EntityDefinitions(LogicalName='opportunity')/Attributes", column)
    await administer('POST', 'PublishAllXml', {})
    here.later(11 * 60_000) // Columns are looked at every ten minutes.
    const { 'Mandatory columns': check } = await checked()
    expect(check).toMatchObject({ status: 'warn', detail: expect.stringContaining('opportunity.xco_segment') as string })
  })
})
