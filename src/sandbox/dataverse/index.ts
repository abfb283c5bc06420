import type { SandboxClock } from '../clock.js'
import { faults, type Faults } from '../faults.js'
import type { SimHandler, SimSend } from '../http.js'
import type { SandboxRng } from '../rng.js'
import type { VerifyToken } from './access.js'
import { callLog, type Calls } from './calls.js'
import { EventOutbox, type Events } from './events.js'
import { cosellCustomization, microsoftCustomization, microsoftTableNames, type MicrosoftTableNames } from './fields.js'
import { install } from './installing.js'
import { emptyModel } from './metadata-model.js'
import { dataverseDefaults, type DataverseOptions } from './options.js'
import { people, type People, type SolutionColumns } from './people.js'
import { noAnnotations, projection, shownRow, type JsonRow, type Projection } from './projections.js'
import type { Row } from './row-store.js'
import { router } from './router.js'
import { manyOpportunities } from './sample-rows.js'
import { installTables } from './schema/build.js'
import { coreTables } from './schema/core.js'
import { platformTables } from './schema/platform.js'
import { salesTables } from './schema/sales.js'
import { applicationUserId, seed, standardIds, userSeeds, type UserSeed } from './seeds.js'
import { transactions } from './transactions.js'
import { quickGuid, table as tableNamed, type World } from './world.js'

export type { TokenVerdict, VerifyToken } from './access.js'
export type { CallRecord, Calls } from './calls.js'
export { DataverseError } from './errors.js'
export type { Delivery, Events } from './events.js'
export {
  cosellCustomization,
  microsoftCustomization,
  microsoftTableNames,
  type Customization,
  type FieldSeed,
  type MicrosoftTableNames,
} from './fields.js'
export { dataverseDefaults, type DataverseOptions } from './options.js'
export type { Act, CloseWish, People, Qualified, SolutionWish, Values } from './people.js'
export { currencyId, userId, userSeeds, type UserSeed } from './seeds.js'

export type CustomFields = 'none' | 'microsoft' | 'cosell' | 'both'

export interface DataverseGiven {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  /** How webhook deliveries leave. It keeps `timeoutMs` itself and rejects with a TimeoutError when it passes. */
  readonly send: SimSend
  readonly verifyToken: VerifyToken
  /** `https://host[:port]` of the environment; may be set later through `options.origin`. */
  readonly origin?: string
  /** Absent: an own set of faults, without any. */
  readonly faults?: Faults
  readonly options?: Partial<DataverseOptions>
  /** Which co-sell columns and tables are there from the start. */
  readonly customFields?: CustomFields
  /** Schema names of the tables whose real names Microsoft has not published. */
  readonly microsoftTables?: MicrosoftTableNames
  /** Whether the Sales app is installed; without it there is no opportunity and no lead. */
  readonly salesApp?: 'installed' | 'absent'
  /** Application ids with an application user. */
  readonly applicationIds?: readonly string[]
  /** Whether application users start as System Administrator; else they have no role at all. */
  readonly applicationRole?: 'administrator' | 'none'
  readonly users?: readonly UserSeed[]
}

/** A simulated Dynamics 365 Sales environment: its Web API behind one handler, and the people who work in it. */
export interface Dataverse {
  readonly handle: SimHandler
  readonly options: DataverseOptions
  readonly faults: Faults
  readonly people: People
  readonly calls: Calls
  readonly events: Events
  /** The row as a GET without $select would show it, or undefined. Counts as no call. */
  read(table: string, id: string): JsonRow | undefined
  /** Rows whose shown members equal all of `where`. */
  find(table: string, where?: Readonly<Record<string, unknown>>): readonly JsonRow[]
  size(table: string): number
  /** The systemuser of an application id. */
  applicationUser(applicationId: string): string
  /** The highest `versionnumber` given out so far. */
  version(): number
  /** Fills the environment with opportunities and their accounts; no events are raised. Returns the ids, oldest first. */
  seedOpportunities(count: number): readonly string[]
}

/** The application id an environment knows when none is named. */
export const standardApplicationId = '3d6a7f1e-51c2-4b0e-a8d4-2f90c7be1102'

const firstVersion = 48_211_000

