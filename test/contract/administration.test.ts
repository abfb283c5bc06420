import { afterEach, describe, expect, it } from 'vitest'
import { administer } from '../../src/administer.js'
import { realClock } from '../../src/clock.js'
import { runProgram } from '../../src/cli/program.js'
import type { CliWorld } from '../../src/cli/app.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/** The commands of the installation itself, beside the service that holds the store. */
let here: Installation
afterEach(() => here.close())
const open = async (wish: InstallationWish = {}): Promise<Installation> => (here = await installation(wish))
const events = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated', 'test-created']
const theirs = { url: 'https://theirs.example/hook', events: ['referral-created'] }

let out = ''
let err = ''
async function cosell(...argv: string[]): Promise<number> {
  out = ''
  err = ''
  const world = {
    io: {
      out: (text: string) => (out += text),
      err: (text: string) => (err += text),
      outIsTty: false,
      errIsTty: false,
      inIsTty: false,
      color: false,
    },
    loadConfig: () => Promise.resolve(here.load()),
    administer: () => administer(here.load().config, { clock: realClock, plant: () => undefined }),
    signal: new AbortController().signal,
    user: 'kim',
    version: '1',
    now: () => realClock.now(),
  } as unknown as CliWorld // what these commands do not use is left out
  return runProgram(argv, world)
}
const registered = () => here.sandbox.partnerCenter.webhook.current()

describe('cosell webhook', () => {
  it('[R49] registers this installation, displaces nobody unasked, and puts back what it displaced', async () => {
    await open({ server: { publicUrl: 'https://ours.example' } })
    expect(await cosell('webhook', 'show', '--json')).toBe(1)
    expect(JSON.parse(out)).toMatchObject({
      registered: null,
      ours: false,
      wanted: { url: 'https://ours.example/hooks/partner-center', events },
    })
    here.sandbox.partnerCenter.webhook.set(theirs)
    expect(await cosell('webhook', 'register')).toBe(1)
    expect(err).toContain(theirs.url)
    expect(registered()).toMatchObject(theirs)
    expect(await cosell('webhook', 'register', '--overwrite', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ kind: 'registered', previous: theirs })
    expect(registered()).toMatchObject({ url: 'https://ours.example/hooks/partner-center', events })
    expect(await cosell('webhook', 'register')).toBe(0)
    expect(await cosell('webhook', 'show', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ ours: true, previous: theirs })
    expect(await cosell('webhook', 'restore')).toBe(0)
    expect(registered()).toMatchObject(theirs)
    const { records } = await here.app.service.audit({ limit: 20, after: null })
    expect(records.flatMap(({ event, by }) => (event?.kind === 'setting' && by === 'kim' ? [event.detail] : []))).toEqual([
      `put back ${theirs.url}`,
      `registered https://ours.example/hooks/partner-center instead of ${theirs.url}`,
    ])
  })

  it('[R38] touches nothing with a store that was made for other systems', async () => {
    await open({ server: { publicUrl: 'https://ours.example' } })
    const { config } = here.load()
    const copied = { ...config, partnerCenter: { ...config.partnerCenter, tenant: 'other.onmicrosoft.com' } }
    await expect(administer(copied, { clock: realClock, plant: () => undefined })).rejects.toMatchObject({
      kind: 'misconfigured',
      remedy: expect.stringContaining('--adopt') as string,
    })
    expect(registered()).toBeNull()
  })

  it('has nothing to register without a public address, and nothing to put back when nothing was displaced', async () => {
    await open()
    expect(await cosell('webhook', 'register')).toBe(2)
    expect(err).toContain('server.publicUrl')
    expect(await cosell('webhook', 'restore')).toBe(1)
    expect(registered()).toBeNull()
  })

  it('tells what came of a test event', async () => {
    await open()
    here.sandbox.partnerCenter.webhook.set({ url: `${here.address}/hooks/partner-center`, events })
    expect(await cosell('webhook', 'test', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ arrived: true })
  })
})

