import { describe, expect, test } from 'vitest'
import { entra } from '../entra/index.js'
import { handClock } from '../clock.js'
import { seededRng } from '../rng.js'
import { unsignedWebhooks } from '../signing.js'
import { partnerCenter, platformAudience, referralsAudience, Refused } from './index.js'
import { kit, startMs } from './test-kit.js'

const day = 86_400_000

describe('Microsoft', () => {
  test('accepts by any id of the deal, and leaves its opportunity and a seller on its own referral', () => {
    const { simulator } = kit()
    const { own, theirs } = simulator.portal.create('co-sell')
    const accepted = simulator.microsoft.accept(own.engagementId, {
      msxId: '7-ABC',
      seller: { firstName: 'Sam', email: 'sam@microsoft.example' },
    })
    expect(accepted).toMatchObject({ id: theirs?.id, status: 'Active', substatus: 'Accepted', trackingInfo: { microsoftMsxId: '7-ABC' } })
    expect(accepted.team.at(-1)).toMatchObject({ firstName: 'Sam', title: null })
    expect(simulator.referral(own.id)?.trackingInfo.microsoftMsxId).toBeNull()
    expect(simulator.microsoft.win(own.id).substatus).toBe('Won')
    expect(simulator.referral(own.id)?.status).toBe('Active')
  })

  test('may leave its opportunity id on both referrals', () => {
    const { simulator } = kit({ msxIdOn: 'both' })
    const { own } = simulator.portal.create('co-sell')
    simulator.microsoft.accept(own.id, { msxId: '7-ABC' })
    expect(simulator.referral(own.id)?.trackingInfo.microsoftMsxId).toBe('7-ABC')
  })

  test('declines with a reason, loses, adds sellers, matches customers', () => {
    const { simulator } = kit()
    const declined = simulator.portal.create('co-sell')
    expect(simulator.microsoft.decline(declined.own.id, 'Not a customer')).toMatchObject({
      substatus: 'Declined',
      statusReason: 'Not a customer',
    })
    const lost = simulator.portal.create('co-sell')
    simulator.microsoft.accept(lost.own.id)
    expect(simulator.microsoft.addSeller(lost.own.id).team).toHaveLength(3)
    expect(simulator.microsoft.lose(lost.own.id).substatus).toBe('Lost')
    expect(simulator.microsoft.matchCustomer(lost.own.id).customerProfile.isMatchingComplete).toBe(true)
  })

  test('is held to the state machine, and to deals it takes part in', () => {
    const { simulator } = kit()
    const { own } = simulator.portal.create('co-sell')
    expect(() => simulator.microsoft.win(own.id)).toThrow(Refused)
    simulator.microsoft.decline(own.id)
    expect(() => simulator.microsoft.accept(own.id)).toThrow(/cannot become/)
    expect(() => simulator.microsoft.addSeller(own.id)).toThrow(/closed/)
    expect(() => simulator.microsoft.accept(simulator.portal.create('private').own.id)).toThrow(/takes no part/)
  })

  test('answers by itself when told so', async () => {
    const made = kit({ microsoftAnswers: { kind: 'automatic', afterMs: 5_000, declineRate: 0 } })
    const { theirs } = made.simulator.portal.create('co-sell')
    made.clock.advance(4_999)
    expect(made.simulator.referral(theirs?.id ?? '')?.status).toBe('New')
    made.clock.advance(1)
    expect(made.simulator.referral(theirs?.id ?? '')?.substatus).toBe('Accepted')
    made.simulator.options.microsoftAnswers = { kind: 'automatic', afterMs: 0, declineRate: 1 }
    const second = made.simulator.portal.create('co-sell').theirs
    await made.settle(1)
    expect(made.simulator.referral(second?.id ?? '')?.substatus).toBe('Declined')
  })
})

