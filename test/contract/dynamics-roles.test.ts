import { describe, expect, it } from 'vitest'
import { dynamicsAdapter, type DynamicsAdapter } from '../../src/adapters/dynamics/adapter.js'
import { guidOf } from '../../src/adapters/guid.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import type { Projection } from '../../src/core/deal.js'
import { EMPTY_MAPPING, parseMapping } from '../../src/core/mapping-document.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import type { Present } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'
import { standardApplicationId, userId } from '../../src/sandbox/dataverse/index.js'
import { origin, publisher, textColumn } from '../../src/sandbox/dataverse/test-kit.js'
import { environment, never, type Environment } from '../support/dynamics-environment.js'

const installed = async (customFields: 'none' | 'microsoft' = 'none'): Promise<Environment> => {
  const made = environment({ customFields })
  await made.installer().apply({ existing: 'alter', onProgress: () => undefined, signal: never })
  return made
}
const roleId = (made: Environment, name: string): string => String(made.kit.simulator.find('role', { name })[0]?.['roleid'])

/** The application user with the role of the connector and no other. */
async function withoutAdministration(made: Environment): Promise<void> {
  const self = made.kit.simulator.applicationUser(standardApplicationId)
  const administrator = roleId(made, 'System Administrator')
  const path = `systemusers(${self})/systemuserroles_association/$ref?$id=${origin}/api/data/v9.2/roles(${administrator})`
  expect((await made.kit.call('DELETE', path)).status).toBe(204)
  expect((await made.kit.call('POST', 'webresourceset', { name: 'cosell_/x.js', webresourcetype: 3, content: '' })).status).toBe(403)
}

const adapterOf = (made: Environment, mapping: unknown = null): DynamicsAdapter => {
  const document = mapping === null ? EMPTY_MAPPING : parseMapping(mapping)
  const settings = { mapping: effectiveMapping(DYNAMICS_PROFILE, document), owner: 'kim@fabrikam.example', checkMarkInName: false }
  const guard = <T>(_key: string, work: () => Promise<T>): Promise<T> => work()
  return dynamicsAdapter({ url: origin, send: made.send, clock: made.clock, settings: () => settings, customerGuard: guard })
}
const look = async (adapter: DynamicsAdapter, ref: EndRef): Promise<Present> => {
  const reading = await adapter.read(ref, { wide: false, signal: never })
  if (reading.kind !== 'present') throw new Error(JSON.stringify(reading))
  return reading
}

