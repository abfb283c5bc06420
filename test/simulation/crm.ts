import type { Adapter, Clock, Inbound } from '../../src/core/ports.js'
import type { CustomerGuard } from '../../src/adapters/salesforce/org.js'
import type { Transport } from '../../src/remote/transport.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'
import type { SimHandler, SimSend } from '../../src/sandbox/http.js'
import type { Faults } from '../../src/sandbox/faults.js'
import type { Pace } from '../../src/remote/pace.js'
import type { LeapClock } from './hand-clock.js'
import type { Shown } from './truth.js'

/** The CRMs that every run is played on, in turn. What is not in this list is not simulated. */
export const CRM_KINDS = ['dynamics', 'salesforce'] as const
export type CrmKind = (typeof CRM_KINDS)[number]
export const isCrmKind = (text: string): text is CrmKind => CRM_KINDS.some((kind) => kind === text)

export const WEBHOOK_KEY = 'simulated-webhook-key'

/** What a CRM shows of one of its deals. `stage` begins with the phase it stands for: `open 0/1`, `won Closed Won`. */
export interface CrmRecord {
  readonly kind: 'opportunity' | 'lead'
  readonly id: string
  /** The lead an opportunity came from. */
  readonly cameFrom: string | null
  readonly account: string | null
  readonly shown: Shown
}
export interface CustomerWish {
  readonly name: string
  readonly line: string
  readonly city: string
  readonly code: string
  readonly countryName: string
}
export interface OpportunityWish {
  readonly n: number
  readonly customer: CustomerWish
  /** An account that stands there already, so that several deals share it; null makes one. */
  readonly account: string | null
  readonly currency: string
  readonly day: string
  /** Null leaves the notes empty, which a share does not allow. */
  readonly notes: string | null
  readonly help: boolean
  readonly sync: boolean
}

/** What people do in a CRM. What the CRM itself refuses to a person throws. Each says in a word what was done; null: it is nothing here. */
export interface CrmPeople {
  opportunity(wish: OpportunityWish): string
  value(record: Target, value: number): string
  notes(record: Target, notes: string | null): string
  date(record: Target, day: string): string
  currency(record: Target, code: string): string
  addSolution(id: string, solution: { readonly id: string; readonly name: string }): void
  /** Takes the first of several away. */
  removeSolution(id: string): string | null
  sync(record: Target, on: boolean): string
  /** Writes the identifier of a referral onto the record; null: none. */
  identify(record: Target, referralId: string | null): string
  visible(record: Target): string
  help(record: Target): string
  stage(record: Target, to: 'won' | 'lost' | 'on hold' | 'in progress' | 'open again'): string | null
  qualify(id: string): string
  disqualify(id: string): void
  remove(record: Target): void
  /** Out of the recycle bin, where there is one. */
  restore(record: Target): string | null
  accounts(): readonly string[]
  accountsIn(country: string): readonly string[]
  /** An account of that customer, whatever others there are. */
  account(customer: CustomerWish): string
  country(id: string, name: string): void
  renameAccount(id: string, name: string): void
  mergeAccounts(winner: string, loser: string): void
}
export interface Target {
  readonly kind: 'opportunity' | 'lead'
  readonly id: string
}

/** What one process of the product is given to reach the CRM. */
export interface CrmReach {
  readonly transport: Transport
  readonly clock: Clock
  readonly rng: SandboxRng
  readonly pace: Pace
  readonly newId: () => string
  readonly guard: CustomerGuard
  /** The mapping gives no meaning to a deal on hold, where the CRM has another value for one that waits. */
  readonly strange: boolean
}
export interface CrmConnection {
  readonly adapter: Adapter
  readonly inbound: Inbound
  readonly idFor: (referralId: string) => string
}

/** One simulated CRM of a run: what it shows, who works in it, and how the product reaches it. */
export interface CrmSide {
  readonly kind: CrmKind
  readonly url: string
  readonly handle: SimHandler
  readonly faults: Faults
  /** From now on events get lost at this rate. */
  loseEvents(rate: number): void
  /** Whether a call of the product may change anything. */
  isWrite(call: { readonly method: string; readonly path: string; readonly body: string }): boolean
  /**
   * Whether a call makes something that the CRM knows no unique mark of, so that a process stopped between its last line and the wire can make
   * it a second time. docs/proof.md says so.
   */
  makesUnmarked(call: { readonly method: string; readonly body: string }): boolean
  /** Moves with every change of a record. */
  version(): number
  records(): readonly CrmRecord[]
  readonly people: CrmPeople
  /**
   * Name and postal code of every account that the product made and that is still there. Where one that somebody else made fits as well,
   * which is meant is a person's to say, and a new one is right.
   */
  customersMade(): readonly string[]
  asksForHelp(record: Target): boolean
  /** The parts of the product that speak with this CRM, as one process has them. */
  connect(reach: CrmReach): CrmConnection
}

export interface CrmGiven {
  readonly clock: LeapClock
  readonly rng: SandboxRng
  readonly send: SimSend
  readonly eventDuplicate: number
  readonly eventLateMs: number
  readonly eventLoss: number
  /** What was drawn by the same CRM's `draw`. */
  readonly options: CrmOptions
}
/** What the documentation of a CRM leaves open; each run meets another combination. */
export type CrmOptions = Readonly<Record<string, unknown>>
export interface CrmMaker {
  draw(rng: SandboxRng): CrmOptions
  /** What is the same in every run is made once, before the first: a seed plays the same whatever was played before it. */
  prepare(): Promise<void>
  make(given: CrmGiven): CrmSide
}
/** How often a process asks for the definitions of tables in full. They never change here, and asking is most of what a start costs. */
export const askedInFull = 0.02
