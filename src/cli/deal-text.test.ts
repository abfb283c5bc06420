import { expect, test } from 'vitest'
import type { DealView } from '../assemble.js'
import { showDeal } from './deal-text.js'

const view: DealView = {
  ...{ id: 'd-1', name: 'Reporting platform', kind: 'opportunity', state: 'needs-attention', referralId: 'r-1', engagementId: 'e-1', crmId: 'o-1', crmEntity: 'opportunity' },
  ...{ status: 'Active', substatus: 'Accepted', lastSyncedAt: '2026-11-30T14:05:37.282Z', problem: null, answerDue: null, microsoft: null, urls: { partner: null, crm: null } },
  reason: { code: 'conflict', text: 'Both sides differ.', remedy: 'Choose.' },
  ...{ live: false, seen: null, planned: [], orders: [], ignored: false },
  fields: [
    { field: 'details.dealValue', partner: 41_000, crm: 41_000, basePartner: 41_000, baseCrm: 41_000, differs: false, changedBy: [], carried: null },
    { field: 'details.notes', partner: 'A', crm: 'B', basePartner: 'A', baseCrm: 'B', differs: true, changedBy: [], carried: null },
  ],
  conflicts: [
    { field: 'details.dealValue', kind: 'edit/edit', saw: { partner: 111_001, crm: 222_001 }, winner: null, reason: 'Both sides changed it.' },
    { field: 'details.notes', kind: 'info', saw: { partner: 'A', crm: 'B' }, winner: null, reason: 'To know.' },
  ],
}
function shownAs(deal: DealView): { out: string; err: string } {
  let [out, err] = ['', '']
  const streams = { out: (text: string) => (out += text), err: (text: string) => (err += text) }
  showDeal(deal, { ...streams, outIsTty: false, errIsTty: false, inIsTty: false, color: false })
  return { out, err }
}

test('a deal in conflict shows both values without a look at the systems, and the very command that decides', () => {
  const { out, err } = shownAs(view)
  expect(out).toMatch(/! +details\.dealValue +111001 +222001 +Both sides changed it\./)
  expect(out).not.toContain('To know.')
  expect(out).toContain('field, as last agreed')
  expect(err).toContain('cosell conflicts resolve d-1 details.dealValue --keep partner|crm')
})

test('the signs in the table are explained where they stand', () => {
  expect(shownAs(view).err).toContain('≠ differs')
  expect(shownAs(view).err).not.toContain('~ changed')
  const [value] = view.fields
  if (value === undefined) throw new Error('the example has a first field')
  expect(shownAs({ ...view, live: true, fields: [{ ...value, changedBy: ['crm'] }] }).err).toContain('~ changed since the two last agreed')
})

test('a system that could not be read is named, with what its column shows instead', () => {
  const seen = { partner: { kind: 'unreachable', message: 'No answer.' }, crm: { kind: 'present', message: null } } as const
  expect(shownAs({ ...view, live: true, seen }).out).toContain('Partner Center could not be read; its column shows what was last agreed: No answer.')
})
