import { describe, expect, it } from 'vitest'
import { dynamicsAdapter } from '../../src/adapters/dynamics/adapter.js'
import { dynamicsInstaller } from '../../src/adapters/dynamics/install/installer.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import { Fault } from '../../src/core/fault.js'
import { EMPTY_MAPPING } from '../../src/core/mapping-document.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import type { InstallItem } from '../../src/core/ports.js'
import { origin } from '../../src/sandbox/dataverse/test-kit.js'
import { environment, never, type Environment } from '../support/dynamics-environment.js'

const quiet = { onProgress: () => undefined, signal: never }
const open = (items: readonly InstallItem[]): string[] => items.filter(({ state }) => state !== 'present').map(({ id }) => id)
const apply = (made: Environment, existing: 'alter' | 'leave' = 'alter') => made.installer().apply({ existing, ...quiet })
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(
    () => new Error('it went through'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof Fault) return error
  throw error
}

describe("an environment with Microsoft's own connector", () => {
  it('keeps using its columns and tables, and gets only what it has no counterpart for', async () => {
    const made = environment({ customFields: 'microsoft' })
    const plan = await made.installer().plan({ signal: never })
    expect(open(plan.items)).not.toContain('column:opportunity.cosell_help')
    expect(plan.items.find(({ id }) => id === 'column:opportunity.cosell_help')?.note).toContain('msft_microsoftpartnercenterhelp')
    const report = await apply(made)
    expect(open(report.items)).toEqual([])
    const { simulator } = made.kit
    const columns = await made.kit.call('GET', "EntityDefinitions(LogicalName='opportunity')/Attributes?$select=LogicalName")
    const names = (columns.json['value'] as { LogicalName: string }[]).map((row) => row.LogicalName) // the shape of the answer
    expect(names).toContain('cosell_syncstatus')
    expect(names).not.toContain('cosell_help')
    expect(names).not.toContain('cosell_referralidentifier')
    const key = await made.kit.call('GET', "EntityDefinitions(LogicalName='opportunity')/Keys?$select=KeyAttributes,EntityKeyIndexStatus")
    expect(key.json['value']).toMatchObject([
      { KeyAttributes: ['msft_microsoftpartnercenterreferralidentifier'], EntityKeyIndexStatus: 'Active' },
    ])
    const [form] = simulator.find('systemform', { objecttypecode: 'opportunity' })
    expect(form?.['formxml']).toContain('datafieldname="msft_microsoftpartnercenterreferrallink"')
    expect(form?.['formxml']).toContain('<TargetEntityType>msft_microsoftsolution</TargetEntityType>')
  })

  it('uses a column of it as it is, also where it is of another type than ours would be', async () => {
    const made = environment({ customFields: 'microsoft' })
    const path = "EntityDefinitions(LogicalName='lead')/Attributes"
    const help = { '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata', SchemaName: 'msft_MicrosoftPartnerCenterHelp', MaxLength: 100, FormatName: { Value: 'Text' }, DisplayName: { LocalizedLabels: [{ Label: 'How can Microsoft help?', LanguageCode: 1033 }] } }
    expect((await made.kit.call('DELETE', `${path}(LogicalName='msft_microsoftpartnercenterhelp')`)).status).toBe(204)
    expect((await made.kit.call('POST', path, help)).status).toBe(204)
    const report = await apply(made)
    expect(open(report.items)).toEqual([])
    expect(report.items.find(({ id }) => id === 'column:lead.cosell_help')?.note).toContain('is used as it is')
    // The control of a text, not that of a choice.
    const form = String(made.kit.simulator.find('systemform', { objecttypecode: 'lead' })[0]?.['formxml'])
    expect(/classid="([^"]+)" datafieldname="msft_microsoftpartnercenterhelp"/.exec(form)?.[1]).toBe('{4273EDBD-AC1D-40d3-9FB2-095C621B552D}')
  })

  it("leaves a form alone that shows Microsoft's fields already, where nothing of it is missing", async () => {
    const made = environment({ customFields: 'microsoft' })
    await apply(made)
    const again = await apply(made)
    expect(again.done).toEqual([])
  })
})

