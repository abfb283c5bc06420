import { describe, expect, it } from 'vitest'
import { kit, textColumn, type Kit } from './test-kit.js'
import { opportunity, outcome, prepared } from './test-kit-metadata.js'

const guarded = 'xco_guarded'

/** An environment with one secured column, seen by a caller who is no administrator. */
async function secured(): Promise<{ made: Kit; as: Record<string, string>; id: string; user: string }> {
  const made = await prepared()
  await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_Guarded', 100, { IsSecured: true }))
  const [user] = made.simulator.find('systemuser', { internalemailaddress: 'kim@fabrikam.example' })
  const id = made.simulator.people.opportunity({ name: 'Guarded deal' })
  await made.call('PATCH', `opportunities(${id})`, { [guarded]: 'secret' })
  // Salesperson has no privileges in the simulator; what she may do on the table is not what this is about.
  const [role] = made.simulator.find('role', { name: 'Salesperson' })
  for (const right of ['Read', 'Write', 'Create']) {
    const [privilege] = made.simulator.find('privilege', { name: `prv${right}Opportunity` })
    const body = { Privileges: [{ PrivilegeId: privilege?.['privilegeid'], Depth: 'Global' }] }
    await made.call('POST', `roles(${String(role?.['roleid'])})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, body)
  }
  return { made, id, user: String(user?.['systemuserid']), as: { mscrmcallerid: String(user?.['systemuserid']) } }
}

async function profile(made: Kit, rights: { canread: number; cancreate: number; canupdate: number }): Promise<string> {
  const created = await made.call('POST', 'fieldsecurityprofiles', { name: 'Readers' }, { prefer: 'return=representation' })
  const id = String(created.json['fieldsecurityprofileid'])
  const bound = { 'fieldsecurityprofileid@odata.bind': `/fieldsecurityprofiles(${id})` }
  const permission = { entityname: 'opportunity', attributelogicalname: guarded, ...bound, ...rights }
  expect((await made.call('POST', 'fieldpermissions', permission)).status).toBe(204)
  return id
}

describe('column security', () => {
  it('shows a secured column empty to people without a profile, and refuses their writes', async () => {
    const { made, as, id } = await secured()
    expect((await made.call('GET', `opportunities(${id})?$select=${guarded}`)).json[guarded]).toBe('secret')
    expect((await made.call('GET', `opportunities(${id})?$select=${guarded}`, undefined, as)).json[guarded]).toBeNull()
    expect(outcome(await made.call('PATCH', `opportunities(${id})`, { [guarded]: 'mine' }, as))).toEqual([403, '0x8004F507'])
    expect(outcome(await made.call('POST', 'opportunities', { name: 'New', [guarded]: 'mine' }, as))).toEqual([403, '0x8004F502'])
    expect((await made.call('PATCH', `opportunities(${id})`, { name: 'Renamed' }, as)).status).toBe(204)
  })

  it('lets a profile read through the team everybody is in, and still not write', async () => {
    const { made, as, id } = await secured()
    const readers = await profile(made, { canread: 4, cancreate: 0, canupdate: 0 })
    const [team] = made.simulator.find('team', { isdefault: true })
    const reference = { '@odata.id': `${made.simulator.options.origin}/api/data/v9.2/teams(${String(team?.['teamid'])})` }
    await made.call('POST', `fieldsecurityprofiles(${readers})/teamprofiles_association/$ref`, reference)
    expect((await made.call('GET', `opportunities(${id})`, undefined, as)).json[guarded]).toBe('secret')
    expect(outcome(await made.call('PATCH', `opportunities(${id})`, { [guarded]: 'mine' }, as))).toEqual([403, '0x8004F507'])
  })

  it('lets a profile write through its user', async () => {
    const { made, as, id, user } = await secured()
    const writers = await profile(made, { canread: 4, cancreate: 4, canupdate: 4 })
    const reference = { '@odata.id': `${made.simulator.options.origin}/api/data/v9.2/systemusers(${user})` }
    await made.call('POST', `fieldsecurityprofiles(${writers})/systemuserprofiles_association/$ref`, reference)
    expect((await made.call('PATCH', `opportunities(${id})`, { [guarded]: 'mine' }, as)).status).toBe(204)
    expect(made.simulator.read('opportunity', id)?.[guarded]).toBe('mine')
  })

  it('takes permissions for secured columns only, and keys over open ones only', async () => {
    const { made } = await secured()
    const created = await made.call('POST', 'fieldsecurityprofiles', { name: 'Readers' }, { prefer: 'return=representation' })
    const bound = { 'fieldsecurityprofileid@odata.bind': `/fieldsecurityprofiles(${String(created.json['fieldsecurityprofileid'])})` }
    const open = { entityname: 'opportunity', attributelogicalname: 'name', canread: 4, ...bound }
    expect(outcome(await made.call('POST', 'fieldpermissions', open))).toEqual([400, '0x8004F50E'])
    const key = { SchemaName: 'xco_Key', KeyAttributes: [guarded] }
    expect(outcome(await made.call('POST', `${opportunity}/Keys`, key))).toEqual([400, '0x80060898'])
  })

  it('hides nothing in an environment that secures nothing', async () => {
    const made = kit()
    const id = made.simulator.people.opportunity({ name: 'Open deal' })
    expect((await made.call('GET', `opportunities(${id})?$select=name`)).json['name']).toBe('Open deal')
  })
})
