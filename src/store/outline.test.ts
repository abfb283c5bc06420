import { expect, test } from 'vitest'
import { newLink, type Link } from '../core/link.js'
import { asLinkId, type EndRef, type Ref } from '../core/ref.js'
import { isSameOutline, outlineOf } from './links.js'

const referral: EndRef = { side: 'partner', kind: 'referral', id: 'r-1' }
const account: Ref = { side: 'crm', kind: 'account', id: 'a-1' }
const contact: Ref = { side: 'crm', kind: 'contact', id: 'c-1' }
const deal: Link = { ...newLink(asLinkId('d-1'), 1, { partner: referral, crm: null }), parts: [account], name: 'Deal', stage: 'Active/Accepted' }
const same = (changed: Partial<Link>): boolean => isSameOutline(outlineOf(deal), outlineOf({ ...deal, ...changed }))

test('what every save writes is no part of a deal\'s outline, nor whether its records are named by the same objects', () => {
  expect(same({ revision: 9, state: 'in-sync', notes: ['a line'], parts: [{ ...account }], ends: { partner: { ...referral }, crm: null } })).toBe(true)
})

test.each<[string, Partial<Link>]>([
  ['another name', { name: 'Another' }],
  ['no name', { name: null }],
  ['another kind', { kind: 'lead' }],
  ['an engagement', { engagementId: 'e-1' }],
  ['a stage that waits for us', { stage: 'New/Received' }],
  ['another end', { ends: { partner: { ...referral, id: 'r-2' }, crm: null } }],
  ['the same record at the other end', { ends: { partner: null, crm: referral } }],
  ['another part', { parts: [{ ...account, id: 'a-2' }] }],
  ['one part more', { parts: [account, contact] }],
  ['no part', { parts: [] }],
  ['a part that is an alias now', { parts: [], aliases: [account as EndRef] }], // a record of any kind may once have been an end
])('%s is another outline', (_, changed) => {
  expect(same(changed)).toBe(false)
})