describe('a form', () => {
  it('keeps every byte a customer made, and takes the section in one place', async () => {
    const made = environment()
    const before = String(made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })[0]?.['formxml'])
    await apply(made)
    const after = String(made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })[0]?.['formxml'])
    const start = after.indexOf('<section name="cosell_partnercenter"')
    const end = after.indexOf('</section>', start) + '</section>'.length
    expect(after.slice(0, start) + after.slice(end)).toBe(before)
  })

  it('that lost some of the fields gets the section completed, not a second one', async () => {
    const made = environment()
    await apply(made)
    const [form] = made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })
    const cut = String(form?.['formxml']).replace(/<row><cell[^>]*>(?:(?!<\/row>).)*datafieldname="cosell_help"(?:(?!<\/row>).)*<\/row>/, '')
    expect(cut).not.toContain('cosell_help')
    await made.kit.call('PATCH', `systemforms(${String(form?.['formid'])})`, { formxml: cut })
    await made.kit.call('POST', 'PublishAllXml', {})
    const plan = await made.installer().plan({ signal: never })
    expect(plan.items.find(({ state }) => state === 'differs')?.change).toBe('complete the section: How can Microsoft help?')
    expect(open((await apply(made)).items)).toEqual([])
    const now = String(made.kit.simulator.read('systemform', String(form?.['formid']))?.['formxml'])
    expect(now.match(/name="cosell_partnercenter"/g)).toHaveLength(1)
  })
})

describe('an environment that only knows the members which Microsoft prints', () => {
  it('is surveyed, installed into and read all the same', async () => {
    const made = environment()
    made.kit.simulator.options.metadataMembers = 'printed'
    expect(open((await apply(made)).items)).toEqual([])
    expect((await apply(made)).done).toEqual([])
    const settings = { mapping: effectiveMapping(DYNAMICS_PROFILE, EMPTY_MAPPING), owner: null, checkMarkInName: false }
    const guard = <T>(_key: string, work: () => Promise<T>): Promise<T> => work()
    const adapter = dynamicsAdapter({ url: origin, send: made.send, clock: made.clock, settings: () => settings, customerGuard: guard })
    const checks = await adapter.checks({ signal: never })
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(adapter.solutionTable()).toBe('cosell_microsoftsolution')
    const { records } = await adapter.describe({ signal: never })
    const column = (name: string) => records['opportunity']?.find((field) => field.name === name)
    expect([column('estimatedclosedate')?.type, column('cosell_lastsynced')?.type, column('cosell_audit')?.maxLength]).toEqual(['date', 'instant', 100_000])
  })
})

describe('a name that is taken', () => {
  it('by another publisher ends it in plain words, and the next run goes on', async () => {
    const made = environment()
    const body = { uniquename: 'cosell', friendlyname: 'Somebody else', customizationprefix: 'other', customizationoptionvalueprefix: 50_000 }
    const taken = await made.kit.call('POST', 'publishers', body, { prefer: 'return=representation' })
    const fault = await faultOf(apply(made))
    expect(fault.message).toContain('the publisher')
    expect(fault.message).toContain('the name is taken by something else')
    expect(fault.remedy).toContain('then run the command again')
    await made.kit.call('DELETE', `publishers(${String(taken.json['publisherid'])})`)
    expect(open((await apply(made)).items)).toEqual([])
  })

  it('by a column that somebody made at the same moment is looked at again', async () => {
    const made = environment()
    await apply(made, 'leave')
    const path = "EntityDefinitions(LogicalName='lead')/Attributes"
    const held = await made.kit.call('GET', `${path}(LogicalName='cosell_closingreason')/Microsoft.Dynamics.CRM.StringAttributeMetadata`)
    await made.kit.call('DELETE', `${path}(LogicalName='cosell_closingreason')`)
    const { '@odata.context': _context, MetadataId: _id, ...again } = held.json
    // As soon as the installer has looked, somebody else is quicker.
    let raced = false
    const send: typeof made.send = async (request) => {
      if (!raced && request.method === 'POST' && request.url.endsWith('/Attributes')) {
        raced = true
        await made.kit.call('POST', path, { '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata', ...again })
      }
      return made.send(request)
    }
    const installer = dynamicsInstaller({ url: origin, send, clock: made.clock, notebook: made.notebook, mapped: () => [] })
    expect(open((await installer.apply({ existing: 'alter', ...quiet })).items)).toEqual([])
    expect(raced).toBe(true)
  })
})

describe('what takes the CRM its time', () => {
  it('is waited for as long as an operation may run, and not begun again meanwhile', async () => {
    const made = environment()
    const waits: number[] = []
    const send: typeof made.send = (request) => {
      if (request.method !== 'GET') waits.push(request.deadlineMs ?? 0)
      return made.send(request)
    }
    await dynamicsInstaller({ url: origin, send, clock: made.clock, notebook: made.notebook, mapped: () => [] }).apply({ existing: 'alter', ...quiet })
    expect(Math.min(...waits)).toBeGreaterThan(120_000)
  })
})

