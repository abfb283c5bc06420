import { beforeEach, describe, expect, test } from 'vitest'
import { TinyDynamics, type Answer } from '../../../test/support/tiny-dynamics.js'
import type { Change, CreateChange, PatchChange, StepChange } from '../../core/change.js'
import type { Projection } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import { effectiveMapping } from '../../core/mapping.js'
import { EMPTY_MAPPING, parseMapping } from '../../core/mapping-document.js'
import type { Present } from '../../core/ports.js'
import { asVersion, type EndRef } from '../../core/ref.js'
import { dynamicsAdapter, type DynamicsAdapter } from './adapter.js'
import { DYNAMICS_PROFILE } from './profile.js'

const id = '7a1c0e52-3b44-4f11-a316-000d3a4b1101'
const ref: EndRef = { side: 'crm', kind: 'opportunity', id }
const signal = new AbortController().signal
const now = Date.parse('2026-05-04T09:00:00Z')
const clock = { now: () => now, sleep: () => Promise.resolve() }

const row = {
  '@odata.etag': 'W/"10"',
  opportunityid: id,
  name: '✔ Data estate',
  description: 'Notes',
  estimatedvalue: 185000.0,
  estimatedclosedate: '2026-09-30',
  statecode: 0,
  statuscode: 1,
  modifiedon: '2026-05-04T08:59:30Z',
  createdon: '2026-05-01T00:00:00Z',
  cosell_syncwithpartnercenter: true,
  cosell_referralidentifier: 'r-1',
  cosell_referralvisibility: true,
  cosell_help: 299_600_002,
  cosell_audit: 'line',
  parentaccountid: {
    accountid: 'acc-1',
    versionnumber: 5,
    name: 'Fabrikam',
    address1_line1: 'Street 1',
    address1_city: 'Munich',
    address1_postalcode: '80331',
    address1_country: 'Germany',
  },
  parentcontactid: {
    contactid: 'con-1',
    versionnumber: 6,
    firstname: 'Kim',
    lastname: 'Lee',
    emailaddress1: 'Kim@Fabrikam.example',
    telephone1: null,
    mobilephone: '+49 1',
  },
  transactioncurrencyid: { isocurrencycode: 'EUR' },
  owninguser: {
    systemuserid: 'user-1',
    firstname: 'Ann',
    lastname: 'Ray',
    internalemailaddress: 'ann@contoso.example',
    mobilephone: '+1 5',
  },
  cosell_opportunity_microsoftsolution: [
    { cosell_microsoftsolutionid: 'row-1', versionnumber: 7, cosell_solutionid: 'SOL-1', cosell_name: 'One' },
  ],
}
const noContent = (): Answer => ({ status: 204 })
const listing = (value: readonly unknown[]) => (): Answer => ({ status: 200, json: { value } })
const refused = (status: number, code: string) => (): Answer => ({ status, json: { error: { code, message: 'as the CRM says it' } } })

