import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codecOf as dynamicsCodec } from '../../src/adapters/dynamics/codec.js'
import { presentOf as dynamicsPresent } from '../../src/adapters/dynamics/decode.js'
import { encodeDeal as dynamicsEncode } from '../../src/adapters/dynamics/encode.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import { ASSUMED_SCHEMA } from '../../src/adapters/dynamics/schema.js'
import { codecOf as salesforceCodec } from '../../src/adapters/salesforce/codec.js'
import { presentOf as salesforcePresent } from '../../src/adapters/salesforce/decode.js'
import { encodeDeal as salesforceEncode } from '../../src/adapters/salesforce/encode.js'
import { SALESFORCE_PROFILE } from '../../src/adapters/salesforce/profile.js'
import { UNREAD_SCHEMA } from '../../src/adapters/salesforce/schema.js'
import type { Change } from '../../src/core/change.js'
import { FIELD_NAMES, FIELDS, HELP, isEmpty, VISIBILITY, type Field, type FieldValue, type Projection } from '../../src/core/deal.js'
import { isFault } from '../../src/core/fault.js'
import { newLink, type Link } from '../../src/core/link.js'
import { effectiveMapping, rowPolicies, toCrmValue, toPartnerValue, type Mapping, type Profile } from '../../src/core/mapping.js'
import { parseMapping } from '../../src/core/mapping-document.js'
import { plan } from '../../src/core/plan.js'
import { defaultPolicy, onCreate, onUpdate, type Policy } from '../../src/core/policy.js'
import type { Present } from '../../src/core/ports.js'
import { present as plain } from '../support/present.js'
import { asLinkId, otherSide, type EndRef, type Side } from '../../src/core/ref.js'
import { STAGES } from '../../src/core/stage.js'

/** What a document can say about the direction of a row, of any field. */
const direction = fc.record(
  {
    flow: fc.constantFrom('both', 'to-crm', 'to-partner'),
    when: fc.constantFrom('both', 'create', 'update'),
    wins: fc.constantFrom('partner', 'crm', 'hold'),
  },
  { requiredKeys: [] },
)
const builtIn = Object.keys(DYNAMICS_PROFILE.opportunity) as Field[] // a profile's own keys
const document = fc
  .subarray(builtIn, { maxLength: builtIn.length })
  .chain((fields) =>
    fc.tuple(...fields.map(() => fc.tuple(direction, direction))).map((rows) => ({
      opportunity: Object.fromEntries(fields.map((field, index) => [field, rowOf('opportunity', field, rows[index]?.[0])])),
      lead: Object.fromEntries(
        fields.filter((field) => field in DYNAMICS_PROFILE.lead).map((field) => [field, rowOf('lead', field, rows[fields.indexOf(field)]?.[1])]),
      ),
    })),
  )
function rowOf(kind: 'opportunity' | 'lead', field: Field, said: { flow?: string } | undefined): object {
  const crm = DYNAMICS_PROFILE[kind][field]?.crm ?? 'new_x'
  const flow = FIELDS[field].partner === 'read' && said?.flow === 'to-partner' ? 'both' : said?.flow
  return { crm, ...said, ...(flow === undefined ? {} : { flow }) }
}

/** A value that says where it comes from, so that it is known again wherever it turns up. */
function markedValue(field: Field, side: Side, edition: number): FieldValue {
  const word = `${side}-${field}-${edition}`
  switch (FIELDS[field].kind) {
    case 'people':
      return [{ email: `${word}@example.com`, firstName: 'A', lastName: 'B', phone: '1' }]
    case 'solutions':
      return [{ id: word, name: word }]
    case 'money':
      return (side === 'partner' ? 1_000 : 2_000) + FIELD_NAMES.indexOf(field) + edition * 100
    case 'flag':
      return edition % 2 === 1
    case 'date':
      return `${(side === 'partner' ? 2_100 : 2_200) + FIELD_NAMES.indexOf(field)}-01-1${edition}`
    case 'stage':
      return STAGES[edition % STAGES.length] ?? 'Active/Accepted'
    default:
      return field === COUNTRY ? (side === 'partner' ? 'DE' : 'FR') : word
  }
}
const COUNTRY = 'customerProfile.address.country'
const traceable = (field: Field): boolean => !['flag', 'stage'].includes(FIELDS[field].kind) && field !== COUNTRY
function textOf(value: FieldValue): string {
  const [first] = (Array.isArray(value) ? value : []) as readonly { readonly email?: string; readonly id?: string }[] // lists hold people or solutions
  return JSON.stringify(first === undefined ? value : (first.email ?? first.id))
}