describe('what can stand in the way', () => {
  it('a missing privilege ends it with the name of the privilege, and the next run goes on', async () => {
    const made = environment()
    made.kit.simulator.options.deniedPrivileges = ['prvCreateAttribute']
    const fault = await faultOf(apply(made))
    expect(fault.kind).toBe('forbidden')
    expect(fault.message).toContain('prvCreateAttribute')
    made.kit.simulator.options.deniedPrivileges = []
    expect(open((await apply(made)).items)).toEqual([])
  })

  it('another customization under way is waited for', async () => {
    const made = environment()
    made.kit.simulator.options.customizationLock = 'held'
    made.kit.clock.at(made.kit.clock.now() + 4_000, () => void (made.kit.simulator.options.customizationLock = 'free'))
    expect(open((await apply(made)).items)).toEqual([])
  })

  it('a lock that stays ends it with the reason', async () => {
    const made = environment()
    made.kit.simulator.options.customizationLock = 'held'
    expect((await faultOf(apply(made))).code).toBe('0x80071151')
  })

  it('two records of one referral keep the key from becoming active: they are named, and after the repair the key is built', async () => {
    const made = environment()
    await apply(made, 'leave')
    const remove = await made.kit.call('GET', "EntityDefinitions(LogicalName='opportunity')/Keys?$select=MetadataId")
    const [key] = remove.json['value'] as { MetadataId: string }[] // the shape of the answer
    await made.kit.call('DELETE', `EntityDefinitions(LogicalName='opportunity')/Keys(${key?.MetadataId ?? ''})`)
    const ids = ['One', 'Two'].map((name) => made.kit.simulator.people.opportunity({ name, cosell_referralidentifier: 'r-1' }))
    const fault = await faultOf(apply(made))
    expect(fault.message).toContain('Held more than once: r-1')
    made.kit.simulator.people.edit('opportunity', ids[1] ?? '', { cosell_referralidentifier: null })
    expect(open((await apply(made)).items)).toEqual([])
  })

  it('a form that its solution closes to changes holds up nothing else, and stays for a person with what the CRM said', async () => {
    const made = environment()
    const refusal = { error: { code: '0x80045999', message: 'The evaluation of the managed property iscustomizable failed.' } }
    const closed = String(made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })[0]?.['formid'])
    const send: typeof made.send = async (request) =>
      request.method === 'PATCH' && request.url.endsWith(`systemforms(${closed})`)
        ? { ...(await made.send({ ...request, method: 'GET', body: null })), status: 400, body: Buffer.from(JSON.stringify(refusal)) }
        : made.send(request)
    const installer = dynamicsInstaller({ url: origin, send, clock: made.clock, notebook: made.notebook, mapped: () => [] })
    const report = await installer.apply({ existing: 'alter', ...quiet })
    expect(open(report.items)).toEqual([`form:opportunity.${closed}`])
    expect(report.items.find(({ state }) => state !== 'present')?.note).toContain('iscustomizable failed. Allow changes to it')
    expect(open((await apply(made)).items)).toEqual([])
  })

  it('a refused publication ends it, and the next run publishes what was left', async () => {
    const made = environment()
    made.kit.simulator.options.deniedPrivileges = ['prvPublishCustomization']
    expect((await faultOf(apply(made))).message).toContain('prvPublishCustomization')
    made.kit.simulator.options.deniedPrivileges = []
    const report = await apply(made)
    expect(open(report.items)).toEqual([])
    expect(made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })[0]?.['formxml']).toContain('cosell_partnercenter')
  })

  it('a column of our name with another type is left to a person', async () => {
    const made = environment()
    await apply(made, 'leave')
    const path = "EntityDefinitions(LogicalName='lead')/Attributes"
    await made.kit.call('DELETE', `${path}(LogicalName='cosell_closingreason')`)
    const label = { LocalizedLabels: [{ Label: 'Closing Reason', LanguageCode: 1033 }] }
    const whole = { '@odata.type': 'Microsoft.Dynamics.CRM.IntegerAttributeMetadata', SchemaName: 'cosell_ClosingReason', DisplayName: label }
    expect((await made.kit.call('POST', path, whole)).status).toBe(204)
    const report = await apply(made)
    expect(open(report.items)).toEqual(['column:lead.cosell_closingreason'])
    expect(report.items.find(({ state }) => state === 'differs')?.note).toContain('types cannot change')
  })

  it('an environment without the Sales app says so and is left as it is', async () => {
    const made = environment({ salesApp: 'absent' })
    const plan = await made.installer().plan({ signal: never })
    expect(plan.items.find(({ id }) => id === 'table:opportunity')?.note).toContain('Dynamics 365 Sales is not installed')
    expect((await faultOf(apply(made))).kind).toBe('misconfigured')
    expect(made.calls()).toBe(0)
  })
})
