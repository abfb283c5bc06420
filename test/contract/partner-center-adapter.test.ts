import { describe, expect, it, test } from 'vitest'
import type { CreateChange, PatchChange, StepChange } from '../../src/core/change.js'
import { HELP, sameValue, VISIBILITY, type Field, type Projection } from '../../src/core/deal.js'
import { asVersion } from '../../src/core/ref.js'
import { stageAfter } from '../../src/core/stage.js'
import { faultIn, never, partnerWorld, refTo, wholeDeal, type PartnerWorld } from '../support/partner-center-world.js'

const marker = '6b1f7d0e-6c0b-4c53-9a44-1f0a9f0f7f11'
const creation = (deal: Projection = wholeDeal, changes: Partial<CreateChange> = {}): CreateChange => ({
  kind: 'create', side: 'partner', as: 'referral', marker, deal, stamp: { otherId: marker }, ...changes,
})
const call = { signal: never }

async function newDeal(world: PartnerWorld, deal: Projection = wholeDeal) {
  const receipt = await world.run(world.adapter.create(creation(deal), call))
  world.calls()
  return receipt.ref
}
async function patch(world: PartnerWorld, id: string, set: Projection, changes: Partial<PatchChange> = {}) {
  const { version } = await world.present(refTo(id))
  world.calls()
  return world.run(world.adapter.write({ kind: 'patch', side: 'partner', ref: refTo(id), expect: version, set, stamp: {}, ...changes }, call))
}
async function step(world: PartnerWorld, id: string, take: StepChange['take'], reason: string | null = null) {
  const { version } = await world.present(refTo(id))
  return world.run(world.adapter.write({ kind: 'step', side: 'partner', ref: refTo(id), expect: version, take, reason, set: {}, stamp: {} }, call))
}
const differences = (wanted: Projection, shown: Projection): Field[] =>
  (Object.keys(wanted) as Field[]).filter((field) => field in shown && !sameValue(wanted[field], shown[field])) // keys of a Projection

describe('reading', () => {
  it('takes one call for the deal and one more for what Microsoft shows of it', async () => {
    const world = partnerWorld()
    const { own } = world.simulator.inbound.coSell({ msxId: '7-ABC', helpCode: 'QuotesOrLicensing' })
    await world.present(refTo(own.id)) // learns whose referrals are ours, once
    world.calls()
    const narrow = await world.present(refTo(own.id))
    expect(world.calls()).toEqual([`GET /v1.0/engagements/referrals/${own.id}`])
    expect(Object.keys(narrow.deal).filter((name) => name.startsWith('microsoft.') || name === HELP || name.startsWith('trackingInfo'))).toEqual([])
    const wide = await world.present(refTo(own.id), true)
    expect(world.calls()).toHaveLength(2)
    expect(wide.deal).toMatchObject({ [HELP]: 'QuotesOrLicensing', 'microsoft.status': 'Active/Accepted', 'trackingInfo.microsoftMsxId': '7-ABC' })
    expect(wide.deal['microsoft.team']).toHaveLength(1)
    expect(wide.aliases).toHaveLength(1)
    expect({ ...wide.deal, ...narrow.deal }).toEqual(wide.deal)
  })

  test.each(['Outgoing', 'Incoming'] as const)('an own deal is an opportunity although it calls itself %s', async (selfCreatedDirection) => {
    const world = partnerWorld({ selfCreatedDirection, linksForm: 'misspelled' })
    const reading = await world.present(await newDeal(world))
    expect(reading).toMatchObject({ category: 'opportunity', otherId: marker, sealed: false, deal: { status: 'Active/Accepted' } })
  })

  it('[R9] leads from somebody else\'s referral to our own of the engagement', async () => {
    const world = partnerWorld()
    const { own, theirs } = world.simulator.inbound.partnerToPartner()
    world.simulator.inbound.coSell()
    expect(await world.run(world.adapter.read(refTo(theirs?.id ?? ''), { wide: false, signal: never }))).toMatchObject({ kind: 'moved', to: refTo(own.id) })
    expect((await world.present(refTo(own.id), true)).aliases).toEqual([refTo(theirs?.id ?? '')])
  })

  it('calls somebody else\'s referral absent when we have none beside it', async () => {
    const world = partnerWorld()
    const { own, theirs } = world.simulator.inbound.coSell()
    world.simulator.hide(own.id)
    expect(await world.run(world.adapter.read(refTo(theirs?.id ?? ''), { wide: true, signal: never }))).toMatchObject({ kind: 'absent' })
  })

  test.each([[403, 'forbidden'], [404, 'absent']] as const)('a deal outside our locations (%i) is not taken for a deleted one unless the service says so', async (outOfScopeStatus, expected) => {
    const world = partnerWorld({ outOfScopeStatus })
    const ref = await newDeal(world)
    world.simulator.hide(ref.id)
    world.kit.clock.advance(121_000) // What was shown a moment ago is looked for again first.
    const reading = await world.run(world.adapter.read(ref, { wide: false, signal: never }))
    expect(faultIn(reading)).toMatchObject({ kind: expected })
  })

  it('knows nothing of ids that are none', async () => {
    const world = partnerWorld()
    expect(await world.adapter.read(refTo('../../profiles'), { wide: false, signal: never })).toMatchObject({ kind: 'absent' })
    expect(world.calls()).toEqual([])
  })

  test.each([
    ['coSell', 'opportunity', 'New/Pending'],
    ['partnerToPartner', 'opportunity', 'New/Pending'],
    ['qualifiedLead', 'lead', 'New/Received'],
    ['marketplaceLead', 'lead', 'New/Received'],
  ] as const)('an inbound %s is a deal of category %s in %s', async (kind, category, status) => {
    const world = partnerWorld({ marketplaceLeads: 'on' })
    const { own } = world.simulator.inbound[kind]()
    expect(await world.present(refTo(own.id), true)).toMatchObject({ category, deal: { status } })
  })
})

