import type { ListenAddress } from './addresses.js'

/** A file the configuration names, already read. */
export interface FileText {
  readonly path: string
  readonly text: string
}

export type StoreConfig =
  | { readonly kind: 'embedded'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string }

/** Where the key that seals tokens comes from. A file that does not exist yet is made at the first start; `previous` still opens what it sealed. */
export type SealConfig = { readonly kind: 'given'; readonly key: string; readonly previous: string | null } | { readonly kind: 'file'; readonly path: string }

export interface SignInConfig {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly roles: { readonly admin: readonly string[]; readonly operator: readonly string[]; readonly viewer: readonly string[] }
}

export interface ServerConfig {
  readonly listen: ListenAddress
  /** Where figures and health are told besides; null: nowhere. */
  readonly observe: ListenAddress | null
  readonly publicUrl: string | null
  readonly adminTokens: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly signIn: SignInConfig | null
}

export interface PartnerCenterConfig {
  readonly tenant: string
  readonly clientId: string
  readonly clientSecret: string
  /** Milliseconds since the epoch; null: nobody said. */
  readonly clientSecretExpires: number | null
  readonly refreshToken: string | null
  readonly partnerId: string | null
  readonly referralsUrl: string
  readonly platformUrl: string
  readonly authorityUrl: string
  readonly webhook: {
    readonly events: readonly string[]
    readonly certificateHosts: readonly string[]
    /** Null: the roots of the runtime. */
    readonly trustAnchors: FileText | null
    readonly guard: 'announce' | 'repair' | 'off'
    /** Where events that are not ours may be passed on to. */
    readonly relayTo: readonly string[]
  }
  /** 0: no fixed rate. */
  readonly requestsPerSecond: number
}

export interface DynamicsConfig {
  readonly kind: 'dynamics'
  readonly url: string
  readonly authorityUrl: string
  readonly tenant: string
  readonly clientId: string
  readonly clientSecret: string
  readonly clientSecretExpires: number | null
  readonly webhookKey: string | null
}

export interface SalesforceConfig {
  readonly kind: 'salesforce'
  readonly url: string
  readonly clientId: string
  readonly credential:
    | { readonly kind: 'client-secret'; readonly clientSecret: string }
    | { readonly kind: 'private-key'; readonly privateKey: FileText; readonly username: string }
  readonly clientSecretExpires: number | null
  readonly webhookKey: string | null
}

export interface NoticesConfig {
  readonly email: { readonly smtp: string; readonly from: string; readonly to: readonly string[] } | null
  readonly teams: string | null
  readonly slack: string | null
  readonly crmTask: boolean
  readonly quietHours: { readonly from: number; readonly until: number } | null
  readonly timeZone: string
}

export interface SyncConfig {
  readonly flows: { readonly partnerToCrm: 'on' | 'observe' | 'off'; readonly crmToPartner: 'on' | 'observe' | 'off' }
  readonly leads: boolean
  readonly pollMs: number
  readonly sweepMs: number
  /** Milliseconds since the epoch; null: from the beginning. */
  readonly since: number | null
  readonly openOnly: boolean
  readonly irreversible: 'allow' | 'confirm' | 'forbid'
  readonly approval: 'none' | 'second-person'
  readonly owner: string | null
  readonly checkMarkInName: boolean
}

/** The whole configuration, checked: addresses in one spelling, paths absolute, durations in milliseconds, named files read. */
export interface Config {
  /** Absolute path of cosell.yaml; null when everything came from variables. */
  readonly file: string | null
  /** Relative paths were resolved against this folder. */
  readonly folder: string
  /** Where it keeps small things of its own (seal key, socket): the store's folder, or one per environment in the user's state folder; below it one for each of several tenants. */
  readonly stateFolder: string
  readonly environment: string
  /** Which of an installation's several tenants this is; null: it serves one, and names none. */
  readonly tenant: string | null
  readonly store: StoreConfig
  readonly server: ServerConfig
  readonly partnerCenter: PartnerCenterConfig
  readonly crm: DynamicsConfig | SalesforceConfig
  readonly sync: SyncConfig
  readonly mapping: FileText | null
  /** Null: the words delivered with this version. */
  readonly taxonomy: FileText | null
  readonly proxy: string | null
  readonly caBundle: FileText | null
  readonly seal: SealConfig
  /** How long ledger payloads are kept; null: for ever. */
  readonly keepLedgerMs: number | null
  readonly notices: NoticesConfig
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' }
}
