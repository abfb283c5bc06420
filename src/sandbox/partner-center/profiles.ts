import type { Answer } from './answers.js'
import { of } from './answers.js'
import type { Call, Calls } from './calls.js'
import { PlatformRefused } from './refusal.js'
import type { World } from './world.js'

/** Facts of the partner that a person may change to see how the connector's checks take it. */
export interface ProfileFacts {
  vettingStatus: string
  vettingSubStatus: string
  email: string
}

/** Source: learn.microsoft.com/partner-center/developer/get-partner-by-mpn-id and the pages beside it, read 2023-10. */
export function profile(world: World, facts: ProfileFacts, url: URL): Answer | null {
  switch (url.pathname) {
    case '/v1/profiles/mpn':
      return networkProfile(world, url)
    case '/v1/profiles/legalbusiness':
      return of(legalBusiness(world, facts))
    case '/v1/profiles/organization':
      return of(organizationProfile(world, facts))
    default:
      return null
  }
}

/** The two profiles that only people may read. */
export const isPersonalProfile = (path: string): boolean => path === '/v1/profiles/mpn' || path === '/v1/profiles/organization'

const self = (uri: string) => ({ self: { uri, method: 'GET', headers: [] } })

function networkProfile(world: World, url: URL): Answer {
  const { organization } = world
  const asked = url.searchParams.get('mpnId')
  if (asked !== null && !organization.mpnIds.includes(asked)) {
    const message = `Partner Organization with partner_id ${asked} could not be found`
    throw new PlatformRefused({ status: 404, code: 3000, message })
  }
  return of({
    mpnId: asked ?? organization.mpnIds[0],
    partnerName: organization.organizationName,
    profileType: 'MpnProfile',
    links: self(asked === null ? '/profiles/mpn' : `/profiles/mpn?mpnId=${asked}`),
    attributes: { objectType: 'MpnProfile' },
  })
}

const address = ({ organization }: World) => ({
  country: organization.country,
  city: 'Sandbox City',
  state: '',
  addressLine1: '1 Sandbox Way',
  postalCode: '00000',
})

function legalBusiness(world: World, facts: ProfileFacts): unknown {
  return {
    companyName: world.organization.organizationName,
    address: address(world),
    primaryContact: { firstName: 'Pat', lastName: 'Partner', email: facts.email, phoneNumber: '+12065550100' },
    companyApproverAddress: address(world),
    companyApproverEmail: facts.email,
    vettingStatus: facts.vettingStatus,
    vettingSubStatus: facts.vettingSubStatus,
    profileType: 'PartnerLegalBusinessProfile',
    links: self('/profiles/legalbusiness'),
    attributes: { objectType: 'PartnerLegalBusinessProfile' },
  }
}

function organizationProfile(world: World, facts: ProfileFacts): unknown {
  const { organization } = world
  return {
    id: organization.organizationId,
    companyName: organization.organizationName,
    defaultAddress: address(world),
    tenantId: organization.tenantId,
    domain: organization.domain,
    email: facts.email,
    language: 'en',
    culture: 'en-US',
    profileType: 'OrganizationProfile',
    links: self('/profiles/organization'),
    attributes: { etag: '5ca1ab1e', objectType: 'OrganizationProfile' },
  }
}

const requestsMax = 10_000

/** How the calls of people were signed in. Source: learn.microsoft.com/partner-center/developer/mfa-resources, read 2023-10. */
export function compliance(world: World, calls: Calls, path: string): Answer | null {
  const people = calls.list().filter(({ email }) => email !== null)
  if (path === '/v1/partnerRequests') {
    const items = people
      .slice(-requestsMax)
      .reverse()
      .map((call) => requestOf(world, call))
    return of({ totalCount: items.length, items, attributes: { objectType: 'Collection' } })
  }
  if (path === '/v1/applicationmfaadoptionstatus') return of(daily(people))
  return null
}

function requestOf(world: World, call: Call): unknown {
  return {
    requestId: call.requestId,
    correlationId: call.clientRequestId ?? call.requestId,
    operationName: `${call.method} ${call.path.split('?')[0] ?? ''}`,
    requestDateTime: new Date(call.atMs).toISOString(),
    ipAddress: '127.0.0.1',
    tenantId: world.organization.tenantId,
    upn: call.email,
    applicationId: call.appId,
    mfaCompliant: call.mfa,
  }
}

interface Day {
  readonly loginDate: string
  mfaCompliantRequestCount: number
  totalRequestCount: number
  readonly applicationId: string
  readonly applicationName: string
}

function daily(people: readonly Call[]): unknown {
  const days = new Map<string, Day>()
  for (const call of people) {
    const loginDate = new Date(call.atMs).toISOString().slice(0, 10)
    const applicationId = call.appId ?? ''
    const key = `${loginDate} ${applicationId}`
    const day = days.get(key) ?? { loginDate, mfaCompliantRequestCount: 0, totalRequestCount: 0, applicationId, applicationName: '' }
    day.totalRequestCount += 1
    if (call.mfa) day.mfaCompliantRequestCount += 1
    days.set(key, day)
  }
  return [...days.values()].reverse()
}