let crm: TinyDynamics
let guarded: string[]
const adapterWith = (options: { mapping?: unknown; owner?: string; checkMark?: boolean } = {}): DynamicsAdapter => {
  const settings = {
    mapping: effectiveMapping(DYNAMICS_PROFILE, options.mapping === undefined ? EMPTY_MAPPING : parseMapping(options.mapping)),
    owner: options.owner ?? null,
    checkMarkInName: options.checkMark === true,
  }
  return dynamicsAdapter({
    url: 'https://org.crm.example/',
    send: crm.send,
    clock,
    settings: () => settings,
    customerGuard: (key, work) => (guarded.push(key), work()),
  })
}
let adapter: DynamicsAdapter
beforeEach(() => {
  guarded = []
  crm = new TinyDynamics().on(/^GET opportunities\(/, () => ({ status: 200, json: row }))
  adapter = adapterWith()
})

const read = async (): Promise<Present> => {
  const reading = await adapter.read(ref, { wide: false, signal })
  if (reading.kind !== 'present') throw new Error(JSON.stringify(reading))
  return reading
}
const bodyOf = (matches: RegExp): Record<string, unknown> => {
  const found = crm.requests.find(({ method, path }) => matches.test(`${method} ${path}`))
  if (found?.body == null)
    throw new Error(`no ${String(matches)} in ${crm.requests.map(({ method, path }) => `${method} ${path}`).join('; ')}`)
  return found.body
}
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(
    () => new Error('it went through'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof Fault) return error
  throw error
}

describe('reading an opportunity', () => {
  test('is one call that shows the whole deal', async () => {
    await adapter.prepare({ signal })
    const reading = await read()
    expect(crm.counted.map(({ method, path }) => `${method} ${path.split('?')[0]}`)).toEqual([`GET opportunities(${id})`])
    expect(reading.deal).toMatchObject({
      name: 'Data estate',
      status: 'Active/Accepted',
      'details.dealValue': 185000,
      'details.currency': 'EUR',
      'details.closingDateTime': '2026-09-30',
      'details.notes': 'Notes',
      'details.requirements.solutions': [{ id: 'SOL-1', name: 'One' }],
      'inviteContext.assistanceRequestCode': 'ProofOfConceptOrDemo',
      'consent.consentToShareReferralWithMicrosoftSellers': true,
      'customerProfile.name': 'Fabrikam',
      'customerProfile.address.country': 'DE',
      'customerProfile.team': [{ email: 'Kim@Fabrikam.example', firstName: 'Kim', lastName: 'Lee', phone: '+49 1' }],
      team: [{ email: 'ann@contoso.example', firstName: 'Ann', lastName: 'Ray', phone: '+1 5' }],
    })
    expect(reading).toMatchObject({
      otherId: 'r-1',
      sync: true,
      sealed: false,
      auditText: 'line',
      modifiedAt: Date.parse(row.modifiedon),
      unreadable: [],
    })
    expect(reading.parts).toEqual([
      { side: 'crm', kind: 'account', id: 'acc-1' },
      { side: 'crm', kind: 'contact', id: 'con-1' },
      { side: 'crm', kind: 'solution', id: 'row-1' },
    ])
  })

  test('has another version as soon as any of its rows has', async () => {
    const before = (await read()).version
    expect((await read()).version).toBe(before)
    crm.on(/^GET opportunities\(/, () => ({
      status: 200,
      json: { ...row, parentaccountid: { ...row.parentaccountid, versionnumber: 50 } },
    }))
    expect((await read()).version).not.toBe(before)
  })

  test('a status reason that nobody mapped makes it unreadable, with the row to add', async () => {
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, statuscode: 100_000_001 } }))
    const reading = await read()
    expect(reading.deal.status).toBeUndefined()
    expect(reading.unreadable).toMatchObject([{ field: 'status', remedy: expect.stringContaining('statuscode: 100000001') }])
  })

  test('a closed one takes no write, a missing one is absent, an outage is unreachable', async () => {
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, statecode: 2, statuscode: 4 } }))
    expect(await read()).toMatchObject({ sealed: true, deal: { status: 'Closed/Lost' } })
    crm.on(/^GET opportunities\(/, refused(404, '0x80040217'))
    expect(await adapter.read(ref, { wide: false, signal })).toEqual({ kind: 'absent', ref })
    crm.on(/^GET opportunities\(/, () => ({ status: 503 }))
    expect(await adapter.read(ref, { wide: false, signal })).toMatchObject({ kind: 'unreachable', fault: { kind: 'offline' } })
  })

  test('an id that is no GUID names no record, and nothing is asked', async () => {
    expect(await adapter.read({ ...ref, id: "CRM-1') or (1 eq 1" }, { wide: false, signal })).toMatchObject({ kind: 'absent' })
    expect(crm.calls).toEqual([])
  })

  test('a mapped column that the CRM does not have is said, with the nearest name', async () => {
    adapter = adapterWith({ mapping: { version: 1, opportunity: { 'details.dealValue': { crm: 'estimatedvalu' } } } })
    const reading = await adapter.read(ref, { wide: false, signal })
    expect(reading).toMatchObject({
      kind: 'unreachable',
      fault: { kind: 'misconfigured', message: expect.stringContaining('Did you mean "estimatedvalue"?') },
    })
  })
})

