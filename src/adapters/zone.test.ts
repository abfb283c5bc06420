import { describe, expect, test } from 'vitest'
import { dayOfMoment } from '../core/calendar.js'
import { inZone, type Column } from './column.js'
import { canonicalDeal } from './partner-center/canonical.js'
import { presentOf } from './partner-center/decode.js'
import { parseReferral } from './partner-center/wire.js'
import { valueIn, writeScalar } from './values.js'

const times: Column = { name: 'new_due', label: 'Due', type: 'instant', maxLength: null, options: null, writable: true, required: false }
const written = (day: string, zone: string | null): unknown => {
  const wire = writeScalar(inZone(times, zone), day, { precision: 0 })
  return wire.ok ? wire.value : wire.why
}
const read = (moment: string, zone: string | null): unknown => {
  const value = valueIn(inZone(times, zone), 'date', moment)
  return value.ok ? value.value : value.why
}

describe('a day in a column of times', () => {
  test.each([
    [null, '2027-03-31T12:00:00Z'],
    ['UTC', '2027-03-31T12:00:00Z'],
    ['Asia/Tokyo', '2027-03-31T03:00:00Z'],
    ['America/Los_Angeles', '2027-03-31T19:00:00Z'],
    ['Europe/Berlin', '2027-03-31T10:00:00Z'],
  ])('is noon in the zone %s, and comes back', (zone, moment) => {
    expect(written('2027-03-31', zone)).toBe(moment)
    expect(read(moment, zone)).toBe('2027-03-31')
  })

  test('is the day that people see, not the one in UTC', () => {
    expect(read('2027-03-30T22:30:00Z', 'Europe/Berlin')).toBe('2027-03-31')
    expect(read('2027-03-30T22:30:00Z', null)).toBe('2027-03-30')
  })
})

describe('a date of Partner Center', () => {
  const closing = (text: string, zone: string | null): unknown => {
    const referral = parseReferral({ id: 'r', details: { closingDateTime: text } }, 'a test')
    return presentOf(referral, null, null, zone).deal['details.closingDateTime']
  }

  test('at midnight UTC is the day that is written, in every zone', () => {
    for (const zone of [null, 'Asia/Tokyo', 'America/Los_Angeles']) expect(closing('2027-03-31T00:00:00Z', zone)).toBe('2027-03-31')
  })

  test('at any other time is a moment, and its day is the one of the zone', () => {
    expect(closing('2027-03-30T15:00:00Z', 'Asia/Tokyo')).toBe('2027-03-31')
    expect(closing('2027-03-31T06:59:00Z', 'America/Los_Angeles')).toBe('2027-03-30')
    expect(closing('2027-03-30T15:00:00Z', null)).toBe('2027-03-30')
  })

  test('is sent as that day, and read as it again', () => {
    expect(canonicalDeal({ 'details.closingDateTime': '2027-03-31' })).toEqual({ 'details.closingDateTime': '2027-03-31' })
    expect(dayOfMoment('2027-03-31', 'Asia/Tokyo')).toBe('2027-03-31')
  })
})
