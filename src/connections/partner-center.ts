import { randomUUID } from 'node:crypto'
import { partnerCenterAdapter, type PartnerCenterAdapter } from '../adapters/partner-center/adapter.js'
import { signatureVerifier } from '../adapters/partner-center/certificates.js'
import { partnerCenterInbound } from '../adapters/partner-center/inbound.js'
import { PlatformApi } from '../adapters/partner-center/platform.js'
import type { PartnerCenterConfig } from '../config/index.js'
import type { Adapter, Check } from '../core/ports.js'
import { pace } from '../remote/pace.js'
import type { TokenSource } from '../remote/send.js'
import { claimsOf, type TokenClaims } from '../remote/token-claims.js'
import { delegated, type TokenEndpoint } from '../remote/tokens.js'
import { sender, type Connection, type ConnectionParts } from './parts.js'
import { refreshTokens } from './refresh-tokens.js'

/** Partner Center's two hosts: referrals, and the platform with webhooks and profiles. */
export interface PartnerCenterConnection extends Connection {
  readonly platform: PlatformApi
  /** The same referrals over the same connection, their dates read in another zone: what a drafted mapping would see. */
  seenIn(zone: string | null): Adapter
  /** Whether both tokens are given and what they must allow is allowed. @throws Fault when that is refused or cannot be asked. */
  ready(signal: AbortSignal): Promise<readonly Check[]>
  /** One token a host. */
  readonly tokens: { readonly referrals: TokenSource; readonly platform: TokenSource }
}

/** One of the addresses of a tenant at Entra ID. */
export const entraUrl = (authority: string, tenant: string, what: 'authorize' | 'devicecode' | 'token'): string =>
  `${directory(authority, tenant)}/oauth2/v2.0/${what}`
const directory = (authority: string, tenant: string): string => `${authority.replace(/\/+$/, '')}/${encodeURIComponent(tenant)}`

const correlation = (id: string): Record<string, string> => ({ 'client-request-id': id, 'MS-CorrelationId': id })

export function connectPartnerCenter(
  config: PartnerCenterConfig,
  parts: ConnectionParts,
  zone: () => string | null = () => null,
): PartnerCenterConnection {
  const { clock, transport } = parts
  const endpoint: TokenEndpoint = {
    transport,
    clock,
    name: 'Partner Center',
    repair: 'cosell connect partner-center',
    url: entraUrl(config.authorityUrl, config.tenant, 'token'),
    olderUrl: `${directory(config.authorityUrl, config.tenant)}/oauth2/token`,
  }
  const tokens = refreshTokens(parts, config.refreshToken)
  const shared = pace({ clock, inFlightMost: 10, requestsPerSecond: config.requestsPerSecond })
  const tokenFor = (audience: string): TokenSource => {
    const scope = `${audience}/.default offline_access`
    return delegated(endpoint, { clientId: config.clientId, clientSecret: config.clientSecret, scope, tokens })
  }
  const forReferrals = tokenFor('https://api.partner.microsoft.com')
  const forPlatform = tokenFor('https://api.partnercenter.microsoft.com')
  const at = (url: string, token: TokenSource) =>
    sender(parts, {
      name: 'Partner Center',
      url,
      pace: shared,
      token,
      correlation,
    })
  const platform = new PlatformApi({
    url: config.platformUrl,
    send: at(config.platformUrl, forPlatform),
    now: () => clock.now(),
    newId: randomUUID,
  })
  const send = at(config.referralsUrl, forReferrals)
  const claims = async (signal: AbortSignal): Promise<TokenClaims> => claimsOf(await forReferrals({ fresh: false, signal }))
  const adapterIn = (asked: () => string | null): PartnerCenterAdapter =>
    partnerCenterAdapter({ send, url: config.referralsUrl, platform, clock, zone: asked, partnerId: config.partnerId, claims })
  const adapter = adapterIn(zone)
  const { certificateHosts, trustAnchors } = config.webhook
  return {
    adapter,
    seenIn: (other) => adapterIn(() => other),
    platform,
    tokens: { referrals: forReferrals, platform: forPlatform },
    inbound: partnerCenterInbound(
      signatureVerifier({ transport, clock, hosts: certificateHosts, trustAnchors: trustAnchors?.text ?? null }),
    ),
    checks: (signal) => adapter.checks({ signal }),
    async ready(signal) {
      await forPlatform({ fresh: false, signal })
      return adapter.ready({ signal })
    },
  }
}
