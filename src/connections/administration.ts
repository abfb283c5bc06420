import { sameUrl, webhookRegistration } from '../adapters/partner-center/registration.js'
import type { Config } from '../config/index.js'
import { Fault } from '../core/fault.js'
import type { AuditEntry } from '../core/audit.js'
import type { Check } from '../core/ports.js'
import { WEBHOOK_OURS, type Administration, type ConnectionView, type DeviceCode, type Registration } from '../engine/administration.js'
import { claimsOf, type TokenClaims } from '../remote/token-claims.js'
import { partnerSignIn, SIGNED_IN_BY, type PartnerSignIn } from './partner-sign-in.js'
import { installJob } from './install-job.js'
import { installation, type Installation } from './installation.js'
import type { ConnectionParts, CrmConnection } from './parts.js'
import { displacedBefore, keepDisplaced, relayTarget, wantedRegistration } from './webhook-wanted.js'
import type { PartnerCenterConnection } from './partner-center.js'
import { PARTNER_CENTER_TOKEN, tokenLapsesAt } from './refresh-tokens.js'

/** With what only the command line needs: the fields, tables and events of the CRM. */
export interface AdministrationDesk extends Administration {
  readonly installation: Installation
}


export interface AdministrationParts extends ConnectionParts {
  readonly config: Config
  readonly partner: PartnerCenterConnection
  readonly crm: CrmConnection
}

export function administration(parts: AdministrationParts): AdministrationDesk {
  const { config, partner, store, clock } = parts
  const install = installation(parts)
  const job = installJob(install)
  const registration = webhookRegistration({ platform: partner.platform, clock })
  const previous = (): Promise<Registration | null> => displacedBefore(store)
  const record = (by: string, name: string, detail: string): Promise<void> =>
    store.addAudit([setting(clock.now(), by, name, detail)], clock.now())
  return {
    async webhook(signal) {
      const registered = await registration.show(signal)
      const wanted = wantedRegistration(config, await previous())
      return { registered, wanted, ours: registered !== null && wanted !== null && sameUrl(registered, wanted), previous: await previous() }
    },
    async registerWebhook({ overwrite, by, signal }) {
      const before = await registration.show(signal)
      const bare = wantedRegistration(config, null)
      const displaces = before !== null && bare !== null && !sameUrl(before, bare)
      const kept = await previous()
      // Whoever lives on relayed events stays the one before us, also when somebody else has come in between.
      const owner = displaces && (relayTarget(config, kept) === null || relayTarget(config, before) !== null) ? before : kept
      const wanted = wantedRegistration(config, owner)
      if (wanted === null)
        throw new Fault('misconfigured', 'There is no address that Partner Center could call.', {
          remedy: 'Set server.publicUrl to the https address that leads to this service.',
        })
      // Kept before it is displaced: a process that dies in between has lost nothing.
      if (owner !== null && owner === before && overwrite === 'yes') await keepDisplaced(store, owner, clock.now())
      const outcome = await registration.register(wanted, { overwrite, signal })
      if (outcome.kind === 'occupied') return outcome
      await store.setValue(WEBHOOK_OURS, { url: wanted.url }, { expect: 'any', now: clock.now() })
      if (outcome.kind === 'registered')
        await record(by, 'webhook', `registered ${wanted.url}${outcome.previous === null ? '' : ` instead of ${outcome.previous.url}`}`)
      return outcome
    },
    async restoreWebhook({ by, signal }) {
      const kept = await previous()
      if (kept === null)
        throw new Fault('rejected', 'No earlier registration is kept here; nothing was changed.', {
          remedy: 'Partner Center cannot delete a registration. Register the other address from its own installation.',
        })
      await registration.restore(kept, signal)
      await store.setValue(WEBHOOK_OURS, { url: null }, { expect: 'any', now: clock.now() })
      await record(by, 'webhook', `put back ${kept.url}`)
      return kept
    },
    testWebhook: (signal) => registration.test(signal),
    connection: (system, signal) => (system === 'partner-center' ? partnerView(parts, signal) : crmView(parts, signal)),
    ...signingIn(parts),
    installation: install,
    installPlan: (signal) => install.plan(signal),
    beginInstall: (options) => job.begin(options),
    installJob: () => job.show(),
  }
}

type SigningIn = Pick<Administration, 'signIn' | 'beginSignIn' | 'beginBrowserSignIn' | 'finishBrowserSignIn' | 'signInState'>
function signingIn(parts: AdministrationParts): SigningIn {
  const signIn = partnerSignIn(parts)
  return {
    async signIn(options) {
      await signIn.byDevice(options)
      return partnerView(parts, options.signal)
    },
    beginSignIn: (by) => beginSignIn(signIn, by),
    beginBrowserSignIn: (by) => signIn.beginInBrowser(by),
    finishBrowserSignIn: (query, signal) => signIn.finishInBrowser(query, signal),
    signInState: () => signIn.state(),
  }
}