describe('cosell connect', () => {
  it('signs in by device code while the service runs, seals the token, and the service goes on with it', async () => {
    await open()
    const waiting = here.completeOpportunity('Waits for the sign-in')
    here.share(waiting)
    await here.sync()
    here.sandbox.entra.revoke()
    here.sandbox.entra.expireAccessTokens()
    expect(await cosell('connect', 'partner-center', '--check', '--json')).toBe(3)
    expect(JSON.parse(out)).toMatchObject({
      state: 'reauthorize',
      remedy: expect.stringContaining('cosell connect partner-center') as string,
    })
    here.seller.edit('opportunity', waiting, { description: 'Said while nobody was signed in.' })
    await here.sync([waiting])
    const reasonOf = async () => (await here.app.service.deals({ limit: 10 })).deals.find(({ crmId }) => crmId === waiting)?.reason?.code
    expect(await reasonOf()).toBe('retrying')
    expect((await here.app.store.queue.depth(Date.now())).due).toBe(0)
    const signing = cosell('connect', 'partner-center', '--json')
    await expect.poll(() => /\b[A-Z0-9]{8,9}\b/.exec(err)?.[0] ?? '').not.toBe('')
    const code = /\b[A-Z0-9]{8,9}\b/.exec(err)?.[0] ?? ''
    here.sandbox.entra.answerDevice(code, { kind: 'approved', email: 'cosell@partner.example' })
    expect(await signing).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      state: 'connected',
      account: 'cosell@partner.example',
      signInUntil: expect.any(String) as string,
    })
    expect((await here.app.store.queue.depth(Date.now())).due, 'what waited for the sign-in is due').toBeGreaterThan(0)
    const stored = JSON.stringify(await here.app.store.listValues('token.'))
    expect(stored).toContain('sealed.')
    here.later(60_000)
    const { own } = here.sandbox.partnerCenter.portal.create('private', { details: { currency: 'EUR' } })
    await here.sync()
    expect(here.opportunitiesOf(own.id)).toHaveLength(1)
  }, 30_000)

  it('auth status tells who is signed in where, for what and until when, and names the command that repairs it', async () => {
    await open()
    expect(await cosell('auth', 'status')).toBe(0)
    for (const word of ['Partner Center: connected', 'user_impersonation', 'token until', 'tenant', 'role']) expect(out).toContain(word)
    expect(out).not.toContain('cosell connect')
    expect(await cosell('auth', 'status', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      connections: [
        { system: 'partner-center', state: 'connected', scopes: ['user_impersonation'], account: expect.any(String) as string, repair: null },
        { system: 'crm', state: 'connected', repair: null },
      ],
    })
    expect(out).not.toMatch(/eyJ|secret/i)
    here.sandbox.entra.revoke()
    here.sandbox.entra.expireAccessTokens()
    expect(await cosell('auth', 'status')).toBe(3)
    expect(out).toMatch(/repair +cosell connect partner-center/)
  })

  it('auth status suggests no sign-in where a system does not answer: another one would not help', async () => {
    await open()
    here.sandbox.dynamics.faults.set([{ kind: 'drop-before', rate: 1, matching: /organizations/ }])
    expect(await cosell('auth', 'status', '--json')).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ connections: [{ state: 'connected' }, { system: 'crm', state: 'disconnected', repair: null }] })
    here.sandbox.entra.revoke()
    here.sandbox.entra.expireAccessTokens()
    here.sandbox.dynamics.faults.set([])
    expect(await cosell('auth', 'status')).toBe(3)
    expect(out).toMatch(/repair +cosell connect partner-center/)
  })

  it('proves the sign-in to the CRM, and takes no other system', async () => {
    await open()
    expect(await cosell('connect', 'crm', '--json')).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ system: 'crm', state: 'connected' })
    expect(await cosell('connect', 'nowhere')).toBe(2)
  })
})