describe('time', () => {
  test('expires what nobody answered, at midnight fourteen days later, and raises an event', async () => {
    const made = kit()
    made.simulator.webhook.set({ url: 'https://connector.example/', events: ['referral-updated', 'related-referral-updated'] })
    const inbound = made.simulator.inbound.coSell().own
    const { theirs } = made.simulator.portal.create('co-sell')
    const answered = made.simulator.inbound.partnerToPartner().own
    made.simulator.portal.accept(answered.id)
    expect(inbound.expirationDateTime).toBe('2026-08-17T00:00:00Z')
    made.clock.advance(Date.parse('2026-08-16T23:59:59Z') - startMs)
    expect(made.simulator.referral(inbound.id)?.status).toBe('New')
    await made.settle(1_000)
    expect(made.simulator.referral(inbound.id)).toMatchObject({
      status: 'Closed',
      substatus: 'Expired',
      closedDateTime: '2026-08-17T00:00:00.0000000Z',
    })
    expect(made.simulator.referral(theirs?.id ?? '')?.substatus).toBe('Expired')
    expect(made.simulator.referral(answered.id)?.substatus).toBe('Accepted')
    await made.settle()
    expect(made.delivered.map(({ event }) => event['EventName'])).toEqual([
      'referral-updated',
      'referral-updated',
      'related-referral-updated',
    ])
  })

  test('may be cut short by hand, and only while nobody answered', () => {
    const { simulator } = kit()
    const { own } = simulator.inbound.coSell()
    expect(simulator.microsoft.expire(own.id).substatus).toBe('Expired')
    expect(() => simulator.microsoft.expire(own.id)).toThrow(/unanswered/)
  })

  test('may be counted in other windows', () => {
    expect(kit({ responseWindowDays: 8 }).simulator.inbound.coSell().own.expirationDateTime).toBe('2026-08-11T00:00:00Z')
  })

  test('gives every write a stamp of its own, or one that several share', () => {
    const stamps = (timestamps: 'ticks' | 'milliseconds') => {
      const { simulator } = kit({ timestamps })
      const { own } = simulator.portal.create('private')
      return new Set(
        [own, simulator.portal.edit(own.id, { notes: 'a' }), simulator.portal.edit(own.id, { notes: 'b' })].map((r) => r.updatedDateTime),
      ).size
    }
    expect([stamps('ticks'), stamps('milliseconds')]).toEqual([3, 1])
  })
})

describe('inbound deals', () => {
  test('from a Microsoft seller bring our pending referral and the seller on theirs', () => {
    const { simulator } = kit()
    const { own, theirs, engagementId } = simulator.inbound.coSell({
      name: 'Deal',
      dealValue: 5,
      currency: 'CHF',
      helpCode: 'ProofOfConceptOrDemo',
      mpnId: '7654321',
      program: 'CAF',
    })
    expect(own).toMatchObject({
      engagementId,
      name: 'Deal',
      type: 'Shared',
      qualification: 'SalesQualified',
      direction: 'Incoming',
      status: 'New',
      substatus: 'Pending',
      mpnId: '7654321',
      referralProgram: 'CAF',
      team: [],
      details: { dealValue: 5, currency: 'CHF' },
      inviteContext: { assistanceRequestCode: 'ProofOfConceptOrDemo', invitedBy: { organizationId: 'msft' } },
    })
    expect(theirs).toMatchObject({
      organizationId: 'msft',
      substatus: 'Accepted',
      trackingInfo: { microsoftMsxId: expect.stringMatching(/^7-/) as string },
    })
    expect(theirs?.team).toHaveLength(1)
  })

  test.each([
    ['qualifiedLead', 'Independent', 'MarketingQualified', 'msft'],
    ['marketplaceLead', 'Independent', 'Direct', 'msft'],
    ['partnerToPartner', 'Shared', 'SalesQualified', null],
  ] as const)('of the kind %s are recognised by type, qualification and inviter', (kind, type, qualification, inviter) => {
    const { own } = kit().simulator.inbound[kind]()
    expect([own.type, own.qualification, own.status]).toEqual([type, qualification, 'New'])
    if (inviter === null) expect(own.inviteContext.invitedBy.organizationId).toMatch(/^[0-9a-f-]{36}$/)
    else expect(own.inviteContext.invitedBy.organizationId).toBe(inviter)
  })

  test('from the marketplace wait for an answer only when somebody wants to be contacted', () => {
    const { inbound } = kit().simulator
    expect(inbound.marketplaceLead({ callToAction: 'GetItNow' }).own.expirationDateTime).toBeNull()
    expect(inbound.marketplaceLead({ source: 'AppSource' }).own).toMatchObject({
      referralSource: 'AppSource',
      expirationDateTime: expect.any(String) as string,
    })
  })
})

