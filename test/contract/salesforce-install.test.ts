import { unzipSync, strFromU8 } from 'fflate'
import { afterEach, describe, expect, it } from 'vitest'
import { FIELDS } from '../../src/adapters/salesforce/install/blueprint.js'
import { metadataFiles, sourceZip } from '../../src/adapters/salesforce/install/package.js'
import { VIEWS } from '../../src/adapters/salesforce/install/views.js'
import { administer } from '../../src/administer.js'
import { realClock } from '../../src/clock.js'
import { salesforceInstallation, type SalesforceInstallation } from '../support/salesforce-installation.js'

let here: SalesforceInstallation
afterEach(() => here.close())
const never = new AbortController().signal
const desk = async () => (await administer(here.load().config, { clock: realClock, plant: () => undefined })).desk.installation
const apply = async (existing: 'leave' | 'alter' = 'leave') => (await desk()).apply({ existing, by: 'test', onProgress: () => undefined, signal: never })

describe('an org without our fields', () => {
  it('is told what is missing; applying makes it, shows it to the connector and a second run changes nothing', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    const before = await (await desk()).plan(never)
    expect(before.items.filter(({ state }) => state === 'missing').length).toBeGreaterThan(FIELDS.length)
    const report = await apply()
    // Pages stay as they are: they are altered only when that was agreed to.
    expect(report.items.filter(({ state }) => state !== 'present').map(({ id }) => id)).toEqual([
      'layout:Opportunity-Opportunity Layout',
      'layout:Opportunity-Renewals',
      'layout:Lead-Lead Layout',
    ])
    expect(report.done).toEqual(expect.arrayContaining(['made Opportunity.Cosell_Referral_Identifier__c', 'made the list view Lead.Cosell_Needs_Attention']))
    expect((await apply()).done).toEqual([])
  })

  it('carries deals after it was prepared', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    await apply()
    here.later(11 * 60_000)
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'After the installation', details: { currency: 'EUR' } })
    await here.sync()
    const [made] = here.opportunitiesOf(own.id)
    expect(made).toMatchObject({ Name: 'After the installation', Cosell_Sync_Status__c: 'in-sync' })
    expect(here.sandbox.salesforce.find('Cosell_Solution__c', { Cosell_Opportunity__c: String(made?.['Id']) }).length).toBeGreaterThan(0)
  })

  it('takes nothing of a deployment that fails, and says which component and why', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    here.sandbox.salesforce.claimField('Opportunity', 'Cosell_Audit__c', 'boolean')
    await expect(apply()).rejects.toThrow(/Cosell_Audit__c: Cannot update a field/)
    expect(here.sandbox.salesforce.hasField('Opportunity', 'Cosell_Referral_Identifier__c')).toBe(false)
  })
})

describe.each(['microsoft', 'by-hand'] as const)('an org with fields of another maker (%s)', (fields) => {
  it('keeps those that serve, gets the others, and shows what is ours only', async () => {
    here = await salesforceInstallation({ fields })
    const report = await apply('alter')
    expect(report.items.filter(({ state }) => state !== 'present')).toEqual([])
    expect(report.done).toEqual(expect.arrayContaining(['made Opportunity.Cosell_Sync_Status__c', 'made Opportunity.Cosell_Sync_Indicator__c']))
    expect(here.sandbox.salesforce.hasField('Opportunity', 'Cosell_Referral_Identifier__c')).toBe(false)
    expect((await apply('alter')).done).toEqual([])
  })
})

