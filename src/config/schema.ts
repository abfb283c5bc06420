import { z } from 'zod'
import { CRM_NAMES } from '../adapters/registry.js'
import {
  isAddressRange, isHostAndPort, isLoopbackHost, parseListen, readProxyAddress, readRemoteAddress, type AddressReading,
} from './addresses.js'
import { parseDuration } from './durations.js'

/** What a setting holds: decides how it is read from a variable, whether it is masked, and how editors complete it. */
export type SettingKind =
  | 'text' | 'secret' | 'address' | 'file' | 'secret-file' | 'store' | 'proxy' | 'duration' | 'switch' | 'number' | 'choice' | 'moment' | 'list' | 'secret-list'

export interface About {
  readonly kind: SettingKind
  readonly meaning: string
}

/** What every setting means; read by the table in the docs, the JSON Schema, the overrides and the masks. */
export const aboutSettings = z.registry<About>()

function setting<T extends z.ZodType>(kind: SettingKind, meaning: string, type: T): T {
  aboutSettings.add(type, { kind, meaning })
  return type
}

// Every scalar arrives as text, whether it stands in the file, in a variable or behind `${…}`, and gets its type here: so all three behave alike.

function read<T>(parse: (text: string) => T | null, message: string, hint: string) {
  return z.string().transform((text, context): T => {
    const value = parse(text)
    if (value !== null) return value
    context.addIssue({ code: 'custom', message, params: { hint } })
    return z.NEVER
  })
}
const text = (kind: SettingKind, meaning: string) => setting(kind, meaning, z.string())
const choice = <const T extends readonly [string, ...string[]]>(meaning: string, options: T) => setting('choice', meaning, z.enum(options))
const duration = (meaning: string, leastMs: number) =>
  setting('duration', meaning, read((value) => {
    const ms = parseDuration(value)
    return ms !== null && ms >= leastMs ? ms : null
  }, `is not a duration of at least ${leastMs} ms and at most a year`, 'Write it like 30s, 10m or 2h.'))
/** Source: YAML 1.2.2, 10.3.2 "Tag resolution" of the core schema. */
const yamlSwitches = new Map([...['true', 'True', 'TRUE'].map((word) => [word, true] as const), ...['false', 'False', 'FALSE'].map((word) => [word, false] as const)])
const onOff = (meaning: string) =>
  setting('switch', meaning, read((value) => yamlSwitches.get(value) ?? null, 'is neither true nor false', 'Write true or false.'))
const number = (meaning: string) =>
  setting('number', meaning, read((value) => (/^\d{1,6}(\.\d{1,3})?$/.test(value) ? Number(value) : null), 'is not a number of 0 or more', 'Write it like 5 or 0.5.'))
// An empty item is refused: an unset variable must not become a token that anybody can send.
const list = (kind: SettingKind, meaning: string) =>
  setting(kind, meaning, z.array(read((item) => (item === '' ? null : item), 'is empty', 'Give it a value, or remove it from the list.')))
const checkedList = (meaning: string, good: (item: string) => boolean, message: string, hint: string) =>
  setting('list', meaning, z.array(read((item) => (good(item) ? item : null), message, hint)))

function addressType(parse: (text: string) => AddressReading) {
  return z.string().transform((value, context): string => {
    const reading = parse(value)
    if (reading.kind === 'good') return reading.address
    context.addIssue({ code: 'custom', message: reading.message, params: { hint: reading.hint } })
    return z.NEVER
  })
}
const address = (meaning: string) => setting('address', meaning, addressType(readRemoteAddress))

const tenant = (meaning: string) =>
  setting('text', meaning, read(
    (value) => (/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(value) ? value : null),
    'is not a tenant', 'Write its domain (contoso.onmicrosoft.com) or its id (a GUID).',
  ))