describe('reading many', () => {
  test('is one call for a hundred, in the order asked', async () => {
    const other = '8b1c0e52-3b44-4f11-a316-000d3a4b1102'
    crm.on(/^GET opportunities\?/, listing([row]))
    await adapter.prepare({ signal })
    const refs = [
      { ...ref, id: other },
      ref,
      ...Array.from({ length: 98 }, (_, index) => ({ ...ref, id: `8b1c0e52-3b44-4f11-a316-000d3a4b2${String(index).padStart(3, '0')}` })),
    ]
    const readings = await adapter.readMany(refs, { wide: false, signal })
    expect(crm.counted.length).toBe(1)
    expect(readings.slice(0, 2).map(({ kind }) => kind)).toEqual(['absent', 'present'])
  })
})

const patch = (set: Projection, more: Partial<PatchChange> = {}): PatchChange => ({
  kind: 'patch',
  side: 'crm',
  ref,
  expect: null,
  set,
  stamp: {},
  ...more,
})

describe('patching an opportunity', () => {
  test('is one conditional call with changed columns and the stamp, and nothing else', async () => {
    crm.on(/^PATCH opportunities\(/, noContent)
    const { version } = await read()
    crm.calls.length = 0
    await adapter.write(
      patch(
        { 'details.dealValue': 1000.005, 'details.notes': 'x'.repeat(3000) },
        {
          expect: version,
          stamp: {
            audit: 'a',
            status: 'in-sync',
            problem: null,
            lastSynced: '2026-05-04T09:00:00.123Z',
            otherId: 'r-2',
            link: 'https://x',
          },
        },
      ),
      { signal },
    )
    expect(crm.calls.map(({ method, path, headers }) => [method, path, headers['If-Match']])).toEqual([
      ['PATCH', `opportunities(${id})`, 'W/"10"'],
    ])
    expect(crm.calls[0]?.body).toEqual({
      estimatedvalue: 1000.01,
      isrevenuesystemcalculated: false,
      description: 'x'.repeat(2000),
      cosell_audit: 'a',
      cosell_syncstatus: 'in-sync',
      cosell_syncproblem: null,
      cosell_lastsynced: '2026-05-04T09:00:00Z',
      cosell_referralidentifier: 'r-2',
      cosell_referrallink: 'https://x',
    })
  })

  test('in a currency without decimals rounds to whole units', async () => {
    crm.on(/^PATCH opportunities\(/, noContent)
    await adapter.write(patch({ 'details.dealValue': 1000.6, 'details.currency': 'JPY' }), { signal })
    expect(bodyOf(/^PATCH opportunities/)).toMatchObject({
      estimatedvalue: 1001,
      'transactioncurrencyid@odata.bind': '/transactioncurrencies(c-jpy)',
    })
  })

  test('in a currency the CRM does not have is refused before anything is sent', async () => {
    const fault = await faultOf(adapter.write(patch({ 'details.currency': 'CHF' }), { signal }))
    expect(fault).toMatchObject({ kind: 'rejected', message: expect.stringContaining('CHF'), remedy: expect.stringContaining('CHF') })
    expect(crm.requests.some(({ method }) => method === 'PATCH')).toBe(false)
  })

  test('a record that moved is stale', async () => {
    crm.on(/^PATCH opportunities\(/, refused(412, '0x80060882'))
    expect((await faultOf(adapter.write(patch({ 'details.notes': 'n' }), { signal }))).kind).toBe('stale')
  })

  test('solutions and the same contact go with it in one change set, each row with its own version', async () => {
    crm.on(/^(PATCH|POST|DELETE) /, noContent)
    const { version } = await read()
    crm.calls.length = 0
    await adapter.write(
      patch(
        {
          'details.requirements.solutions': [{ id: 'SOL-2', name: 'Two' }],
          'customerProfile.team': [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Lee-Ray', phone: '+49 1' }],
          'details.notes': 'n',
        },
        { expect: version },
      ),
      { signal },
    )
    expect(crm.calls.length).toBe(1)
    const writes = crm.requests
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path, headers }) => [method, path, headers['If-Match']])
    expect(writes).toEqual([
      ['PATCH', `opportunities(${id})`, 'W/"10"'],
      ['PATCH', 'contacts(con-1)', 'W/"6"'],
      ['DELETE', 'cosell_microsoftsolutions(row-1)', 'W/"7"'],
      ['POST', 'cosell_microsoftsolutions', undefined],
    ])
    expect(bodyOf(/^POST cosell/)).toMatchObject({
      cosell_solutionid: 'SOL-2',
      cosell_name: 'Two',
      'cosell_OpportunityId@odata.bind': `/opportunities(${id})`,
    })
  })

  test('another contact is found under the account by e-mail, and what it shows is told', async () => {
    crm
      .on(/^PATCH /, noContent)
      .on(
        /^GET contacts\?/,
        listing([
          {
            contactid: 'con-2',
            emailaddress1: 'lou@fabrikam.example',
            firstname: 'Lou',
            lastname: 'Old',
            telephone1: null,
            _parentcustomerid_value: 'acc-1',
          },
        ]),
      )
    const receipt = await adapter.write(
      patch({ 'customerProfile.team': [{ email: 'Lou@fabrikam.example', firstName: 'Lou', lastName: 'New', phone: null }] }),
      { signal },
    )
    expect(bodyOf(/^PATCH opportunities/)).toEqual({ 'parentcontactid@odata.bind': '/contacts(con-2)' })
    expect(receipt.resolved).toEqual({
      'customerProfile.team': [{ email: 'lou@fabrikam.example', firstName: 'Lou', lastName: 'Old', phone: null }],
    })
  })

  test('an option the column does not have is refused by name', async () => {
    const fault = await faultOf(adapter.write(patch({ 'inviteContext.assistanceRequestCode': 'SomethingNew' }), { signal }))
    expect(fault).toMatchObject({ kind: 'rejected', message: expect.stringContaining('no option "SomethingNew"') })
  })

  test('shows success and failure before the name only where that is wished', async () => {
    crm.on(/^PATCH /, noContent)
    adapter = adapterWith({ checkMark: true })
    await adapter.write(patch({ 'details.notes': 'n' }, { stamp: { status: 'needs-attention' } }), { signal })
    expect(bodyOf(/^PATCH opportunities/)).toMatchObject({ name: '✘ Data estate' })
  })
})

const step = (take: StepChange['take'], more: Partial<StepChange> = {}): StepChange => ({
  kind: 'step',
  side: 'crm',
  ref,
  expect: null,
  take,
  reason: null,
  set: {},
  stamp: {},
  ...more,
})

describe('a step', () => {
  test.each([
    ['win', 'WinOpportunity', 3],
    ['lose', 'LoseOpportunity', 5],
  ] as const)('%s goes behind a conditional patch of the same row, in one change set', async (take, action, status) => {
    crm.on(/^(PATCH|POST) /, noContent)
    const { version } = await read()
    crm.calls.length = 0
    await adapter.write(
      step(take, { expect: version, reason: 'Chose another vendor', set: { 'details.notes': 'n' }, stamp: { audit: 'a' } }),
      { signal },
    )
    expect(crm.calls.length).toBe(1)
    expect(crm.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PATCH opportunities(${id})`,
      `POST ${action}`,
    ])
    expect(bodyOf(/^PATCH/)).toEqual({ description: 'n', cosell_audit: 'a' })
    expect(bodyOf(/^POST/)).toMatchObject({
      Status: status,
      OpportunityClose: {
        '@odata.type': 'Microsoft.Dynamics.CRM.opportunityclose',
        description: 'Chose another vendor',
        'opportunityid@odata.bind': `/opportunities(${id})`,
      },
    })
  })

  test('without fields still carries the version', async () => {
    crm.on(/^(PATCH|POST) /, noContent)
    await adapter.write(step('win'), { signal })
    expect(bodyOf(/^PATCH/)).toEqual({ cosell_syncwithpartnercenter: true })
  })

  test.each(['accept', 'reopen'] as const)('%s is a patch of the status', async (take) => {
    crm.on(/^PATCH /, noContent)
    await adapter.write(step(take), { signal })
    expect(bodyOf(/^PATCH/)).toEqual({ statecode: 0, statuscode: 1 })
  })

  test('on an opportunity that was closed meanwhile is stale', async () => {
    crm.on(/^PATCH /, noContent).on(/^POST WinOpportunity/, refused(400, '0x80040515'))
    expect((await faultOf(adapter.write(step('win'), { signal }))).kind).toBe('stale')
  })
})

const deal: Projection = {
  name: 'Data estate',
  status: 'New/Received',
  'details.dealValue': 5000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-09-30',
  'details.notes': 'Notes',
  'details.requirements.solutions': [{ id: 'SOL-1', name: 'One' }],
  'customerProfile.name': 'Fabrikam',
  'customerProfile.address.postalCode': '80331',
  'customerProfile.address.country': 'DE',
  'customerProfile.team': [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Lee', phone: '+49 1' }],
  team: [
    { email: 'nobody@contoso.example', firstName: 'No', lastName: 'Body', phone: null },
    { email: 'Ann@contoso.example', firstName: 'Ann', lastName: 'Ray', phone: null },
  ],
}
const create = (more: Partial<CreateChange> = {}): CreateChange => ({
  kind: 'create',
  side: 'crm',
  as: 'opportunity',
  marker: id,
  deal,
  stamp: { otherId: 'r-1', sync: true },
  ...more,
})
const ann = {
  systemuserid: 'user-1',
  internalemailaddress: 'ann@contoso.example',
  firstname: 'Ann',
  lastname: 'Ray',
  mobilephone: '+1 5',
  accessmode: 0,
}
const nothingThere = (): TinyDynamics =>
  crm
    .on(/^GET accounts\?/, listing([]))
    .on(/^GET contacts\?/, listing([]))
    .on(/^GET systemusers\?/, listing([ann]))
    .on(/^POST /, noContent)

describe('making an opportunity', () => {
  test('is one call to look and one to write, under our own id, on hold while nobody accepted', async () => {
    nothingThere()
    await adapter.prepare({ signal })
    const receipt = await adapter.create(create(), { signal })
    expect(crm.counted.length).toBe(2)
    expect(guarded).toEqual(['customer:fabrikam|80331|DE'])
    expect(crm.requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      'accounts',
      'contacts',
      'opportunities',
      'cosell_microsoftsolutions',
    ])
    const account = bodyOf(/^POST accounts/)
    const contact = bodyOf(/^POST contacts/)
    expect(account).toMatchObject({ name: 'Fabrikam', address1_postalcode: '80331', address1_country: 'DE' })
    expect(contact).toMatchObject({
      lastname: 'Lee',
      emailaddress1: 'kim@fabrikam.example',
      'parentcustomerid_account@odata.bind': `/accounts(${String(account['accountid'])})`,
    })
    expect(bodyOf(/^POST opportunities/)).toMatchObject({
      opportunityid: id,
      name: 'Data estate',
      statuscode: 2,
      estimatedvalue: 5000,
      isrevenuesystemcalculated: false,
      cosell_syncwithpartnercenter: true,
      cosell_referralidentifier: 'r-1',
      'customerid_account@odata.bind': `/accounts(${String(account['accountid'])})`,
      'parentaccountid@odata.bind': `/accounts(${String(account['accountid'])})`,
      'parentcontactid@odata.bind': `/contacts(${String(contact['contactid'])})`,
      'transactioncurrencyid@odata.bind': '/transactioncurrencies(c-eur)',
      'ownerid@odata.bind': '/systemusers(user-1)',
    })
    expect(bodyOf(/^POST opportunities/)).not.toHaveProperty('statecode')
    expect(receipt).toEqual({
      ref,
      version: null,
      resolved: { team: [{ email: 'ann@contoso.example', firstName: 'Ann', lastName: 'Ray', phone: '+1 5' }] },
      remarks: [],
    })
  })

  test('of a known customer uses its account and contact, and tells what they show', async () => {
    nothingThere()
      .on(
        /^GET accounts\?.*name eq/,
        listing([
          {
            accountid: 'acc-1',
            name: 'FABRIKAM',
            address1_postalcode: '80331',
            address1_country: 'Germany',
            address1_city: 'Munich',
            statecode: 0,
          },
        ]),
      )
      .on(
        /^GET contacts\?/,
        listing([
          { contactid: 'con-1', emailaddress1: 'kim@fabrikam.example', firstname: 'K.', lastname: 'Lee', _parentcustomerid_value: 'acc-1' },
        ]),
      )
    const receipt = await adapter.create(create(), { signal })
    expect(crm.requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      'opportunities',
      'cosell_microsoftsolutions',
    ])
    expect(receipt.resolved).toMatchObject({
      'customerProfile.name': 'FABRIKAM',
      'customerProfile.address.country': 'DE',
      'customerProfile.address.city': 'Munich',
      'customerProfile.team': [{ firstName: 'K.', lastName: 'Lee' }],
    })
  })

  test('again answers with the record that is there', async () => {
    nothingThere().on(/^POST opportunities$/, refused(412, '0x80040237'))
    expect(await adapter.create(create(), { signal })).toMatchObject({ ref })
  })

  test('whose account was made by someone else in between looks again and goes on', async () => {
    let looks = 0
    nothingThere()
      .on(/^GET opportunities\(/, refused(404, '0x80040217'))
      .on(/^GET accounts\?.*In\(/, () =>
        looks++ === 0
          ? listing([])()
          : listing([{ accountid: bodyOf(/^POST accounts/)['accountid'], name: 'Fabrikam', address1_postalcode: '80331', statecode: 0 }])(),
      )
      .on(/^POST accounts$/, refused(412, '0x80040237'))
    await adapter.create(create(), { signal })
    expect(looks).toBe(2)
    expect(crm.requests.filter(({ method, path }) => method === 'POST' && path === 'accounts').length).toBe(1)
  })

  test('without a user in the team belongs to the configured owner, else to the connector, with a remark', async () => {
    const team = [{ email: 'nobody@contoso.example', firstName: null, lastName: null, phone: null }]
    nothingThere()
    adapter = adapterWith({ owner: 'ann@contoso.example' })
    expect(await adapter.create(create({ deal: { ...deal, team } }), { signal })).toMatchObject({
      remarks: [],
      resolved: { team: [{ email: 'ann@contoso.example' }] },
    })
    nothingThere().on(/^GET systemusers\?/, listing([]))
    adapter = adapterWith()
    const receipt = await adapter.create(create({ deal: { ...deal, team } }), { signal })
    expect(receipt).toMatchObject({ remarks: [expect.stringContaining('nobody@contoso.example')], resolved: { team: [] } })
  })

  test('fills in the columns this CRM demands', async () => {
    nothingThere()
    adapter = adapterWith({
      mapping: { version: 1, defaults: { opportunity: { cosell_purchaseintent: 'have not decided', stepname: '1-Qualify' } } },
    })
    await adapter.create(create(), { signal })
    expect(bodyOf(/^POST opportunities/)).toMatchObject({ cosell_purchaseintent: 299_600_002, stepname: '1-Qualify' })
  })
})

describe('making many', () => {
  test('takes a few calls for a hundred, one account per customer, and answers each in order', async () => {
    nothingThere()
    await adapter.prepare({ signal })
    const changes = Array.from({ length: 100 }, (_, index): Change =>
      create({
        marker: `7a1c0e52-3b44-4f11-a316-000d3a4b2${String(index).padStart(3, '0')}`,
        deal: { ...deal, 'customerProfile.name': `Customer ${index % 10}`, ...(index === 7 ? { 'details.currency': 'CHF' } : {}) },
      }),
    )
    const bad = changes[9]
    crm.on(/^POST opportunities$/, ({ body }) =>
      bad?.kind === 'create' && body?.['opportunityid'] === bad.marker ? refused(400, '0x80040265')() : noContent(),
    )
    const answers = await adapter.writeMany(changes, { signal })
    expect(crm.counted.length).toBeLessThanOrEqual(5)
    expect(answers.map((answer) => (answer instanceof Fault ? answer.kind : 'made')).filter((word) => word !== 'made')).toEqual([
      'rejected',
      'rejected',
    ])
    expect(answers[7]).toMatchObject({ kind: 'rejected', message: expect.stringContaining('CHF') })
    expect(answers[9]).toMatchObject({ kind: 'rejected', code: '0x80040265' })
    expect(answers[99]).toMatchObject({ ref: { id: '7a1c0e52-3b44-4f11-a316-000d3a4b2099' } })
    expect((bodyOf(/^POST accounts\/Microsoft.Dynamics.CRM.CreateMultiple/)['Targets'] as unknown[]).length).toBe(10)
    expect(new Set(guarded).size).toBe(10)
  })

  test('falls back to single ones when the bulk message is refused', async () => {
    nothingThere()
      .on(/^POST accounts\/Microsoft/, refused(400, '0x80040265'))
      .on(/^POST accounts$/, ({ body }) => (body?.['name'] === 'B' ? refused(400, '0x80040265')() : noContent()))
    const changes = ['A', 'B', 'C'].map((name, index): Change =>
      create({ marker: `7a1c0e52-3b44-4f11-a316-00000000000${index}`, deal: { ...deal, 'customerProfile.name': name } }),
    )
    const answers = await adapter.writeMany(changes, { signal })
    expect(answers.map((answer) => (answer instanceof Fault ? answer.kind : 'made'))).toEqual(['made', 'rejected', 'made'])
  })

  test('patches of many records go in one call, each with its own version and its own answer', async () => {
    crm.on(/^PATCH /, ({ path }) => (path.includes('0001') ? refused(412, '0x80060882')() : noContent()))
    await adapter.prepare({ signal })
    const version = asVersion(JSON.stringify(['W/"10"', null, null, [], 'EUR', 'n']))
    const changes = [0, 1, 2].map((index): Change =>
      patch({ 'details.notes': 'n' }, { ref: { ...ref, id: `7a1c0e52-3b44-4f11-a316-00000000000${index}` }, expect: version }),
    )
    const answers = await adapter.writeMany(changes, { signal })
    expect(crm.counted.length).toBe(1)
    expect(answers.map((answer) => (answer instanceof Fault ? answer.kind : 'written'))).toEqual(['written', 'stale', 'written'])
  })
})

describe('what a record will show', () => {
  test('is known before the first call', () => {
    const shown = adapter.canonical(
      { name: 'n'.repeat(400), status: 'Closed/Expired', 'details.dealValue': 10.555, 'details.currency': 'jpy', campaignId: 'c' },
      'opportunity',
    )
    expect(crm.calls).toEqual([])
    expect(shown).toEqual({ name: 'n'.repeat(300), status: 'Closed/Lost', 'details.dealValue': 11, 'details.currency': 'JPY' })
  })

  test('is one contact and one owner of several', () => {
    const people = [deal['customerProfile.team']?.[0], { email: 'b@x.example', firstName: null, lastName: null, phone: null }].filter(
      (person) => person !== undefined,
    )
    expect(adapter.canonical({ 'customerProfile.team': people, team: people }, 'opportunity')).toEqual({
      'customerProfile.team': [people[0]],
      team: [people[0]],
    })
  })
})

describe('finding', () => {
  test('asks both tables in one call and quotes what it is given', async () => {
    crm.on(/^GET opportunities\?/, listing([{ opportunityid: id }])).on(/^GET leads\?/, listing([]))
    await adapter.prepare({ signal })
    expect(await adapter.find({ as: 'opportunity', value: "O'Neil", notBefore: null }, { signal })).toEqual([ref])
    expect(crm.counted.length).toBe(1)
    expect(crm.requests[0]?.path).toContain("cosell_referralidentifier eq 'O''Neil'")
  })
})