describe('pages', () => {
  const section = /<layoutSections>(?:(?!<\/layoutSections>).)*<label>Microsoft Partner Center<\/label>.*?<\/layoutSections>/s
  it('get one section and the list of solutions with --yes, keep everything else word for word, and give it back', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    const { salesforce } = here.sandbox
    const names = ['Opportunity-Opportunity Layout', 'Opportunity-Renewals', 'Lead-Lead Layout', 'Account-Account Layout']
    const before = names.map((name) => salesforce.layout(name))
    expect((await apply('leave')).done.filter((word) => word.includes('layout'))).toEqual([])
    expect(names.map((name) => salesforce.layout(name))).toEqual(before)
    const report = await apply('alter')
    expect(report.items.filter(({ state }) => state !== 'present')).toEqual([])
    const after = names.map((name) => salesforce.layout(name))
    expect(after.map((layout) => section.test(layout))).toEqual([true, true, true, false])
    expect(after.map((layout) => layout.includes('<relatedList>Cosell_Solution__c.Cosell_Opportunity__c</relatedList>'))).toEqual([true, true, false, false])
    expect(after[0]).toContain('Opportunity &amp; more')
    expect((await apply('alter')).done).toEqual([])
    await (await desk()).remove({ data: 'keep', by: 'test', onProgress: () => undefined, signal: never })
    expect(names.map((name) => salesforce.layout(name))).toEqual(before)
    expect(salesforce.find('ListView')).toEqual([])
  })

  it.each(['drop-after', 'cut'] as const)('whose answer is lost (%s) end the removal before anything is changed, and a second run takes the section off', async (how) => {
    here = await salesforceInstallation({ fields: 'none' })
    const { salesforce } = here.sandbox
    const before = salesforce.layout('Opportunity-Renewals')
    await apply('alter')
    const remove = async () => (await desk()).remove({ data: 'keep', by: 'test', onProgress: () => undefined, signal: never })
    if (how === 'cut') salesforce.options.cutMetadata = 2
    else salesforce.faults.set([{ kind: 'drop-after', rate: 1, times: 1, matching: /^POST .*Soap\/m\// }])
    await expect(remove()).rejects.toThrow(/did not tell its page layouts/)
    expect(section.test(salesforce.layout('Opportunity-Renewals'))).toBe(true)
    expect(salesforce.find('ListView')).not.toEqual([])
    await remove()
    expect(salesforce.layout('Opportunity-Renewals')).toBe(before)
  })

  it('that nobody may read are left to a person, and said so', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    await apply('alter')
    here.sandbox.salesforce.options.hidden.add('Layout')
    const plan = await (await desk()).planRemoval({ data: 'keep', signal: never })
    expect(plan.items.find(({ id }) => id === 'layout')).toMatchObject({ change: null, note: expect.stringContaining('yourself') as string })
  })

  it('that the org does not take are told with its reason, and everything else is made', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    await apply()
    here.sandbox.salesforce.people.remove('ListView', String(here.sandbox.salesforce.find('ListView')[0]?.['Id']))
    here.sandbox.salesforce.faults.set([{ kind: 'server-error', rate: 1, matching: /Soap\/m\// }])
    const items = (await (await desk()).plan(never)).items
    expect(items.find(({ id }) => id === 'layout')).toMatchObject({ state: 'present', note: expect.stringContaining('yourself') as string })
    here.sandbox.salesforce.faults.clear()
    here.sandbox.salesforce.options.hidden.add('ListView.DeveloperName')
    const blind = (await (await desk()).plan(never)).items
    expect(blind.filter(({ id }) => id.startsWith('list-view'))).toEqual([])
  })
})

describe('the package', () => {
  it('lists exactly what it holds, in metadata and in source form', async () => {
    here = await salesforceInstallation()
    const files = metadataFiles(FIELDS, VIEWS, '66.0')
    expect(Object.keys(files).sort()).toEqual([
      'objects/Cosell_Solution__c.object',
      'objects/Lead.object',
      'objects/Opportunity.object',
      'package.xml',
      'permissionsets/Cosell_Seller.permissionset',
      'permissionsets/Cosell_Sync.permissionset',
    ])
    expect(files['package.xml']).toContain('<members>Opportunity.Cosell_Partner_Center</members>')
    expect(files['objects/Opportunity.object']).toContain('<fullName>Cosell_Partner_Center</fullName>')
    for (const { object, name } of FIELDS.filter(({ object: on }) => on !== 'Cosell_Solution__c'))
      expect(files['package.xml']).toContain(`<members>${object}.${name}</members>`)
    const source = unzipSync(sourceZip(FIELDS, VIEWS, '66.0'))
    const field = source['force-app/main/default/objects/Opportunity/fields/Cosell_Referral_Identifier__c.field-meta.xml']
    expect(strFromU8(field ?? new Uint8Array())).toContain('<externalId>true</externalId>')
    expect(Object.keys(source)).toContain('force-app/main/default/objects/Lead/listViews/Cosell_Needs_Attention.listView-meta.xml')
    expect(sourceZip(FIELDS, VIEWS, '66.0')).toEqual(sourceZip(FIELDS, VIEWS, '66.0'))
  })

  it('lets sellers write only what is theirs', async () => {
    here = await salesforceInstallation()
    const seller = metadataFiles(FIELDS, VIEWS, '66.0')['permissionsets/Cosell_Seller.permissionset'] ?? ''
    const editable = [...seller.matchAll(/<editable>true<\/editable>\s*<field>Opportunity\.(\w+)<\/field>/g)].map(([, name]) => name)
    expect(editable).toContain('Cosell_Sync_With_Partner_Center__c')
    expect(editable).not.toContain('Cosell_Referral_Identifier__c')
    expect(editable).not.toContain('Cosell_Audit__c')
  })
})

describe('taking the installation away', () => {
  const remove = async (data: 'keep' | 'delete') => (await desk()).remove({ data, by: 'test', onProgress: () => undefined, signal: never })
  const plan = async (data: 'keep' | 'delete') => (await desk()).planRemoval({ data, signal: never })
  const open = (items: readonly { readonly id: string; readonly change: string | null }[]) =>
    items.flatMap(({ id, change }) => (change === null ? [] : [id]))
  const custom = () => here.sandbox.salesforce.hasField('Opportunity', 'Cosell_Referral_Identifier__c')

  it('keeps the fields and what they hold, takes the permission sets and their assignments, and a second run changes nothing', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    await apply()
    expect(open((await plan('keep')).items)).toContain('permission-set:Cosell_Sync')
    expect(here.sandbox.salesforce.find('PermissionSet', { Name: 'Cosell_Sync' })).toHaveLength(1)
    const report = await remove('keep')
    expect(open(report.items)).toEqual([])
    expect(report.items.find(({ id }) => id === 'fields')?.note).toContain('--data')
    expect([custom(), here.sandbox.salesforce.hasField('Opportunity', 'Cosell_Sync_Indicator__c')]).toEqual([true, false])
    for (const object of ['PermissionSet', 'PermissionSetAssignment'])
      expect(
        here.sandbox.salesforce.find(object).filter(({ Name: name }) => object !== 'PermissionSet' || String(name).startsWith('Cosell')),
      ).toEqual([])
    expect((await remove('keep')).done).toEqual([])
  })

  it('deletes fields and object with --data, also once nothing shows them any more', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    await apply()
    await remove('keep')
    await remove('delete')
    expect(custom()).toBe(false)
    expect(open((await plan('delete')).items)).toEqual([])
    expect((await remove('delete')).done).toEqual([])
    expect((await apply('alter')).items.filter(({ state }) => state !== 'present')).toEqual([])
  })

  it('changes nothing where something of the org still uses a field, and says what', async () => {
    here = await salesforceInstallation({ fields: 'none' })
    await apply()
    here.sandbox.salesforce.claimField('Opportunity', 'Mine__c', 'string', 'Cosell_Audit__c & "!"')
    await expect(remove('delete')).rejects.toMatchObject({
      message: expect.stringMatching(/Cosell_Audit__c.*Opportunity\.Mine__c/s) as string,
      remedy: expect.stringContaining('run the command again') as string,
    })
    expect(custom()).toBe(true)
    expect(here.sandbox.salesforce.find('PermissionSet', { Name: 'Cosell_Sync' })).toHaveLength(1)
  })
})