/** Whether the calendar has it: the runtime reads the 31st of February as the 3rd of March. */
function isDay(day: string): boolean {
  const at = Date.parse(day)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

/** A date, or a date and time; without a zone it is UTC, so that two machines read the same moment. */
function parseMoment(value: string): number | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|z|[+-]\d{2}:\d{2})?)?$/.exec(value)
  if (match?.[1] === undefined || !isDay(match[1])) return null
  const moment = Date.parse(`${match[1]}T${match[2] ?? '00:00'}${(match[3] ?? 'Z').toUpperCase()}`)
  return Number.isNaN(moment) ? null : moment
}

/** `22:00-07:00` as minutes after midnight. */
function parseHours(value: string): { from: number; until: number } | null {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(value)
  if (match === null) return null
  const [from = 0, fromMinute = 0, until = 0, untilMinute = 0] = match.slice(1).map(Number)
  return { from: from * 60 + fromMinute, until: until * 60 + untilMinute }
}
function isTimeZone(value: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

/** Days only: a ledger that forgets within hours is a mistake. */
function parseKeep(value: string): number | null {
  const days = /^(\d{1,5})d$/.exec(value)?.[1]
  return days === undefined || Number(days) < 1 ? null : Number(days) * 86_400_000
}

const server = z.strictObject({
  listen: setting('text', 'Where the service listens: host:port, :port for every interface. TLS is the reverse proxy\'s work.',
    read(parseListen, 'is not host:port', 'Write it like 127.0.0.1:8400, [::1]:8400 or :8400.')).prefault('127.0.0.1:8400'),
  observe: setting('text', 'A second address for /metrics, /healthz and /readyz, for servers and workers alike. It asks nobody who they are: keep it off the internet. Default: none.',
    read(parseListen, 'is not host:port', 'Write it like 127.0.0.1:9464 or :9464.')).optional(),
  publicUrl: address('The address under which the remote systems and people reach the service. Needed for webhooks and sign-in.').optional(),
  adminTokens: list('secret-list', 'Bearer tokens of scripts, with the role admin. People sign in.').prefault([]),
  trustedProxies: checkedList('Addresses or ranges of reverse proxies whose X-Forwarded-* headers are believed.', isAddressRange,
    'is neither an IP address nor a range', 'Write it like 10.0.0.5 or 10.0.0.0/8.').prefault([]),
  signIn: z.strictObject({
    issuer: address('Issuer of the OpenID Connect provider people sign in with.'),
    clientId: text('text', 'Client id of the console at that provider.'),
    clientSecret: text('secret', 'Its client secret.'),
    roles: z.strictObject({
      admin: list('list', 'Roles, groups or user names (from the token) that may do everything.').prefault([]),
      operator: list('list', 'Those that may decide about deals and conflicts.').prefault([]),
      viewer: list('list', 'Those that may look.').prefault([]),
    }).prefault({}),
  }).optional(),
})

const secretExpires = setting('moment', 'When that secret ends; a notice is raised 14, 7 and 1 days before.',
  read(parseMoment, 'is not a date', 'Write it like 2027-01-31.')).optional()

const hookAddressType = () => read((value) => {
  const reading = URL.canParse(value) ? new URL(value) : null
  const isGood = reading !== null && (reading.protocol === 'https:' || (reading.protocol === 'http:' && isLoopbackHost(reading.hostname)))
  return isGood && reading.username === '' && reading.password === '' ? value : null
}, 'is not an https address', 'Copy the whole address of the incoming webhook.')

const webhook = z.strictObject({
  events: checkedList('Events the webhook is registered for.', (item) => /^[a-z][a-z-]{1,80}$/.test(item),
    'is not the name of an event', 'Write it like referral-updated.')
    .prefault(['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated', 'test-created']),
  certificateHosts: checkedList('The only hosts a signing certificate is fetched from: host or host:port.', isHostAndPort,
    'is not host or host:port', 'Write it without https:// and without a path.').prefault(['3psostorageacct.blob.core.windows.net']),
  guard: choice('When somebody else registers the webhook of this tenant: `announce` it, `repair` it, or `off`.', ['announce', 'repair', 'off']).prefault('announce'),
  relayTo: setting('list', 'Addresses that may be sent the events which are not ours: whichever of them had the webhook before us gets them, as they came. Default: none.',
    z.array(hookAddressType())).prefault([]),
  trustAnchors: text('file', 'PEM bundle of roots and intermediates that signing certificates must lead to. Default: the roots of the runtime.').optional(),
})

const partnerCenter = z.strictObject({
  tenant: tenant('Entra ID tenant of the partner account.'),
  clientId: text('text', 'Application (client) id of the app registration for Partner Center.'),
  clientSecret: text('secret', 'Its client secret.'),
  clientSecretExpires: secretExpires,
  refreshToken: text('secret', 'Refresh token of the service account. `cosell connect partner-center` obtains and seals one instead.').optional(),
  partnerId: text('text', 'Partner (MPN) ID of the location new deals are created under.').optional(),
  referralsUrl: address('The Referrals API.').prefault('https://api.partner.microsoft.com'),
  platformUrl: address('The Partner Center API: webhooks and profiles.').prefault('https://api.partnercenter.microsoft.com'),
  authorityUrl: address('Where tokens for Partner Center come from.').prefault('https://login.microsoftonline.com'),
  webhook: webhook.prefault({}),
  requestsPerSecond: number('Fixed rate of requests. 0: none; at most 10 in flight, slower after a 429 and then as Retry-After says.').prefault('0'),
})

// One flat object for both kinds, so that a key of the wrong kind is told apart from a mistyped one (see cross-checks.ts).
const crm = z.strictObject({
  kind: choice(`Which CRM: ${CRM_NAMES.map((name) => `\`${name}\``).join(' or ')}.`, CRM_NAMES),
  url: address('Dynamics: the environment URL. Salesforce: the My Domain URL.'),
  authorityUrl: address('Dynamics only: where its tokens come from. Default: https://login.microsoftonline.com').optional(),
  tenant: tenant('Dynamics only: Entra ID tenant of the environment.').optional(),
  clientId: text('text', 'Client id of the app registration (Dynamics) or connected app (Salesforce).'),
  clientSecret: text('secret', 'Its client secret. Salesforce: for client credentials; else `privateKey` and `username`.').optional(),
  clientSecretExpires: secretExpires,
  privateKey: text('secret-file', 'Salesforce only: file with the private key (PEM) for the JWT bearer flow.').optional(),
  username: text('text', 'Salesforce only: the user of the JWT bearer flow.').optional(),
  webhookKey: text('secret', 'Shared secret of the CRM\'s callbacks. Without it callbacks are refused and polling finds the changes.').optional(),
})

const flow = (into: string) => choice(`What flows to ${into}: \`on\`, \`observe\` (plan and record, write nothing) or \`off\`.`, ['on', 'observe', 'off']).prefault('on')

const sync = z.strictObject({
  flows: z.strictObject({ partnerToCrm: flow('the CRM'), crmToPartner: flow('Partner Center') }).prefault({}),
  leads: onOff('Whether leads are synchronised too. Never limits what flows from the CRM to Partner Center.').prefault('true'),
  poll: duration('How often the CRM\'s change feed is read; callbacks make it sooner.', 100).prefault('30s'),
  sweep: duration('How often both sides are swept for missed changes.', 1_000).prefault('10m'),
  since: setting('moment', 'The first sync looks at deals changed since then.',
    read(parseMoment, 'is not a date', 'Write it like 2026-01-01 or 2026-01-01T08:00:00Z.')).optional(),
  open: onOff('Whether the first sync takes open deals only.').prefault('false'),
  irreversible: choice('Sharing with Microsoft, accepting, declining, closing: `allow`, `confirm` (ask once more) or `forbid`.', ['allow', 'confirm', 'forbid']).prefault('allow'),
  approval: choice('Whether settings that one person promotes need the agreement of another (`second-person`) before they are in force.', ['none', 'second-person']).prefault('none'),
  owner: text('text', 'CRM owner (e-mail) of inbound deals when no team member is a CRM user.').optional(),
  checkMarkInName: onOff('Whether ✔ or ✘ stands before the opportunity\'s name, as Microsoft\'s own connector does.').prefault('false'),
})

const hookAddress = (meaning: string) => setting('secret', meaning, hookAddressType())

const notices = z.strictObject({
  email: z.strictObject({
    smtp: setting('secret', 'Mail server with user and password: `smtps://user:password@host:465` or `smtp://…:587`.',
      read((value) => (/^smtps?:\/\/[^/\s]+/.test(value) ? value : null), 'is not an SMTP address', 'Write it like smtps://user:password@mail.example.com:465.')),
    from: text('text', 'Sender of the mails.'),
    to: list('list', 'Who gets them.'),
  }).optional(),
  teams: hookAddress('Incoming webhook of a Microsoft Teams channel (Workflows).').optional(),
  slack: hookAddress('Incoming webhook of a Slack channel.').optional(),
  crmTask: onOff('Whether what is told about a deal is also a task on its CRM record, for the record\'s owner.').prefault('false'),
  quietHours: setting('text', 'When nobody is told anything but the urgent, e.g. `22:00-07:00`.',
    read(parseHours, 'is not a span of hours', 'Write it like 22:00-07:00.')).optional(),
  timeZone: setting('text', 'Whose hours these are.',
    read((value) => (isTimeZone(value) ? value : null), 'is no time zone', 'Write an IANA name like Europe/Berlin.')).prefault('UTC'),
})

const log = z.strictObject({
  level: choice('Least important level that is logged: `trace`, `debug`, `info`, `warn`, `error` or `fatal`.', ['trace', 'debug', 'info', 'warn', 'error', 'fatal']).prefault('info'),
})

/** The whole file. Sections without defaults are empty objects here, so that each missing key is named and not only its section. */
export const fileSchema = z.strictObject({
  environment: text('text', 'A name for this installation, shown on every page and in every log line.').prefault('default'),
  store: text('store', 'A folder for the embedded store, or the postgres:// address of a PostgreSQL server.').prefault('./data'),
  server: server.prefault({}),
  partnerCenter: partnerCenter.prefault({} as never), // "as": an empty section is an invalid input on purpose; its missing keys are the message
  crm: crm.prefault({} as never), // "as": likewise
  sync: sync.prefault({}),
  mapping: text('file', 'A mapping file whose rows replace or add to the built-in profile.').optional(),
  taxonomy: text('file', 'A file of the words people choose from (solution areas, plays, roles …), renewed every year; `cosell taxonomy export` writes one.').optional(),
  proxy: setting('proxy', 'Forward proxy for every outgoing call except those to this machine.', addressType(readProxyAddress)).optional(),
  caBundle: text('file', 'PEM bundle of further certificate authorities that outgoing TLS trusts.').optional(),
  sealKey: text('secret', 'Key that seals tokens in the store, at least 32 characters. Every process on one store needs the same.').optional(),
  sealKeyPrevious: text('secret', 'The key before it, while "cosell secrets rotate" seals everything anew.').optional(),
  sealKeyFile: text('text', 'File with that key; made at the first start when missing. Default: seal.key in the state folder.').optional(),
  keepLedger: setting('duration', 'How long the content of ledger entries is kept; who did what and when, and the chain, stay. Default: for ever.',
    read(parseKeep, 'is not a number of days', 'Write it like 730d.')).optional(),
  notices: notices.prefault({}),
  log: log.prefault({}),
})
export type FileSettings = z.output<typeof fileSchema>

const tenantName = /^[a-z][a-z0-9-]{0,31}$/
/** Every partner tenant this installation serves, by name. */
export const tenantsSchema = z
  .record(z.string(), z.string())
  .refine((tenants) => Object.keys(tenants).length > 0, { message: 'names no tenant', params: { hint: 'Write "name: ./name.yaml" for each.' } })
  .refine((tenants) => Object.keys(tenants).every((name) => tenantName.test(name)), {
    message: 'holds a name that cannot stand in an address',
    params: { hint: 'Use up to 32 small letters, digits and dashes, a letter first.' },
  })
export const TENANTS_MEANING =
  'Instead of partnerCenter and crm: the partner tenants this installation serves, each with a file of its own (name: ./name.yaml).'
