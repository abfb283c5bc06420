import { afterEach, describe, expect, test } from 'vitest'
import type { DataverseOptions } from '../../src/sandbox/dataverse/options.js'
import type { PartnerCenterOptions } from '../../src/sandbox/partner-center/options.js'
import { installation, type Installation } from '../support/installation.js'

/**
 * The public documentation leaves much open. Whatever the real services turn out to do, one life of deals must come out the same: made on
 * either side, shared, answered, edited on both sides, won and lost. Each reading below is one that the documentation allows.
 */
// One reading is left out: help that had to be named on our own referral could never be asked for after a deal was made.
const partnerReadings: readonly Partial<PartnerCenterOptions>[] = [
  {},
  { createStatus: 201 },
  { conflictStatus: 409 },
  { linksForm: 'misspelled' },
  { nextLinkForm: 'http-without-engagements', pageSize: 3 },
  { countUnasked: 'absent' },
  { topAbovePage: 'one-page' },
  { continuation: 'offset', pageSize: 3 },
  { pageSize: 2 },
  { dateLiteral: 'quoted' },
  { dateLiteral: 'unsupported' },
  { dateLiteral: 'ignored' },
  { dateLiteral: 'ignored', pageSize: 3 },
  { filterOperators: 'documented' },
  { undocumentedFilters: 'accepted' },
  { marketplaceLeads: 'on' },
  { relatedInListing: 'engagement-filter-only' },
  { listedRecords: 'summary' },
  { listedRecords: 'summary', relatedInListing: 'engagement-filter-only', dateLiteral: 'unsupported' },
  { outOfScopeStatus: 404 },
  { timestamps: 'milliseconds' },
  { emptyValues: 'left-out' },
  { preferRepresentation: 'ignored' },
  { preferRepresentation: 'ignored', eTagShown: 'record' },
  { eTagShown: 'record' },
  { eTagShown: 'header' },
  { createRules: 'documented' },
  { unknownProperties: 'ignored' },
  { mpnId: 'defaulted' },
  { secondMicrosoftReferral: 'created' },
  { selfCreatedDirection: 'Incoming' },
  { patchCoercion: 'strings-only' },
  { patchCoercion: 'numbers-only' },
  { unlistedPatchPath: 'accepted' },
  { closingReason: 'required' },
  { callerMark: 'last-modified-via' },
  { msxIdOn: 'both' },
  { microsoftOrganization: 'guid' },
  { microsoftOrganization: 'guid', listedRecords: 'summary' },
  { webhookRoles: 'referrals-admin-too' },
  { noRegistration: '200-null' },
  { noRegistration: '204' },
]
const dynamicsReadings: readonly Partial<DataverseOptions>[] = [
  { readOnlyColumns: 'ignored' },
  { closedRows: 'accepted' },
  { customerAlignment: 'none' },
  { duplicateKeyStatus: 400 },
  { rowExistsCode: '0x80040237' },
  { versionMismatchCode: '' },
  { defaultStatusMarker: 'refused' },
  { qualifyOrder: 'opportunity-first' },
  { qualifiedLead: 'named-by-opportunity' },
  { reopening: 'alone' },
  { expandedRowsMax: 1 },
  { metadataMembers: 'printed' },
  { deltaLinkOn: 'every-page' },
  { expiredDelta: 'full-result' },
  { trackingStarts: 'at-once' },
  { batchErrorStatus: 'always-200' },
  { batchPrefer: 'reaches-parts' },
  { closeRaisesUpdate: 'no' },
  { closePrimaryEntityId: 'opportunity' },
]

let here: Installation
afterEach(() => here.close())

const euro = { details: { currency: 'EUR' } }
const settle = async (): Promise<void> => {
  await here.sync()
  await here.sync()
}
const crmIdOf = (referralId: string): string => String(here.opportunitiesOf(referralId)[0]?.['opportunityid'])

const updatesWithoutVersion = (): readonly string[] =>
  here.sandbox.partnerCenter.calls
    .list()
    .filter(({ method, ifMatch }) => method === 'PATCH' && ifMatch === null)
    .map(({ path }) => path)

