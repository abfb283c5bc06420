import type { SimRequest } from '../http.js'
import type { Referral } from './model.js'
import { denied, PlatformRefused, Refused } from './refusal.js'
import { platformHost, publicHost, type World } from './world.js'

/** What this simulator wants to know about a token. Handed in, so that simulators stay strangers to each other. */
export interface CallerClaims {
  readonly tid: string
  readonly appid: string
  /** Absent on app-only tokens. */
  readonly upn?: string
  readonly amr?: readonly string[]
}

export type TokenVerdict = { readonly ok: true; readonly claims: CallerClaims } | { readonly ok: false; readonly reason: string }
export type VerifyToken = (authorization: string | undefined, audience: string) => TokenVerdict

export interface Caller {
  readonly appId: string
  /** null: the app calls as itself. */
  readonly email: string | null
  readonly mfa: boolean
  readonly roles: ReadonlySet<string>
}

export const referralsAudience = publicHost
export const platformAudience = platformHost

const plain = (role: string): string => role.toLowerCase().replaceAll(/[^a-z]/g, '')

/** Who may use the webhook API. Source: learn.microsoft.com/partner-center/developer/partner-center-webhooks, read 2023-10. */
const webhookRoles = ['billingadmin', 'adminagent', 'salesagent', 'helpdeskagent']

/** Told who calls as soon as that is known, also when the call is refused afterwards. */
export type Note = (caller: Caller) => void

export interface Gate {
  referrals(request: SimRequest, note: Note): Caller
  /** `people`: app-only tokens are refused, as the two partner profile endpoints do. */
  platform(request: SimRequest, note: Note, who: 'people' | 'people-and-apps'): Caller
  webhooks(request: SimRequest, note: Note): Caller
}

export function gate(world: World, deps: { verify: VerifyToken; rolesOf: (email: string) => readonly string[] }): Gate {
  const callerOf = (claims: CallerClaims): Caller => ({
    appId: claims.appid,
    email: claims.upn ?? null,
    mfa: claims.amr?.includes('mfa') === true,
    roles: new Set(claims.upn === undefined ? [] : deps.rolesOf(claims.upn).map(plain)),
  })

  const platform: Gate['platform'] = (request, note, who) => {
    const verdict = deps.verify(request.headers['authorization'], platformAudience)
    if (!verdict.ok) {
      const missing = verdict.reason === 'missing'
      const message = missing ? 'Partner token is missing.' : `Access denied: the token is not accepted (${verdict.reason}).`
      throw new PlatformRefused({ status: 401, code: missing ? 800001 : 400, message })
    }
    if (verdict.claims.tid !== world.organization.tenantId) {
      throw new PlatformRefused({ status: 403, code: 2032, message: 'Access denied.' })
    }
    const caller = callerOf(verdict.claims)
    note(caller)
    if (caller.email === null) {
      if (who === 'people') {
        throw new PlatformRefused({ status: 403, code: 900329, message: 'App-only authentication is not supported for this resource.' })
      }
      return caller
    }
    if (!caller.mfa && world.options.mfa === 'required') {
      const message = 'Access is blocked by Conditional Access: multifactor sign-in is required.'
      throw new PlatformRefused({ status: 403, code: 900309, message })
    }
    return caller
  }

  return {
    platform,
    referrals(request, note) {
      const verdict = deps.verify(request.headers['authorization'], referralsAudience)
      if (!verdict.ok) {
        const message = `The token is not accepted (${verdict.reason}).`
        throw new Refused({ status: 401, code: 'unauthenticated', message, target: 'authorization' })
      }
      if (verdict.claims.tid !== world.organization.tenantId) throw denied('The caller does not belong to this partner.')
      const caller = callerOf(verdict.claims)
      note(caller)
      if (caller.email === null) throw denied('App-only tokens are not supported: sign in with a user who has a referral role.')
      if (!caller.mfa && world.options.mfa === 'required') {
        const message = 'The token carries no multifactor claim.'
        throw denied('Access is blocked by Conditional Access.', { code: 'insufficient_claims', message })
      }
      if (!isAdmin(caller) && !caller.roles.has('referralsuser')) throw denied('The user has no referral role in Partner Center.')
      return caller
    },
    webhooks(request, note) {
      const caller = platform(request, note, 'people-and-apps')
      const sufficient = world.options.webhookRoles === 'listed' ? webhookRoles : [...webhookRoles, 'referralsadmin']
      if (caller.email === null || sufficient.some((role) => caller.roles.has(role))) return caller
      throw new PlatformRefused({ status: 403, code: 900308, message: 'Insufficient privileges to manage webhook registrations.' })
    },
  }
}

export const isAdmin = (caller: Caller): boolean => caller.roles.has('referralsadmin')

/** Whether the caller's role and scope show this referral. Related referrals follow the caller's own of the same engagement. */
export function maySee(world: World, caller: Caller, referral: Referral): boolean {
  if (world.hidden.has(referral.id)) return false
  if (isAdmin(caller)) return true
  if (referral.organizationId !== world.organization.organizationId) {
    return world.store.ofEngagement(referral.engagementId).some((other) => isOwn(world, other) && onTeam(caller, other))
  }
  return onTeam(caller, referral)
}

const onTeam = (caller: Caller, referral: Referral): boolean =>
  referral.team.some((member) => member.email?.toLowerCase() === caller.email?.toLowerCase())

export const isOwn = (world: World, referral: Referral): boolean => referral.organizationId === world.organization.organizationId
