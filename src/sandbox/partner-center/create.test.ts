import { describe, expect, test } from 'vitest'
import { helpCodes, type Organization } from './model.js'
import { coSell, invitation, kit, messageOf, privateDeal, sharedDeal, type JsonObject } from './test-kit.js'

/** A copy of a body with one place changed; undefined takes the place away. */
function changed(body: JsonObject, path: string, value: unknown): JsonObject {
  const copy = structuredClone(body)
  const segments = path.split('.')
  const last = segments.pop() ?? ''
  const place = segments.reduce<JsonObject>((at, segment) => at[segment] as JsonObject, copy) // the paths of this file lead to objects
  if (value === undefined) delete place[last]
  else place[last] = value
  return copy
}

describe('an own deal', () => {
  test('is answered as the full referral, accepted at once whatever status was posted', async () => {
    const { call, simulator } = kit()
    const { status, json, headers } = await call('POST', '', privateDeal({ status: 'New', substatus: 'Pending' }))
    expect(status).toBe(200)
    expect(json).toMatchObject({
      '@odata.context': 'http://pc.test/v1.0/$metadata#Referrals/$entity',
      status: 'Active',
      substatus: 'Accepted',
      direction: 'Outgoing',
      expirationDateTime: null,
      organizationName: 'Example ISV',
      createdDateTime: '2026-08-03T09:00:00.0000000Z',
      acceptedDateTime: json['createdDateTime'],
      updatedDateTime: json['createdDateTime'],
      closedDateTime: null,
      registrationStatus: 'None',
      quality: 'Unknown',
      inviteContext: { assistanceRequestCode: 'Unknown', invitedBy: { organizationId: simulator.organization.organizationId } },
      trackingInfo: { microsoftMsxId: null },
      externalReferenceId: 'OPP-104233',
    })
    expect(json['eTag']).toMatch(/^"[0-9a-f]{8}-0000-0800-0000-[0-9a-f]{12}"$/)
    expect(headers['etag']).toBe(json['eTag'])
    expect(json['links']).toEqual({
      self: { uri: `http://pc.test/v1.0/engagements/referrals/${String(json['id'])}`, method: 'GET' },
      relatedReferrals: {
        uri: `http://pc.test/v1.0/engagements/referrals?$filter=engagementId eq ${String(json['engagementId'])}`,
        method: 'GET',
      },
    })
    expect((await call('GET', String(json['id']))).json).toEqual(json)
  })

  test('shows every property of the documented model, also those nobody sent', async () => {
    const { json } = await kit().call('POST', '', privateDeal())
    const names =
      'id engagementId name organizationId organizationName lastModifiedVia lastRunId externalReferenceId createdDateTime ' +
      'updatedDateTime expirationDateTime status substatus statusReason qualification type referralSource eTag favorite ' +
      'campaignId salesStage quality isSpam direction mpnId referralProgram dealSensitivity createdVia tags acceptedDateTime ' +
      'closedDateTime callToAction registrationStatus target customerProfile consent details team inviteContext links ' +
      'trackingInfo registrations @odata.context'
    expect(Object.keys(json).sort()).toEqual(names.split(' ').sort())
    expect(json['details']).toMatchObject({
      incentiveLevel: null,
      requirements: {
        products: [],
        offers: [],
        salesPlays: [],
        additionalRequirements: { iot: { deviceCategory: null, attachServices: false } },
      },
    })
    expect(json['customerProfile']).toMatchObject({
      isMatchingComplete: false,
      address: { region: null },
      team: [{ title: null, contactPreference: { locale: null, disableNotifications: null } }],
    })
  })

  test('is bound in any case of its property names and answered in camelCase', async () => {
    const upper = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(upper)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.charAt(0).toUpperCase() + name.slice(1), upper(inner)]))
          : value
    const { status, json } = await kit().call('POST', '', upper(privateDeal()))
    expect(status).toBe(200)
    expect(json).toMatchObject({ customerProfile: { address: { city: 'Hamburg' } }, consent: { consentToToShareInfoWithOthers: true } })
  })

  const missing: [string, string][] = [
    ['type', 'type'],
    ['customerProfile', 'customerProfile'],
    ['consent', 'consent'],
    ['details', 'details'],
    ['name', 'name'],
    ['mpnId', 'mpnId'],
    ['team', 'team'],
    ['customerProfile.name', 'customerProfile.name'],
    ['customerProfile.address.addressLine1', 'customerProfile.address.addressLine1'],
    ['customerProfile.address.city', 'customerProfile.address.city'],
    ['customerProfile.address.country', 'customerProfile.address.country'],
    ['details.notes', 'details.notes'],
    ['details.dealValue', 'details.dealValue'],
    ['details.currency', 'details.currency'],
    ['details.closingDateTime', 'details.closingDateTime'],
    ['details.requirements.solutions', 'a solution id is required'],
    ['details.requirements.additionalRequirements.attributes', 'CustomerMarketplaceIntent'],
    ['consent.consentToToShareInfoWithOthers', 'Consent to share the contact information'],
  ]
  test.each(missing)('without %s is refused and the message names it', async (path, named) => {
    const answer = await kit().call('POST', '', changed(privateDeal(), path, undefined))
    expect(answer.status).toBe(400)
    expect(answer.json).toMatchObject({ error: { code: 'invalidRequest', target: 'referral' } })
    expect(messageOf(answer)).toContain(named)
  })

  const member = { firstName: 'Jon', lastName: 'Reyes', phoneNumber: '+12065550101', email: 'jon.reyes@partner.example' }
  const wrong: [string, string, unknown, RegExp][] = [
    [
      'a three-letter country',
      'customerProfile.address.country',
      'DEU',
      /two-letter country code required|two-letter country code is required/,
    ],
    ['a made-up currency', 'details.currency', 'euro', /ISO 4217/],
    ['a deal value in quotes', 'details.dealValue', '84000', /'details.dealValue' must be a number/],
    ['a negative deal value', 'details.dealValue', -1, /negative/],
    ['a date that does not exist', 'details.closingDateTime', '2026-02-30T00:00:00Z', /closingDateTime/],
    ['an unknown type', 'type', 'Open', /one of Independent, Shared/],
    ['an unknown size', 'customerProfile.size', 'big', /customerProfile.size/],
    ['an unknown property', 'dealName', 'x', /The property 'dealName' does not exist on type 'Referral'/],
    ['an unknown nested property', 'details.amount', 1, /'amount' does not exist on type 'ReferralDetails'/],
    ['a property given twice in two cases', 'Name', 'x', /given twice/],
    ['a foreign Partner ID', 'mpnId', '999', /not a location of this partner/],
    ['an incomplete first team member', 'team', [{ ...member, phoneNumber: '' }], /team\[0\].phoneNumber/],
    ['more than fifty team members', 'team', Array.from({ length: 51 }, () => member), /At most 50 team members/],
    [
      'more than fifty solutions',
      'details.requirements.solutions',
      Array.from({ length: 51 }, () => ({ id: 'SOL-1' })),
      /At most 50 solutions/,
    ],
    ['a solution without an id', 'details.requirements.solutions', [{ name: 'x' }], /solution id is required/],
    [
      'an unknown marketplace intent',
      'details.requirements.additionalRequirements.attributes',
      [{ type: 'CustomerMarketplaceIntent', id: 'Maybe' }],
      /not a CustomerMarketplaceIntent/,
    ],
    ['an engagement of its own choice', 'engagementId', '0f6f6d2c-1f58-4a4f-8d0a-5a1d7a3f9a77', /stands only on a referral for Microsoft/],
    [
      'another partner as target',
      'target',
      [{ type: 'BusinessProfileLocation', id: '5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10' }],
      /cannot be invited/,
    ],
    ['help asked for on the own referral', 'inviteContext', { assistanceRequestCode: 'GeneralOrOther' }, /addressed to Microsoft/],
  ]
  test.each(wrong)('with %s is refused', async (_name, path, value, message) => {
    const { call, simulator } = kit()
    const answer = await call('POST', '', changed(privateDeal(), path, value))
    expect(answer.status).toBe(400)
    expect(messageOf(answer)).toMatch(message)
    expect(simulator.size()).toBe(0)
  })

  test('ignores what only the service sets', async () => {
    const { json } = await kit().call(
      'POST',
      '',
      privateDeal({ id: 'mine', eTag: 'mine', direction: 'Incoming', quality: 'High', links: {} }),
    )
    expect(json['id']).not.toBe('mine')
    expect(json).toMatchObject({ direction: 'Outgoing', quality: 'Unknown' })
  })

  test('is refused when the body is no JSON, and with 415 for another content type', async () => {
    const { call } = kit()
    expect((await call('POST', '', '{')).status).toBe(400)
    expect((await call('POST', '', privateDeal(), { 'content-type': 'text/plain' })).status).toBe(415)
  })
})

