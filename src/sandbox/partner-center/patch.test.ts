import { describe, expect, test } from 'vitest'
import { coSell, kit, messageOf, privateDeal, sharedDeal, type JsonObject, type Kit } from './test-kit.js'

const replace = (path: string, value: unknown) => ({ op: 'replace', path, value })
const add = (path: string, value: unknown) => ({ op: 'add', path, value })

async function deal(made: Kit, body: JsonObject = privateDeal()): Promise<{ id: string; eTag: string }> {
  const { json } = await made.call('POST', '', body)
  return { id: String(json['id']), eTag: String(json['eTag']) }
}

const ana = { firstName: 'Ana', lastName: 'Silva', phoneNumber: '+351210000000', email: 'ana.silva@partner.example' }

describe('a patch', () => {
  test('answers 204 with the new etag, and moves updatedDateTime', async () => {
    const made = kit()
    const { id, eTag } = await deal(made)
    const answer = await made.call('PATCH', id, [replace('/details/dealValue', 91_500)])
    expect([answer.status, answer.response.body]).toEqual([204, ''])
    const after = made.simulator.referral(id)
    expect(after?.details.dealValue).toBe(91_500)
    expect(after?.eTag).not.toBe(eTag)
    expect(answer.headers['etag']).toBe(after?.eTag)
    expect((after?.updatedDateTime ?? '') > (after?.createdDateTime ?? '')).toBe(true)
  })

  test('answers the resource when asked for it', async () => {
    const made = kit()
    const { id } = await deal(made)
    const answer = await made.call('PATCH', id, [replace('/salesStage', '40')], { prefer: 'return=representation' })
    expect([answer.status, answer.json['salesStage'], answer.json['id']]).toEqual([200, '40', id])
  })

  const listed: [string, object, (referral: JsonObject) => unknown, unknown][] = [
    [
      'the closing date',
      replace('/details/closingDateTime', '2026-12-15T00:00:00Z'),
      (r) => (r['details'] as JsonObject)['closingDateTime'],
      '2026-12-15T00:00:00Z',
    ],
    ['the currency', replace('/details/currency', 'USD'), (r) => (r['details'] as JsonObject)['currency'], 'USD'],
    ['a deal value in quotes', replace('/details/dealValue', '10000'), (r) => (r['details'] as JsonObject)['dealValue'], 10_000],
    ['the notes', replace('/details/notes', 'new'), (r) => (r['details'] as JsonObject)['notes'], 'new'],
    ['the CRM id', replace('/externalReferenceId', 'OPP-2'), (r) => r['externalReferenceId'], 'OPP-2'],
    ['the CRM id by add', add('/externalReferenceId', 'OPP-3'), (r) => r['externalReferenceId'], 'OPP-3'],
    ['the campaign', replace('/campaignId', null), (r) => r['campaignId'], null],
    ['the program', replace('/referralProgram', 'P'), (r) => r['referralProgram'], 'P'],
    [
      'the own team',
      add('/team/-', ana),
      (r) => (r['team'] as JsonObject[]).map((m) => m['email']),
      ['jon.reyes@partner.example', ana.email],
    ],
    ['the whole own team', replace('/team', [ana]), (r) => (r['team'] as JsonObject[]).map((m) => m['email']), [ana.email]],
    [
      'the customer contacts',
      add('/customerProfile/team/-', ana),
      (r) => ((r['customerProfile'] as JsonObject)['team'] as unknown[]).length,
      2,
    ],
    [
      'sharing',
      replace('/consent/consentToShareReferralWithMicrosoftSellers', true),
      (r) => (r['consent'] as JsonObject)['consentToShareReferralWithMicrosoftSellers'],
      true,
    ],
    [
      'a further solution',
      add('/details/requirements/solutions/-', { id: 'SOL-2', type: 'Name' }),
      (r) => (((r['details'] as JsonObject)['requirements'] as JsonObject)['solutions'] as JsonObject[]).map((s) => s['id']),
      ['SOL-12345-ABC', 'SOL-2'],
    ],
  ]
  test.each(listed)('changes %s', async (_name, operation, read, expected) => {
    const made = kit()
    const { id } = await deal(made)
    expect((await made.call('PATCH', id, [operation])).status).toBe(204)
    expect(read((await made.call('GET', id)).json)).toEqual(expected)
  })

  const refused: [string, unknown, RegExp][] = [
    ['an unlisted path', [replace('/name', 'x')], /'\/name' cannot be changed/],
    ['a path of the customer', [replace('/customerProfile/name', 'x')], /cannot be changed/],
    ['another consent flag', [replace('/consent/consentToContact', false)], /cannot be changed/],
    ['a single member of a list', [replace('/team/0/email', 'x')], /cannot be changed/],
    ['remove', [{ op: 'remove', path: '/campaignId' }], /'remove' is not supported/],
    ['test', [{ op: 'test', path: '/status', value: 'Active' }], /'test' is not supported/],
    ['an operation without value', [{ op: 'replace', path: '/campaignId' }], /needs a value/],
    ['an operation with a further member', [{ ...replace('/campaignId', 'x'), from: '/x' }], /'from' does not exist/],
    ['replacing the end of a list', [replace('/team/-', ana)], /use add/],
    ['no operation', [], /at least one operation/],
    ['an object in place of the array', { name: 'x' }, /must be an array/],
    ['a wrong value', [replace('/details/dealValue', 'much')], /must be a number/],
    ['an emptied mandatory field', [replace('/details/notes', '')], /mandatory fields are missing: details.notes/],
    ['an emptied team', [replace('/team', [])], /mandatory fields are missing: team/],
    ['no solution left', [replace('/details/requirements/solutions', [])], /solution id is required/],
    [
      'too many solutions',
      [
        replace(
          '/details/requirements/solutions',
          Array.from({ length: 51 }, () => ({ id: 'S' })),
        ),
      ],
      /At most 50/,
    ],
    ['an unknown member property', [add('/team/-', { ...ana, role: 'lead' })], /'role' does not exist/],
  ]
  test.each(refused)('with %s is refused', async (_name, body, message) => {
    const made = kit()
    const { id } = await deal(made)
    const answer = await made.call('PATCH', id, body)
    expect([answer.status, (answer.json['error'] as JsonObject)['code']]).toEqual([400, 'invalidRequest'])
    expect(messageOf(answer)).toMatch(message)
  })

  test('is all or nothing', async () => {
    const made = kit()
    const { id, eTag } = await deal(made)
    expect((await made.call('PATCH', id, [replace('/details/dealValue', 1), replace('/nowhere', 1)])).status).toBe(400)
    expect(made.simulator.referral(id)).toMatchObject({ eTag, details: { dealValue: 84_000 } })
  })

  test('needs plain application/json, not the JSON Patch type', async () => {
    const made = kit()
    const { id } = await deal(made)
    const answer = await made.call('PATCH', id, [replace('/campaignId', 'x')], { 'content-type': 'application/json-patch+json' })
    expect(answer.status).toBe(415)
  })

  test('of an unknown referral is 404, of a referral of Microsoft 403', async () => {
    const made = kit()
    const { theirs } = await coSell(made)
    const unknown = await made.call('PATCH', '5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10', [replace('/campaignId', 'x')])
    expect([unknown.status, (unknown.json['error'] as JsonObject)['code']]).toEqual([404, 'itemNotFound'])
    const foreign = await made.call('PATCH', String(theirs['id']), [replace('/status', 'Active'), replace('/substatus', 'Accepted')])
    expect([foreign.status, (foreign.json['error'] as JsonObject)['code']]).toEqual([403, 'accessDenied'])
  })
})