const deal: Projection = {
  name: 'With few rights',
  status: 'Active/Accepted',
  'details.dealValue': 125_000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-09-30',
  'details.requirements.solutions': [{ id: 'SOL-11111-AAA', name: 'First' }],
  'customerProfile.name': 'Fabrikam GmbH',
  'customerProfile.address.country': 'DE',
  'customerProfile.team': [{ email: 'ann@fabrikam.example', firstName: 'Ann', lastName: 'Lee', phone: '+49 40 1' }],
  team: [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Abercrombie', phone: null }],
}

describe('the role of the connector', () => {
  it.each(['none', 'microsoft'] as const)('is enough for the whole life of a deal and of a lead, and for the change feed (%s)', async (fields) => {
    const made = await installed(fields)
    await withoutAdministration(made)
    const adapter = adapterOf(made)
    await adapter.prepare({ signal: never })
    expect((await adapter.checks({ signal: never })).filter(({ status }) => status === 'fail')).toEqual([])
    const stamp = { sync: true, link: 'https://partner.microsoft.com/x', audit: 'a line', status: 'in-sync', problem: null } as const
    const opportunity = { kind: 'create', side: 'crm', as: 'opportunity', marker: guidOf('few'), deal, stamp: { ...stamp, otherId: 'r-1' } } as const
    const { ref } = await adapter.create(opportunity, { signal: never })
    const solutions = [{ id: 'SOL-22222-BBB', name: 'Second' }]
    const set: Projection = { 'details.notes': 'Edited', 'details.requirements.solutions': solutions, team: [], 'customerProfile.address.city': 'Bonn' }
    const first = (await look(adapter, ref)).version
    await adapter.write({ kind: 'patch', side: 'crm', ref, expect: first, set, stamp: { audit: 'another line' } }, { signal: never })
    const seen = await look(adapter, ref)
    expect(seen).toMatchObject({ auditText: 'another line', deal: { 'details.notes': 'Edited', 'details.requirements.solutions': solutions } })
    const step = { kind: 'step', side: 'crm', reason: null, set: {}, stamp: {} } as const
    await adapter.write({ ...step, ref, expect: seen.version, take: 'win' }, { signal: never })
    expect((await look(adapter, ref)).deal.status).toBe('Closed/Won')

    const lead: Projection = { ...deal, name: 'A lead', status: 'New/Received' }
    const ofLead = { ...opportunity, as: 'lead', marker: guidOf('few lead'), deal: lead, stamp: { ...stamp, otherId: 'r-2' } } as const
    const { ref: leadRef } = await adapter.create(ofLead, { signal: never })
    const { version } = await look(adapter, leadRef)
    const qualified = await adapter.write({ ...step, ref: leadRef, expect: version, take: 'qualify' }, { signal: never })
    expect(qualified.ref.kind).toBe('opportunity')
    const pages = []
    for await (const page of adapter.touched({ cursor: null, since: null, openOnly: false, signal: never })) pages.push(...page.records)
    expect(pages.map((record) => record.ref.id)).toContain(ref.id)
  })
})

describe('a column that others protect', () => {
  it('is never taken for an empty one: where the connector may not see it, nothing is said', async () => {
    const made = await installed()
    const adapter = adapterOf(made)
    await adapter.prepare({ signal: never })
    const stamp = { otherId: 'r-1', sync: true } as const
    const { ref } = await adapter.create({ kind: 'create', side: 'crm', as: 'opportunity', marker: guidOf('hidden'), deal, stamp }, { signal: never })
    expect((await look(adapter, ref)).deal['customerProfile.team']).toHaveLength(1)
    for (const [table, column] of [
      ['contact', 'emailaddress1'],
      ['opportunity', 'description'],
    ] as const) {
      const path = `EntityDefinitions(LogicalName='${table}')/Attributes(LogicalName='${column}')`
      const type = table === 'contact' ? 'String' : 'Memo'
      const held = await made.kit.call('GET', `${path}/Microsoft.Dynamics.CRM.${type}AttributeMetadata`)
      const { '@odata.context': _context, ...definition } = held.json
      const body = { '@odata.type': `Microsoft.Dynamics.CRM.${type}AttributeMetadata`, ...definition, IsSecured: true }
      expect((await made.kit.call('PUT', path, body, { 'mscrm.mergelabels': 'true' })).status).toBe(204)
    }
    await withoutAdministration(made)
    const blind = adapterOf(made)
    await blind.prepare({ signal: never })
    const seen = await look(blind, ref)
    expect(Object.keys(seen.deal)).not.toContain('customerProfile.team')
    expect(Object.keys(seen.deal)).not.toContain('details.notes')
    expect(seen.deal).toMatchObject({ name: 'With few rights', 'customerProfile.name': 'Fabrikam GmbH' })
  })
})

describe('[R65] the check of a mapping', () => {
  interface Guarded {
    readonly made: Environment
    /** What the check says of the row of the secured column. */
    said(): Promise<readonly string[]>
  }
  /** An environment with a secured column, and a profile of `rights` that `member` has. */
  async function guarded(rights: number | null, member: 'user' | 'team' | 'nobody'): Promise<Guarded> {
    const made = await installed()
    const call = async (path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> => {
      const answer = await made.kit.call('POST', path, body, { prefer: 'return=representation' })
      expect(`${path}: ${answer.status} ${answer.error.message}`).toMatch(/: 20[14] /)
      return answer.json
    }
    await publisher(made.kit)
    await call("EntityDefinitions(LogicalName='opportunity')/Attributes", textColumn('xco_Guarded', 2_000, { IsSecured: true }))
    await call('PublishAllXml', {})
    const self = made.kit.simulator.applicationUser(standardApplicationId)
    if (rights !== null) {
      const { fieldsecurityprofileid: profile } = await call('fieldsecurityprofiles', { name: 'Guardians' })
      const bound = { 'fieldsecurityprofileid@odata.bind': `/fieldsecurityprofiles(${String(profile)})` }
      await call('fieldpermissions', { entityname: 'opportunity', attributelogicalname: 'xco_guarded', ...bound, canread: 4, cancreate: rights, canupdate: rights })
      const at = `${origin}/api/data/v9.2`
      if (member === 'user') await call(`fieldsecurityprofiles(${String(profile)})/systemuserprofiles_association/$ref`, { '@odata.id': `${at}/systemusers(${self})` })
      if (member === 'team') {
        const unit = made.kit.simulator.find('businessunit')[0]?.['businessunitid']
        const { teamid } = await call('teams', { name: 'Connectors', 'businessunitid@odata.bind': `/businessunits(${String(unit)})` })
        await call(`teams(${String(teamid)})/teammembership_association/$ref`, { '@odata.id': `${at}/systemusers(${self})` })
        await call(`fieldsecurityprofiles(${String(profile)})/teamprofiles_association/$ref`, { '@odata.id': `${at}/teams(${String(teamid)})` })
      }
    }
    await withoutAdministration(made)
    return {
      made,
      said: async () => {
        const adapter = adapterOf(made, { version: 1, opportunity: { 'details.notes': { crm: 'xco_guarded' } } })
        const lines = await adapter.checks({ signal: never })
        return lines.filter(({ name }) => name === 'Mapping of opportunities: details.notes').map(({ status, detail }) => `${status}: ${detail}`)
      },
    }
  }

  it.each([
    ['no profile has it', null, 'nobody', [/^fail: .*"xco_guarded" is secured, and the connector's user may not write it/, /^fail: .*sees it empty/]],
    ['its profile is of others', 4, 'nobody', [/^fail: .*may not write it/, /^fail: .*sees it empty/]],
    ['a team of our user may only read it', 0, 'team', [/^fail: .*may not write it/]],
    ['a team of our user may do everything', 4, 'team', []],
    ['our user may do everything', 4, 'user', []],
  ] as const)('tells what a secured column means: %s', async (_words, rights, member, expected) => {
    const { said } = await guarded(rights, member)
    const lines = await said()
    expect(lines).toHaveLength(expected.length)
    expected.forEach((line, index) => expect(lines[index]).toMatch(line))
  })

  it.each([
    ['no profile has it', null, 'nobody', false],
    ['a team of our user may only read it', 0, 'team', false],
    ['our user may do everything', 4, 'user', true],
  ] as const)('the columns offered to whoever writes a mapping say whether it can be written: %s', async (_words, rights, member, writable) => {
    const { made } = await guarded(rights, member)
    const { records } = await adapterOf(made).describe({ signal: never }, 'asked')
    expect(records['opportunity']?.find(({ name }) => name === 'xco_guarded')).toMatchObject({ writable })
    expect(records['opportunity']?.find(({ name }) => name === 'description')).toMatchObject({ writable: true })
    // Whoever only looks whether columns changed does not ask for rights, which come and go.
    const plain = await adapterOf(made).describe({ signal: never })
    expect(plain.records['opportunity']?.find(({ name }) => name === 'xco_guarded')).toMatchObject({ writable: true })
  })
})

describe('the role of sellers', () => {
  it('is not made where the tables are of Microsoft’s connector, whose people have their rights already', async () => {
    const made = await installed('microsoft')
    expect(made.kit.simulator.find('role', { name: 'Co-sell Seller' })).toEqual([])
  })

  it('lets a seller put a solution on a deal, which nobody else could', async () => {
    const made = await installed()
    const kim = userId('kim@fabrikam.example')
    const deals = made.kit.simulator.people.opportunity({ name: 'Hers' })
    // As a salesperson she may work on opportunities.
    const names = ['prvReadOpportunity', 'prvAppendToOpportunity']
    const Privileges = names.map((name) => ({ PrivilegeId: made.kit.simulator.find('privilege', { name })[0]?.['privilegeid'], Depth: 'Global' }))
    await made.kit.call('POST', `roles(${roleId(made, 'Salesperson')})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, { Privileges })
    const add = async (): Promise<number> => {
      const body = { cosell_name: 'One', cosell_solutionid: 'SOL-1', 'cosell_OpportunityId@odata.bind': `/opportunities(${deals})` }
      return (await made.kit.call('POST', 'cosell_microsoftsolutions', body, { mscrmcallerid: kim })).status
    }
    const grant = (name: string) =>
      made.kit.call('POST', `systemusers(${kim})/systemuserroles_association/$ref`, {
        '@odata.id': `${origin}/api/data/v9.2/roles(${roleId(made, name)})`,
      })
    expect(await add()).toBe(403)
    await grant('Co-sell Seller')
    expect(await add()).toBe(204)
  })
})

describe('a user who may not make roles', () => {
  it('makes everything else, is told what is left for an administrator, and who comes later finishes it', async () => {
    const made = environment()
    const apply = () => made.installer().apply({ existing: 'alter', onProgress: () => undefined, signal: never })
    made.kit.simulator.options.deniedPrivileges = ['prvCreateRole']
    const left = (await apply()).items.filter(({ state }) => state !== 'present')
    expect(left.map(({ id }) => id)).toEqual(['role:Co-sell Connector', 'role:Co-sell Seller', 'members:Co-sell Connector'])
    expect(left[0]).toMatchObject({ change: null })
    expect(left[0]?.note).toContain('prvCreateRole')
    made.kit.simulator.options.deniedPrivileges = []
    const report = await apply()
    expect(report.items.filter(({ state }) => state !== 'present')).toEqual([])
    expect(report.done).toHaveLength(3)
    expect((await apply()).done).toEqual([])
  })
})