describe('a co-sell', () => {
  test('puts a pending referral of Microsoft into the engagement, to be answered within fourteen days', async () => {
    const made = kit()
    const { own, theirs } = await coSell(made)
    expect(theirs).toMatchObject({
      engagementId: own['engagementId'],
      organizationId: 'msft',
      organizationName: 'Microsoft',
      status: 'New',
      substatus: 'Pending',
      acceptedDateTime: null,
      expirationDateTime: '2026-08-17T00:00:00Z',
      inviteContext: { assistanceRequestCode: 'CustomerTechnicalArchitecture', invitedBy: { organizationName: 'Example ISV' } },
    })
    expect(made.simulator.engagement(String(own['engagementId']))).toHaveLength(2)
  })

  test('of a private deal shares that deal with Microsoft sellers', async () => {
    const { call, simulator } = kit()
    const own = (await call('POST', '', privateDeal())).json
    await call('POST', '', invitation(own['engagementId']))
    expect(simulator.referral(String(own['id']))?.consent.consentToShareReferralWithMicrosoftSellers).toBe(true)
  })

  const contact = { firstName: 'Mara', lastName: 'Vogt', phoneNumber: '+494012345', email: '' }
  const wrong: [string, string, unknown, RegExp][] = [
    ['no help code', 'inviteContext', { notes: 'x' }, /assistanceRequestCode/],
    ['no customer contact', 'customerProfile.team', [], /customerProfile.team/],
    ['a customer contact without e-mail', 'customerProfile.team', [contact], /customerProfile.team\[0\].email/],
    ['no consent to share', 'consent.consentToShareReferralWithMicrosoftSellers', false, /must be shared with Microsoft sellers/],
    ['no engagement', 'engagementId', null, /needs the engagement id/],
    ['an unknown engagement', 'engagementId', '0f6f6d2c-1f58-4a4f-8d0a-5a1d7a3f9a77', /does not exist/],
  ]
  test.each(wrong)('with %s is refused', async (_name, path, value, message) => {
    const { call } = kit()
    const own = (await call('POST', '', sharedDeal())).json
    const answer = await call('POST', '', changed(invitation(own['engagementId']), path, value))
    expect(answer.status).toBe(400)
    expect(messageOf(answer)).toMatch(message)
  })

  test('is refused a second time, and for a deal that is closed', async () => {
    const made = kit()
    const { own } = await coSell(made)
    const again = await made.call('POST', '', invitation(own['engagementId']))
    expect([again.status, messageOf(again)]).toEqual([400, 'Microsoft already takes part in this engagement.'])
    const closed = made.simulator.portal.create('partner-led').own
    made.simulator.portal.win(closed.id)
    expect(messageOf(await made.call('POST', '', invitation(closed.engagementId)))).toMatch(/closed/)
  })

  test.each(helpCodes)('may ask for %s', async (code) => {
    const { call } = kit()
    const own = (await call('POST', '', sharedDeal())).json
    const answer = await call('POST', '', invitation(own['engagementId'], { inviteContext: { assistanceRequestCode: code } }))
    expect(answer.status).toBe(200)
  })
})