describe('If-Match', () => {
  test('is enforced when sent: the current etag with its quotes passes, anything else is 412', async () => {
    const made = kit()
    const { id, eTag } = await deal(made)
    const patch = (condition: string) => made.call('PATCH', id, [replace('/campaignId', condition)], { 'if-match': condition })
    expect((await patch(eTag.replaceAll('"', ''))).status).toBe(412)
    expect((await patch(eTag)).status).toBe(204)
    const stale = await patch(eTag)
    expect(stale.json).toMatchObject({ error: { code: 'resourceModified' } })
    expect((await patch('*')).status).toBe(204)
  })

  test('may answer 409 instead', async () => {
    const made = kit({ conflictStatus: 409 })
    const { id } = await deal(made)
    expect((await made.call('PATCH', id, [replace('/campaignId', 'x')], { 'if-match': '"old"' })).status).toBe(409)
  })

  test('left out, the last write wins', async () => {
    const made = kit()
    const { id } = await deal(made)
    await made.call('PATCH', id, [replace('/campaignId', 'a')])
    await made.call('PATCH', id, [replace('/campaignId', 'b')])
    expect(made.simulator.referral(id)?.campaignId).toBe('b')
  })
})

describe('the state machine', () => {
  type Start = 'new' | 'active'
  const move = (made: Kit, start: Start, status: string, substatus: string) => {
    const id = start === 'new' ? made.simulator.inbound.coSell().own.id : made.simulator.portal.create('private').own.id
    return made.call('PATCH', id, [replace('/status', status), replace('/substatus', substatus), replace('/statusReason', 'why')])
  }
  const table: [Start, string, string, 204 | 400][] = [
    ['new', 'Active', 'Accepted', 204],
    ['new', 'Closed', 'Declined', 204],
    ['new', 'Closed', 'Error', 204],
    ['new', 'New', 'Pending', 204],
    ['new', 'New', 'Received', 400],
    ['new', 'Closed', 'Won', 400],
    ['new', 'Closed', 'Lost', 400],
    ['new', 'Closed', 'Expired', 400],
    ['new', 'Active', 'Won', 400],
    ['active', 'Active', 'Accepted', 204],
    ['active', 'Closed', 'Won', 204],
    ['active', 'Closed', 'Lost', 204],
    ['active', 'Closed', 'Error', 204],
    ['active', 'Closed', 'Declined', 400],
    ['active', 'Closed', 'Expired', 400],
    ['active', 'Closed', 'Accepted', 400],
    ['active', 'Active', 'Won', 400],
    ['active', 'New', 'Pending', 400],
    ['active', 'None', 'None', 400],
  ]
  test.each(table)('from %s to %s/%s answers %i', async (start, status, substatus, expected) => {
    expect((await move(kit(), start, status, substatus)).status).toBe(expected)
  })

  test('status and substatus have to come together', async () => {
    const made = kit()
    const { id } = await deal(made)
    expect((await made.call('PATCH', id, [replace('/status', 'Closed')])).status).toBe(400)
    expect((await made.call('PATCH', id, [replace('/substatus', 'Won')])).status).toBe(400)
  })

  test('accepting and closing set their dates, and a closed deal is closed for good', async () => {
    const made = kit()
    const { own } = made.simulator.inbound.coSell()
    made.clock.advance(60_000)
    await made.call('PATCH', own.id, [
      replace('/status', 'Active'),
      replace('/substatus', 'Accepted'),
      replace('/externalReferenceId', 'OPP-1'),
    ])
    expect(made.simulator.referral(own.id)).toMatchObject({
      acceptedDateTime: expect.stringMatching(/^2026-08-03T09:01/) as string,
      externalReferenceId: 'OPP-1',
    })
    await made.call('PATCH', own.id, [replace('/status', 'Closed'), replace('/substatus', 'Lost'), replace('/statusReason', 'Others')])
    expect(made.simulator.referral(own.id)).toMatchObject({ closedDateTime: expect.any(String) as string, statusReason: 'Others' })
    for (const operation of [
      replace('/status', 'Active'),
      replace('/status', 'Closed'),
      replace('/details/notes', 'x'),
      replace('/externalReferenceId', 'x'),
    ]) {
      expect(messageOf(await made.call('PATCH', own.id, [operation]))).toMatch(/closed/)
    }
  })

  test('sharing is a one-way door, and locks the customer contact behind it', async () => {
    const made = kit()
    const { id } = await deal(made)
    const flag = '/consent/consentToShareReferralWithMicrosoftSellers'
    expect((await made.call('PATCH', id, [replace('/customerProfile/team', [ana]), replace(flag, true)])).status).toBe(204)
    expect(messageOf(await made.call('PATCH', id, [replace(flag, false)]))).toMatch(/cannot be taken back/)
    expect(messageOf(await made.call('PATCH', id, [add('/customerProfile/team/-', ana)]))).toMatch(/after the deal was shared/)
    expect((await made.call('PATCH', id, [replace(flag, true)])).status).toBe(204)
  })
})

