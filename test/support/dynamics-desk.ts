import { beforeEach } from 'vitest'
// The desk at which the adapter's tests sit: one opportunity as the CRM shows it, and an adapter that speaks to a tiny CRM.
import { TinyDynamics, type Answer } from './tiny-dynamics.js'
import { Fault } from '../../src/core/fault.js'
import { effectiveMapping } from '../../src/core/mapping.js'
import { EMPTY_MAPPING, parseMapping } from '../../src/core/mapping-document.js'
import type { PatchChange, StepChange } from '../../src/core/change.js'
import type { Projection } from '../../src/core/deal.js'
import type { Present } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'
import { dynamicsAdapter, type DynamicsAdapter } from '../../src/adapters/dynamics/adapter.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'

export const id = '7a1c0e52-3b44-4f11-a316-000d3a4b1101'
export const ref: EndRef = { side: 'crm', kind: 'opportunity', id }
export const signal = new AbortController().signal
export const now = Date.parse('2026-05-04T09:00:00Z')
export const clock = { now: () => now, sleep: () => Promise.resolve() }

export const row = {
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
export const noContent = (): Answer => ({ status: 204 })
export const listing = (value: readonly unknown[]) => (): Answer => ({ status: 200, json: { value } })
export const refused = (status: number, code: string) => (): Answer => ({ status, json: { error: { code, message: 'as the CRM says it' } } })

export let crm: TinyDynamics
export let guarded: string[]
export const adapterWith = (options: { mapping?: unknown; owner?: string; checkMark?: boolean } = {}): DynamicsAdapter => {
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
export let adapter: DynamicsAdapter
beforeEach(() => {
  guarded = []
  crm = new TinyDynamics().on(/^GET opportunities\(/, () => ({ status: 200, json: row }))
  adapter = adapterWith()
})

export const read = async (): Promise<Present> => {
  const reading = await adapter.read(ref, { wide: false, signal })
  if (reading.kind !== 'present') throw new Error(JSON.stringify(reading))
  return reading
}
export const bodyOf = (matches: RegExp): Record<string, unknown> => {
  const found = crm.requests.find(({ method, path }) => matches.test(`${method} ${path}`))
  if (found?.body == null)
    throw new Error(`no ${String(matches)} in ${crm.requests.map(({ method, path }) => `${method} ${path}`).join('; ')}`)
  return found.body
}
export const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(
    () => new Error('it went through'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof Fault) return error
  throw error
}

export const patch = (set: Projection, more: Partial<PatchChange> = {}): PatchChange => ({
  kind: 'patch',
  side: 'crm',
  ref,
  expect: null,
  set,
  stamp: {},
  ...more,
})
export const step = (take: StepChange['take'], more: Partial<StepChange> = {}): StepChange => ({
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

/** Sits another adapter at the desk. */
export const use = (next: DynamicsAdapter): void => {
  adapter = next
}
