import { expect, it } from 'vitest'
import { microsoftsAmong } from './ids.js'

const msft = [{ type: 'BusinessProfileLocation', id: 'msft' }]
const solution = [{ type: 'SolutionProfile', id: 'SOL-1' }]
const member = (id: string, organizationId: string, more: object = {}) => ({ referral: { id, organizationId, target: solution, ...more } })

it.each([
  ['by the word', [member('own', 'us'), member('theirs', 'msft')], ['theirs']],
  ['by its name', [member('own', 'us'), member('theirs', '72f988bf', { organizationName: 'Microsoft' })], ['theirs']],
  ['by whom it is addressed to, where nothing else says so', [member('own', 'us'), member('theirs', '72f988bf', { target: msft })], ['theirs']],
  ['and not our own alone, whoever it is addressed to', [member('own', 'us', { target: msft })], []],
  ['and not our own beside it', [member('own', 'us', { target: msft }), member('theirs', 'msft')], ['theirs']],
])("Microsoft's referral of an engagement is told %s", (_how, members, expected) => {
  expect(microsoftsAmong(members).map(({ referral }) => (referral as { id: string }).id)).toEqual(expected)
})