describe('a person in the portal', () => {
  test('edits what the form shows, and meets the rules of the API', () => {
    const { simulator } = kit()
    const { own } = simulator.portal.create('private')
    const edited = simulator.portal.edit(own.id, {
      name: 'New name',
      dealValue: 7,
      closingDateTime: '2027-01-01T00:00:00Z',
      externalReferenceId: null,
      marketplaceIntent: 'Yes',
      team: [{ firstName: 'B', lastName: 'C', phoneNumber: '1', email: 'b@partner.example' }],
      solutions: [{ id: 'SOL-9' }],
      customerTeam: [{ email: 'c@customer.example' }],
    })
    expect(edited).toMatchObject({
      name: 'New name',
      details: {
        dealValue: 7,
        closingDateTime: '2027-01-01T00:00:00Z',
        requirements: { solutions: [{ id: 'SOL-9', type: 'Name' }], additionalRequirements: { attributes: [{ id: 'Yes' }] } },
      },
      customerProfile: { team: [{ email: 'c@customer.example' }] },
    })
    expect(() => simulator.portal.edit(own.id, { team: [] })).toThrow(/mandatory/)
    simulator.portal.share(own.id)
    expect(() => simulator.portal.edit(own.id, { customerTeam: [] })).toThrow(/after the deal was shared/)
    simulator.portal.win(own.id)
    expect(() => simulator.portal.edit(own.id, { notes: 'x' })).toThrow(/closed/)
  })

  test('answers and closes deals', () => {
    const { simulator } = kit()
    const inbound = () => simulator.inbound.coSell().own.id
    expect(simulator.portal.accept(inbound(), { externalReferenceId: 'OPP-1' })).toMatchObject({
      substatus: 'Accepted',
      externalReferenceId: 'OPP-1',
    })
    expect(simulator.portal.decline(inbound())).toMatchObject({ substatus: 'Declined', statusReason: 'Project budget not adequate' })
    expect(simulator.portal.closeAsError(inbound(), 'Duplicate')).toMatchObject({ substatus: 'Error', statusReason: 'Duplicate' })
    expect(() => simulator.portal.win(inbound())).toThrow(/cannot become/)
    expect(simulator.portal.lose(simulator.portal.create('private').own.id).substatus).toBe('Lost')
  })

  test('asks Microsoft for help and cannot touch its referral', () => {
    const { simulator } = kit()
    const { own } = simulator.portal.create('partner-led')
    const theirs = simulator.portal.inviteMicrosoft(own.id, { helpCode: 'QuotesOrLicensing', notes: 'Hello' })
    expect(theirs).toMatchObject({ organizationId: 'msft', inviteContext: { assistanceRequestCode: 'QuotesOrLicensing', notes: 'Hello' } })
    expect(() => simulator.portal.edit(theirs.id, { notes: 'x' })).toThrow(/belongs to Microsoft/)
  })
})

test('one seed makes one world', () => {
  const world = (seed: number) => {
    const { simulator, clock } = kit({}, { seed })
    simulator.portal.create('co-sell')
    clock.advance(day)
    simulator.inbound.coSell()
    return JSON.stringify([...simulator.referrals()])
  }
  expect(world(3)).toBe(world(3))
  expect(world(3)).not.toBe(world(4))
})

test('tokens of the simulated Entra ID open both hosts, each with its own audience', async () => {
  const clock = handClock(startMs)
  const rng = seededRng(1)
  const tenantId = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'
  const login = entra({
    clock,
    rng,
    tenantId,
    signatures: 'recorded',
    apps: [{ clientId: 'connector', secret: 's', kind: 'delegated', consents: [referralsAudience, platformAudience] }],
    users: [{ email: 'ana@partner.example', roles: ['ReferralsAdmin', 'AdminAgent'], mfa: true }],
  })
  const { handle } = partnerCenter({
    clock,
    rng,
    verify: login.verify,
    rolesOf: login.rolesOf,
    send: () => Promise.resolve({ status: 200 }),
    signer: unsignedWebhooks,
    organization: { tenantId },
  })
  const status = async (path: string, audience: string) => {
    const authorization = login.authorization({ clientId: 'connector', email: 'ana@partner.example', audience })
    return (await handle({ method: 'GET', path, headers: { authorization }, body: Buffer.alloc(0) })).status
  }
  expect(await status('/v1.0/engagements/referrals', referralsAudience)).toBe(200)
  expect(await status('/v1.0/engagements/referrals', platformAudience)).toBe(401)
  expect(await status('/webhooks/v1/registration/events', platformAudience)).toBe(200)
  expect(await status('/webhooks/v1/registration/events', referralsAudience)).toBe(401)
})
