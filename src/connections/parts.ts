import { randomUUID } from 'node:crypto'
import type { CrmName } from '../config/index.js'
import type { Adapter, Check, Clock, Inbound, Installer, Random, Store } from '../core/ports.js'
import type { TaskDesk } from '../core/tasks.js'
import { noTracing, type Tracing } from '../core/tracing.js'
import type { Mapping } from '../core/mapping.js'
import type { ReadAllowances } from '../remote/allowance.js'
import { pace, type Pace } from '../remote/pace.js'
import { remote, type CallReport, type Pause, type Send, type SendAnswer, type TokenSource } from '../remote/send.js'
import type { Transport } from '../remote/transport.js'
import type { Seal } from '../store/index.js'

/** What every connection is made of. */
export interface ConnectionParts {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly seal: Seal
  /** Told about every secret that is learnt at run time, so that nothing ever shows it. */
  readonly plant: (secret: string) => void
  readonly onCall: (report: CallReport) => void
  /** Absent: nobody traces. */
  readonly tracing?: Tracing
}

/** What the connector works by; a new version of the settings gives a new object. */
export interface CrmSettings {
  readonly mapping: Mapping
  readonly owner: string | null
  readonly checkMarkInName: boolean
}

export interface Connection {
  readonly adapter: Adapter
  /** Verifies and reads what the system calls back with. */
  readonly inbound: Inbound
  checks(signal: AbortSignal): Promise<readonly Check[]>
}

/** The CRM behind one port: nobody else knows which it is. */
export interface CrmConnection extends Connection {
  readonly kind: CrmName
  /** The id a record gets that is made for this referral, where the CRM lets us choose it. */
  readonly idFor: (referralId: string) => string
  /** Prepares the CRM; null where a package of its own does that. */
  readonly installer: Installer | null
  readonly tasks: TaskDesk
  /** What is known of the CRM's columns is read anew by whoever needs it next. */
  outdate(): void
}

interface SenderOptions {
  readonly name: string
  readonly url: string
  readonly pace?: Pace
  readonly token: TokenSource
  /** Headers that carry an id of ours into the remote system's own logs. */
  readonly correlation: (id: string) => Readonly<Record<string, string>>
  readonly locate?: (url: string) => string
  readonly asksToWait?: (answer: SendAnswer) => Pause | null
  readonly allowances?: ReadAllowances
}

/** One way to one host: signed in, paced, watched. */
export function sender(parts: ConnectionParts, options: SenderOptions): Send {
  const { transport, clock, random, onCall, tracing = noTracing } = parts
  return remote({
    transport,
    clock,
    random,
    newId: randomUUID,
    onCall,
    tracing,
    name: options.name,
    hosts: [new URL(options.url).host],
    pace: options.pace ?? pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }),
    token: options.token,
    correlation: options.correlation,
    ...(options.locate === undefined ? {} : { locate: options.locate }),
    ...(options.allowances === undefined ? {} : { allowances: options.allowances }),
    ...(options.asksToWait === undefined ? {} : { asksToWait: options.asksToWait }),
  })
}
