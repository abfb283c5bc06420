import { directions, qualifications, statuses, substatuses, types, type Member, type Referral } from './model.js'
import type { Filter, Literal, Operator } from './odata-filter.js'
import type { PartnerCenterOptions } from './options.js'
import { invalid } from './refusal.js'
import { stampFrom } from './stamps.js'

export type Test = (referral: Referral) => boolean

interface Property {
  readonly kind: 'text' | 'guid' | 'word' | 'date'
  readonly read: (referral: Referral) => string | null
  readonly documented: boolean
  readonly values?: readonly string[]
}

const documented = true
const word = (values: readonly string[], read: Property['read']): Property => ({ kind: 'word', values, read, documented })

/**
 * What may stand on the left of a comparison.
 * Source: learn.microsoft.com/partner-center/developer/get-a-list-of-referrals, read 2023-10.
 */
const properties: Readonly<Record<string, Property>> = {
  engagementId: { kind: 'guid', read: (referral) => referral.engagementId, documented },
  status: word(statuses, (referral) => referral.status),
  substatus: word(substatuses, (referral) => referral.substatus),
  qualification: word(qualifications, (referral) => referral.qualification),
  type: word(types, (referral) => referral.type),
  direction: word(directions, (referral) => referral.direction),
  'customerProfile/address/country': { kind: 'text', read: (referral) => referral.customerProfile.address.country, documented },
  updatedDateTime: { kind: 'date', read: (referral) => referral.updatedDateTime, documented },
  createdDateTime: { kind: 'date', read: (referral) => referral.createdDateTime, documented: false },
  id: { kind: 'guid', read: (referral) => referral.id, documented: false },
  externalReferenceId: { kind: 'text', read: (referral) => referral.externalReferenceId, documented: false },
  name: { kind: 'text', read: (referral) => referral.name, documented: false },
  mpnId: { kind: 'text', read: (referral) => referral.mpnId, documented: false },
}

const memberFields: Readonly<Record<string, (member: Member) => string | null>> = { email: (member) => member.email }

const refuse = (message: string): never => {
  throw invalid(`The query specified in the URI is not valid. ${message}`, '$filter')
}

/** Turns a filter into a test, refusing everything the service is not known to take. */
export function compileFilter(filter: Filter, options: PartnerCenterOptions): Test {
  const strict = options.filterOperators === 'documented'
  switch (filter.kind) {
    case 'and': {
      const [left, right] = [compileFilter(filter.left, options), compileFilter(filter.right, options)]
      return (referral) => left(referral) && right(referral)
    }
    case 'or': {
      if (strict) refuse("The operator 'or' is not supported.")
      const [left, right] = [compileFilter(filter.left, options), compileFilter(filter.right, options)]
      return (referral) => left(referral) || right(referral)
    }
    case 'not': {
      if (strict) refuse("The operator 'not' is not supported.")
      const inner = compileFilter(filter.of, options)
      return (referral) => !inner(referral)
    }
    case 'any':
      return compileAny(filter)
    case 'compare':
      return compileCompare(filter, options)
    default:
      return assertNever(filter)
  }
}

function compileCompare(filter: Filter & { kind: 'compare' }, options: PartnerCenterOptions): Test {
  const property = properties[filter.path]
  if (property === undefined) return refuse(`The property '${filter.path}' cannot be filtered on.`)
  if (!property.documented && options.undocumentedFilters === 'refused') refuse(`The property '${filter.path}' cannot be filtered on.`)
  if (options.filterOperators === 'documented' && filter.operator !== 'eq') refuse(`The operator '${filter.operator}' is not supported.`)
  if (property.kind === 'date' && options.dateLiteral === 'ignored') return () => true
  const value = valueOf(property, filter, options)
  const { read } = property
  const compare = comparisons[filter.operator]
  return (referral) => compare(read(referral), value)
}

const comparisons: Readonly<Record<Operator, (left: string | null, right: string | null) => boolean>> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  gt: (left, right) => left !== null && right !== null && left > right,
  ge: (left, right) => left !== null && right !== null && left >= right,
  lt: (left, right) => left !== null && right !== null && left < right,
  le: (left, right) => left !== null && right !== null && left <= right,
}

function valueOf(property: Property, filter: Filter & { kind: 'compare' }, options: PartnerCenterOptions): string | null {
  const { value, path, operator } = filter
  const mismatch = (): never => refuse(`'${value.text}' cannot be compared with the property '${path}'.`)
  if (value.kind === 'null') return null
  switch (property.kind) {
    case 'date':
      return dateOf(value, options, mismatch)
    case 'guid':
      return value.kind === 'guid' || value.kind === 'string' ? value.text.toLowerCase() : mismatch()
    case 'word':
      if (value.kind !== 'string' || (operator !== 'eq' && operator !== 'ne')) return mismatch()
      return property.values?.includes(value.text) === true ? value.text : mismatch()
    case 'text':
      return value.kind === 'string' ? value.text : mismatch()
    default:
      return assertNever(property.kind)
  }
}

function dateOf(value: Literal, options: PartnerCenterOptions, mismatch: () => never): string {
  if (options.dateLiteral === 'unsupported') return refuse('Date properties cannot be filtered on.')
  if (value.kind !== (options.dateLiteral === 'unquoted' ? 'date' : 'string')) return mismatch()
  return stampFrom(value.text) ?? mismatch()
}

/** `team/any(t:t/email eq 'a@b.com')` is the one documented form. */
function compileAny(filter: Filter & { kind: 'any' }): Test {
  const inner = filter.of
  if (filter.path !== 'team' || inner.kind !== 'compare' || !inner.path.startsWith(`${filter.variable}/`)) {
    return refuse(`The expression any() on '${filter.path}' is not supported.`)
  }
  const read = memberFields[inner.path.slice(filter.variable.length + 1)]
  if (read === undefined || inner.operator !== 'eq' || inner.value.kind !== 'string') {
    return refuse(`The expression '${inner.path} ${inner.operator}' inside any() is not supported.`)
  }
  const { text } = inner.value
  return (referral) => referral.team.some((member) => read(member) === text)
}

/** What the terms that must all hold say about the keys of the index. */
export interface Narrowed {
  readonly engagementId: string | null
  readonly updatedFrom: string | null
  readonly updatedTo: string | null
}

export function narrow(filter: Filter | null, { dateLiteral }: Pick<PartnerCenterOptions, 'dateLiteral'>): Narrowed {
  let engagementId: string | null = null
  let updatedFrom: string | null = null
  let updatedTo: string | null = null
  const look = (term: Filter): void => {
    if (term.kind === 'and') {
      look(term.left)
      look(term.right)
    }
    if (term.kind !== 'compare') return
    if (term.path === 'engagementId' && term.operator === 'eq') engagementId = term.value.text.toLowerCase()
    if (term.path !== 'updatedDateTime' || dateLiteral === 'ignored') return
    const stamp = stampFrom(term.value.text)
    if (stamp === null) return
    if (term.operator === 'gt' || term.operator === 'ge' || term.operator === 'eq') updatedFrom = stamp
    if (term.operator === 'lt' || term.operator === 'le' || term.operator === 'eq') updatedTo = stamp
  }
  if (filter !== null) look(filter)
  return { engagementId, updatedFrom, updatedTo }
}

function assertNever(value: never): never {
  throw new Error(`Not a filter: ${JSON.stringify(value)}`)
}
