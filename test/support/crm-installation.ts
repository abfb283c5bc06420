import type { App } from '../../src/assemble.js'
import type { LoadedConfig } from '../../src/config/index.js'
import type { CardEdit, CrmDesk } from '../../src/sandbox/crm-desk.js'
import type { Sandbox } from '../../src/sandbox/sandbox.js'

/** What a suite may wish for that runs for every CRM from one list. */
export interface CrmWish {
  readonly sync?: Readonly<Record<string, unknown>>
  readonly mapping?: object
  /** Whose co-sell fields the CRM has; absent: ours. */
  readonly fields?: 'cosell' | 'microsoft'
}

type Row = Readonly<Record<string, unknown>>

/** What people do in the CRM, called the same whichever it is. */
export interface CrmPeople {
  /** A deal that lacks nothing for a share; its switch is off. */
  newDeal(name: string, more?: CardEdit): string
  share(id: string): void
  edit(id: string, values: CardEdit): void
  /** Fields of an opportunity by the CRM's own names. */
  set(id: string, values: Row): void
  hold(id: string): void
  moveOn(id: string): void
  win(id: string): void
  lose(id: string): void
  reopen(id: string): void
  addSolution(id: string, solutionId: string): void
  /** The contact of a deal gets another phone. */
  phone(id: string, phone: string): void
  account(wish: { readonly name: string; readonly postalCode: string }): string
  /** The customer of a deal is in another country. */
  country(id: string, country: string): void
  currency(code: string): void
  lead(topic: string): string
  qualify(lead: string): void
  disqualify(lead: string): void
  merge(table: 'account' | 'lead', rows: { readonly winner: string; readonly loser: string }): void
  removeLead(id: string): void
  removeDeal(id: string): void
  /** A person writes a referral's identifier onto a record, and the switch with it. */
  claim(id: string, referralId: string): void
}

/** What a person reads there and no card shows. */
export interface CrmLook {
  /** The CRM's own row of an opportunity. */
  row(id: string): Row
  /** Whether an opportunity waits for an answer. */
  waits(id: string): boolean
  isWon(id: string): boolean
  isLost(id: string): boolean
  currency(id: string): string
  account(id: string): string
  owner(id: string): string
  opportunitiesOf(referralId: string): readonly string[]
  /** Those whose own fields hold this. */
  opportunitiesWith(values: Readonly<Record<string, string>>): readonly string[]
  leadsOf(referralId: string): readonly string[]
  openLeads(): readonly string[]
  accountsNamed(name: string): readonly string[]
}

/** Names that differ from CRM to CRM and that a suite has to say. */
export interface CrmNames {
  /** Microsoft's own fields, where an opportunity carries them. */
  readonly theirs: Readonly<Record<'sync' | 'referral' | 'visible' | 'audit', string>> & { readonly help: readonly [field: string, value: unknown] }
  /** Variables of the reference that name a field of the CRM: the mapping row that does the same, and its default. */
  readonly mapped: Readonly<Record<string, readonly [field: string, place: string]>>
  /** A record id that no record has. */
  readonly stranger: string
  /** A stage table without a row for where `hold` puts a deal, and what that stage is called. */
  readonly unmapped: { readonly stages: object; readonly stage: RegExp }
  /** Whether the CRM's own logs keep an id that a call brings along. */
  readonly keepsRequestIds: boolean
  /** Whether a lead that was merged away keeps its identifier and can be changed by nobody. */
  readonly keepsMergedIdentifier: boolean
  /** Another environment of this CRM. */
  readonly elsewhere: string
  /** What a callback of this CRM says when an opportunity was saved. */
  callback(id: string): { readonly path: string; readonly contentType: string; readonly body: string; readonly taken: number }
}

/** A whole installation, whichever CRM it works with. */
export interface AnyInstallation {
  readonly sandbox: Sandbox
  readonly desk: CrmDesk
  readonly people: CrmPeople
  readonly look: CrmLook
  readonly names: CrmNames
  readonly app: App
  readonly address: string
  /** Sweeps both sides and works until nothing due is left, twice: what the first look found out is worked too. */
  sync(deals?: readonly string[]): Promise<void>
  /** The opportunity that was made for this referral. */
  crmIdOf(referralId: string): string
  ownOf(crmId: string): ReturnType<Sandbox['partnerCenter']['engagement']>
  stateOf(id: string): Promise<string>
  /** Writes that reached either system since the last call. */
  writes(): readonly string[]
  restart(change?: CrmWish): Promise<void>
  later(ms: number): void
  load(): LoadedConfig
  close(): Promise<void>
}

/** A referral's own end names the CRM's record. */
export const ownOf = (sandbox: Sandbox, crmId: string): ReturnType<Sandbox['partnerCenter']['engagement']> =>
  [...sandbox.partnerCenter.referrals()].filter(({ externalReferenceId }) => externalReferenceId === crmId)
