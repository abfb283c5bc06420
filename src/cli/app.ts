import type { LoadedConfig } from '../config/index.js'
import type { AdministrationDesk, Foreseen, Service } from '../assemble.js'

/** What a command speaks to: the service that runs, or one built for the length of the command. */
export interface Session {
  readonly service: Service
  /** `running`: another process answers · `own`: this process holds the store until `close`. */
  readonly via: 'running' | 'own'
  close(): Promise<void>
}

/** The terminal and the machine, handed in so that commands can be tried without either. */
export interface Io {
  out(text: string): void
  err(text: string): void
  readonly outIsTty: boolean
  readonly errIsTty: boolean
  readonly inIsTty: boolean
  readonly color: boolean
}

/** Which simulators, and how it is said that they are there. */
export interface SandboxWish {
  readonly port: number
  readonly crm: string
  readonly fields: 'cosell' | 'none' | 'microsoft'
  readonly json: boolean
}

/** Everything a command may need of the outside. */
export interface CliWorld {
  readonly io: Io
  /** Of several tenants the one that is named; it is an error to name none. */
  readonly loadConfig: (path: string | null, tenant: string | null) => Promise<LoadedConfig>
  /** Every tenant, or those that are named (comma-separated). */
  readonly loadTenants: (path: string | null, tenants: string | null) => Promise<readonly LoadedConfig[]>
  readonly connect: (loaded: LoadedConfig, options: { readonly adopt: boolean }) => Promise<Session>
  readonly start: (loaded: readonly LoadedConfig[], options: { readonly role: 'all' | 'server' | 'worker'; readonly adopt: boolean }) => Promise<void>
  readonly demo: (options: { readonly port: number | null; readonly crm: string; readonly json: boolean }) => Promise<void>
  readonly sandbox: (options: SandboxWish) => Promise<void>
  /** The installation's own settings at the remote systems, beside a running service or without one. */
  readonly administer: (loaded: LoadedConfig) => Promise<{ readonly desk: AdministrationDesk; close(): Promise<void> }>
  /** What holds with the file and the versions of the store; null: there is no store yet. */
  readonly settingsAhead: (loaded: LoadedConfig) => Promise<Foreseen | null>
  readonly now: () => number
  readonly signal: AbortSignal
  readonly user: string
  readonly version: string
}

/** Options every command understands. */
export interface Common {
  readonly config?: string
  readonly tenant?: string
  readonly json?: boolean
}

export const EXIT = { done: 0, attention: 1, usage: 2, remote: 3, bug: 70 } as const