const edition = fc.option(fc.nat({ max: STAGES.length - 1 }), { nil: null, freq: 20 })
const editions = fc.array(edition, { minLength: FIELD_NAMES.length, maxLength: FIELD_NAMES.length })
const shows = (side: Side) =>
  editions.map((list): Projection =>
    Object.fromEntries(
      FIELD_NAMES.map((field, index) => {
        const drawn = list[index] ?? null
        if (FIELDS[field].kind === 'stage') return [field, markedValue(field, side, drawn ?? 0)]
        if (drawn === null) return [field, FIELDS[field].kind === 'people' || FIELDS[field].kind === 'solutions' ? [] : null]
        return [field, markedValue(field, side, drawn)]
      }),
    ),
  )

interface Look {
  readonly partner: Projection | null
  readonly crm: Projection | null
  readonly base: { readonly partner: Projection; readonly crm: Projection } | null
  readonly lead: boolean
}
const look: fc.Arbitrary<Look> = fc.record({
  partner: fc.option(shows('partner'), { freq: 5 }),
  crm: fc.option(shows('crm'), { freq: 5 }),
  base: fc.option(fc.record({ partner: shows('partner'), crm: shows('crm') })),
  lead: fc.boolean(),
})

interface Planned {
  readonly changes: readonly Change[]
  readonly policy: Policy
}
function planned(mapping: Mapping, { partner, crm, base, lead }: Look, unreadable: boolean): Planned {
  const refs: { readonly [S in Side]: EndRef } = {
    partner: { side: 'partner', kind: 'referral', id: 'R-1' },
    crm: { side: 'crm', kind: lead ? 'lead' : 'opportunity', id: 'O-1' },
  }
  const present = (side: Side, deal: Projection): Present =>
    plain(refs[side], deal, {
      otherId: partner !== null && crm !== null ? refs[otherSide(side)].id : null,
      category: lead ? 'lead' : 'opportunity',
      unreadable: unreadable && side === 'crm' ? [{ field: 'details.notes', shows: 'x', text: 'cannot be read', remedy: 'mend it' }] : [],
      engagementId: 'E-1',
    })
  const policy: Policy = { ...defaultPolicy(), ...rowPolicies(mapping) }
  const ends = { partner: partner === null ? null : refs.partner, crm: crm === null ? null : refs.crm }
  const link: Link = { ...newLink(asLinkId('D-1'), 0, ends), base }
  const made = plan({
    link,
    now: {
      partner: partner === null ? { kind: 'absent', ref: null } : present('partner', partner),
      crm: crm === null ? { kind: 'absent', ref: null } : present('crm', crm),
    },
    policy,
    canonical: { partner: (deal) => deal, crm: (deal) => deal },
    crmMarker: () => 'O-new',
    at: 0,
    partnerUrl: (id) => id,
  })
  return { changes: made.changes.map(({ change }) => change), policy }
}

const mappingFrom = (rows: object): Mapping => effectiveMapping(DYNAMICS_PROFILE, parseMapping({ version: 1, ...rows }))