export function dataverse(given: DataverseGiven): Dataverse {
  const options: DataverseOptions = {
    ...dataverseDefaults,
    ...given.options,
    ...(given.origin === undefined ? {} : { origin: given.origin }),
  }
  const outbox = new EventOutbox({ world: () => world, send: given.send })
  let version = firstVersion
  const world: World = {
    clock: given.clock,
    rng: given.rng,
    options,
    model: emptyModel(),
    transactions: transactions((emissions) => outbox.raise(emissions)),
    ids: standardIds,
    guid: () => quickGuid(given.rng),
    nextVersion: () => (version += 1),
    currentVersion: () => version,
    resumeJob: (jobId) => outbox.resume(jobId),
    viewer: { userId: null },
    caches: new Map(),
  }
  const names = given.microsoftTables ?? microsoftTableNames
  furnish(world, given, names)
  const calls = callLog()
  const rules = given.faults ?? faults(given.rng)
  const shown = shownWhole(world)
  return {
    handle: router(world, { verify: given.verifyToken, faults: rules, calls }),
    options,
    faults: rules,
    people: people(world, () => solutionColumns(world, given.customFields ?? 'none', names)),
    calls,
    events: outbox,
    read: shown,
    find(tableName, where = {}) {
      const wanted = Object.entries(where)
      return [...tableNamed(world, tableName).rows.all()].flatMap(({ id }) => {
        const row = shown(tableName, id)
        return row !== undefined && wanted.every(([name, value]) => row[name] === value) ? [row] : []
      })
    },
    size: (tableName) => tableNamed(world, tableName).rows.size,
    applicationUser: applicationUserId,
    version: () => version,
    seedOpportunities: (count) => manyOpportunities(world, count),
  }
}

/** Rows as a GET without $select would show them. A row never changes in place, so what it shows is worked out once, until its table gets another shape. */
function shownWhole(world: World): (tableName: string, id: string) => JsonRow | undefined {
  const known = new WeakMap<Row, { readonly fields: Projection; readonly json: JsonRow }>()
  return (tableName, id) => {
    const table = tableNamed(world, tableName)
    const row = table.rows.get(id)
    if (row === undefined) return undefined
    const fields = projection(table, undefined)
    const held = known.get(row)
    if (held?.fields === fields) return held.json
    const json = Object.freeze(shownRow(world, table, row, fields, noAnnotations))
    // What column security hides can change without the row.
    if (!fields.shown.some(({ column }) => column.secured)) known.set(row, { fields, json })
    return json
  }
}

function furnish(world: World, given: DataverseGiven, names: MicrosoftTableNames): void {
  installTables(world.model, [...coreTables, ...platformTables, ...(given.salesApp === 'absent' ? [] : salesTables)])
  world.transactions.run(() => {
    seed(world, {
      applicationIds: given.applicationIds ?? [standardApplicationId],
      users: given.users ?? userSeeds,
      administrators: given.applicationRole !== 'none',
    })
    const fields = given.customFields ?? 'none'
    if (fields === 'microsoft' || fields === 'both') install(world, microsoftCustomization(names))
    if (fields === 'cosell' || fields === 'both') install(world, cosellCustomization)
  })
}

function solutionColumns(world: World, fields: CustomFields, names: MicrosoftTableNames): SolutionColumns | null {
  switch (fields) {
    case 'none':
      // A connector may have brought its own tables since the start.
      return world.model.tables.has('cosell_microsoftsolution') ? solutionColumns(world, 'cosell', names) : null
    case 'microsoft':
      return {
        table: names.solution.toLowerCase(),
        navigation: 'msft_Opportunity',
        catalogue:
          names.rows === 'point' ? { table: names.solutionDetail.toLowerCase(), navigation: 'msft_SolutionDetail', id: 'msft_solutionidentifier', name: 'msft_name' } : null,
        id: 'msft_solutionidentifier',
        name: 'msft_solutionname',
        type: 'msft_type',
        publisher: 'msft_publishername',
        price: null,
        quantity: null,
      }
    case 'cosell':
    case 'both':
      return {
        table: 'cosell_microsoftsolution',
        navigation: 'cosell_OpportunityId',
        catalogue: null,
        id: 'cosell_solutionid',
        name: 'cosell_name',
        type: 'cosell_type',
        publisher: 'cosell_publishername',
        price: 'cosell_price',
        quantity: 'cosell_quantity',
      }
    default:
      return assertNever(fields)
  }
}

function assertNever(value: never): never {
  throw new Error(`Not a set of custom fields: ${String(value)}`)
}