describe('toggles of creating', () => {
  test('the status may be 201', async () => {
    expect((await kit({ createStatus: 201 }).call('POST', '', privateDeal())).status).toBe(201)
  })

  test('an own deal may be called incoming', async () => {
    expect((await kit({ selfCreatedDirection: 'Incoming' }).call('POST', '', privateDeal())).json['direction']).toBe('Incoming')
  })

  test('only the four documented properties may be demanded', async () => {
    const body = { type: 'Independent', customerProfile: {}, consent: {}, details: {} }
    expect((await kit({ createRules: 'documented' }).call('POST', '', body)).status).toBe(200)
    expect((await kit({ createRules: 'documented' }).call('POST', '', { ...body, details: undefined })).status).toBe(400)
  })

  test('unknown properties may be ignored', async () => {
    expect((await kit({ unknownProperties: 'ignored' }).call('POST', '', privateDeal({ surprise: 1 }))).status).toBe(200)
  })

  test('a missing Partner ID may become the default location', async () => {
    const { call, simulator } = kit({ mpnId: 'defaulted' })
    const organization: Organization = simulator.organization
    expect((await call('POST', '', changed(privateDeal(), 'mpnId', undefined))).json['mpnId']).toBe(organization.mpnIds[0])
  })

  test('solutions may have to exist in a catalogue', async () => {
    const { call } = kit({ solutionCatalogue: ['SOL-1'] })
    expect(messageOf(await call('POST', '', privateDeal()))).toMatch(/'SOL-12345-ABC' does not exist/)
  })

  test('the help code may belong on the own referral instead', async () => {
    const { call } = kit({ helpCodeOn: 'own-referral' })
    const without = (await call('POST', '', sharedDeal())).json
    const bare = (engagementId: unknown) => invitation(engagementId, { inviteContext: { notes: 'x' } })
    expect((await call('POST', '', bare(without['engagementId']))).status).toBe(400)
    const with_ = (await call('POST', '', sharedDeal({ inviteContext: { assistanceRequestCode: 'ProofOfConceptOrDemo' } }))).json
    expect((await call('POST', '', bare(with_['engagementId']))).status).toBe(200)
  })

  test('a second invitation may be carried out, as a service without idempotency would', async () => {
    const made = kit({ secondMicrosoftReferral: 'created' })
    const { own } = await coSell(made)
    expect((await made.call('POST', '', invitation(own['engagementId']))).status).toBe(200)
    expect(made.simulator.engagement(String(own['engagementId']))).toHaveLength(3)
  })

  test('links may be misspelled the way published samples are', async () => {
    const { json } = await kit({ linksForm: 'misspelled' }).call('POST', '', privateDeal())
    expect(JSON.stringify(json['links'])).toContain('/v1.0/engagments/referrals')
  })
})
