import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../core/audit.js'
import type { Change } from '../core/change.js'
import type { EndRef, Version } from '../core/ref.js'
import { auditText } from './audit-text.js'

const ref: EndRef = { side: 'crm', kind: 'opportunity', id: 'o-1' }
const change: Change = { kind: 'patch', side: 'crm', ref, expect: '1' as Version, set: { 'details.notes': 'New' }, stamp: {} }
const wrote = { kind: 'wrote', change, before: { 'details.notes': 'Old' }, ref, requestId: 'q', remarks: ['It was late.'], calls: [] } as const
const ends = { partner: null, crm: ref }
const texts: readonly (readonly [AuditEvent | null, string])[] = [
  [null, 'The content was erased; the chain still proves that it was there.'],
  [{ kind: 'hinted', source: 'partner-center', name: 'referral-updated', ref: null }, 'referral-updated (from partner-center)'],
  [{ kind: 'planned', verdict: 'act', changes: [change], policyVersion: 1 }, '1 change planned: act'],
  [wrote, 'opportunity updated in the CRM: details.notes Old -> New. It was late.'],
  [{ ...wrote, remarks: [] }, 'opportunity updated in the CRM: details.notes Old -> New'],
  [{ kind: 'found-written', change: { ...change, kind: 'create', as: 'related', marker: 'm', deal: {}, side: 'partner' } as Change, ref: null }, 'Microsoft invited to the deal had arrived although its answer was lost'],
  [{ kind: 'failed', change: null, fault: 'offline', message: 'No answer.', remedy: 'Wait.', requestId: null, calls: [] }, 'No answer. Wait.'],
  [
    { kind: 'conflict', conflict: { field: 'name', kind: 'edit/edit', saw: { partner: 'A', crm: 'B' }, winner: null, reason: 'Both changed it.' } },
    'name differs: A | B. Both changed it.',
  ],
  [{ kind: 'agreed', partner: { name: 'A' }, crm: { name: 'A' }, dropped: { partner: [], crm: [] } }, 'Both sides agree on name'],
  [{ kind: 'forgotten' }, 'Nothing is agreed on any more; the two records meet anew'],
  [{ kind: 'linked', ends, how: 'by hand' }, 'The two records were linked: by hand'],
  [{ kind: 'unlinked', ends, how: 'by hand' }, 'The link was ended: by hand'],
  [{ kind: 'moved', from: { ...ref, kind: 'lead', id: 'l-1' }, to: ref }, 'lead l-1 became opportunity o-1'],
  [{ kind: 'state', state: 'stopped', reason: null }, 'Now stopped'],
  [{ kind: 'ordered', what: 'decline', detail: 'Others' }, 'Asked for: decline (Others)'],
  [{ kind: 'observed', changes: [change] }, '1 change would have been written: opportunity updated in the CRM: details.notes – -> New'],
  [
    { kind: 'ran', because: 'sync', outcome: 'again', writes: 0, ms: 7, attempt: 1, fault: 'offline', message: 'No answer.' },
    'sync: 0 writes in 7 ms, tried again later. No answer.',
  ],
  [{ kind: 'setting', name: 'flow all', detail: 'off' }, 'flow all: off'],
]

describe('an entry of the ledger', () => {
  it.each(texts)('is a line for people: %j', (event, text) => {
    expect(auditText(event)).toBe(text)
  })
})