describe('creating', () => {
  test.each([200, 201] as const)('shows every value it was given (answer %i)', async (createStatus) => {
    const world = partnerWorld({ createStatus, helpCodeOn: 'microsoft-referral' })
    const receipt = await world.run(world.adapter.create(creation(), call))
    const reading = await world.present(receipt.ref)
    expect(differences(world.adapter.canonical(wholeDeal, 'referral'), reading.deal)).toEqual([])
    expect(receipt).toMatchObject({ resolved: {}, version: reading.version })
    expect(world.simulator.referral(receipt.ref.id)).toMatchObject({ type: 'Independent', mpnId: '1234567', externalReferenceId: marker })
  })

  it('tells what the new record shows differently', async () => {
    const world = partnerWorld()
    const receipt = await world.run(world.adapter.create(creation({ ...wholeDeal, status: 'New/Pending' }), call))
    expect(receipt.resolved).toEqual({})
    expect((await world.present(receipt.ref)).deal.status).toBe('Active/Accepted')
  })

  it('puts somebody who can be reached first, whom the service looks at', async () => {
    const world = partnerWorld()
    const [jon] = wholeDeal.team ?? []
    const nobody = { email: 'owner@partner.example', firstName: 'Owen', lastName: 'Er', phone: null }
    const ref = await newDeal(world, { ...wholeDeal, team: [nobody, ...(jon === undefined ? [] : [jon])] })
    expect(world.simulator.referral(ref.id)?.team.map(({ email }) => email)).toEqual([jon?.email, nobody.email])
  })

  it('makes a shared deal visible, and locks what Partner Center locks then', async () => {
    const world = partnerWorld()
    const reading = await world.present(await newDeal(world, { ...wholeDeal, [VISIBILITY]: true }))
    expect(reading.deal[VISIBILITY]).toBe(true)
    expect(reading.locked).toEqual(expect.arrayContaining([VISIBILITY, 'customerProfile.team', 'name', 'inviteContext.notes']))
    expect(world.simulator.referral(reading.ref.id)?.type).toBe('Shared')
  })

  it('asks the profile for the location when none is configured', async () => {
    const world = partnerWorld({}, { partnerId: null })
    const ref = await newDeal(world)
    expect(world.simulator.referral(ref.id)?.mpnId).toBe('1234567')
  })

  it('says what a refused deal lacks, and what to do', async () => {
    const world = partnerWorld()
    const fault = await world.run(world.adapter.create(creation({ ...wholeDeal, 'customerProfile.address.country': 'DEU' }), call)).catch((error: unknown) => error)
    expect(fault).toMatchObject({ kind: 'rejected', status: 400, code: 'invalidRequest', remedy: 'Correct the country of the customer account.' })
    expect((fault as Error).message).toContain('two-letter country code')
  })

  it('[R5] finds a deal whose answer was lost by its marker, and only that one', async () => {
    const world = partnerWorld()
    world.simulator.seed(30)
    world.simulator.faults.set([{ kind: 'drop-after', rate: 1, times: 1, matching: /^POST/ }])
    const at = world.kit.clock.now()
    await expect(world.run(world.adapter.create(creation(), call))).rejects.toMatchObject({ kind: 'ambiguous' })
    const found = await world.run(world.adapter.find({ as: 'referral', value: marker, notBefore: at }, call))
    expect(found).toHaveLength(1)
    // However many deals were made since: the listing is followed until it is older than the attempt.
    for (let more = 0; more < 120; more += 1) world.simulator.portal.create('private')
    expect(await world.run(world.adapter.find({ as: 'referral', value: marker, notBefore: at }, call))).toEqual(found)
    expect((await world.present(found[0] ?? refTo(''))).otherId).toBe(marker)
    expect(await world.run(world.adapter.find({ as: 'referral', value: 'OPP-NONE', notBefore: at }, call))).toEqual([])
  })

  it.each([3_600_000, 0])('[R5] finds it although our clock ran ahead (now by %i ms)', async (clockAheadMs) => {
    const world = partnerWorld({}, { clockAheadMs })
    const ref = await newDeal(world)
    const sent = world.kit.clock.now() + 3_600_000
    expect(await world.run(world.adapter.find({ as: 'referral', value: marker, notBefore: sent }, call))).toEqual([ref])
  })

  it('takes nobody else\'s referral for ours although it names the same CRM record', async () => {
    const answered = (_what: string, json: unknown): void => {
      for (const item of (json as { value?: { externalReferenceId: string }[] }).value ?? []) item.externalReferenceId = marker // a listing
    }
    const world = partnerWorld({}, { between: { answered } })
    const { own } = world.simulator.inbound.partnerToPartner()
    world.simulator.inbound.coSell()
    const found = await world.run(world.adapter.find({ as: 'referral', value: marker, notBefore: null }, call))
    expect(found).toHaveLength(2)
    expect(found).toContainEqual(refTo(own.id))
  })

  it('a write that failed in the service may have happened, a refused one has not', async () => {
    const world = partnerWorld()
    world.simulator.faults.set([{ kind: 'bad-gateway-html', rate: 1, times: 1 }])
    await expect(world.run(world.adapter.create(creation(), call))).rejects.toMatchObject({ kind: 'ambiguous', status: 502 })
    world.simulator.faults.set([{ kind: 'throttle', rate: 1, times: 1, amount: 30 }])
    await expect(world.run(world.adapter.create(creation(), call))).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 })
  })
})