describe('toggles of patching', () => {
  test('values may be taken only as strings, as the published example writes the deal value', async () => {
    const made = kit({ patchCoercion: 'strings-only' })
    const { id } = await deal(made)
    expect((await made.call('PATCH', id, [replace('/details/dealValue', 5)])).status).toBe(400)
    expect((await made.call('PATCH', id, [replace('/details/dealValue', '5')])).status).toBe(204)
    expect(made.simulator.referral(id)?.details.dealValue).toBe(5)
  })

  test('values may be taken only as numbers', async () => {
    const made = kit({ patchCoercion: 'numbers-only' })
    const { id } = await deal(made)
    expect((await made.call('PATCH', id, [replace('/details/dealValue', '5')])).status).toBe(400)
    expect((await made.call('PATCH', id, [replace('/details/dealValue', 5)])).status).toBe(204)
  })

  test('paths the portal can edit may be accepted', async () => {
    const made = kit({ unlistedPatchPath: 'accepted' })
    const { id } = await deal(made)
    const attributes = [{ type: 'CustomerMarketplaceIntent', id: 'Yes' }]
    const body = [replace('/name', 'New name'), replace('/details/requirements/additionalRequirements', { attributes })]
    expect((await made.call('PATCH', id, body)).status).toBe(204)
    expect(made.simulator.referral(id)).toMatchObject({
      name: 'New name',
      details: { requirements: { additionalRequirements: { attributes } } },
    })
    expect((await made.call('PATCH', id, [replace('/mpnId', '7654321')])).status).toBe(400)
  })

  test('the substatus Error may be refused', async () => {
    const made = kit({ errorSubstatus: 'refused' })
    const { id } = await deal(made)
    expect((await made.call('PATCH', id, [replace('/status', 'Closed'), replace('/substatus', 'Error')])).status).toBe(400)
  })

  test('a reason for closing may be required', async () => {
    const made = kit({ closingReason: 'required' })
    const { id } = await deal(made)
    const lost = [replace('/status', 'Closed'), replace('/substatus', 'Lost')]
    expect((await made.call('PATCH', id, lost)).status).toBe(400)
    expect((await made.call('PATCH', id, [...lost, replace('/statusReason', 'Others')])).status).toBe(204)
  })

  test("the caller's id may be shown as the last writer", async () => {
    const made = kit({ callerMark: 'last-modified-via' })
    const { id } = await deal(made)
    await made.call('PATCH', id, [replace('/campaignId', 'x')], { 'x-caller-id': 'caller-1' })
    expect(made.simulator.referral(id)?.lastModifiedVia).toBe('caller-1')
    made.simulator.portal.edit(id, { notes: 'by hand' })
    expect(made.simulator.referral(id)?.lastModifiedVia).toBeNull()
  })

  test('PUT and DELETE are not offered', async () => {
    const made = kit()
    const { id } = await deal(made)
    expect((await made.call('PUT', id, privateDeal())).status).toBe(405)
    expect((await made.call('DELETE', id)).status).toBe(405)
  })
})

