import type { CatalogueEntry, Check, InstallPlan, InstallProgress, InstallReport } from '../core/ports.js'

/** Looking after the installation itself, as the API, the command line and the console offer it. */

/** Where the store keeps which address of ours was registered; the guard looks after it from then on. */
export const WEBHOOK_OURS = 'webhook.ours'

/** The one webhook a partner tenant has. */
export interface Registration {
  readonly url: string
  readonly events: readonly string[]
}

export interface WebhookView {
  /** What Partner Center has now. */
  readonly registered: Registration | null
  /** What this installation would register; null: it has no public address. */
  readonly wanted: Registration | null
  readonly ours: boolean
  /** What `restore` would put back. */
  readonly previous: Registration | null
}

export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly now: Registration; readonly previous: Registration | null }
  | { readonly kind: 'unchanged'; readonly now: Registration }
  /** Somebody else's address is registered, and nobody said that it may be displaced. */
  | { readonly kind: 'occupied'; readonly by: Registration }

export interface WebhookTest {
  readonly correlationId: string
  readonly status: string
  readonly callbackUrl: string | null
  readonly attempts: readonly { readonly responseCode: string; readonly message: string; readonly at: string | null }[]
  readonly arrived: boolean
}

export interface ConnectionView {
  readonly system: 'partner-center' | 'crm'
  readonly name: string
  readonly state: 'connected' | 'reauthorize' | 'disconnected'
  readonly account: string | null
  /** Who signed in from here, and when (ISO-8601); null: the sign-in stands in the configuration. */
  readonly owner: { readonly by: string; readonly at: string } | null
  /** What the account may do, as the system's own check found; null: not known. */
  readonly role: { readonly status: Check['status']; readonly text: string } | null
  readonly tenant: string | null
  /** What the present token may be used for, where it says so; null: it does not. */
  readonly scopes: readonly string[] | null
  /** ISO-8601; when the present access token ends. It is renewed by itself. */
  readonly tokenUntil: string | null
  /** ISO-8601; when the sign-in lapses if nothing uses it, or the secret ends. */
  readonly signInUntil: string | null
  readonly detail: string
  readonly remedy: string | null
  /** The command that mends it; null where nothing is wrong, or signing in again would not help. */
  readonly repair: string | null
}

/** What a person needs to sign in on another screen. `expiresAt`: milliseconds since the epoch. */
export interface DeviceCode {
  readonly userCode: string
  readonly verificationUri: string
  readonly message: string
  readonly expiresAt: number
}

/** How a sign-in stands that was begun here. */
export interface SignInState {
  readonly state: 'idle' | 'waiting' | 'done' | 'failed'
  readonly message: string | null
  readonly remedy: string | null
}

/** An installation in the CRM that was begun here: how far it is, or how it ended. */
export interface InstallJob {
  readonly state: 'idle' | 'running' | 'done' | 'failed'
  readonly progress: InstallProgress | null
  readonly report: InstallReport | null
  readonly problem: { readonly message: string; readonly remedy: string } | null
}

/** `deals` counts those that have the solution; an id that is not `known` is used but stands in no catalogue. */
export interface SolutionRow extends CatalogueEntry {
  readonly deals: number
  readonly known: boolean
}

/** What the CRM is prepared with beyond its fields: solutions to pick from, events that it sends, and the way back. `by` names the person for the ledger. */
export interface CrmUpkeep {
  /** The catalogue, and what deals use beside it. */
  solutions(signal: AbortSignal): Promise<readonly SolutionRow[]>
  /** `entries` null: what past deals used. */
  importSolutions(options: {
    readonly entries: readonly CatalogueEntry[] | null
    readonly by: string
    readonly signal: AbortSignal
  }): Promise<{ readonly read: number; readonly added: number; readonly changed: number }>
  registerCallbacks(options: { readonly by: string; readonly signal: AbortSignal }): Promise<InstallReport & { readonly url: string }>
  removeCallbacks(options: { readonly by: string; readonly signal: AbortSignal }): Promise<readonly string[]>
  planRemoval(options: { readonly data: 'keep' | 'delete'; readonly signal: AbortSignal }): Promise<InstallPlan>
  remove(options: {
    readonly data: 'keep' | 'delete'
    readonly by: string
    readonly onProgress: (progress: InstallProgress) => void
    readonly signal: AbortSignal
  }): Promise<InstallReport>
}

