import { refuse } from './errors.js'
import { fullId, stampMs, type FieldDef, type ObjectDef, type Row, type Scalar } from './model.js'
import { objectNamed, type Org } from './org.js'
import { isVisible, visibleField } from './rows.js'
import { parseSoql, type Condition, type Literal, type Query } from './soql-parse.js'

export type JsonRow = Record<string, unknown>
export const recordUrl = (version: string, object: string, id: string): string => `/services/data/v${version}/sobjects/${object}/${id}`

/** The rows of one query, in its order. `all` includes what lies in the recycle bin. */
export function runSoql(
  org: Org,
  text: string,
  options: { readonly all: boolean; readonly version: string },
): { readonly rows: JsonRow[]; readonly total: number; readonly counted: boolean } {
  const query = parseSoql(text)
  const object = objectForQuery(org, query.from)
  const runner = new Runner(org, options)
  const rows = runner.select(object, query, [...object.rows.values()])
  return query.count
    ? { rows: [], total: rows.length, counted: true }
    : { rows: rows.map((row) => runner.shape(object, query, row)), total: rows.length, counted: false }
}

function objectForQuery(org: Org, name: string): ObjectDef {
  const found = [...org.objects.values()].find((item) => item.name.toLowerCase() === name.toLowerCase())
  if (found === undefined) throw refuse('INVALID_TYPE', `sObject type '${name}' is not supported.`)
  return found
}

interface Children {
  readonly def: ObjectDef
  readonly field: FieldDef
}
/** What was found under the name of a relation, by the object it leads down from: clients ask for the same few again and again. */
const children = new WeakMap<ObjectDef, Map<string, Children>>()

class Runner {
  readonly #org: Org
  readonly #all: boolean
  readonly #version: string
  constructor(org: Org, options: { readonly all: boolean; readonly version: string }) {
    this.#org = org
    this.#all = options.all
    this.#version = options.version
  }

