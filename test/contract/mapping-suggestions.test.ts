import { describe, expect, test } from 'vitest'
import { suggestionsAt, type Vocabulary } from '../../console/src/pages/mapping/suggestions.js'
import { placeIn } from '../../console/src/pages/mapping/yaml-place.js'
import { mappingJsonSchema } from '../../src/core/mapping-document.js'
import type { SchemaField } from '../../src/core/ports.js'

const column = (name: string, label: string): SchemaField => ({
  name,
  label,
  type: 'text',
  required: false,
  writable: true,
  maxLength: 100,
  options: null,
})
const vocabulary: Vocabulary = {
  schema: mappingJsonSchema(), // a JSON Schema has these parts
  columns: {
    opportunity: [column('new_budget', 'Budget')],
    account: [column('address1_country', 'Country')],
    lead: [column('subject', 'Topic')],
    contact: [{ ...column('fullname', 'Full name'), writable: false }],
  },
  nameOf: (property) => (property === 'details.dealValue' ? 'Deal value' : null),
  readOnly: 'read-only',
}

/** The text with the cursor at the bar. */
const placeAt = (marked: string) => placeIn(marked.replace('|', ''), marked.indexOf('|'))
function offered(marked: string): readonly string[] {
  const place = placeAt(marked)
  return place === null ? [] : suggestionsAt(place, vocabulary).map(({ word }) => word)
}

describe('where one types in a mapping', () => {
  test.each([
    ['a section', 'version: 1\nopp|', { path: [], typing: 'key', typed: 'opp' }],
    ['a row', 'opportunity:\n  det|', { path: ['opportunity'], typing: 'key', typed: 'det' }],
    ['a row below another', 'opportunity:\n  name:\n    crm: x\n  |', { path: ['opportunity'], typing: 'key', typed: '' }],
    ['a key of a row on lines', 'opportunity:\n  name:\n    fl|', { path: ['opportunity', 'name'], typing: 'key', typed: 'fl' }],
    ['a value on a line', 'opportunity:\n  name:\n    crm: ne|', { path: ['opportunity', 'name', 'crm'], typing: 'value', typed: 'ne' }],
    ['a key within braces', 'lead:\n  name: { crm: x, fl|', { path: ['lead', 'name'], typing: 'key', typed: 'fl' }],
    ['a value within braces', 'lead:\n  name: { crm: x, flow: to|', { path: ['lead', 'name', 'flow'], typing: 'value', typed: 'to' }],
    ['a value with the rest behind it', 'lead:\n  name: { crm: x|, flow: both }', { path: ['lead', 'name', 'crm'], typing: 'value', typed: 'x' }],
    ['braces in braces', 'lead: { name: { values: { A: b }, wh|', { path: ['lead', 'name'], typing: 'key', typed: 'wh' }],
    ['a quoted key', 'stages:\n  "New/*": { |', { path: ['stages', 'New/*'], typing: 'key', typed: '' }],
    ['a colon in a quoted value', 'defaults: { lead: { a: "x: y", |', { path: ['defaults', 'lead'], typing: 'key', typed: '' }],
    ['past a remark', 'opportunity:\n  # name:\n    na|', { path: ['opportunity'], typing: 'key', typed: 'na' }],
  ] as const)('%s', (_, marked, place) => {
    expect(placeAt(marked)).toEqual(place)
  })

  test('a remark is no place', () => {
    expect(placeAt('opportunity:\n  # details.|')).toBeNull()
  })
})

describe('what may stand there', () => {
  test('sections, then the fields of a deal by their names', () => {
    expect(offered('|')).toEqual(['version', 'opportunity', 'lead', 'defaults', 'stages', 'leadStages', 'timeZone'])
    const place = placeAt('opportunity:\n  |')
    const value = place === null ? undefined : suggestionsAt(place, vocabulary).find(({ word }) => word === 'details.dealValue')
    expect(value).toEqual({ word: 'details.dealValue', says: 'Deal value', kind: 'key' })
  })

  test('the keys of a row, and the words of a key', () => {
    expect(offered('opportunity:\n  name: { |')).toEqual(['crm', 'flow', 'when', 'wins', 'values', 'toPartner', 'toCrm'])
    expect(offered('opportunity:\n  name: { flow: |')).toEqual(['both', 'to-crm', 'to-partner'])
    expect(offered('version: |')).toEqual(['1'])
  })

  test("the CRM's columns of the record the row is for, the customer's among them", () => {
    expect(offered('opportunity:\n  details.dealValue: { crm: |')).toEqual(['new_budget', 'account.address1_country', 'contact.fullname'])
    expect(offered('lead:\n  name:\n    crm: |')).toEqual(['subject'])
    expect(offered('defaults:\n  account:\n    |')).toEqual(['address1_country'])
  })

  test('a column that nobody of ours may write is called read-only', () => {
    const place = placeAt('opportunity:\n  details.dealValue: { crm: |')
    const says = place === null ? [] : suggestionsAt(place, vocabulary).map((one) => one.says)
    expect(says).toEqual(['Budget · text', 'Country · text', 'Full name · text · read-only'])
  })

  test('nothing where nothing is known', () => {
    expect(offered('nonsense:\n  here:\n    |')).toEqual([])
    expect(offered('opportunity:\n  name: { toCrm: |')).toEqual([])
  })
})