/** The installation as a whole, as an administrator looks after it without a terminal. */
export interface Upkeep {
  readonly version: string
  /** The configuration in force, secrets masked. */
  configuration(): object
  /** Empties the ledger entries that speak of this person. @returns how many. */
  erase(email: string): Promise<number>
  /** Seals every stored secret with a new key. */
  rotateSecrets(): Promise<{ readonly keyId: string; readonly resealed: number }>
  /** The JSON Schema of the configuration file. */
  configurationSchema(): object
  /** What the CRM's own import takes, or a repository of its metadata. @throws Fault `misconfigured` for a form that this CRM does not have */
  crmPackage(form: PackageForm): Uint8Array
  /** Writes the whole store as of one moment to a file. @throws Fault `misconfigured` where the store holds other tenants' deals besides */
  backup(file: string): Promise<void>
  /** Has the simulated Partner Center send one signed event about a deal. @throws Fault `misconfigured` when Partner Center is the real one */
  trigger(event: string, deal: string): Promise<{ readonly event: string; readonly referral: string; readonly url: string }>
}
export type PackageForm = 'unmanaged' | 'managed' | 'source'

/** `by` names the person for the ledger. */
export interface Administration {
  readonly installation: CrmUpkeep
  /** What the CRM must have, and what of it is there. Writes nothing. */
  installPlan(signal: AbortSignal): Promise<InstallPlan>
  /** Begins to make what is missing, or shows what is under way. `alter`: also what stands in the CRM already. */
  beginInstall(options: { readonly existing: 'alter' | 'leave'; readonly by: string }): InstallJob
  installJob(): InstallJob
  webhook(signal: AbortSignal): Promise<WebhookView>
  /** `occupied` when somebody else's address is registered and `overwrite` is `no`; what was displaced is kept for `restore`. */
  registerWebhook(options: { readonly overwrite: 'yes' | 'no'; readonly by: string; readonly signal: AbortSignal }): Promise<RegisterOutcome>
  /** @returns what is registered now. @throws Fault `rejected` when there is nothing to put back. */
  restoreWebhook(options: { readonly by: string; readonly signal: AbortSignal }): Promise<Registration>
  testWebhook(signal: AbortSignal): Promise<WebhookTest>
  connection(system: ConnectionView['system'], signal: AbortSignal): Promise<ConnectionView>
  /** Signs a person in to Partner Center by device code; the token is sealed into the store and goes nowhere else. */
  signIn(options: { readonly show: (code: DeviceCode) => void; readonly by: string; readonly signal: AbortSignal }): Promise<ConnectionView>
  /** The same for a page that does not wait: the code at once, the rest behind it. How it went shows in `connection`. */
  beginSignIn(by: string): Promise<DeviceCode>
  /** In this browser: the address to go to; it comes back to `/connect/partner-center`. @throws Fault `misconfigured` without a public address. */
  beginBrowserSignIn(by: string): { readonly url: string }
  /** @throws Fault `signed-out` when the answer is not the one that is waited for. */
  finishBrowserSignIn(query: URLSearchParams, signal: AbortSignal): Promise<void>
  signInState(): SignInState
}

/** Something a person should know now; see the guards and the response clock. */
export interface NoticeView {
  readonly key: string
  readonly level: 'urgent' | 'normal'
  readonly title: string
  readonly text: string
  readonly remedy: string
  readonly deal: string | null
  /** ISO-8601. */
  readonly raisedAt: string
}
