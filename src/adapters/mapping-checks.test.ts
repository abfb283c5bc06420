import { describe, expect, test } from 'vitest'
import { effectiveMapping, type Profile } from '../core/mapping.js'
import { parseMapping } from '../core/mapping-document.js'
import type { Field } from '../core/deal.js'
import type { Check } from '../core/ports.js'
import type { Column } from './column.js'
import { mappingChecks } from './mapping-checks.js'

const column = (more: Partial<Column>): Column => ({
  name: 'new_x',
  label: 'X',
  type: 'text',
  maxLength: 100,
  options: null,
  writable: true,
  required: false,
  ...more,
})
const options = (...labels: string[]): Column['options'] => labels.map((label, value) => ({ value, label }))
const stages = { section: 'stages', rows: [] } as const
const profile: Profile = { crm: 'test', opportunity: {}, lead: {}, stages, leadStages: { section: 'leadStages', rows: [] }, places: [] }

function findings(field: Field, row: object, over: Partial<Column>): readonly string[] {
  const mapping = effectiveMapping(profile, parseMapping({ version: 1, opportunity: { [field]: { crm: 'new_x', ...row } } }))
  const found = mapping.opportunity[field]
  if (found === undefined) throw new Error('no row')
  const checks = mappingChecks({
    kind: 'opportunity',
    rows: [{ field, row: found, column: column(over) }],
    broken: [],
    resting: [],
    defaults: [],
    word: 'column',
  })
  return checks.filter(({ status }) => status !== 'pass').map(say)
}
const say = ({ status, name, detail, remedy }: Check): string => `${status} ${name}: ${detail} ${remedy ?? ''}`

describe('[R65] a row fits its column', () => {
  test.each<[Field, object, Partial<Column>]>([
    ['details.notes', {}, { type: 'memo' }],
    ['details.dealValue', {}, { type: 'money' }],
    ['details.dealValue', { toCrm: 'string(value)', toPartner: 'double(value)' }, { type: 'text' }],
    ['details.closingDateTime', {}, { type: 'instant' }],
    ['details.notes', { flow: 'to-partner' }, { writable: false }],
    ['inviteContext.assistanceRequestCode', {}, {}],
    ['details.requirements.marketplaceIntent', {}, { type: 'choice', options: options('Yes', 'No', 'Have not decided') }],
    ['customerProfile.address.country', {}, { type: 'lookup', options: options('Germany', 'United States') }],
    ['details.currency', {}, { type: 'choice', options: options('Euro', 'US Dollar') }],
    ['salesStage', { flow: 'to-crm', values: { '10': 'A', '20': 'B', '40': 'C', '60': 'D', '80': 'E', '100': 'F' } }, {}],
  ])('%s with %j in %j', (field, row, over) => {
    expect(findings(field, row, over).filter((line) => line.startsWith('fail'))).toEqual([])
  })

  test.each<[Field, object, Partial<Column>, RegExp]>([
    ['details.notes', {}, { writable: false }, /fail .*details\.notes: Column "new_x" cannot be written\. Use "flow: to-partner"/],
    ['microsoft.status', {}, { writable: false }, /cannot be written\. Give the row another one, or leave the row out/],
    ['details.notes', {}, { type: 'date' }, /holds dates; this field is a text/],
    ['details.dealValue', {}, { type: 'text' }, /holds texts and no amounts; this field is an amount/],
    ['details.closingDateTime', {}, { type: 'money' }, /holds amounts; this field is a date/],
    ['campaignId', {}, { type: 'lookup' }, /points to rows that are no list/],
    ['campaignId', {}, { type: 'other' }, /of a kind the connector does not write/],
    ['campaignId', {}, { type: 'choice', options: options('Spring') }, /warn .*takes its 1 options only: any other text stops its deal/],
    ['details.dealValue', { toCrm: 'value > 5.0' }, { type: 'money' }, /"toCrm" gives a bool, and column "new_x" holds amounts/],
    ['details.notes', { toPartner: 'value + "x"' }, { type: 'money' }, /"toPartner": no such overload: double \+ string, at character 1/],
    ['details.notes', {}, { secured: { canRead: false, canWrite: true } }, /secured, and the connector's user sees it empty/],
    ['details.notes', {}, { secured: { canRead: true, canWrite: false } }, /secured, and the connector's user may not write it/],
    ['salesStage', { values: { '10': 'Qualify', '20': 'Nope' } }, { type: 'choice', options: options('Qualify') }, /no option "Nope" \(it has Qualify\)/],
    ['salesStage', { values: { '10': 'Qualify' } }, { type: 'choice', options: options('Qualify', 'Develop') }, /mean nothing in Partner Center: "Develop"/],
    ['salesStage', { values: { '10': 'Qualify' } }, { type: 'choice', options: options('Qualify') }, /"40" of Partner Center: .* has no option "40"/],
    ['salesStage', { values: { '10': 'Qualify', '20': 'Develop' } }, {}, /warn .*"values" leaves out 40, 60, 80, 100: written as they are/],
    ['inviteContext.assistanceRequestCode', {}, { type: 'choice', options: options('General or other', 'Lunch') }, /"Lunch"/],
    ['customerProfile.address.country', {}, { type: 'choice', options: options('Germany', 'Narnia') }, /mean nothing in Partner Center: "Narnia"/],
  ])('%s with %j in %j is told', (field, row, over, told) => {
    expect(findings(field, row, over).join('\n')).toMatch(told)
  })
})

describe('the lines about a whole mapping', () => {
  const given = { kind: 'lead', rows: [], broken: [], resting: [], defaults: [], word: 'field' } as const

  test('one when all is well', () => {
    expect(mappingChecks(given)).toEqual([{ name: 'Mapping of leads', status: 'pass', detail: 'Every row has a field that takes its values.', remedy: null }])
  })

  test('constants are held to their columns, and the nearest name is offered', () => {
    const constant = { table: 'account', name: 'new_regoin', value: 'EMEA', column: null, names: ['new_region', 'name'] }
    const wrong = { table: 'lead', name: 'new_x', value: 'Blue', column: column({ type: 'choice', options: options('Red') }), names: [] }
    const locked = { table: 'lead', name: 'createdon', value: 'x', column: column({ name: 'createdon', writable: false }), names: [] }
    const said = mappingChecks({ ...given, defaults: [constant, wrong, locked] }).map(say)
    expect(said).toEqual([
      expect.stringMatching(/defaults > account > new_regoin: The CRM has no field "new_regoin" on account\. Did you mean "new_region"\?/),
      expect.stringMatching(/no option "Blue" \(it has Red\)/),
      expect.stringMatching(/Field "createdon" cannot be written/),
    ])
  })
})
