import { formatListen } from './addresses.js'
import type { Config, DynamicsConfig, FileText, SalesforceConfig } from './config.js'
import { formatDuration } from './durations.js'

export const mask = '••••••'

/** A plain document in the file's own keys. */
export interface ConfigDocument {
  readonly [key: string]: ConfigDocument | readonly string[] | string | number | boolean
}
type Loose = { readonly [key: string]: ConfigDocument | readonly string[] | string | number | boolean | null }

/** Leaves out what is not set. */
function given(entries: Loose): ConfigDocument {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== null)) as ConfigDocument // "as": fromEntries forgets that null is gone
}

/** An address without the password it may hold. */
export function maskAddress(address: string): string {
  if (!URL.canParse(address)) return mask
  const url = new URL(address)
  // A PostgreSQL address may also carry it as a parameter.
  const parameters = url.search.replace(/([?&](?:password|sslpassword)=)[^&]*/gi, `$1${mask}`)
  const user = url.username === '' ? '' : `${url.username}${url.password === '' ? '' : `:${mask}`}@`
  return `${url.protocol}//${user}${url.host}${url.pathname === '/' ? '' : url.pathname}${parameters}`
}

/** The address of somebody's webhook, without what may be its key. */
function maskQuery(address: string): string {
  const url = new URL(address)
  return `${url.origin}${url.pathname}${url.search === '' ? '' : `?${mask}`}`
}

const hidden = (secret: string | null): string | null => (secret === null ? null : mask)
const pathOf = (file: FileText | null): string | null => file?.path ?? null

const momentOf = (moment: number | null): string | null => (moment === null ? null : new Date(moment).toISOString())

function crmDocument(crm: DynamicsConfig | SalesforceConfig): ConfigDocument {
  const common = { kind: crm.kind, url: crm.url }
  if (crm.kind === 'dynamics') {
    return given({
      ...common, authorityUrl: crm.authorityUrl, tenant: crm.tenant, clientId: crm.clientId,
      clientSecret: hidden(crm.clientSecret), webhookKey: hidden(crm.webhookKey), clientSecretExpires: momentOf(crm.clientSecretExpires),
    })
  }
  const byKey = crm.credential.kind === 'private-key' ? crm.credential : null
  return given({
    ...common, clientId: crm.clientId, clientSecret: byKey === null ? mask : null,
    privateKey: pathOf(byKey?.privateKey ?? null), username: byKey?.username ?? null,
    webhookKey: hidden(crm.webhookKey), clientSecretExpires: momentOf(crm.clientSecretExpires),
  })
}

function serverDocument(server: Config['server']): ConfigDocument {
  const signIn = server.signIn
  return given({
    listen: formatListen(server.listen), observe: server.observe === null ? null : formatListen(server.observe),
    publicUrl: server.publicUrl,
    adminTokens: server.adminTokens.map(() => mask), trustedProxies: server.trustedProxies,
    signIn: signIn === null ? null : {
      issuer: signIn.issuer, clientId: signIn.clientId, clientSecret: mask,
      roles: { admin: signIn.roles.admin, operator: signIn.roles.operator, viewer: signIn.roles.viewer },
    },
  })
}

function partnerDocument(partner: Config['partnerCenter']): ConfigDocument {
  return given({
    tenant: partner.tenant, clientId: partner.clientId, clientSecret: mask, clientSecretExpires: momentOf(partner.clientSecretExpires),
    refreshToken: hidden(partner.refreshToken), partnerId: partner.partnerId,
    referralsUrl: partner.referralsUrl, platformUrl: partner.platformUrl, authorityUrl: partner.authorityUrl,
    webhook: given({
      events: partner.webhook.events, certificateHosts: partner.webhook.certificateHosts,
      trustAnchors: pathOf(partner.webhook.trustAnchors), guard: partner.webhook.guard,
      relayTo: partner.webhook.relayTo.map(maskQuery),
    }),
    requestsPerSecond: partner.requestsPerSecond,
  })
}

const clockOf = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

function noticesDocument({ email, teams, slack, crmTask, quietHours, timeZone }: Config['notices']): ConfigDocument {
  return given({
    email: email === null ? null : { smtp: maskAddress(email.smtp), from: email.from, to: email.to },
    teams: hidden(teams), slack: hidden(slack), crmTask,
    quietHours: quietHours === null ? null : `${clockOf(quietHours.from)}-${clockOf(quietHours.until)}`, timeZone,
  })
}

/** The effective configuration in the file's own keys and spelling, secrets masked: what `cosell config show` prints. */
export function maskedConfig(config: Config): ConfigDocument {
  const { sync } = config
  return given({
    environment: config.environment,
    store: config.store.kind === 'embedded' ? config.store.folder : maskAddress(config.store.url),
    server: serverDocument(config.server),
    partnerCenter: partnerDocument(config.partnerCenter),
    crm: crmDocument(config.crm),
    sync: given({
      flows: { ...sync.flows }, leads: sync.leads, poll: formatDuration(sync.pollMs), sweep: formatDuration(sync.sweepMs),
      since: momentOf(sync.since), open: sync.openOnly,
      irreversible: sync.irreversible, approval: sync.approval, owner: sync.owner, checkMarkInName: sync.checkMarkInName,
    }),
    mapping: pathOf(config.mapping),
    taxonomy: pathOf(config.taxonomy),
    proxy: config.proxy === null ? null : maskAddress(config.proxy),
    caBundle: pathOf(config.caBundle),
    sealKey: config.seal.kind === 'given' ? mask : null,
    sealKeyPrevious: config.seal.kind === 'given' ? hidden(config.seal.previous) : null,
    sealKeyFile: config.seal.kind === 'file' ? config.seal.path : null,
    keepLedger: config.keepLedgerMs === null ? null : `${config.keepLedgerMs / 86_400_000}d`,
    notices: noticesDocument(config.notices),
    log: { level: config.log.level },
  })
}

function passwordOf(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null
  const url = new URL(address)
  return url.password === '' ? url.searchParams.get('password') : url.password
}

/** Every secret text of the configuration, for the log's and the console's redaction. */
export function secretValues(config: Config): readonly string[] {
  const { crm, partnerCenter, server } = config
  const credential = crm.kind === 'dynamics' ? { kind: 'client-secret' as const, clientSecret: crm.clientSecret } : crm.credential
  const crmSecret = credential.kind === 'client-secret' ? credential.clientSecret : credential.privateKey.text
  const passwords = [passwordOf(config.store.kind === 'postgres' ? config.store.url : null), passwordOf(config.proxy), passwordOf(config.notices.email?.smtp ?? null)]
  const all = [
    ...server.adminTokens, server.signIn?.clientSecret, partnerCenter.clientSecret, partnerCenter.refreshToken,
    crmSecret, crm.webhookKey, ...(config.seal.kind === 'given' ? [config.seal.key, config.seal.previous] : []),
    config.notices.teams, config.notices.slack,
    // In the address a password stands percent-encoded; elsewhere it stands plain.
    ...passwords, ...passwords.map((password) => (password === null ? null : decode(password))),
  ]
  return [...new Set(all.filter((secret): secret is string => typeof secret === 'string' && secret !== ''))]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // A lone % is no encoding; the text is then already plain.
  }
}