describe('deal registration', () => {
  const registration = (changes: JsonObject = {}) => ({
    type: 'AzureIPCoSell',
    solutionDetails: [
      {
        id: 'SOL-12345-ABC',
        currency: 'EUR',
        value: 80_000,
        isDeployedOnAzure: true,
        primaryDeploymentOn: 'Customer',
        pricingModel: 'Other',
        marketplaceTransactionDetails: { isMarketplaceTransacted: true, marketplaceTransactionDateTime: '2026-08-06T00:00:00Z' },
      },
    ],
    contract: {
      currency: 'EUR',
      value: 90_000,
      term: 'Finite',
      signDateTime: '2026-08-05T00:00:00Z',
      startDateTime: '2026-09-01T00:00:00Z',
      endDateTime: '2028-08-31T00:00:00Z',
    },
    ...changes,
  })
  const hour = 3_600_000
  async function won(made: Kit, waitMs = 72 * hour, body = sharedDeal()): Promise<string> {
    const { id } = await deal(made, body)
    made.clock.advance(waitMs)
    made.simulator.portal.win(id)
    return id
  }

  test('of a won deal is taken, reviewed, and editable only while action is required', async () => {
    const made = kit()
    const id = await won(made)
    expect((await made.call('PATCH', id, [add('/registrations/-', registration())])).status).toBe(204)
    expect(made.simulator.referral(id)).toMatchObject({
      registrationStatus: 'ReviewPending',
      registrations: [
        { status: 'ReviewPending', type: 'AzureIPCoSell', contract: { value: 90_000 }, statusHistory: { actionRequiredDateTime: null } },
      ],
    })
    const edit = [
      replace('/registrations/0/contract/value', 95_000),
      replace('/registrations/0/solutionDetails/0/marketplaceTransactionDetails/isMarketplaceTransacted', false),
    ]
    expect((await made.call('PATCH', id, edit)).status).toBe(400)
    made.simulator.microsoft.review(id, 'ActionRequired', 'The value is missing.')
    expect((await made.call('PATCH', id, edit)).status).toBe(204)
    expect(made.simulator.referral(id)?.registrations[0]).toMatchObject({
      contract: { value: 95_000 },
      solutionDetails: [{ marketplaceTransactionDetails: { isMarketplaceTransacted: false } }],
      statusHistory: { actionRequiredDateTime: expect.any(String) as string },
    })
    expect((await made.call('PATCH', id, [replace('/registrations/0/contract/currency', 'USD')])).status).toBe(400)
    expect((await made.call('PATCH', id, [replace('/registrations/1/contract/value', 1)])).status).toBe(400)
    made.simulator.microsoft.review(id, 'Approved')
    expect((await made.call('PATCH', id, edit)).status).toBe(400)
    expect(made.simulator.referral(id)?.registrationStatus).toBe('Approved')
  })

  const contract = registration().contract
  const refused: [string, (made: Kit) => Promise<string>, JsonObject, RegExp][] = [
    ['a deal that is not won', async (made) => (await deal(made, sharedDeal())).id, registration(), /won/],
    ['a private deal', (made) => won(made, 72 * hour, privateDeal()), registration(), /shared with Microsoft/],
    ['a deal that was won too soon', (made) => won(made, 71 * hour), registration(), /72 hours/],
    ['a small contract', (made) => won(made), registration({ contract: { ...contract, value: 24_999 } }), /contract value/],
    [
      'a contract signed long ago',
      (made) => won(made),
      registration({ contract: { ...contract, signDateTime: '2026-06-01T00:00:00Z' } }),
      /60 days/,
    ],
    ['no solution', (made) => won(made), registration({ solutionDetails: [] }), /solution is required/],
  ]
  test.each(refused)('is refused for %s', async (_name, prepare, body, message) => {
    const made = kit()
    const id = await prepare(made)
    expect(messageOf(await made.call('PATCH', id, [add('/registrations/-', body)]))).toMatch(message)
  })

  test('of a co-sell waits for Microsoft, unless eligibility is ignored', async () => {
    const made = kit()
    const { own } = await coSell(made)
    made.clock.advance(72 * hour)
    made.simulator.portal.win(String(own['id']))
    const attempt = () => made.call('PATCH', String(own['id']), [add('/registrations/-', registration())])
    expect(messageOf(await attempt())).toMatch(/has not accepted/)
    made.simulator.options.registrationEligibility = 'ignored'
    expect((await attempt()).status).toBe(204)
    expect(messageOf(await attempt())).toMatch(/registered already/)
  })
})
