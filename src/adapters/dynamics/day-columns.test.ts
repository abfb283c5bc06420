import { expect, test } from 'vitest'
import { bodyOf, crm, adapter, listing, noContent, patch, read, row, signal } from '../../../test/support/dynamics-desk.js'

/** The environment says how people see the close date, and that it behaves as a time of the user. */
const seenAsDay = (): void =>
  void crm
    .on(/LogicalName='opportunity'\).*DateTimeAttributeMetadata/, listing([{ LogicalName: 'estimatedclosedate', Format: 'DateOnly', DateTimeBehavior: { Value: 'UserLocal' } }]))
    .on(/^PATCH /, noContent)

test('a close date that is a day to people only is sent as a day where rows show days, or nothing', async () => {
  for (const rows of [[{ estimatedclosedate: '2026-09-30' }], []]) {
    seenAsDay()
    crm.on(/^GET opportunities\?.*estimatedclosedate ne null/, listing(rows))
    await adapter.write(patch({ 'details.closingDateTime': '2026-12-24' }), { signal })
    expect(bodyOf(/^PATCH/)).toEqual({ estimatedclosedate: '2026-12-24' })
  }
})

test('and as a time where rows show times', async () => {
  seenAsDay()
  crm
    .on(/^GET opportunities\?.*estimatedclosedate ne null/, listing([{ estimatedclosedate: '2026-09-30T00:00:00Z' }]))
    .on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, estimatedclosedate: '2026-09-30T00:00:00Z' } }))
  expect((await read()).deal['details.closingDateTime']).toBe('2026-09-30')
  await adapter.write(patch({ 'details.closingDateTime': '2026-12-24' }), { signal })
  expect(bodyOf(/^PATCH/)).toEqual({ estimatedclosedate: '2026-12-24T12:00:00Z' })
})
