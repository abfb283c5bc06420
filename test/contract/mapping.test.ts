import { afterEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Service } from '../../src/assemble.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/** Changing what goes where, on a live installation. */
let here: Installation
const open = async (wish: InstallationWish = {}): Promise<Installation> => (here = await installation(wish))
afterEach(() => here.close())
const never = new AbortController().signal
const euro = { details: { currency: 'EUR' } }
const draft = (rows: object): string => stringify({ version: 1, ...rows })
const moved = { opportunity: { 'details.notes': { crm: 'customerneed' } } }

async function shared(): Promise<{ id: string; crmId: string }> {
  const { own } = here.sandbox.partnerCenter.portal.create('private', {
    name: 'Mapped',
    details: { ...euro.details, notes: 'From Partner Center' },
  })
  await here.sync()
  return { id: own.id, crmId: String(here.opportunitiesOf(own.id)[0]?.['opportunityid']) }
}
const notes = (id: string): unknown => here.sandbox.partnerCenter.referral(id)?.details.notes

describe('[R60] a changed mapping', () => {
  it('is never taken for a person who emptied a field: the new column is filled, and nothing is sent', async () => {
    await open()
    const { id, crmId } = await shared()
    await here.restart({ mapping: { version: 1, ...moved } })
    await here.sync([id])
    expect(notes(id)).toBe('From Partner Center')
    expect(here.opportunity(crmId)).toMatchObject({ customerneed: 'From Partner Center', description: 'From Partner Center' })
    here.seller.edit('opportunity', crmId, { customerneed: 'Edited in the new column' })
    await here.sync()
    expect(notes(id)).toBe('Edited in the new column')
  })

  it('asks a person where the new column already says something else', async () => {
    await open()
    const { id, crmId } = await shared()
    here.seller.edit('opportunity', crmId, { customerneed: 'Something else' })
    await here.restart({ mapping: { version: 1, ...moved } })
    await here.sync([id])
    expect(notes(id)).toBe('From Partner Center')
    expect(here.opportunity(crmId)).toMatchObject({ customerneed: 'Something else' })
    expect((await here.app.service.conflicts()).map(({ conflict }) => conflict.field)).toEqual(['details.notes'])
  })

  it('of the stages passes no door: a status that means something else now is for a person', async () => {
    await open()
    const { id } = await shared()
    const stages = { 'New/*': { statecode: 0, statuscode: 1 }, 'Active/Accepted': { statecode: 0, statuscode: 2 } }
    await here.restart({ mapping: { version: 1, stages } })
    await here.sync([id])
    expect(here.sandbox.partnerCenter.referral(id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    expect((await here.app.service.deal(id, { live: false })).state).not.toBe('in-sync')
  })
})

describe('a constant of a column that a row fills too', () => {
  it('stands where the deal says nothing, and is nobody\'s edit', async () => {
    const defaults = { opportunity: { customerneed: 'None given' }, account: { address1_line2: '-' } }
    await open({ mapping: { version: 1, opportunity: { campaignId: { crm: 'customerneed' } }, defaults } })
    const { portal } = here.sandbox.partnerCenter
    const campaign = (id: string): unknown => here.sandbox.partnerCenter.referral(id)?.campaignId
    const { own } = portal.create('private', { name: 'Silent', ...euro, campaignId: null })
    await here.sync()
    const shown = here.opportunitiesOf(own.id)[0]
    expect(shown).toMatchObject({ customerneed: 'None given' })
    expect(here.sandbox.dynamics.read('account', String(shown?.['_parentaccountid_value']))).toMatchObject({ address1_line2: '-' })
    const before = here.sandbox.partnerCenter.referral(own.id)
    await here.sync([own.id])
    expect(here.sandbox.partnerCenter.referral(own.id)).toEqual(before)
    expect(before?.campaignId ?? null).toBeNull()
    here.seller.edit('opportunity', String(shown?.['opportunityid']), { customerneed: 'Written by a seller' })
    await here.sync([own.id])
    expect(campaign(own.id)).toBe('Written by a seller')
    const { own: other } = portal.create('private', { name: 'Wordy', ...euro, campaignId: 'C-1' })
    await here.sync()
    expect(here.opportunitiesOf(other.id)[0]).toMatchObject({ customerneed: 'C-1' })
  })
})

describe('another mapping', () => {
  it('in the file is seen in the deals that rest, without anybody touching them', async () => {
    await open()
    const { crmId } = await shared()
    const waiting = async (): Promise<number> => (await here.app.service.overview()).queue.due
    await here.restart()
    expect(await waiting()).toBe(0)
    await here.restart({ mapping: { version: 1, ...moved } })
    expect(await waiting()).toBe(1)
    await here.sync()
    expect(here.opportunity(crmId)).toMatchObject({ customerneed: 'From Partner Center' })
  })

  it('takes up what was refused under the one before', async () => {
    const industry = (values?: Readonly<Record<string, string>>) => ({
      version: 1,
      opportunity: { campaignId: { crm: 'account.industrycode', ...(values === undefined ? {} : { values }) } },
    })
    await open({ mapping: industry() })
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Refused', ...euro, campaignId: 'Bookkeeping' })
    await here.sync()
    expect((await here.app.service.deal(own.id, { live: false })).reason?.code).toBe('rejected')
    expect(here.opportunitiesOf(own.id)).toEqual([])
    await here.restart({ mapping: industry({ Bookkeeping: 'Accounting' }) })
    await here.sync()
    expect(here.opportunitiesOf(own.id)).toHaveLength(1)
    expect((await here.app.service.deal(own.id, { live: false })).state).toBe('in-sync')
  })
})

describe('cosell mapping', () => {
  it('shows the effective rows and where each comes from', async () => {
    await open({ mapping: { version: 1, ...moved } })
    const { rows, stages } = await here.app.service.mapping.show()
    expect(rows.find(({ kind, field }) => kind === 'opportunity' && field === 'details.notes')).toMatchObject({
      crm: 'customerneed',
      origin: 'document',
    })
    expect(rows.find(({ kind, field }) => kind === 'opportunity' && field === 'details.dealValue')).toMatchObject({
      crm: 'estimatedvalue',
      origin: 'built-in',
    })
    expect(stages.length).toBeGreaterThan(3)
  })

  it('checks a draft against the live CRM, and names the row that does not fit', async () => {
    await open()
    const status = async (text: string | null): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await here.app.service.mapping.check(text, never)).map((check) => [check.name, `${check.status}: ${check.detail}`]),
      )
    expect((await status(null))['Mapping of opportunities']).toMatch(/^pass/)
    const odd = draft({ opportunity: { 'details.notes': { crm: 'new_nothing' }, 'details.dealValue': { crm: 'description' } } })
    const said = await status(odd)
    expect(said['Mapping of opportunities: details.dealValue']).toMatch(/^fail: .*amounts/s)
    expect(said['Mapping of opportunities: details.notes']).toMatch(/^fail: .*new_nothing/)
    expect(said['Mapping of opportunities']).toBeUndefined()
    await expect(here.app.service.mapping.check('opportunity: [', never)).rejects.toMatchObject({ kind: 'misconfigured' })
    await expect(
      here.app.service.mapping.check(draft({ opportunity: { 'details.notse': { crm: 'description' } } }), never),
    ).rejects.toMatchObject({
      message: expect.stringContaining('details.notes') as string,
    })
  })

  it('tries a draft on one deal and on all, and writes nothing', async () => {
    await open()
    const { id, crmId } = await shared()
    here.writes()
    const trial = await here.app.service.mapping.try(id, draft(moved), never)
    expect(trial.rows.find(({ field }) => field === 'details.notes')).toMatchObject({
      partner: 'From Partner Center',
      crm: null,
      row: { crm: 'customerneed', origin: 'document', effect: { intoCrm: 'always', intoPartner: 'always', rule: 'hold' } },
      toCrm: { before: 'From Partner Center', after: 'From Partner Center' },
      toPartner: { before: null, after: null },
      sync: { crm: 'From Partner Center' },
      problem: null,
    })
    expect(trial.rows.find(({ field }) => field === 'customerProfile.address.country')).toMatchObject({
      row: { effect: { intoCrm: 'create', intoPartner: 'create' } },
      sync: {},
    })
    const failing = draft({ opportunity: { 'details.notes': { crm: 'description', toPartner: 'value.substring(500)' } } })
    const stopped = await here.app.service.mapping.try(id, failing, never)
    expect(stopped.rows.find(({ field }) => field === 'details.notes')?.problem).toMatch(/fails on "From Partner Center".*at character 1/)
    expect(stopped.item).toMatchObject({ changes: [], reason: { code: 'unmapped-value' } })
    expect(trial.item.changes.flatMap(({ fields }) => fields)).toContainEqual(
      expect.objectContaining({ field: 'details.notes', after: 'From Partner Center' }),
    )
    const plan = await here.app.service.mapping.plan(draft(moved), [], never)
    expect(plan.totals).toMatchObject({ update: 1, steps: 0 })
    await expect(
      here.app.service.mapping.plan(draft({ opportunity: { 'details.notes': { crm: 'new_nothing' } } }), [], never),
    ).rejects.toThrow(/does not fit this CRM.*\n.*details\.notes: The CRM has no column "new_nothing"/)
    expect(here.writes()).toEqual([])
    expect(here.opportunity(crmId)['customerneed']).toBeNull()
  })
})

