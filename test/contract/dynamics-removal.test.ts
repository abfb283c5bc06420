import { describe, expect, it } from 'vitest'
import { solutionPackage } from '../../src/adapters/dynamics/package/package.js'
import { withoutIcon } from '../../src/adapters/dynamics/install/views.js'
import { environment, Killed, never, type Environment } from '../support/dynamics-environment.js'

const quiet = { onProgress: () => undefined, signal: never }
const apply = (made: Environment) => made.installer().apply({ existing: 'alter', ...quiet })
const remove = (made: Environment, data: 'keep' | 'delete') => made.installer().remove({ data, ...quiet })
const plan = (made: Environment, data: 'keep' | 'delete') => made.installer().planRemoval({ data, signal: never })
const rows = (made: Environment, table: string, where: Readonly<Record<string, string | number | boolean | null>> = {}) =>
  made.kit.simulator.find(table, where)
const callbacks = (made: Environment) =>
  made.installer().registerCallbacks({ url: 'https://cosell.example/hooks/dynamics', key: 'a-long-key' }, { signal: never })
const writes = (made: Environment): string[] =>
  made.kit.simulator.calls
    .list()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`)

/** Whether a column of opportunities is there, and protected. */
async function column(made: Environment, name: string): Promise<'open' | 'secured' | 'missing'> {
  const { status, json } = await made.kit.call('GET', `EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='${name}')`)
  return status === 404 ? 'missing' : json['IsSecured'] === true ? 'secured' : 'open'
}

/** Everything an administrator sees of the environment, to compare before and after. */
function shown(made: Environment) {
  const of = (table: string, id: string, names: readonly string[]) =>
    rows(made, table)
      .map((row) => names.map((name) => String(row[name] ?? '')).join('|'))
      .sort()
      .concat(id)
  return {
    forms: of('systemform', 'forms', ['formid', 'formxml']),
    views: of('savedquery', 'views', ['savedqueryid', 'name', 'layoutxml', 'fetchxml']),
    resources: of('webresource', 'resources', ['name']),
    profiles: of('fieldsecurityprofile', 'profiles', ['name']),
    permissions: of('fieldpermission', 'permissions', ['entityname', 'attributelogicalname']),
    endpoints: of('serviceendpoint', 'endpoints', ['name']),
    steps: of('sdkmessageprocessingstep', 'steps', ['name']),
    roles: of('role', 'roles', ['name']),
    solutions: of('solution', 'solutions', ['uniquename']),
    publishers: of('publisher', 'publishers', ['uniquename']),
  }
}

describe('taking the installation away', () => {
  it('says first what would go and what stays, and writes nothing', async () => {
    const made = environment()
    await apply(made)
    made.kit.simulator.calls.reset()
    const { items } = await plan(made, 'keep')
    expect(items.filter(({ change }) => change !== null).map(({ id }) => id)).toContain('profile:Co-sell connector: writes')
    expect(items.find(({ id }) => id === 'columns:opportunity')).toMatchObject({
      change: null,
      note: expect.stringContaining('--data') as string,
    })
    expect(writes(made)).toEqual([])
  })

  it('leaves forms, views, files, profiles and events as they were found, keeps what holds data, and a second run writes nothing', async () => {
    const made = environment()
    const before = shown(made)
    await apply(made)
    await callbacks(made)
    const report = await remove(made, 'keep')
    expect(report.items.filter(({ change }) => change !== null)).toEqual([])
    const after = shown(made)
    const deals = (xml: string): boolean => !xml.includes('cosell_')
    expect(after.forms.filter(deals)).toEqual(before.forms.filter(deals))
    expect(after.views.filter((view) => !view.includes('cosell_microsoftsolution'))).toEqual(before.views)
    for (const part of ['resources', 'profiles', 'permissions', 'endpoints', 'steps'] as const)
      expect(after[part], part).toEqual(before[part])
    expect(await column(made, 'cosell_audit')).toBe('open')
    made.kit.simulator.calls.reset()
    expect((await remove(made, 'keep')).done).toEqual([])
    expect(writes(made)).toEqual([])
  })

  it('puts a form and a view back to the letter, also where our part had changed more than itself', async () => {
    const made = environment()
    const [form] = made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })
    const [view] = made.kit.simulator.find('savedquery', { returnedtypecode: 'opportunity', isdefault: true })
    const [formId, viewId] = [String(form?.['formid']), String(view?.['savedqueryid'])]
    const empty = String(form?.['formxml']).replace(/<sections>.*?<\/sections>/s, '<sections />')
    await made.kit.call('PATCH', `systemforms(${formId})`, { formxml: empty })
    await made.kit.call('POST', 'PublishAllXml', {})
    const xmlOf = (): unknown => made.kit.simulator.read('systemform', formId)?.['formxml']
    expect(xmlOf()).toBe(empty)
    await apply(made)
    expect(xmlOf()).not.toBe(empty)
    await remove(made, 'keep')
    expect(xmlOf()).toBe(empty)
    expect(made.kit.simulator.read('savedquery', viewId)).toMatchObject({ layoutxml: view?.['layoutxml'], fetchxml: view?.['fetchxml'] })
  })

  it('keeps what a customer changed on the form meanwhile', async () => {
    const made = environment()
    await apply(made)
    const [form] = made.kit.simulator.find('systemform', { objecttypecode: 'opportunity' })
    const path = `systemforms(${String(form?.['formid'])})`
    const theirs = String(form?.['formxml']).replace('<tabs>', '<!-- theirs --><tabs>')
    await made.kit.call('PATCH', path, { formxml: theirs })
    await made.kit.call('POST', 'PublishAllXml', {})
    await remove(made, 'keep')
    const now = String(made.kit.simulator.read('systemform', String(form?.['formid']))?.['formxml'])
    expect(now).toContain('<!-- theirs -->')
    expect(now).not.toContain('cosell_partnercenter')
  })

  it('leaves nothing at all with --data, and may install again', async () => {
    const made = environment()
    const before = shown(made)
    await apply(made)
    await callbacks(made)
    await remove(made, 'delete')
    expect(shown(made)).toEqual(before)
    expect(await column(made, 'cosell_audit')).toBe('missing')
    expect((await remove(made, 'delete')).done).toEqual([])
    const again = await apply(made)
    expect(again.items.filter(({ state }) => state !== 'present')).toEqual([])
  })

  it.each(['before', 'after'] as const)('goes on where it was cut, wherever that was (%s the write was carried out)', async (when) => {
    const made = environment()
    const before = shown(made)
    await apply(made)
    await callbacks(made)
    for (let cut = 1; cut < 200; cut += 7) {
      made.cut(cut, when)
      try {
        await remove(made, 'delete')
        break
      } catch (error) {
        if (!(error instanceof Killed)) throw error
      }
    }
    made.cut(Number.POSITIVE_INFINITY, when)
    await remove(made, 'delete')
    expect(shown(made)).toEqual(before)
  })

  it('leaves columns, tables and forms of Microsoft’s own connector and of others alone', async () => {
    const made = environment({ customFields: 'microsoft' })
    await apply(made)
    await remove(made, 'delete')
    expect(await column(made, 'msft_microsoftpartnercenterreferralidentifier')).toBe('open')
  })

  it('says in plain words what is in the way, and goes on after it was moved', async () => {
    const made = environment()
    await apply(made)
    const text = (table: string) => `<fetch><entity name="${table}"><attribute name="cosell_closingreason" /></entity></fetch>`
    const layoutxml =
      '<grid name="resultset"><row name="result" id="opportunityid"><cell name="cosell_closingreason" width="90" /></row></grid>'
    const body = { name: 'Mine', returnedtypecode: 'opportunity', querytype: 0, layoutxml, fetchxml: text('opportunity') }
    const answer = await made.kit.call('POST', 'savedqueries', body)
    expect(answer.status, answer.text).toBe(204)
    await expect(remove(made, 'delete')).rejects.toMatchObject({
      message: expect.stringMatching(/cosell_closingreason.*still uses it.*the view Mine/s) as string,
      remedy: expect.stringContaining('run the command again') as string,
    })
    await made.kit.call('DELETE', String(answer.headers['odata-entityid']))
    expect((await remove(made, 'delete')).items.filter(({ change }) => change !== null)).toEqual([])
  })

  it('names the right that is missing', async () => {
    const made = environment()
    await apply(made)
    Object.assign(made.kit.simulator.options, { deniedPrivileges: ['prvDeleteAttribute'] })
    await expect(remove(made, 'delete')).rejects.toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('prvDeleteAttribute') as string,
    })
  })

  it('takes the two columns of the icon out of a view only where nothing else shows them', () => {
    const icon =
      '<cell name="s" width="60" imageproviderwebresource="$webresource:x" imageproviderfunctionname="Cosell.SyncStatus.render" />'
    const view = {
      layoutXml: `<row><cell name="name" />${icon}<cell name="t" ishidden="1" width="100" /></row>`,
      fetchXml: '<entity><attribute name="s" /><attribute name="t" /><attribute name="name" /><condition attribute="t" /></entity>',
    }
    expect(withoutIcon(view, { status: 's', time: 't' })).toEqual({
      layoutXml: '<row><cell name="name" /></row>',
      fetchXml: '<entity><attribute name="t" /><attribute name="name" /><condition attribute="t" /></entity>',
    })
  })
})

describe('taking a managed package away', () => {
  const installed = async (): Promise<Environment> => {
    const made = environment()
    const CustomizationFile = Buffer.from(solutionPackage('managed')).toString('base64')
    const job = { OverwriteUnmanagedCustomizations: false, PublishWorkflows: true, ImportJobId: 'e41b7c0a-5a3d-4f14-9a3c-1f0d5b2a0001' }
    await made.kit.call('POST', 'ImportSolution', { ...job, CustomizationFile })
    await made.kit.settle()
    await apply(made)
    return made
  }

  it('leaves what the package brought, unless --data says that it may go', async () => {
    const made = await installed()
    const report = await remove(made, 'keep')
    expect(report.items.find(({ id }) => id === 'solution:CosellConnector')?.note).toContain('--data')
    expect(rows(made, 'savedquery', { name: 'Partner Center Deals' }).length).toBeGreaterThan(0)
    expect(rows(made, 'systemform').some(({ formxml }) => String(formxml).includes('cosell_audit'))).toBe(false)
    expect((await remove(made, 'keep')).done).toEqual([])
  })

  it('deletes it as a whole with --data, with what was added beside it', async () => {
    const made = await installed()
    await remove(made, 'delete')
    expect(rows(made, 'solution').filter(({ uniquename }) => String(uniquename).startsWith('Cosell'))).toEqual([])
    expect(await column(made, 'cosell_audit')).toBe('missing')
    expect((await remove(made, 'delete')).done).toEqual([])
  })
})
