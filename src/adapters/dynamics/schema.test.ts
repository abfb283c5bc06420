import { expect, test } from 'vitest'
import type { Column } from './columns.js'
import { aliasesOf } from './schema.js'

const named = (labels: Readonly<Record<string, string>>): ReadonlyMap<string, Column> =>
  new Map(
    Object.entries(labels).map(([name, label]): [string, Column] => [
      name,
      { name, label, type: 'text', maxLength: 100, options: null, writable: true, required: false },
    ]),
  )
const auditIn = (labels: Readonly<Record<string, string>>) => aliasesOf(named(labels)).get('cosell_audit')

test.each([
  ['of an environment without the connector', {}],
  ['of one in which it was half installed', { cosell_syncwithpartnercenter: 'Sync With Partner Center', cosell_referralidentifier: 'Referral Identifier' }],
  ["beside Microsoft's own columns", { msft_microsoftpartnercenterreferralsync: 'Sync With Partner Center' }],
])('a column "Audit" of the customer %s is never written to', (_, others) => {
  expect(auditIn({ new_audit: 'Audit', ...others })).toBeNull()
})

test('columns made by hand under one prefix, whichever it is, are found by their labels', () => {
  expect(auditIn({ contoso_sync: 'Sync With Partner Center', other_audit: 'Audit', contoso_log: 'Audit' })).toBe('contoso_log')
})

test('a column whose label speaks of Partner Center is meant, whoever made it', () => {
  expect(aliasesOf(named({ abc_stage: 'Partner Center Sales Stage' })).get('cosell_salesstage')).toBe('abc_stage')
})