describe('[R64] a mapping', () => {
  it('never leaks a field against its direction: not with a new record, not with an edit, not on the way through a door', () => {
    fc.assert(
      fc.property(document, look, (rows, seen) => {
        const { changes, policy } = planned(mappingFrom(rows), seen, false)
        for (const change of changes) {
          const kind = change.kind === 'create' ? change.as : seen.lead ? 'lead' : 'opportunity'
          const isLead = kind === 'lead' || (change.side === 'partner' && seen.lead)
          const fields = isLead ? policy.leadFields : policy.fields
          const sent = JSON.stringify(change)
          const source = otherSide(change.side)
          for (const field of FIELD_NAMES.filter(traceable)) {
            const value = seen[source]?.[field] ?? null
            // Help is a second referral: a create on the wire, and a change of the deal.
            const asksForHelp = field === HELP && change.kind === 'create' && change.as === 'related'
            const isOpen = change.kind === 'create' && !asksForHelp ? onCreate(fields[field].into[change.side]) : onUpdate(fields[field].into[change.side])
            // A reason travels with the close, to Partner Center unless its row is declared one-way.
            const isReason = field === 'statusReason' && (change.side === 'crm' || !fields[field].restore)
            if (isOpen || isEmpty(value) || isReason) continue
            if (sent.includes(textOf(value))) expect.fail(`${field} of ${source} stands in ${sent}`)
          }
        }
      }),
      { numRuns: 1_500 },
    )
  })

  it('passes no door that its rows do not open', () => {
    fc.assert(
      fc.property(document, look, (rows, seen) => {
        const { changes, policy } = planned(mappingFrom(rows), seen, false)
        const fields = seen.lead ? policy.leadFields : policy.fields
        for (const change of changes) {
          if (change.kind === 'create' && change.as === 'referral') {
            if (!onCreate(fields[HELP].into.partner)) expect(change.deal[HELP] ?? null).toBeNull()
            const opens = [HELP, VISIBILITY].some((field) => onCreate(fields[field as Field].into.partner)) // both are fields
            if (!opens) expect(change.deal[VISIBILITY]).toBe(false)
          }
          if (change.kind === 'create' && change.as === 'related') expect(onUpdate(fields[HELP].into.partner)).toBe(true)
          if (change.kind !== 'step' || change.take === 'qualify') continue
          const door = change.take === 'share' ? [VISIBILITY, HELP] as const : (['status'] as const)
          expect(door.some((field) => onUpdate(fields[field].into[change.side]))).toBe(true)
        }
      }),
      { numRuns: 1_500 },
    )
  })

  it('writes nothing at all while a value of the record cannot be read', () => {
    fc.assert(
      fc.property(document, look, (rows, seen) => {
        if (seen.crm === null) return
        expect(planned(mappingFrom(rows), seen, true).changes).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})

/** Expressions that suit a text; some fail on some of them, and none may make "nothing" of what it fails on. */
const onText = fc.constantFrom(
  undefined,
  'value',
  'upper(trim(value))',
  'value.substring(3)',
  'string(int(value))',
  'iso2(value)',
  'dateOnly(value, "Mars/Olympus")',
  'value == "odd" ? null : value',
  'value.startsWith("a") ? value : upper(value)',
  'string(double(value) / 0.0)',
)
const texts = ['details.notes', 'campaignId', 'referralProgram', 'customerProfile.address.city', 'inviteContext.notes', 'microsoft.status', 'name'] as const
const values = fc.constantFrom('', 'a', 'odd', '7', 'abcdef', 'Germany', ' ', '2026-01-01T00:00:00Z')

interface Crm {
  readonly name: string
  readonly profile: Profile
  /** Columns that a row may name, and where the value stands in what is written and read. */
  readonly columns: readonly string[]
  encode(mapping: Mapping, deal: Projection): { readonly own: object; readonly account: object; readonly contact: object }
  present(mapping: Mapping, row: Record<string, unknown>, account: Record<string, unknown>): Present
}
const at = { precision: 2, what: 'it' }
const crms: readonly Crm[] = [
  {
    name: 'Dynamics 365',
    profile: DYNAMICS_PROFILE,
    columns: ['customerneed', 'proposedsolution', 'emailaddress', 'account.sic', 'account.description', 'stepname', 'account.accountnumber'],
    encode: (mapping, deal) => dynamicsEncode(dynamicsCodec({ mapping, schema: { ...ASSUMED_SCHEMA, readAt: 1 }, kind: 'opportunity', checkMark: false }), deal, at),
    present: (mapping, row, account) =>
      dynamicsPresent(
        dynamicsCodec({ mapping, schema: { ...ASSUMED_SCHEMA, readAt: 1 }, kind: 'opportunity', checkMark: false }),
        { side: 'crm', kind: 'opportunity', id: 'x' },
        { '@odata.etag': 'W/"1"', statecode: 0, statuscode: 1, ...row, parentaccountid: { accountid: 'a', ...account } },
      ),
  },
  {
    name: 'Salesforce',
    profile: SALESFORCE_PROFILE,
    columns: ['NextStep', 'A__c', 'B__c', 'account.C__c', 'account.D__c', 'E__c', 'F__c'],
    encode: (mapping, deal) => salesforceEncode(salesforceCodec({ mapping, schema: UNREAD_SCHEMA, kind: 'opportunity', checkMark: false }), deal, at),
    present: (mapping, row, account) =>
      salesforcePresent(
        salesforceCodec({ mapping, schema: UNREAD_SCHEMA, kind: 'opportunity', checkMark: false }),
        { side: 'crm', kind: 'opportunity', id: 'x' },
        { Id: 'x', StageName: 'Qualification', SystemModstamp: '2026-01-01T00:00:00.000+0000', ...row, Account: { Id: 'a', ...account } },
        0,
      ),
  },
]
const conversions = fc.array(fc.record({ toCrm: onText, toPartner: onText }), { minLength: texts.length, maxLength: texts.length })
const contents = fc.array(values, { minLength: texts.length, maxLength: texts.length })
type Rows = readonly { readonly toCrm: string | undefined; readonly toPartner: string | undefined }[]

const converting = ({ profile, columns }: Crm, rows: Rows): Mapping =>
  effectiveMapping(
    profile,
    parseMapping({
      version: 1,
      opportunity: Object.fromEntries(
        texts.map((field, index) => [field, JSON.parse(JSON.stringify({ crm: columns[index], ...rows[index] })) as object]), // what is undefined is left out
      ),
    }),
  )
/** What a conversion makes of a value, or that it fails. */
function outcome(convert: () => unknown): { readonly value: unknown } | 'fails' {
  try {
    return { value: convert() }
  } catch (error) {
    expect(isFault(error)).toBe(true)
    return 'fails'
  }
}

describe.each(crms.map((crm) => [crm.name, crm] as const))('[R64] a mapping of %s', (_name, crm) => {
  const columnOf = (index: number): string => crm.columns[index]?.split('.').at(-1) ?? ''

  it('writes its columns and no other, and a conversion that fails is never an empty write', () => {
    fc.assert(
      fc.property(conversions, contents, (rows, given) => {
        const mapping = converting(crm, rows)
        const deal: Projection = Object.fromEntries(texts.map((field, index) => [field, given[index] ?? null]))
        const wanted = texts.map((field) => {
          const row = mapping.opportunity[field]
          if (row === undefined) throw new Error('every field has a row')
          return outcome(() => toCrmValue(row, deal[field] ?? null))
        })
        const written = outcome(() => crm.encode(mapping, deal))
        expect(written === 'fails').toBe(wanted.includes('fails'))
        if (written === 'fails') return
        const { own, account, contact } = written.value as ReturnType<Crm['encode']> // what it was made of
        const body: Record<string, unknown> = { ...own, ...account, ...contact }
        expect(Object.keys(body).sort()).toEqual(texts.map((_, index) => columnOf(index)).sort())
        wanted.forEach((one, index) => {
          const isNothing = one === 'fails' || one.value === null || one.value === ''
          expect([columnOf(index), body[columnOf(index)] === null]).toEqual([columnOf(index), isNothing])
        })
      }),
      { numRuns: 400 },
    )
  })

  it('reads a value that cannot be converted as unreadable, never as empty', () => {
    fc.assert(
      fc.property(conversions, contents, (rows, given) => {
        const mapping = converting(crm, rows)
        const held: { own: Record<string, unknown>; account: Record<string, unknown> } = { own: {}, account: {} }
        crm.columns.forEach((path, index) => {
          held[path.startsWith('account.') ? 'account' : 'own'][columnOf(index)] = given[index] === '' ? null : given[index]
        })
        const { deal, unreadable } = crm.present(mapping, held.own, held.account)
        texts.forEach((field, index) => {
          const row = mapping.opportunity[field]
          const shown = given[index] === '' ? null : (given[index] ?? null)
          const read = row === undefined ? 'fails' : outcome(() => toPartnerValue(row, shown))
          const isUnreadable = unreadable.some((one) => one.field === field)
          expect([field, isUnreadable]).toEqual([field, read === 'fails'])
          if (read === 'fails') expect(field in deal).toBe(false)
          else expect([field, deal[field] === null]).toEqual([field, read.value === null || read.value === ''])
        })
        for (const one of unreadable) expect(one.remedy).toMatch(/Correct "toPartner" of the row/)
      }),
      { numRuns: 400 },
    )
  })
})

it('[R64] a side is never given what the policy of its own kind of record closes', () => {
  const mapping = mappingFrom({ lead: { 'details.notes': { crm: 'description', flow: 'to-crm' } } })
  const { fields, leadFields } = rowPolicies(mapping)
  expect([fields['details.notes'].into.partner, leadFields['details.notes'].into.partner]).toEqual(['always', 'never'])
})