describe('inviting Microsoft', () => {
  const help = { [HELP]: 'CustomerTechnicalArchitecture', [VISIBILITY]: true, 'inviteContext.notes': 'Please introduce us.' }
  async function coSell(world: PartnerWorld) {
    const ref = await newDeal(world, { ...wholeDeal, [VISIBILITY]: true, 'inviteContext.notes': 'Please introduce us.' })
    const { engagementId } = await world.present(ref)
    world.calls()
    const invite = creation({ ...wholeDeal, ...help }, { as: 'related', marker: engagementId ?? '', stamp: {} })
    return { ref, invite, receipt: await world.run(world.adapter.create(invite, call)) }
  }

  it('makes a second referral that is Microsoft\'s, and shows its answer on ours', async () => {
    const world = partnerWorld()
    const { ref, receipt } = await coSell(world)
    const invited = await world.present(ref, true)
    expect(invited.deal).toMatchObject({ [HELP]: 'CustomerTechnicalArchitecture', 'microsoft.status': 'New/Pending', 'inviteContext.notes': 'Please introduce us.' })
    expect(invited.locked).toContain(HELP)
    expect(invited.aliases).toEqual([receipt.ref])
    world.simulator.microsoft.accept(ref.id, { msxId: '7-XYZ', seller: { firstName: 'Sam', lastName: 'Seller', email: 'sam@microsoft.example' } })
    const accepted = await world.present(ref, true)
    expect(accepted.deal).toMatchObject({ 'microsoft.status': 'Active/Accepted', 'trackingInfo.microsoftMsxId': '7-XYZ' })
    expect(accepted.deal['microsoft.team']).toContainEqual(expect.objectContaining({ email: 'sam@microsoft.example' }))
    expect(accepted.version).toBe(invited.version)
  })

  test.each(['refused', 'created'] as const)('invites once, also where the service would take a second one (%s)', async (secondMicrosoftReferral) => {
    const world = partnerWorld({ secondMicrosoftReferral })
    const { invite, receipt } = await coSell(world)
    const again = await world.run(world.adapter.create({ ...invite, deal: { ...invite.deal, [HELP]: 'GeneralOrOther' } }, call))
    expect(again).toMatchObject({ ref: receipt.ref, resolved: { [HELP]: 'CustomerTechnicalArchitecture' } })
    expect(world.simulator.engagement(invite.marker)).toHaveLength(2)
    expect(await world.run(world.adapter.find({ as: 'related', value: invite.marker, notBefore: null }, call))).toEqual([receipt.ref])
  })

  test.each(['microsoft-referral', 'both'] as const)('finds the id of Microsoft\'s opportunity (%s)', async (msxIdOn) => {
    const world = partnerWorld({ msxIdOn })
    const { ref } = await coSell(world)
    world.simulator.microsoft.accept(ref.id, { msxId: '7-XYZ' })
    expect((await world.present(ref, true)).deal['trackingInfo.microsoftMsxId']).toBe('7-XYZ')
  })
})

