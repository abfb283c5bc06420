import { pair } from './deleting.js'
import { seedGeneralPrivileges, seedMessages, seedPrivileges, seedViews, write } from './platform-rows.js'
import { administratorRole, customizerRole } from './privileges.js'
import type { Cell } from './row-store.js'
import { guidOf } from './schema/build.js'
import { secondsIso, table as tableNamed, type World } from './world.js'

/** A person who works in the environment. */
export interface UserSeed {
  readonly email: string
  readonly firstName: string
  readonly lastName: string
}

export const userSeeds: readonly UserSeed[] = [
  { email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Abercrombie' },
  { email: 'ravi@fabrikam.example', firstName: 'Ravi', lastName: 'Chandra' },
  { email: 'ana@fabrikam.example', firstName: 'Ana', lastName: 'Bowman' },
  { email: 'lee@fabrikam.example', firstName: 'Lee', lastName: 'Gu' },
]

/** Currencies: units per one unit of the base currency, EUR. */
const currencySeeds = [
  { code: 'EUR', name: 'Euro', symbol: '€', precision: 2, rate: 1 },
  { code: 'USD', name: 'US Dollar', symbol: '$', precision: 2, rate: 1.1 },
  { code: 'GBP', name: 'Pound Sterling', symbol: '£', precision: 2, rate: 0.85 },
  { code: 'JPY', name: 'Japanese Yen', symbol: '¥', precision: 0, rate: 160 },
  { code: 'CNY', name: 'Chinese Yuan', symbol: '¥', precision: 2, rate: 7.8 },
] as const

export const standardIds = {
  organization: guidOf('organization'),
  businessUnit: guidOf('businessunit'),
  systemUser: guidOf('user:SYSTEM'),
  baseCurrency: guidOf('currency:EUR'),
} as const

export const userId = (email: string): string => guidOf(`user:${email}`)
export const currencyId = (code: string): string => guidOf(`currency:${code}`)
export const roleId = (name: string): string => guidOf(`role:${name}`)

export interface SeedWishes {
  readonly applicationIds: readonly string[]
  readonly users: readonly UserSeed[]
  /** Whether the application users start as System Administrator; else they have no role. */
  readonly administrators: boolean
}

/** The rows every environment starts with. Must run inside a transaction. */
export function seed(world: World, wishes: SeedWishes): void {
  const now = secondsIso(world.clock.now())
  const { organization, businessUnit, systemUser, baseCurrency } = world.ids
  const stamp = { createdon: now, modifiedon: now }
  const unit = { table: 'businessunit', id: businessUnit }
  write(world, 'organization', organization, {
    ...stamp,
    name: world.options.organizationName,
    languagecode: 1033,
    expirechangetrackingindays: 7,
    isauditenabled: false,
    maxuploadfilesize: 5_242_880,
    currencydecimalprecision: 2,
    pricingdecimalprecision: 2,
    basecurrencyid: { table: 'transactioncurrency', id: baseCurrency },
  })
  write(world, 'businessunit', businessUnit, { ...stamp, name: 'Fabrikam', isdisabled: false, parentbusinessunitid: null })
  // Every business unit has a team that all its people are members of.
  write(world, 'team', guidOf('team:Fabrikam'), { ...stamp, name: 'Fabrikam', teamtype: 0, isdefault: true, businessunitid: unit })
  for (const { code, name, symbol, precision, rate } of currencySeeds) {
    write(world, 'transactioncurrency', currencyId(code), {
      ...stamp,
      isocurrencycode: code,
      currencyname: name,
      currencysymbol: symbol,
      currencyprecision: precision,
      exchangerate: rate,
      statecode: 0,
      statuscode: 1,
    })
  }
  for (const name of [administratorRole, customizerRole, 'Basic User', 'Salesperson', 'Delegate']) {
    write(world, 'role', roleId(name), { ...stamp, name, ismanaged: true, businessunitid: unit })
  }
  const person = { ...stamp, businessunitid: unit, isdisabled: false, islicensed: true, isintegrationuser: false, setupuser: false }
  write(world, 'systemuser', systemUser, {
    ...person,
    fullname: 'SYSTEM',
    lastname: 'SYSTEM',
    accessmode: 3,
    islicensed: false,
    setupuser: true,
  })
  for (const user of wishes.users) writePerson(world, user, person)
  for (const applicationId of wishes.applicationIds) writeApplication(world, applicationId, person, wishes.administrators)
  seedCustomization(world, stamp)
}

function writePerson(world: World, { email, firstName, lastName }: UserSeed, person: Readonly<Record<string, Cell>>): void {
  const id = userId(email)
  write(world, 'systemuser', id, {
    ...person,
    firstname: firstName,
    lastname: lastName,
    fullname: `${firstName} ${lastName}`,
    internalemailaddress: email,
    domainname: email,
    azureactivedirectoryobjectid: guidOf(`oid:${email}`),
    accessmode: 0,
  })
  assign(world, id, 'Salesperson')
}

export const applicationUserId = (applicationId: string): string => guidOf(`user:application:${applicationId}`)

function writeApplication(world: World, applicationId: string, person: Readonly<Record<string, Cell>>, administrator: boolean): void {
  const id = applicationUserId(applicationId)
  write(world, 'systemuser', id, {
    ...person,
    firstname: '#',
    lastname: 'Cosell connector',
    fullname: '# Cosell connector',
    applicationid: applicationId,
    applicationiduri: `api://${applicationId}`,
    azureactivedirectoryobjectid: guidOf(`oid:${applicationId}`),
    accessmode: 4,
    islicensed: false,
    isintegrationuser: true,
  })
  if (administrator) assign(world, id, administratorRole)
}

function assign(world: World, user: string, role: string): void {
  const relation = world.model.manyToMany.get('systemuserroles_association')
  if (relation !== undefined) pair(world, { kind: 'many-to-many', relation, side: 'first' }, user, roleId(role))
}

function seedCustomization(world: World, stamp: Readonly<Record<string, Cell>>): void {
  const publisher = { ...stamp, isreadonly: true }
  write(world, 'publisher', guidOf('publisher:default'), {
    ...publisher,
    uniquename: `DefaultPublisher${world.options.organizationName}`,
    friendlyname: 'Default Publisher',
    customizationprefix: 'new',
    customizationoptionvalueprefix: 10_000,
  })
  const owner = { table: 'publisher', id: guidOf('publisher:default') }
  for (const name of ['Default', 'Active']) {
    write(world, 'solution', guidOf(`solution:${name}`), {
      ...stamp,
      uniquename: name,
      friendlyname: `${name} Solution`,
      version: '1.0',
      ismanaged: false,
      isvisible: name === 'Default',
      installedon: String(stamp['createdon']),
      publisherid: owner,
    })
  }
  seedGeneralPrivileges(world)
  for (const table of world.model.tables.values()) {
    seedMessages(world, table)
    seedPrivileges(world, table)
  }
  for (const name of ['account', 'contact', 'opportunity', 'lead']) {
    const table = world.model.tables.get(name)
    if (table !== undefined) seedViews(world, tableNamed(world, name))
  }
}