/** The service waits for the person; its page only shows the code and asks again how the connection is. */
function beginSignIn(signIn: PartnerSignIn, by: string): Promise<DeviceCode> {
  return new Promise((resolve, reject) => {
    const done = signIn.byDevice({ show: resolve, by, signal: new AbortController().signal })
    // After the code was shown nobody listens any more; an unused code simply ends, and the connection says that nobody is signed in.
    done.then(undefined, reject)
  })
}

const setting = (at: number, by: string, name: string, detail: string): AuditEntry => ({
  link: null,
  at,
  by,
  run: null,
  event: { kind: 'setting', name, detail },
})

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

const connectCommand = (system: ConnectionView['system']): string => `cosell connect ${system}`

const nobodyKnown = { owner: null, role: null } as const
/** What the system's own check of the role says. */
const roleIn = (checks: readonly Check[]): ConnectionView['role'] => {
  const found = checks.find(({ name }) => name.endsWith(' role'))
  return found === undefined ? null : { status: found.status, text: found.detail }
}

async function partnerView({ partner, store }: AdministrationParts, signal: AbortSignal): Promise<ConnectionView> {
  const about = { system: 'partner-center' as const, name: 'Partner Center' }
  try {
    const claims: TokenClaims = claimsOf(await partner.tokens.referrals({ fresh: false, signal }))
    const mfa = claims.methods.length === 0 || claims.methods.includes('mfa')
    const owner = (await store.getValue<{ by: string; at: number }>(SIGNED_IN_BY))?.value ?? null
    return {
      ...about,
      owner: owner === null ? null : { by: owner.by, at: new Date(owner.at).toISOString() },
      role: roleIn(await partner.checks(signal)),
      state: mfa ? 'connected' : 'reauthorize',
      account: claims.user,
      tenant: claims.tenant,
      scopes: claims.scopes.length === 0 ? null : claims.scopes,
      tokenUntil: iso(claims.expiresAt),
      signInUntil: iso(await tokenLapsesAt(store)),
      detail: mfa
        ? `Signed in as ${claims.user ?? 'a user whose token does not name them'}.`
        : 'Signed in without a second factor, which Partner Center will refuse.',
      remedy: mfa ? null : 'Run "cosell connect partner-center" and sign in with multi-factor authentication.',
      repair: mfa ? null : connectCommand('partner-center'),
    }
  } catch (error) {
    const nobody = (await store.getValue(PARTNER_CENTER_TOKEN)) === null
    return { ...about, ...troubleOf(error, nobody) }
  }
}

async function crmView({ crm, config }: AdministrationParts, signal: AbortSignal): Promise<ConnectionView> {
  const about = { system: 'crm' as const, name: config.crm.url }
  const checks = await crm.checks(signal)
  const signIn = checks.find(({ name }) => name === 'CRM sign-in') ?? checks[0]
  const failed = checks.find(({ status }) => status === 'fail')
  if (signIn === undefined || signIn.status === 'fail') {
    const state = signIn?.fault === 'signed-out' ? 'reauthorize' : 'disconnected'
    return {
      ...about,
      ...nobodyKnown,
      state,
      account: null,
      tenant: null,
      scopes: null,
      tokenUntil: null,
      signInUntil: null,
      detail: signIn?.detail ?? 'The CRM does not answer.',
      remedy: signIn?.remedy ?? 'Run "cosell doctor".',
      repair: state === 'reauthorize' ? connectCommand('crm') : null,
    }
  }
  const tenant = 'tenant' in config.crm ? config.crm.tenant : null
  const detail = failed === undefined ? signIn.detail : `${signIn.detail} ${failed.detail}`
  return {
    ...about,
    owner: null,
    role: roleIn(checks),
    state: 'connected',
    account: config.crm.clientId,
    tenant,
    scopes: null,
    tokenUntil: null,
    signInUntil: iso(config.crm.clientSecretExpires),
    detail,
    remedy: failed?.remedy ?? null,
    repair: null,
  }
}

function troubleOf(error: unknown, nobody: boolean): Omit<ConnectionView, 'system' | 'name'> {
  if (!(error instanceof Fault)) throw error
  const state = error.kind === 'signed-out' ? (nobody ? 'disconnected' : 'reauthorize') : 'disconnected'
  const { message: detail, remedy } = error
  const repair = error.kind === 'signed-out' ? connectCommand('partner-center') : null
  return { ...nobodyKnown, state, account: null, tenant: null, scopes: null, tokenUntil: null, signInUntil: null, detail, remedy, repair }
}