describe('writing', () => {
  it('sends the fewest operations and knows the version they made', async () => {
    const world = partnerWorld()
    const ref = await newDeal(world)
    const set: Projection = { 'details.dealValue': 91_500, 'details.closingDateTime': '2026-12-15', 'details.notes': 'New scope', campaignId: 'C-7' }
    const receipt = await patch(world, ref.id, set, { stamp: { otherId: 'OPP-2' } })
    expect(world.calls()).toEqual([`PATCH /v1.0/engagements/referrals/${ref.id}`])
    const reading = await world.present(ref)
    expect(reading.deal).toMatchObject(set)
    expect(reading).toMatchObject({ otherId: 'OPP-2', version: receipt.version })
  })

  test.each([412, 409] as const)('[R4] is refused as stale when the record has moved (%i)', async (conflictStatus) => {
    const world = partnerWorld({ conflictStatus })
    const ref = await newDeal(world)
    const change = patch(world, ref.id, { 'details.notes': 'ours' }, { expect: asVersion('"older"') })
    await expect(change).rejects.toMatchObject({ kind: 'stale', status: conflictStatus })
    expect((await world.present(ref)).deal['details.notes']).toBe(wholeDeal['details.notes'])
  })

  test.each(['on', 'strings-only', 'numbers-only'] as const)('patches amounts in whichever form the service takes (%s)', async (patchCoercion) => {
    const world = partnerWorld({ patchCoercion })
    const ref = await newDeal(world)
    await patch(world, ref.id, { 'details.dealValue': 1_234.56 })
    expect((await world.present(ref)).deal['details.dealValue']).toBe(1_234.56)
    await patch(world, ref.id, { 'details.dealValue': 99 })
    expect(world.calls().filter((made) => made.startsWith('PATCH'))).toHaveLength(1) // learnt by the first
  })

  it('writes an amount whose form another deal learns while it is on its way', async () => {
    let learnt: Promise<unknown> = Promise.resolve()
    let held: string | null = null
    const arrives = async (what: string): Promise<void> => {
      if (what !== held) return
      held = null
      await learnt
    }
    const world = partnerWorld({ patchCoercion: 'strings-only' }, { between: { arrives } })
    const late = await newDeal(world)
    const first = await newDeal(world)
    held = `PATCH /v1.0/engagements/referrals/${late.id}`
    const slow = patch(world, late.id, { 'details.dealValue': 1_234.56 })
    learnt = patch(world, first.id, { 'details.dealValue': 99 })
    await Promise.all([slow, learnt])
    expect((await world.present(late)).deal['details.dealValue']).toBe(1_234.56)
  })

  test.each(['refused', 'accepted'] as const)('never tries a field that belongs to the creation (%s)', async (unlistedPatchPath) => {
    const world = partnerWorld({ unlistedPatchPath })
    const ref = await newDeal(world)
    await expect(patch(world, ref.id, { name: 'Other' })).rejects.toMatchObject({ kind: 'rejected' })
    expect(world.calls()).toEqual([])
  })

  it('adds a solution without touching the others, and keeps what it has no name for when one is removed', async () => {
    const world = partnerWorld()
    const ref = await newDeal(world)
    const own = world.simulator.referral(ref.id)
    world.simulator.portal.edit(ref.id, { solutions: [{ ...own?.details.requirements.solutions[0], price: 12, publisherName: 'Example ISV' }] })
    const second = { id: 'SOL-2', name: 'Second' }
    const first = { id: 'SOL-12345-ABC', name: 'Example Insights' }
    await patch(world, ref.id, { 'details.requirements.solutions': [first, second] })
    expect(world.simulator.referral(ref.id)?.details.requirements.solutions).toMatchObject([{ id: 'SOL-12345-ABC', price: 12 }, { id: 'SOL-2', type: 'Name' }])
    await patch(world, ref.id, { 'details.requirements.solutions': [first] })
    expect(world.simulator.referral(ref.id)?.details.requirements.solutions).toMatchObject([{ id: 'SOL-12345-ABC', price: 12, publisherName: 'Example ISV' }])
  })

  it('writes people and leaves titles and unknown colleagues alone', async () => {
    const world = partnerWorld()
    const ref = await newDeal(world)
    const jon = { firstName: 'Jon', lastName: 'Reyes', phoneNumber: '+12065550101', email: 'Jon.Reyes@partner.example', title: 'Account executive' }
    world.simulator.portal.edit(ref.id, { team: [jon, { firstName: 'No', lastName: 'Mail' }] })
    const ana = { email: 'ana.silva@partner.example', firstName: 'Ana', lastName: 'Silva', phone: '+351210000000' }
    await patch(world, ref.id, { team: [{ email: 'jon.reyes@partner.example', firstName: 'Jon', lastName: 'Reyes', phone: '+1' }, ana] })
    const team = world.simulator.referral(ref.id)?.team
    expect(team).toHaveLength(3)
    expect(team).toContainEqual(expect.objectContaining({ email: 'Jon.Reyes@partner.example', phoneNumber: '+1', title: 'Account executive' }))
    expect(team).toContainEqual(expect.objectContaining({ firstName: 'No', email: null }))
    expect((await world.present(ref)).deal.team).toHaveLength(2)
  })

  it('reads the record again for a list when it is no longer at hand, and refuses when it has moved', async () => {
    const world = partnerWorld()
    const ref = await newDeal(world)
    const { version } = await world.present(ref)
    world.simulator.portal.edit(ref.id, { notes: 'a person was faster' })
    await world.present(ref)
    const change = world.adapter.write({ kind: 'patch', side: 'partner', ref, expect: version, set: { team: wholeDeal.team ?? [] }, stamp: {} }, call)
    await expect(world.run(change)).rejects.toMatchObject({ kind: 'stale' })
  })

  it('[R26] trusts no version that came with somebody else\'s edit', async () => {
    let meddle = (): void => undefined
    const answered = (what: string, json: unknown): void => {
      if (!what.startsWith('PATCH')) return
      meddle()
      ;(json as { campaignId: string }).campaignId = 'by a person' // the record as it came back
    }
    const world = partnerWorld({}, { between: { answered } })
    const ref = await newDeal(world)
    meddle = () => world.simulator.portal.edit(ref.id, { campaignId: 'by a person' })
    expect((await patch(world, ref.id, { 'details.notes': 'ours' })).version).toBeNull()
    expect((await patch(world, ref.id, { campaignId: 'ours' })).version).toBeNull()
    expect((await patch(world, ref.id, { 'details.notes': 'again' }, { expect: null })).version).toBeNull()
  })

  test.each([['accept', null], ['decline', 'Not a customer']] as const)('can %s an inbound deal', async (take, reason) => {
    const world = partnerWorld({ closingReason: 'required' })
    const { own } = world.simulator.inbound.coSell()
    const receipt = await step(world, own.id, take, reason)
    const reading = await world.present(refTo(own.id))
    expect(reading.deal).toMatchObject({ status: stageAfter(take), statusReason: reason })
    expect(reading.sealed).toBe(take === 'decline')
    expect([reading.version, null]).toContain(receipt.version)
  })

  test.each([['win', null], ['lose', 'Customer chose another vendor']] as const)('can %s a deal, and nothing after that', async (take, reason) => {
    const world = partnerWorld({ closingReason: 'required' })
    const ref = await newDeal(world)
    await step(world, ref.id, take, reason)
    expect(await world.present(ref)).toMatchObject({ sealed: true, deal: { status: stageAfter(take), statusReason: reason } })
    await expect(patch(world, ref.id, { 'details.notes': 'too late' })).rejects.toMatchObject({ kind: 'rejected' })
  })

  it('shares with Microsoft as a step of its own', async () => {
    const world = partnerWorld()
    const ref = await newDeal(world)
    await step(world, ref.id, 'share')
    expect((await world.present(ref)).deal[VISIBILITY]).toBe(true)
  })

  it('answers many writes one by one', async () => {
    const world = partnerWorld()
    const ids = world.simulator.seed(3)
    const changes = ids.map((id, index): PatchChange => ({ kind: 'patch', side: 'partner', ref: refTo(index === 1 ? 'no-such-referral' : id), expect: null, set: {}, stamp: { otherId: `OPP-${index}` } }))
    const answers = await world.run(world.adapter.writeMany(changes, call))
    expect(answers.map((answer) => ('ref' in answer ? 'done' : answer.kind))).toEqual(['done', 'missing', 'done'])
    expect(world.simulator.referral(ids[2] ?? '')?.externalReferenceId).toBe('OPP-2')
  })
})
