import { expect, it } from 'vitest'
import { present } from '../../test/support/present.js'
import type { Projection } from '../core/deal.js'
import { newLink } from '../core/link.js'
import { asLinkId } from '../core/ref.js'
import { forgetEmptied } from './ends.js'

const day = (date: string): Projection => ({ 'details.closingDateTime': date })
const agreed = day('2027-01-05')
const now = {
  partner: { kind: 'absent', ref: null },
  crm: present({ side: 'crm', kind: 'opportunity', id: 'opp' }, day('2027-03-31'), { createdAt: 5_000, modifiedAt: 5_000 }),
} as const

it("[R26] what stands on the opportunity of a lead in its first second is somebody's, where the CRM makes nothing up", () => {
  const link = { ...newLink(asLinkId('one'), 0, { partner: null, crm: null }), base: { partner: agreed, crm: agreed } }
  expect(forgetEmptied(link, now, { side: 'crm', makesUp: [] }).base?.crm).toEqual(agreed)
  expect(forgetEmptied(link, now, { side: 'crm', makesUp: ['details.closingDateTime'] }).base?.crm).toEqual(day('2027-03-31'))
})
