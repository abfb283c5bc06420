import { describe, expect, test } from 'vitest'
import { presentOf } from './decode.js'
import { parseReferral } from './wire.js'

const shown = (members: object) => presentOf(parseReferral({ id: 'r', ...members }, 'a test'), null, null)
const kim = { firstName: 'Kim', lastName: 'Lee', phoneNumber: '+49 1', email: 'kim@fabrikam.example' }

describe('the people of a customer', () => {
  const lead = { type: 'Independent', qualification: 'Direct', status: 'Closed' }

  test.each([[[]], [null], [[{ firstName: null, lastName: null, phoneNumber: null, email: null }]], [[{ email: '' }]]])(
    'that an expired lead hides as %j were not taken away by anybody',
    (team) => {
      expect(shown({ ...lead, substatus: 'Expired', customerProfile: { team } }).deal).not.toHaveProperty('customerProfile.team')
      expect(Object.keys(shown({ ...lead, substatus: 'Expired', customerProfile: { team } }).deal)).not.toContain('customerProfile.team')
      expect(shown({ ...lead, substatus: 'Declined', customerProfile: { team } }).deal['customerProfile.team']).toEqual([])
    },
  )

  test('that an expired one still shows are carried', () => {
    const { deal } = shown({ ...lead, substatus: 'Expired', customerProfile: { team: [kim] } })
    expect(deal['customerProfile.team']).toMatchObject([{ email: kim.email }])
  })
})

describe('a substatus that nobody has documented', () => {
  test.each([
    ['Active', 'Engaged', 'Active/Accepted'],
    ['active', 'somethingNew', 'Active/Accepted'],
    ['Active', null, 'Active/Accepted'],
    ['New', 'Assigned', 'New/Received'],
  ])('leaves a referral what its status says (%s/%s)', (status, substatus, stage) => {
    expect(shown({ status, substatus })).toMatchObject({ deal: { status: stage }, unreadable: [], sealed: false })
  })

  test.each([
    ['Closed', 'Withdrawn', true],
    ['Active', 'Won', false],
    ['Paused', 'Accepted', false],
    ['Paused', 'Engaged', false],
  ])('is said where the status does not tell what it is (%s/%s)', (status, substatus, sealed) => {
    const reading = shown({ status, substatus })
    expect(reading).toMatchObject({ sealed, unreadable: [{ field: 'status', shows: `${status}/${substatus}` }] })
    expect(reading.deal.status).toBeUndefined()
  })
})

test('an amount keeps the digits that its currency has', () => {
  const value = (dealValue: unknown) => shown({ details: { dealValue, currency: 'KWD' } }).deal['details.dealValue']
  expect([value(1234.567), value('1234.567'), value(0.1 + 0.2), value(1.00005)]).toEqual([1234.567, 1234.567, 0.3, 1.0001])
})