async function oneLifeOfDeals(): Promise<void> {
  const { portal, inbound, microsoft } = here.sandbox.partnerCenter
  const referral = (id: string) => here.sandbox.partnerCenter.referral(id)
  const made = portal.create('private', { name: 'Made there', ...euro }).own
  const [accepted, declined] = [inbound.coSell({ currency: 'EUR' }).own, inbound.coSell({ currency: 'EUR' }).own]
  const lead = inbound.qualifiedLead({ currency: 'EUR' }).own
  const [plain, helped] = [
    here.completeOpportunity('Made here'),
    here.completeOpportunity('Made here, with help', { cosell_help: 412_500_000 }),
  ]
  here.share(plain)
  here.share(helped)
  await settle()
  const own = (crmId: string): string => here.ownReferrals(crmId)[0]?.id ?? ''
  expect([here.ownReferrals(plain).length, here.ownReferrals(helped).length]).toEqual([1, 1])
  expect(here.sandbox.partnerCenter.engagement(here.ownReferrals(helped)[0]?.engagementId ?? '')).toHaveLength(2)
  for (const id of [made.id, accepted.id, declined.id]) expect(here.opportunitiesOf(id)).toHaveLength(1)

  portal.edit(made.id, { dealValue: 91_500, notes: 'Edited there', closingDateTime: '2027-03-31T00:00:00Z' })
  here.seller.edit('opportunity', plain, { estimatedvalue: 65_000, description: 'Edited here', estimatedclosedate: '2027-06-30' })
  here.seller.addSolution(plain, { solutionId: 'SOL-67890-DEF', name: 'Second' })
  here.seller.moveOn(crmIdOf(accepted.id))
  here.seller.lose(crmIdOf(declined.id))
  portal.accept(lead.id)
  microsoft.accept(here.ownReferrals(helped)[0]?.engagementId ?? '', { msxId: '7-LIFE' })
  await settle()
  expect(here.opportunity(crmIdOf(made.id))).toMatchObject({
    estimatedvalue: 91_500,
    description: 'Edited there',
    estimatedclosedate: '2027-03-31',
  })
  expect(referral(own(plain))?.details).toMatchObject({ dealValue: 65_000, notes: 'Edited here' })
  expect(
    referral(own(plain))
      ?.details.requirements.solutions.map(({ id }) => id)
      .sort(),
  ).toEqual(['SOL-12345-ABC', 'SOL-67890-DEF'])
  expect(referral(accepted.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
  expect(referral(declined.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
  expect(here.opportunitiesOf(lead.id)).toHaveLength(1)
  expect(here.opportunity(helped)).toMatchObject({ cosell_microsoftcrmidentifier: '7-LIFE' })

  portal.win(made.id)
  here.seller.win(plain)
  here.seller.lose(helped)
  await settle()
  expect(here.opportunity(crmIdOf(made.id))).toMatchObject({ statecode: 1 })
  expect(referral(own(plain))).toMatchObject({ status: 'Closed', substatus: 'Won' })
  expect(referral(own(helped))).toMatchObject({ status: 'Closed', substatus: 'Lost' })
  const { deals } = await here.app.service.deals({ limit: 100, after: null })
  const troubled = deals
    .filter(({ state }) => state !== 'in-sync' && state !== 'unlinked')
    .map(({ name, state, reason }) => `${name ?? ''}: ${state}, ${reason?.text ?? ''}`)
  expect(troubled).toEqual([])
  // Every update was tied to the version it was planned on.
  expect(updatesWithoutVersion()).toEqual([])
  // At rest nothing is written.
  here.writes()
  await settle()
  expect(here.writes()).toEqual([])
}

describe('one life of deals, whatever Partner Center means', () => {
  test.each(partnerReadings)('%o', async (partnerOptions) => {
    here = await installation({ partnerOptions })
    await oneLifeOfDeals()
  })
})
describe('one life of deals, whatever Dataverse means', () => {
  test.each(dynamicsReadings)('%o', async (dynamicsOptions) => {
    here = await installation({ dynamicsOptions })
    await oneLifeOfDeals()
  })
})

test('[R4] a long pass plans each write on a version, also where the answers to writes tell none', async () => {
  here = await installation({ partnerOptions: { preferRepresentation: 'ignored', eTagShown: 'record' } })
  const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' })
  await settle()
  const lead = here.sandbox.dynamics.find('lead', { cosell_referralidentifier: own.id })[0]
  // Accepting, the identifier of the new record, and what it says anew are three writes of one referral in one pass.
  here.seller.edit('lead', String(lead?.['leadid']), { estimatedamount: 43_000, estimatedclosedate: '2027-04-04' })
  here.seller.qualify(String(lead?.['leadid']), { account: true, contact: true, opportunity: true })
  await settle()
  expect(here.sandbox.partnerCenter.referral(own.id)).toMatchObject({ status: 'Active', details: { dealValue: 43_000 } })
  expect(updatesWithoutVersion()).toEqual([])
})

describe('[R26] a page of maintenance that calls itself a success is no write', () => {
  const page = (matching: RegExp) => ({ kind: 'page-instead', rate: 1, times: 1, matching }) as const
  const working = async (): Promise<{ id: string; crmId: string }> => {
    here = await installation()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Behind a gateway', ...euro })
    await settle()
    return { id: own.id, crmId: crmIdOf(own.id) }
  }
  const finish = async (): Promise<void> => {
    await settle()
    here.later(3_600_000)
    await settle()
  }
  const values = ({ id, crmId }: { id: string; crmId: string }): unknown[] => [
    here.sandbox.partnerCenter.referral(id)?.details.dealValue,
    here.opportunity(crmId)['estimatedvalue'],
  ]

  test.each([/^PATCH .*opportunities\(/, /^POST .*batch/])('in the CRM: %s', async (matching) => {
    const deal = await working()
    here.sandbox.partnerCenter.portal.edit(deal.id, {
      dealValue: 61_234,
      ...(matching.source.includes('batch') ? { solutions: [{ id: 'SOL-99999-XYZ', name: 'Other', type: 'Name' as const }] } : {}),
    })
    here.sandbox.dynamics.faults.set([page(matching)])
    await finish()
    expect(values(deal)).toEqual([61_234, 61_234])
  })

  test('in Partner Center', async () => {
    const deal = await working()
    here.seller.edit('opportunity', deal.crmId, { estimatedvalue: 4_321 })
    here.sandbox.partnerCenter.faults.set([page(/^PATCH/)])
    await finish()
    expect(values(deal)).toEqual([4_321, 4_321])
  })
})
