import { describe, expect, it, test } from 'vitest'
import { webhookRegistration } from '../../src/adapters/partner-center/registration.js'
import { Fault } from '../../src/core/fault.js'
import type { PartnerCenterOptions } from '../../src/sandbox/partner-center/index.js'
import { engineClock } from '../simulation/hand-clock.js'
import { never, partnerWorld } from '../support/partner-center-world.js'

const hook = 'https://connector.example/hooks/partner-center'
const events = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated', 'test-created']

describe('[R49] the registration', () => {
  const ours = { url: hook, events }
  function desk(options: Partial<PartnerCenterOptions> = {}) {
    const world = partnerWorld(options)
    return { world, desk: webhookRegistration({ platform: world.platform, clock: engineClock(world.kit.clock) }) }
  }
  test.each(['404', '200-null', '204'] as const)('is made where there is none (%s)', async (noRegistration) => {
    const { world, desk: made } = desk({ noRegistration })
    expect(await world.run(made.show(never))).toBeNull()
    expect(await world.run(made.register(ours, { overwrite: 'no', signal: never }))).toEqual({
      kind: 'registered',
      now: ours,
      previous: null,
    })
    expect(world.simulator.webhook.current()).toMatchObject({ ...ours, signatureToMsHeader: true })
    expect(await world.run(made.register(ours, { overwrite: 'no', signal: never }))).toEqual({ kind: 'unchanged', now: ours })
  })
  it('displaces nobody unasked, and can be put back', async () => {
    const { world, desk: made } = desk()
    const theirs = { url: 'https://other.example/hook', events: ['referral-created', 'invoice-ready'] }
    world.simulator.webhook.set(theirs)
    expect(await world.run(made.register(ours, { overwrite: 'no', signal: never }))).toEqual({ kind: 'occupied', by: theirs })
    expect(world.simulator.webhook.current()).toMatchObject(theirs)
    expect(await world.run(made.register(ours, { overwrite: 'yes', signal: never }))).toEqual({
      kind: 'registered',
      now: ours,
      previous: theirs,
    })
    await world.run(made.restore(theirs, never))
    expect(world.simulator.webhook.current()).toMatchObject(theirs)
    await world.run(made.restore(null, never))
    expect(world.simulator.webhook.current()).toMatchObject({ url: theirs.url, events: ['test-created'] })
  })
  test.each(['refused', 'replaced'] as const)('wins over one that appeared in between (%s)', async (postOverRegistration) => {
    const arrives = (what: string): void => {
      if (what === 'POST /webhooks/v1/registration') world.simulator.webhook.set({ url: 'https://other.example/hook', events: ['referral-created'] })
    }
    const world = partnerWorld({ postOverRegistration }, { between: { arrives } })
    const made = webhookRegistration({ platform: world.platform, clock: engineClock(world.kit.clock) })
    await world.run(made.register(ours, { overwrite: 'yes', signal: never }))
    expect(world.simulator.webhook.current()).toMatchObject(ours)
  })
  /** The service refuses to show a registration. */
  function blind(postOverRegistration: 'refused' | 'replaced', kind: 'rejected' | 'forbidden') {
    const world = partnerWorld({ postOverRegistration })
    const call = world.platform.call.bind(world.platform)
    const refused = (): Promise<never> => Promise.reject(new Fault(kind, 'Bad request.', { remedy: 'Look at it.' }))
    const asked = (...all: Parameters<typeof call>): ReturnType<typeof call> => (all[0] === 'GET' ? refused() : call(...all))
    const platform = Object.assign(world.platform, { call: asked })
    return { world, made: webhookRegistration({ platform, clock: engineClock(world.kit.clock) }) }
  }
  const theirs = { url: 'https://other.example/hook', events: ['referral-created'] }
  it('is made where the service refuses to show one that is not there', async () => {
    const { world, made } = blind('refused', 'rejected')
    expect(await world.run(made.register(ours, { overwrite: 'no', signal: never }))).toMatchObject({ kind: 'registered', previous: null })
    expect(world.simulator.webhook.current()).toMatchObject(ours)
  })
  it('displaces nobody where it cannot be seen whose it is, until it is told to', async () => {
    const { world, made } = blind('refused', 'rejected')
    world.simulator.webhook.set(theirs)
    await expect(world.run(made.register(ours, { overwrite: 'no', signal: never }))).rejects.toMatchObject({
      kind: 'rejected',
      remedy: expect.stringContaining('--overwrite'),
    })
    expect(world.simulator.webhook.current()).toMatchObject(theirs)
    await world.run(made.register(ours, { overwrite: 'yes', signal: never }))
    expect(world.simulator.webhook.current()).toMatchObject(ours)
  })
  it('displaces nobody where it may not look', async () => {
    const { world, made } = blind('replaced', 'forbidden')
    world.simulator.webhook.set(theirs)
    await expect(world.run(made.register(ours, { overwrite: 'yes', signal: never }))).rejects.toMatchObject({ kind: 'forbidden' })
    expect(world.simulator.webhook.current()).toMatchObject(theirs)
  })
  it('displaces nobody unasked who appeared in between', async () => {
    const theirs = { url: 'https://other.example/hook', events: ['referral-created'] }
    const arrives = (what: string): void => {
      if (what === 'POST /webhooks/v1/registration') world.simulator.webhook.set(theirs)
    }
    const world = partnerWorld({}, { between: { arrives } })
    const made = webhookRegistration({ platform: world.platform, clock: engineClock(world.kit.clock) })
    expect(await world.run(made.register(ours, { overwrite: 'no', signal: never }))).toEqual({ kind: 'occupied', by: theirs })
    expect(world.simulator.webhook.current()).toMatchObject(theirs)
  })
  it('knows itself however the service writes addresses and names', async () => {
    const { world, desk: made } = desk()
    const url = hook.replace('connector.example', 'Connector.Example:443')
    world.simulator.webhook.set({ url, events: events.map((name) => name.toUpperCase()).reverse() })
    expect(await world.run(made.register(ours, { overwrite: 'no', signal: never }))).toMatchObject({ kind: 'unchanged' })
  })
  it('waits for the result of a test that is not there at once', async () => {
    const { world, desk: made } = desk({ validationResult: 'after-delivery', eventDelayMs: 10_000 })
    world.simulator.webhook.set(ours)
    expect(await world.run(made.test(never))).toMatchObject({ status: 'completed', arrived: true })
  })
  it('tests itself and tells what came of it', async () => {
    const { world, desk: made } = desk()
    world.simulator.webhook.set(ours)
    expect(await world.run(made.test(never))).toMatchObject({
      status: 'completed',
      arrived: true,
      callbackUrl: hook,
      attempts: [{ responseCode: 'OK' }],
    })
    world.kit.receiver = () => 401
    expect(await world.run(made.test(never))).toMatchObject({
      arrived: false,
      attempts: expect.arrayContaining([expect.objectContaining({ responseCode: 'Unauthorized' })]),
    })
    await expect(world.run(made.test(never))).resolves.toBeDefined()
  })
  it('says which role is missing', async () => {
    const world = partnerWorld({}, { rolesOf: () => ['ReferralsAdmin'] })
    const made = webhookRegistration({ platform: world.platform, clock: engineClock(world.kit.clock) })
    await expect(world.run(made.show(never))).rejects.toMatchObject({
      kind: 'forbidden',
      code: '900308',
      remedy: expect.stringContaining('Admin agent'),
    })
  })
})

