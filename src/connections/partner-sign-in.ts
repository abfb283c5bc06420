import type { AuditEntry } from '../core/audit.js'
import { Fault, toFault } from '../core/fault.js'
import type { DeviceCode, SignInState } from '../engine/administration.js'
import { finishCodeSignIn, startCodeSignIn, type CodeSignIn } from '../remote/code-sign-in.js'
import { signInByDevice } from '../remote/device-code.js'
import { markRepaired } from '../engine/mark-again.js'
import type { Config } from '../config/index.js'
import type { ConnectionParts } from './parts.js'
import { entraUrl } from './partner-center.js'
import { storeSignIn } from './refresh-tokens.js'

/** Where the browser comes back to; the app registration must know this address. */
export const BROWSER_RETURN = '/connect/partner-center'
/** Who last signed in to Partner Center from here, and when. */
export const SIGNED_IN_BY = 'connection.partner-center'

const scope = 'https://api.partner.microsoft.com/.default offline_access openid profile'
const pendingMs = 10 * 60_000 // As long as a person may take at the sign-in page.
const pendingMost = 20

interface SignInParts extends ConnectionParts {
  readonly config: Config
}
interface Begun {
  readonly signIn: CodeSignIn
  readonly by: string
  readonly until: number
}
export interface PartnerSignIn {
  /** Shows a code for another screen, and waits for the person. */
  byDevice(options: { readonly show: (code: DeviceCode) => void; readonly by: string; readonly signal: AbortSignal }): Promise<void>
  /** The address the person's browser goes to. */
  beginInBrowser(by: string): { readonly url: string }
  /** What the browser brought back. @throws Fault `signed-out`. */
  finishInBrowser(query: URLSearchParams, signal: AbortSignal): Promise<void>
  state(): SignInState
}

interface Signed {
  readonly refreshToken: string
  readonly by: string
  readonly how: string
}
async function keepSignIn(parts: SignInParts, { refreshToken, by, how }: Signed): Promise<void> {
  const { store, config, clock } = parts
  const now = clock.now()
  await storeSignIn(parts, config.partnerCenter.refreshToken, refreshToken)
  await store.setValue(SIGNED_IN_BY, { by, at: now }, { expect: 'any', now })
  const event: AuditEntry['event'] = { kind: 'setting', name: 'sign-in', detail: `signed in to Partner Center ${how}` }
  await store.addAudit([{ link: null, at: now, by, run: null, event }], now)
  await markRepaired(parts)
}

/** Signing a person in, by a code on another screen or in this browser. The token is sealed into the store and goes nowhere else. */
export function partnerSignIn(parts: SignInParts): PartnerSignIn {
  const { config, clock, transport } = parts
  const { authorityUrl, tenant, clientId, clientSecret } = config.partnerCenter
  const endpoint = {
    transport,
    clock,
    name: 'Partner Center',
    repair: 'cosell connect partner-center',
    url: entraUrl(authorityUrl, tenant, 'token'),
    deviceUrl: entraUrl(authorityUrl, tenant, 'devicecode'),
  }
  const pending = new Map<string, Begun>()
  let state: SignInState = { state: 'idle', message: null, remedy: null }
  const keep = (refreshToken: string, by: string, how: string): Promise<void> => keepSignIn(parts, { refreshToken, by, how })
  const watched = async (work: () => Promise<void>): Promise<void> => {
    state = { state: 'waiting', message: null, remedy: null }
    try {
      await work()
      state = { state: 'done', message: null, remedy: null }
    } catch (error) {
      const { message, remedy } = toFault(error)
      state = { state: 'failed', message, remedy }
      throw error
    }
  }
  return {
    byDevice: ({ show, by, signal }) =>
      watched(async () => {
        const { refreshToken } = await signInByDevice(endpoint, { clientId, clientSecret, scope }, { show, signal })
        await keep(refreshToken, by, 'by device code')
      }),
    beginInBrowser(by) {
      const { publicUrl } = config.server
      if (publicUrl === null)
        throw new Fault('misconfigured', 'There is no address that the browser could come back to.', {
          remedy: `Set server.publicUrl, and allow that address + ${BROWSER_RETURN} as a redirect address of the app registration; or sign in with a code.`,
        })
      for (const [key, { until }] of pending) if (until < clock.now() || pending.size >= pendingMost) pending.delete(key)
      const redirectUri = `${publicUrl.replace(/\/+$/, '')}${BROWSER_RETURN}`
      const signIn = startCodeSignIn(entraUrl(authorityUrl, tenant, 'authorize'), { clientId, scope, redirectUri })
      pending.set(signIn.state, { signIn, by, until: clock.now() + pendingMs })
      state = { state: 'waiting', message: null, remedy: null }
      return { url: signIn.url }
    },
    async finishInBrowser(query, signal) {
      const key = query.get('state') ?? ''
      const begun = pending.get(key)
      pending.delete(key)
      if (begun === undefined || begun.until < clock.now())
        throw new Fault('signed-out', 'This sign-in is over: it took too long, or was begun elsewhere.', {
          remedy: 'Begin it again on the page Connections.',
        })
      await watched(async () => {
        const { refreshToken } = await finishCodeSignIn(endpoint, { clientId, clientSecret, scope }, begun.signIn, { query, signal })
        await keep(refreshToken, begun.by, 'in the browser')
      })
    },
    state: () => state,
  }
}
