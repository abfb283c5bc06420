import { describe, expect, test } from 'vitest'
import { base, opportunity, inSolution, prepared, outcome } from './test-kit-metadata.js'
import { kit, valuesOf, type Kit } from './test-kit.js'

describe('publishing', () => {
  async function form(made: Kit): Promise<{ id: string; xml: string }> {
    const url = "systemforms?$select=formid,formxml&$filter=objecttypecode eq 'opportunity' and type eq 2 and formactivationstate eq 1"
    const [row] = valuesOf(await made.call('GET', url))
    return { id: String(row?.['formid']), xml: String(row?.['formxml']) }
  }
  const section = (controlId: string, column: string): string =>
    `<section name="xco_cosell" id="{c1f7a3e0-5d11-4a0e-9c55-0f2b7d110001}"><labels><label description="Co-sell" languagecode="1033" /></labels><rows><row>` +
    `<cell id="{c1f7a3e0-5d11-4a0e-9c55-0f2b7d110003}"><control id="${controlId}" classid="{4273EDBD-AC1D-40d3-9FB2-095C621B552D}" datafieldname="${column}" /></cell></row></rows></section></sections>`

  test('a changed form shows its old state until the table is published', async () => {
    const made = await prepared()
    const { id, xml } = await form(made)
    const changed = xml.replace('</sections>', section('customerneed', 'customerneed'))
    expect((await made.call('PATCH', `systemforms(${id})`, { formxml: changed }, { 'if-match': '*' })).status).toBe(204)
    expect((await form(made)).xml).toBe(xml)
    expect(
      (await made.call('GET', `systemforms(${id})/Microsoft.Dynamics.CRM.RetrieveUnpublished()?$select=formxml`)).json['formxml'],
    ).toBe(changed)
    await made.call('POST', 'PublishXml', { ParameterXml: '<importexportxml><entities><entity>lead</entity></entities></importexportxml>' })
    expect((await form(made)).xml).toBe(xml)
    expect(
      (
        await made.call('POST', 'PublishXml', {
          ParameterXml: '<importexportxml><entities><entity>opportunity</entity></entities></importexportxml>',
        })
      ).status,
    ).toBe(204)
    expect((await form(made)).xml).toBe(changed)
  })

  test.each([
    ['XML that is not well-formed', '<form><tabs></form>'],
    ['an element in the wrong place', '<form><tabs><section id="x"/></tabs></form>'],
    [
      'a control without a class',
      '<form><tabs><tab id="1"><columns><column width="1"><sections><section id="2"><rows><row><cell id="3"><control id="a"/></cell></row></rows></section></sections></column></columns></tab></tabs></form>',
    ],
  ])('a form with %s is refused', async (_, xml) => {
    const made = await prepared()
    const { id } = await form(made)
    expect((await made.call('PATCH', `systemforms(${id})`, { formxml: xml })).status).toBe(400)
  })

  test('a control id used twice and a column that does not exist are refused', async () => {
    const made = await prepared()
    const { id, xml } = await form(made)
    for (const broken of [section('name', 'customerneed'), section('x', 'xco_nope')]) {
      expect((await made.call('PATCH', `systemforms(${id})`, { formxml: xml.replace('</sections>', broken) })).status).toBe(400)
    }
  })

  test('web resources want a publisher prefix and base64, and publish by id', async () => {
    const made = await prepared()
    const body = {
      name: 'xco_/scripts/icon.js',
      displayname: 'Icon',
      webresourcetype: 3,
      content: Buffer.from('a').toString('base64'),
      languagecode: 1033,
    }
    expect((await made.call('POST', 'webresourceset', { ...body, name: 'foo_/x.js' })).error.code).toBe('0x80044366')
    expect((await made.call('POST', 'webresourceset', { ...body, content: '!!' })).status).toBe(400)
    const created = await made.call('POST', 'webresourceset', body, inSolution)
    const id = /\(([0-9a-f-]{36})\)$/.exec(String(created.headers['odata-entityid']))?.[1] ?? ''
    expect(made.simulator.find('solutioncomponent', { objectid: id, componenttype: 61 })).toHaveLength(1)
    await made.call('PATCH', `webresourceset(${id})`, { content: Buffer.from('b').toString('base64') })
    expect(made.simulator.read('webresource', id)?.['content']).toBe(Buffer.from('a').toString('base64'))
    await made.call('POST', 'PublishXml', {
      ParameterXml: `<importexportxml><webresources><webresource>{${id}}</webresource></webresources></importexportxml>`,
    })
    expect(made.simulator.read('webresource', id)?.['content']).toBe(Buffer.from('b').toString('base64'))
  })

  test('a view must fetch what it shows', async () => {
    const made = await prepared()
    const [view] = valuesOf(
      await made.call('GET', "savedqueries?$select=layoutxml,fetchxml&$filter=returnedtypecode eq 'opportunity' and querytype eq 0"),
    )
    const layoutxml = String(view?.['layoutxml']).replace('</row>', '<cell name="customerneed" width="60" /></row>')
    const url = `savedqueries(${String(view?.['savedqueryid'])})`
    expect((await made.call('PATCH', url, { layoutxml })).status).toBe(400)
    const fetchxml = String(view?.['fetchxml']).replace('</entity>', '<attribute name="customerneed" /></entity>')
    expect((await made.call('PATCH', url, { layoutxml, fetchxml })).status).toBe(204)
  })
})

describe('publishers and solutions', () => {
  test.each([
    ['a prefix that is too long', 'publishers', { uniquename: 'a', friendlyname: 'a', customizationprefix: 'abcdefghi' }, '0x80044331'],
    ['a prefix that begins with a digit', 'publishers', { uniquename: 'a', friendlyname: 'a', customizationprefix: '1ab' }, '0x80044366'],
    ['the prefix mscrm', 'publishers', { uniquename: 'a', friendlyname: 'a', customizationprefix: 'mscrm' }, '0x80044366'],
    [
      'an option prefix out of range',
      'publishers',
      { uniquename: 'a', friendlyname: 'a', customizationprefix: 'ab', customizationoptionvalueprefix: 5 },
      '0x8004431A',
    ],
    ['a solution name with a blank', 'solutions', { uniquename: 'a b', friendlyname: 'a', version: '1.0' }, '0x8004F002'],
    ['a solution name that is taken', 'solutions', { uniquename: 'XCOconnector', friendlyname: 'a', version: '1.0' }, '0x8004F023'],
  ])('%s is refused', async (_, set, body, code) => {
    expect(outcome(await (await prepared()).call('POST', set, body))).toEqual([400, code])
  })

  test('existing components join a solution once', async () => {
    const made = await prepared()
    const id = String((await made.call('GET', `${opportunity}?$select=MetadataId`)).json['MetadataId'])
    const body = {
      ComponentId: id,
      ComponentType: 1,
      SolutionUniqueName: 'xcoConnector',
      AddRequiredComponents: false,
      DoNotIncludeSubcomponents: true,
      IncludedComponentSettingsValues: null,
    }
    const first = await made.call('POST', 'AddSolutionComponent', body)
    const again = await made.call('POST', 'AddSolutionComponent', body)
    expect([first.status, first.json['id']]).toEqual([200, again.json['id']])
    expect(made.simulator.find('solutioncomponent', { objectid: id })).toMatchObject([{ componenttype: 1, rootcomponentbehavior: 1 }])
  })

  test('the answers name their service root', async () => {
    expect((await kit().call('GET', `${opportunity}/Keys`)).json['@odata.context']).toContain(base)
  })
})
