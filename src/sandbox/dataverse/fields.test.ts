import { describe, expect, test } from 'vitest'
import { cosellCustomization, microsoftCustomization, microsoftTableNames } from './index.js'
import { kit, valuesOf, type JsonObject } from './test-kit.js'

const own = 'cosell_syncwithpartnercenter'

describe('customizations that are there from the start', () => {
  test.each(['opportunity', 'lead'])('our own columns and key work on %s', async (table) => {
    const made = kit({ customFields: 'cosell' })
    const url = `EntityDefinitions(LogicalName='${table}')`
    const columns = valuesOf(
      await made.call('GET', `${url}/Attributes?$select=LogicalName,AttributeType&$filter=IsCustomAttribute eq true`),
    )
    expect(columns.map((column) => column['LogicalName']).sort()).toEqual(
      cosellCustomization.dealFields.map((field) => field.schemaName.toLowerCase()).sort(),
    )
    const keys = valuesOf(await made.call('GET', `${url}/Keys?$select=LogicalName,KeyAttributes,EntityKeyIndexStatus`))
    expect(keys).toMatchObject([
      { LogicalName: 'cosell_referralkey', KeyAttributes: ['cosell_referralidentifier'], EntityKeyIndexStatus: 'Active' },
    ])
    const set = table === 'opportunity' ? 'opportunities' : 'leads'
    expect((await made.call('PATCH', `${set}(cosell_referralidentifier='r-1')`, { cosell_help: 412_500_002 })).status).toBe(204)
    const [row] = made.simulator.find(table)
    expect(row).toMatchObject({ [own]: false, cosell_help: 412_500_002, cosell_referralidentifier: 'r-1' })
  })

  test('solutions hang on a deal and go with it', () => {
    for (const customFields of ['cosell', 'microsoft', 'both'] as const) {
      const { simulator } = kit({ customFields })
      const deal = simulator.people.opportunity()
      const id = simulator.people.addSolution(deal, { solutionId: 'SOL-1', name: 'Data move', type: '3P', price: 9.5, quantity: 2 })
      const other = simulator.people.addSolution(deal, { solutionId: 'SOL-2' })
      simulator.people.removeSolution(other)
      const table = customFields === 'microsoft' ? 'msft_microsoftsolution' : 'cosell_microsoftsolution'
      expect(simulator.size(table)).toBe(1)
      expect(JSON.stringify(simulator.read(table, id))).toContain('SOL-1')
      simulator.people.delete('opportunity', deal)
      expect(simulator.size(table)).toBe(0)
    }
  })

  test("Microsoft's solution rows number themselves", () => {
    const { simulator } = kit({ customFields: 'microsoft' })
    const id = simulator.people.addSolution(simulator.people.opportunity(), { solutionId: 'SOL-1' })
    expect(simulator.read('msft_microsoftsolution', id)?.['msft_name']).toMatch(/^2026-05-04-\d{5}$/)
  })

  test("the help choice of Microsoft's connector starts at its own prefix and is read by label", async () => {
    const made = kit({ customFields: 'microsoft' })
    const url =
      "EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='msft_microsoftpartnercenterhelp')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet"
    const set = (await made.call('GET', url)).json['OptionSet'] as { Options: { Value: number; Label: JsonObject }[] } // the shape under test
    expect(set.Options.map((option) => option.Value)).toEqual([0, 1, 2, 3, 4, 5].map((number) => 299_600_000 + number))
    expect(JSON.stringify(set.Options[2]?.Label)).toContain('Proof of concept / Demo')
    expect(made.simulator.find('solution', { ismanaged: true })).toHaveLength(1)
  })

  test('schema names, labels and option values are unique where they have to be', () => {
    for (const { dealFields, tables, publisher } of [cosellCustomization, microsoftCustomization(microsoftTableNames)]) {
      for (const fields of [dealFields, ...tables.map((table) => [table.primary, ...table.fields])]) {
        expect(new Set(fields.map((field) => field.schemaName.toLowerCase())).size).toBe(fields.length)
        for (const field of fields) {
          expect(field.schemaName.startsWith(`${publisher.prefix}_`)).toBe(true)
          for (const { value } of field.options) expect(Math.floor(value / 10_000)).toBe(publisher.optionValuePrefix)
        }
      }
    }
  })

  test('a catalogue of solutions is looked up by its key', async () => {
    const made = kit({ customFields: 'cosell' })
    await made.call('PATCH', "cosell_microsoftsolutiondetails(cosell_solutionid='SOL-1')", { cosell_name: 'Data move' })
    expect(
      (await made.call('GET', "cosell_microsoftsolutiondetails(cosell_solutionid='SOL-1')?$select=cosell_name")).json['cosell_name'],
    ).toBe('Data move')
  })
})