describe('[R59] versions of the settings, on a live installation', () => {
  const settings = (): Service['settings'] => here.app.service.settings
  const by = 'ada'

  it('carry a mapping from staging to production: compared, promoted without a restart, seen in the next deal, taken back', async () => {
    await open({ mapping: { version: 1, ...moved } })
    const exported = await settings().export(null)
    expect(parse(exported)).toMatchObject({ cosell: 1, crm: 'dynamics', mapping: moved })
    expect(exported).not.toMatch(/https?:|secret|clientId|tenant/i)
    await here.close()

    await open()
    const { id, crmId } = await shared()
    const proposal = await settings().compare(exported, never)
    expect(proposal.changes.map(({ path }) => path)).toEqual(['mapping.opportunity.details.notes'])
    expect(proposal.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(await settings().promote(exported, { note: 'from staging', by, signal: never })).toMatchObject({ number: 2, state: 'in-force' })
    await here.sync()
    expect(here.opportunity(crmId)).toMatchObject({ customerneed: 'From Partner Center' })
    here.seller.edit('opportunity', crmId, { customerneed: 'Said in the new column' })
    await here.sync()
    expect(notes(id)).toBe('Said in the new column')
    const { runs } = await here.app.service.runs({ deal: id, failedOnly: false, limit: 1 })
    expect(runs[0]?.settingsVersion).toBe(2)

    await settings().rollback(null, { flows: 'keep', by })
    expect((await here.app.service.mapping.show()).rows.find(({ field }) => field === 'details.notes')).toMatchObject({
      origin: 'built-in',
    })
  })

  it('refuse what does not fit this CRM, another kind of CRM, and what is no document', async () => {
    await open()
    const exported = parse(await settings().export(null)) as object
    const with_ = (change: object): string => stringify({ ...exported, ...change })
    const promote = (text: string) => settings().promote(text, { note: null, by, signal: never })
    await expect(promote(with_({ mapping: { version: 1, opportunity: { 'details.notes': { crm: 'new_nowhere' } } } }))).rejects.toThrow(
      /new_nowhere/,
    )
    await expect(promote(with_({ mapping: { version: 1, opportunity: { 'details.note': { crm: 'description' } } } }))).rejects.toThrow(
      /details\.note/,
    )
    await expect(promote(with_({ crm: 'salesforce' }))).rejects.toThrow('The document is for salesforce')
    await expect(promote(with_({ clientSecret: 'x' }))).rejects.toMatchObject({ kind: 'misconfigured' })
    await expect(promote('just: words')).rejects.toThrow('This is no settings document')
    expect(await settings().list()).toHaveLength(1)
  })

  it('hold after a restart with the same file', async () => {
    await open()
    const exported = parse(await settings().export(null)) as object
    await settings().promote(stringify({ ...exported, mapping: { version: 1, ...moved } }), { note: null, by, signal: never })
    await here.restart({})
    expect((await here.app.service.mapping.show()).rows.find(({ field }) => field === 'details.notes')).toMatchObject({
      crm: 'customerneed',
    })
  })
})

describe('what a mapping loses, touches and names', () => {
  it('names the loss of a value that a column cannot hold', async () => {
    await open()
    const check = async (rows: object) =>
      (await here.app.service.mapping.check(draft({ opportunity: rows }), never)).find(({ name }) => name === 'Mapping there and back')
    expect(await check({})).toMatchObject({ status: expect.stringMatching(/pass|warn/) as string })
    const short = await check({ 'details.notes': { crm: 'emailaddress' } })
    expect(short).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/details\.notes: a text of \d+ characters is a text of 100 characters/) as string,
    })
  })

  it('reads the days of both sides in the zone of a draft, in a trial and in a plan', async () => {
    await open()
    // Half past ten in the evening, UTC: in Berlin it is tomorrow.
    const details = { ...euro.details, closingDateTime: '2027-06-10T22:30:00Z' }
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Closes at night', details })
    await here.sync()
    expect(here.opportunitiesOf(own.id)[0]).toMatchObject({ estimatedclosedate: '2027-06-10' })
    here.writes()
    const berlin = draft({ timeZone: 'Europe/Berlin' })
    const closing = async (text: string | null) =>
      (await here.app.service.mapping.try(own.id, text, never)).rows.find(({ field }) => field === 'details.closingDateTime')
    expect(await closing(berlin)).toMatchObject({ partner: '2027-06-11', crm: '2027-06-10', toCrm: { after: '2027-06-11' } })
    expect(await closing(null)).toMatchObject({ partner: '2027-06-10', crm: '2027-06-10' })
    const planned = async (text: string) =>
      (await here.app.service.mapping.plan(text, [own.id], never)).items.flatMap(({ conflicts }) => conflicts.map(({ field }) => field))
    expect(await planned(berlin)).toEqual(['details.closingDateTime'])
    expect(await planned(draft({}))).toEqual([])
    expect(here.writes()).toEqual([])
  })

  it('counts what a draft would write on the whole estate, field by field', async () => {
    await open()
    await shared()
    await shared()
    const { totals } = await here.app.service.mapping.plan(draft(moved), [], never)
    expect(totals).toMatchObject({ update: 2, irreversible: 0, fields: { 'details.notes': 2 } })
  })

  it('shows the words of the year beside those that deals carry, and writes them as a file to edit', async () => {
    await open()
    await here.restart({ mapping: { version: 1, opportunity: { salesStage: { crm: 'stepname' } } } })
    here.sandbox.partnerCenter.portal.create('private', { name: 'Staged', details: euro.details, salesStage: 'Brand new' })
    await here.sync()
    const { lists, source } = await here.app.service.taxonomy.show()
    expect(source).toBe('delivered')
    const stages = lists.find(({ field }) => field === 'salesStage')?.values
    expect(stages).toContainEqual({ value: '40', listed: true, deals: 0 })
    expect(stages).toContainEqual({ value: 'Brand new', listed: false, deals: 1 })
    const written = parse(await here.app.service.taxonomy.export()) as { lists: Record<string, string[]> }
    expect(written.lists['salesStage']).toContain('Brand new')
  })
})
