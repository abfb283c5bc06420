import type { SandboxClock } from '../clock.js'
import type { SandboxRng } from '../rng.js'
import { handMadeFields, microsoftFields, microsoftSolutions } from './foreign-fields.js'
import { cosellFields, leadStatusSeeds, solutionObject, stageSeeds, standardObjects } from './objects.js'
import { idFrom, isoStamp, type ObjectDef, type Row, type SalesforceOptions, type Scalar, type UserSeed } from './model.js'
import { refuse } from './errors.js'
import { standardLayouts } from './layout-seeds.js'

/** Everything an org holds. Changes go through a transaction, so that what is rolled back leaves no trace. */
export interface Org {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly options: SalesforceOptions
  readonly id: string
  readonly objects: Map<string, ObjectDef>
  /** Who writes: rows carry the name of their last author. */
  author: string
  readonly integrationUser: string
  readonly currencies: readonly string[]
  calls: number
  /** Rows that are gone from the recycle bin too, with the moment they went into it. */
  readonly purged: Map<string, { readonly object: string; readonly deletedAt: string }>
  /** Called after a row was written through the API: an automation of the org may answer with an edit of its own. */
  flow: ((object: string, id: string) => void) | null
  readonly undo: (() => void)[][]
  /** Fields that were deployed and that no permission set shows to the connector's user yet, as `Object.Field`. */
  readonly unseen: Set<string>
  readonly deployments: { readonly results: Map<string, unknown>; count: number }
  /** Page layouts by their full names, as they would be read: what stands within the definition. */
  readonly layouts: Map<string, string>
  /** Fields that each permission set shows. */
  readonly permissionSets: Map<string, ReadonlySet<string>>
  readonly nextId: (prefix: string) => string
}

/** Whose co-sell fields an org has: nobody's, ours, those of Microsoft's package, or those of its guide of 2020. */
export type Installed = 'none' | 'cosell' | 'microsoft' | 'by-hand'
export interface OrgGiven {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly options: SalesforceOptions
  readonly installed: Installed
  readonly users: readonly Omit<UserSeed, 'id'>[]
  readonly currencies: readonly string[]
}

export function makeOrg(given: OrgGiven): Org {
  let count = 0
  const nextId = (prefix: string): string => idFrom(prefix, (count += 1))
  const objects = new Map(standardObjects(given.options, given.currencies).map((item) => [item.name, item]))
  const integrationUser = nextId('005')
  const org: Org = {
    clock: given.clock,
    rng: given.rng,
    options: given.options,
    id: nextId('00D'),
    objects,
    author: integrationUser,
    integrationUser,
    currencies: given.currencies,
    calls: 0,
    flow: null,
    undo: [],
    purged: new Map(),
    unseen: new Set(),
    permissionSets: new Map(),
    layouts: new Map(standardLayouts),
    deployments: { results: new Map(), count: 0 },
    nextId,
  }
  seedOrg(org, given)
  if (given.installed === 'cosell') installCosell(org)
  else if (given.installed !== 'none') installForeign(org, given.installed)
  return org
}

/** Users, stages, lead statuses and currencies, as a fresh org has them. */
function seedOrg(org: Org, given: OrgGiven): void {
  const nextId = org.nextId
  const user = (id: string, seed: Omit<UserSeed, 'id'>): void =>
    seedRow(org, 'User', id, {
      Username: seed.email,
      Email: seed.email,
      FirstName: seed.firstName,
      LastName: seed.lastName,
      Name: `${seed.firstName} ${seed.lastName}`,
      IsActive: seed.active,
      UserType: 'Standard',
    })
  user(org.integrationUser, { email: 'integration@fabrikam.example', firstName: 'Integration', lastName: 'User', active: true })
  for (const seed of given.users) user(nextId('005'), seed)
  const stages = given.options.stages === 'delivered' ? stageSeeds.filter(({ name }) => name !== 'On Hold') : stageSeeds
  stages.forEach(({ name, closed, won, probability, category }, index) =>
    seedRow(org, 'OpportunityStage', nextId('01J'), {
      MasterLabel: name,
      ApiName: name,
      IsActive: true,
      SortOrder: index + 1,
      IsClosed: closed,
      IsWon: won,
      ForecastCategory: category,
      DefaultProbability: probability,
    }),
  )
  leadStatusSeeds.forEach((name, index) =>
    seedRow(org, 'LeadStatus', nextId('01Q'), {
      MasterLabel: name,
      ApiName: name,
      IsDefault: index === 0,
      IsConverted: name === 'Closed - Converted',
      SortOrder: index + 1,
    }),
  )
  if (given.options.multiCurrency) {
    given.currencies.forEach((code, index) =>
      seedRow(org, 'CurrencyType', nextId('01L'), {
        IsoCode: code,
        ConversionRate: 1,
        DecimalPlaces: code === 'JPY' ? 0 : code === 'KWD' ? 3 : 2,
        IsActive: true,
        IsCorporate: index === 0,
      }),
    )
  }
}

export function installCosell(org: Org): void {
  for (const name of ['Opportunity', 'Lead'] as const)
    for (const item of cosellFields(name)) objectNamed(org, name).fields.set(item.name, item)
  const solutions = solutionObject()
  org.objects.set(solutions.name, solutions)
}

function installForeign(org: Org, whose: 'microsoft' | 'by-hand'): void {
  for (const item of whose === 'microsoft' ? microsoftFields() : handMadeFields()) objectNamed(org, 'Opportunity').fields.set(item.name, item)
  const solutions = microsoftSolutions()
  if (whose === 'microsoft') org.objects.set(solutions.name, solutions)
}

function seedRow(org: Org, object: string, id: string, values: Record<string, Scalar>): void {
  const now = isoStamp(org.clock.now())
  const stamped = { ...values, Id: id, IsDeleted: false, CreatedDate: now, LastModifiedDate: now, SystemModstamp: now }
  objectNamed(org, object).rows.set(id, { id, values: stamped })
}

/** Object names are told apart without regard to capitals, as in the URLs of the API. */
export function objectNamed(org: Org, name: string): ObjectDef {
  const found = org.objects.get(name) ?? [...org.objects.values()].find((item) => item.name.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
}

/** Runs `work`; when it throws, everything it changed is as before. */
export function atomically<T>(org: Org, work: () => T): T {
  const log: (() => void)[] = []
  org.undo.push(log)
  try {
    const result = work()
    org.undo.pop()
    // What an outer transaction undoes includes what its parts did.
    org.undo.at(-1)?.push(...log)
    return result
  } catch (error) {
    org.undo.pop()
    for (const step of log.reverse()) step()
    throw error
  }
}

/** Does what a failure of the work under way undoes. */
export function atOnce(org: Org, work: () => void, undo: () => void): void {
  org.undo.at(-1)?.push(undo)
  work()
}

export function put(org: Org, object: ObjectDef, row: Row): void {
  const before = object.rows.get(row.id)
  const copy = before === undefined ? undefined : { id: before.id, values: { ...before.values } }
  org.undo.at(-1)?.push(() => {
    if (copy === undefined) object.rows.delete(row.id)
    else object.rows.set(row.id, copy)
  })
  object.rows.set(row.id, row)
}
