import { toFault } from '../../core/fault.js'
import type { Check, Clock } from '../../core/ports.js'
import type { TokenClaims } from '../../remote/token-claims.js'
import type { ReferralsApi } from './api.js'
import { textMember, type PlatformApi } from './platform.js'
import type { OwnOrganization } from './own-organization.js'
import { parsePage, parseReferral } from './wire.js'
import { jsonOf } from './refusals.js'

export interface CheckParts {
  readonly referrals: ReferralsApi
  readonly platform: PlatformApi
  readonly own: OwnOrganization
  readonly clock: Clock
  readonly partnerId: string | null
  /** What the present token says about who signed in and how. */
  readonly claims: ((signal: AbortSignal) => Promise<TokenClaims>) | null
}

const skewMostMs = 60_000
const breadthSample = 50
const wantedEvents = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated']

const pass = (name: string, detail: string): Check => ({ name: `Partner Center: ${name}`, status: 'pass', detail, remedy: null })
const warn = (name: string, detail: string, remedy: string): Check => ({ name: `Partner Center: ${name}`, status: 'warn', detail, remedy })
const fail = (name: string, detail: string, remedy: string): Check => ({ name: `Partner Center: ${name}`, status: 'fail', detail, remedy })

/** What must be in order at Partner Center, one line each, in the order in which a person would repair it. Everything here only reads. */
export async function checks(parts: CheckParts, signal: AbortSignal): Promise<Check[]> {
  const results: Check[] = []
  const work: readonly (readonly [string, () => Promise<readonly Check[]>])[] = [
    ['sign-in', () => signIn(parts, signal)],
    ['referrals', () => referrals(parts, signal)],
    ['Partner ID', () => partnerId(parts, signal)],
    ['legal profile', () => legalProfile(parts, signal)],
    ['webhook rights', () => webhookRights(parts, signal)],
  ]
  for (const [name, check] of work) {
    try {
      results.push(...(await check()))
    } catch (error) {
      const fault = toFault(error)
      results.push(fail(name, fault.message, fault.remedy))
    }
  }
  return results
}

/** The same for what every deal needs: signed in with a second factor, and referrals that can be read. One call. @throws Fault when that is refused. */
export async function ready(parts: CheckParts, signal: AbortSignal): Promise<Check[]> {
  return [...(await signIn(parts, signal)), ...(await referrals(parts, signal))]
}

async function signIn({ claims }: CheckParts, signal: AbortSignal): Promise<readonly Check[]> {
  if (claims === null) return []
  const { user, methods } = await claims(signal)
  const who = user ?? 'a user whose token does not name them'
  if (methods.length === 0 || methods.includes('mfa')) return [pass('sign-in', `Signed in as ${who}.`)]
  return [fail('sign-in', `Signed in as ${who} without a second factor.`, 'Run "cosell connect partner-center" and sign in with multifactor authentication.')]
}

async function referrals(parts: CheckParts, signal: AbortSignal): Promise<readonly Check[]> {
  const what = 'reading some referrals'
  const listing = { filter: null, orderBy: 'createdDateTime desc', select: 'id,organizationId,team', top: breadthSample }
  const answer = await parts.referrals.probe(listing, { what, signal, headers: { ValidateMfa: 'true' } })
  const { items } = parsePage(jsonOf(answer), what)
  const skewMs = Math.abs(Date.parse(answer.headers['date'] ?? answer.headers['timestamp'] ?? '') - parts.clock.now())
  const found: Check[] = [pass('referrals', items.length === 0 ? 'Readable; there are none yet.' : 'Signed in and readable.')]
  found.push(await secondFactor(parts, answer.headers['ismfacompliant']?.toLowerCase(), signal))
  const skew = `This machine's clock and the service's differ by ${Math.round(skewMs / 1_000)} s.`
  if (!Number.isNaN(skewMs)) found.push(skewMs > skewMostMs ? warn('clock', skew, 'Set this machine\'s clock by NTP.') : pass('clock', skew))
  return [...found, ...(await breadth(parts, items, signal))]
}

/** The token may name it, and the service says whether it found one when it is asked to look (the header ValidateMfa). */
async function secondFactor({ claims }: CheckParts, compliant: string | undefined, signal: AbortSignal): Promise<Check> {
  const name = 'second factor'
  const remedy = 'Run "cosell connect partner-center" and sign in with multifactor authentication.'
  if (compliant === 'false') return fail(name, 'The service says that the sign-in carries no second factor.', remedy)
  if (compliant === 'true') return pass(name, 'The service finds it in the sign-in.')
  const named = claims !== null && (await claims(signal)).methods.includes('mfa')
  return pass(name, named ? 'The token names it.' : 'Neither the token nor the service speaks of it; none is missed.')
}

/** A "Referrals user" sees only deals whose team holds them: if that is true of every deal in sight, the role is probably too small. */
async function breadth(parts: CheckParts, items: readonly unknown[], signal: AbortSignal): Promise<readonly Check[]> {
  const user = parts.claims === null ? null : (await parts.claims(signal)).user?.toLowerCase()
  if (user === null || user === undefined) return [pass('role', 'The token does not name its user, so that own deals cannot be told from others.')]
  let own = 0
  let mine = 0
  for (const item of items) {
    const referral = parseReferral(item, 'a listing of referrals')
    if (!(await parts.own.owns(referral, signal))) continue
    own += 1
    if ((referral.team ?? []).some(({ email }) => email?.trim().toLowerCase() === user)) mine += 1
  }
  const fewToTell = 5
  if (own < fewToTell) return [pass('role', `${own} own deals in sight, too few to tell whether other people's are seen too.`)]
  return mine < own
    ? [pass('role', 'Sees deals of other people too, as a Referrals admin does.')]
    : [warn('role', `Every deal in sight has ${user} on its team; a Referrals user sees no others.`, 'Give the connector\'s user the role "Referrals admin" for the whole company.')]
}

async function partnerId(parts: CheckParts, signal: AbortSignal): Promise<readonly Check[]> {
  const id = textMember(await parts.platform.record('/v1/profiles/mpn', { what: 'reading the partner profile', signal }), 'mpnId')
  if (parts.partnerId === null || id === parts.partnerId) return [pass('Partner ID', id ?? 'none')]
  const text = `The profile says ${id ?? 'nothing'}, the configuration ${parts.partnerId}.`
  return [warn('Partner ID', text, 'Check partnerCenter.partnerId and the tenant; a location\'s id may differ from the account\'s.')]
}

async function legalProfile({ platform }: CheckParts, signal: AbortSignal): Promise<readonly Check[]> {
  const profile = await platform.record('/v1/profiles/legalbusiness?vettingVersion=Current', { what: 'reading the legal profile', signal })
  const status = textMember(profile, 'vettingStatus')
  if (status?.toLowerCase() === 'authorized') return [pass('legal profile', 'authorized')]
  return [warn('legal profile', `Vetting status: ${status ?? 'unknown'}.`, 'Complete the legal profile in Partner Center.')]
}

async function webhookRights({ platform }: CheckParts, signal: AbortSignal): Promise<readonly Check[]> {
  const { json } = await platform.call('GET', '/webhooks/v1/registration/events', null, { what: 'listing webhook events', signal })
  const missing = wantedEvents.filter((event) => !Array.isArray(json) || !json.includes(event))
  if (missing.length === 0) return [pass('webhook rights', 'All four referral events are offered.')]
  const remedy = 'Give the user one of the roles Admin agent, Billing admin, Sales agent or Helpdesk agent.'
  return [fail('webhook rights', `Not offered: ${missing.join(', ')}.`, remedy)]
}