  select(object: ObjectDef, query: Query, rows: readonly Row[]): Row[] {
    // Names are checked whether there are rows or not.
    for (const path of query.fields) this.#fieldAt(object, path)
    for (const child of query.children) for (const path of child.fields) this.#fieldAt(this.#child(object, child.from).def, path)
    if (query.where !== null) this.#check(object, query.where)
    const seen = rows.filter((row) => isVisible(this.#org, row) && (this.#all || row.values['IsDeleted'] !== true))
    const { where } = query
    const kept = where === null ? seen : seen.filter((row) => this.#holds(object, where, row))
    for (const { path } of [...query.order].reverse()) this.#fieldAt(object, path)
    const sorted = query.order.length === 0 ? kept : [...kept].sort((a, b) => this.#compare(object, query.order, a, b))
    return sorted.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit)
  }

  shape(object: ObjectDef, query: Query, row: Row): JsonRow {
    const shown = this.#shapeFields(object, query.fields, row)
    for (const child of query.children) {
      const { def, field } = this.#child(object, child.from)
      const rows = this.select(
        def,
        child,
        [...def.rows.values()].filter((item) => item.values[field.name] === row.id),
      )
      const relation = field.childRelationship ?? child.from
      shown[relation] =
        rows.length === 0 ? null : { totalSize: rows.length, done: true, records: rows.map((item) => this.shape(def, child, item)) }
    }
    return shown
  }

  #shapeFields(object: ObjectDef, fields: readonly (readonly string[])[], row: Row): JsonRow {
    const shown: JsonRow = { attributes: { type: object.name, url: recordUrl(this.#version, object.name, row.id) } }
    const parents = new Map<string, (readonly string[])[]>()
    for (const path of fields) {
      const [first = '', ...rest] = path
      if (rest.length === 0) {
        const field = this.#field(object, first)
        shown[field.name] = row.values[field.name] ?? null
      } else parents.set(first, [...(parents.get(first) ?? []), rest])
    }
    for (const [name, paths] of parents) {
      const { field, target } = this.#parent(object, name)
      const id = row.values[field.name]
      const parent = typeof id === 'string' ? target.rows.get(id) : undefined
      shown[field.relationship ?? name] = parent === undefined ? null : this.#shapeFields(target, paths, parent)
    }
    return shown
  }

  #field(object: ObjectDef, name: string): FieldDef {
    const exact = visibleField(this.#org, object, name)
    const found =
      exact ??
      [...object.fields.values()].find(
        (item) => item.name.toLowerCase() === name.toLowerCase() && visibleField(this.#org, object, item.name) !== undefined,
      )
    if (found === undefined)
      throw refuse(
        'INVALID_FIELD',
        `No such column '${name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name.`,
      )
    return found
  }
  #parent(object: ObjectDef, name: string): { readonly field: FieldDef; readonly target: ObjectDef } {
    const field = [...object.fields.values()].find((item) => item.relationship?.toLowerCase() === name.toLowerCase())
    const target = field === undefined ? undefined : this.#org.objects.get(field.referenceTo[0] ?? '')
    if (field === undefined || target === undefined)
      throw refuse('INVALID_FIELD', `Didn't understand relationship '${name}' in field path.`)
    return { field, target }
  }
  #child(object: ObjectDef, name: string): Children {
    const known = children.get(object)?.get(name)
    // A package may take away what was found once.
    const isThere = known !== undefined && this.#org.objects.get(known.def.name) === known.def
    if (isThere && known.def.fields.get(known.field.name) === known.field) return known
    const found = this.#childAmongAll(object, name)
    children.set(object, (children.get(object) ?? new Map<string, Children>()).set(name, found))
    return found
  }
  #childAmongAll(object: ObjectDef, name: string): Children {
    for (const def of this.#org.objects.values()) {
      for (const field of def.fields.values()) {
        if (field.childRelationship?.toLowerCase() === name.toLowerCase() && field.referenceTo.includes(object.name)) return { def, field }
      }
    }
    throw refuse('INVALID_TYPE', `Didn't understand relationship '${name}' in FROM part of query call.`)
  }
  #fieldAt(object: ObjectDef, path: readonly string[]): FieldDef {
    const [first = '', ...rest] = path
    return rest.length === 0 ? this.#field(object, first) : this.#fieldAt(this.#parent(object, first).target, rest)
  }
  #valueAt(object: ObjectDef, path: readonly string[], row: Row): Scalar {
    const [first = '', ...rest] = path
    if (rest.length === 0) return row.values[this.#field(object, first).name] ?? null
    const { field, target } = this.#parent(object, first)
    const id = row.values[field.name]
    const parent = typeof id === 'string' ? target.rows.get(id) : undefined
    return parent === undefined ? null : this.#valueAt(target, rest, parent)
  }

  /** Types are checked before a row is looked at, as the server does. */
  #check(object: ObjectDef, condition: Condition): void {
    switch (condition.kind) {
      case 'and':
      case 'or':
        for (const part of condition.parts) this.#check(object, part)
        return
      case 'not':
        this.#check(object, condition.part)
        return
      case 'compare': {
        const field = this.#fieldAt(object, condition.path)
        if (field.type === 'textarea' && field.length > 255)
          throw refuse('INVALID_FIELD', `field '${field.name}' can not be filtered in a query call`)
        for (const value of condition.values) this.#checkLiteral(field, value)
        return
      }
    }
  }
  #checkLiteral(field: FieldDef, value: Literal): void {
    if (value === null) return
    const wrong = (kind: string): Error =>
      refuse('INVALID_FIELD', `value of filter criterion for field '${field.name}' must be of type ${kind}`)
    switch (field.type) {
      case 'boolean':
        if (typeof value !== 'boolean') throw wrong('boolean and should not be enclosed in quotes')
        return
      case 'datetime':
        if (typeof value !== 'object' || !('dateTime' in value)) throw wrong('dateTime and should not be enclosed in quotes')
        return
      case 'date':
        if (typeof value !== 'object' || !('date' in value)) throw wrong('date and should not be enclosed in quotes')
        return
      case 'int':
      case 'double':
      case 'currency':
      case 'percent':
        if (typeof value !== 'number') throw wrong('number')
        return
      case 'id':
      case 'reference':
        if (typeof value !== 'string' || fullId(value) === null)
          throw refuse('INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${String(value)}`)
        return
      default:
        if (typeof value !== 'string') throw wrong('string and should be enclosed in quotes')
    }
  }

  #holds(object: ObjectDef, condition: Condition, row: Row): boolean {
    switch (condition.kind) {
      case 'and':
        return condition.parts.every((part) => this.#holds(object, part, row))
      case 'or':
        return condition.parts.some((part) => this.#holds(object, part, row))
      case 'not':
        return !this.#holds(object, condition.part, row)
      case 'compare': {
        const field = this.#fieldAt(object, condition.path)
        const shown = comparable(field, this.#valueAt(object, condition.path, row))
        const values = condition.values.map((value) => comparableLiteral(field, value))
        return compares(condition.operator, shown, values)
      }
    }
  }

  #compare(object: ObjectDef, order: Query['order'], a: Row, b: Row): number {
    for (const { path, descending } of order) {
      const field = this.#fieldAt(object, path)
      const left = comparable(field, this.#valueAt(object, path, a))
      const right = comparable(field, this.#valueAt(object, path, b))
      if (left === right) continue
      const first = left === null || (right !== null && left < right) ? -1 : 1
      return descending ? -first : first
    }
    return 0
  }
}

/** Texts are compared without regard to capitals; ids are not. */
function comparable(field: FieldDef, value: Scalar): string | number | boolean | null {
  if (value === null) return null
  if (field.type === 'datetime') return stampMs(value)
  if (typeof value === 'string' && field.type !== 'id' && field.type !== 'reference' && field.type !== 'date') return value.toLowerCase()
  return value
}
function comparableLiteral(field: FieldDef, value: Literal): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'object') return 'dateTime' in value ? value.dateTime : value.date
  return field.type === 'id' || field.type === 'reference' ? (fullId(value) ?? value) : value.toLowerCase()
}

function compares(
  operator: string,
  shown: string | number | boolean | null,
  values: readonly (string | number | boolean | null)[],
): boolean {
  const value = values[0] ?? null
  switch (operator) {
    case '=':
      return shown === value
    case '!=':
    case '<>':
      return shown !== value
    case 'IN':
      return values.includes(shown)
    case 'NOT IN':
      return !values.includes(shown)
    case 'LIKE':
      return typeof shown === 'string' && typeof value === 'string' && like(value).test(shown)
    default:
      if (shown === null || value === null) return false
      return operator === '<' ? shown < value : operator === '<=' ? shown <= value : operator === '>' ? shown > value : shown >= value
  }
}
const like = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.*+?^${}()|[\]]/g, '\\$&')
      .replace(/(?<!\\)%/g, '.*')
      .replace(/(?<!\\)_/g, '.')}$`,
    's',
  )

export const fieldsOf = (org: Org, name: string): readonly FieldDef[] => {
  const object = objectNamed(org, name)
  return [...object.fields.values()].filter((field) => visibleField(org, object, field.name) !== undefined)
}