describe('checks', () => {
  it('pass on a healthy account, one line each', async () => {
    const world = partnerWorld()
    world.simulator.seed(10)
    const found = await world.run(world.adapter.checks({ signal: never }))
    expect(found.map(({ status: result }) => result)).toEqual(found.map(() => 'pass'))
    expect(found.map(({ name }) => name)).toEqual(
      ['sign-in', 'referrals', 'second factor', 'clock', 'role', 'Partner ID', 'legal profile', 'webhook rights'].map((name) => `Partner Center: ${name}`),
    )
  })
  it('name what is wrong and what to do', async () => {
    const world = partnerWorld({}, { rolesOf: () => ['ReferralsAdmin'], partnerId: '999' })
    world.simulator.facts.vettingStatus = 'pending'
    const found = await world.run(world.adapter.checks({ signal: never }))
    const odd = found.filter(({ status: result }) => result !== 'pass')
    expect(odd.map(({ name, status: result }) => `${name} ${result}`)).toEqual([
      'Partner Center: Partner ID warn',
      'Partner Center: legal profile warn',
      'Partner Center: webhook rights fail',
    ])
    expect(odd.every(({ remedy }) => remedy !== null)).toBe(true)
  })
  it('tell a user who sees own deals only', async () => {
    const world = partnerWorld({}, { rolesOf: () => ['ReferralsUser'] })
    for (let deal = 0; deal < 6; deal += 1)
      world.simulator.portal.create('private', {
        team: [{ firstName: 'Ana', lastName: 'Silva', phoneNumber: '+1', email: 'ana@partner.example' }],
      })
    world.simulator.portal.create('private')
    const found = await world.run(world.adapter.checks({ signal: never }))
    expect(found.find(({ name }) => name.endsWith('role'))).toMatchObject({ status: 'warn' })
  })
})
