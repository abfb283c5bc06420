/**
 * Binds a request body to a shape: property names match in any case (published samples mix PascalCase and camelCase), values must
 * have the right type, and names that do not exist are refused.
 */
export type Shape =
  | { readonly kind: 'text' }
  | { readonly kind: 'word'; readonly values: readonly string[] }
  | { readonly kind: 'number' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'date' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'record'; readonly name: string; readonly fields: ReadonlyMap<string, readonly [string, Shape]> }
  /** Set by the service: taken and thrown away. */
  | { readonly kind: 'ignored' }
  /** Kept as it is. */
  | { readonly kind: 'anything' }

export const text: Shape = { kind: 'text' }
export const number: Shape = { kind: 'number' }
export const boolean: Shape = { kind: 'boolean' }
export const date: Shape = { kind: 'date' }
export const ignored: Shape = { kind: 'ignored' }
export const anything: Shape = { kind: 'anything' }
export const word = (...values: readonly string[]): Shape => ({ kind: 'word', values })
export const list = (of: Shape): Shape => ({ kind: 'list', of })

export function record(name: string, fields: Readonly<Record<string, Shape>>): Shape & { readonly kind: 'record' } {
  return { kind: 'record', name, fields: new Map(Object.entries(fields).map(([field, shape]) => [field.toLowerCase(), [field, shape]])) }
}

/** How a value that has the wrong JSON type is treated. */
export interface Binding {
  readonly coercion: 'none' | 'both' | 'strings-only'
  readonly unknown: 'refused' | 'ignored'
  readonly problems: string[]
}

/** The bound value; undefined when the value is left out of the result. Problems are collected, not thrown. */
export function bind(shape: Shape, value: unknown, path: string, binding: Binding): unknown {
  if (shape.kind === 'ignored') return undefined
  if (shape.kind === 'anything' || value === null) return value
  const wrong = (expected: string): undefined => {
    binding.problems.push(`The value of '${path}' must be ${expected}.`)
    return undefined
  }
  switch (shape.kind) {
    case 'text':
      return typeof value === 'string' ? value : wrong('a string')
    case 'word':
      return typeof value === 'string' && shape.values.includes(value) ? value : wrong(`one of ${shape.values.join(', ')}`)
    case 'number':
      return bindNumber(value, binding) ?? wrong(binding.coercion === 'strings-only' ? 'a number in quotes' : 'a number')
    case 'boolean':
      if (typeof value === 'boolean') return value
      if (binding.coercion !== 'none' && typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true'
      return wrong('true or false')
    case 'date':
      return bindDate(value) ?? wrong('a UTC date and time such as 2026-11-30T00:00:00Z')
    case 'list':
      if (!Array.isArray(value)) return wrong('an array')
      return value.map((item, index) => bind(shape.of, item, `${path}[${index}]`, binding))
    case 'record':
      return bindRecord(shape, value, path, binding)
    default:
      return assertNever(shape)
  }
}

function bindRecord(shape: Shape & { kind: 'record' }, value: unknown, path: string, binding: Binding): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    binding.problems.push(`The value of '${path}' must be an object.`)
    return undefined
  }
  const bound: Record<string, unknown> = {}
  for (const [name, inner] of Object.entries(value)) {
    const field = shape.fields.get(name.toLowerCase())
    if (field === undefined) {
      if (binding.unknown === 'refused') binding.problems.push(`The property '${name}' does not exist on type '${shape.name}'.`)
      continue
    }
    const [canonical, innerShape] = field
    if (canonical in bound) binding.problems.push(`The property '${canonical}' is given twice on type '${shape.name}'.`)
    const result = bind(innerShape, inner, path === '' ? canonical : `${path}.${canonical}`, binding)
    if (result !== undefined) bound[canonical] = result
  }
  return bound
}

function bindNumber(value: unknown, { coercion }: Binding): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return coercion === 'strings-only' ? undefined : value
  if (coercion === 'none' || typeof value !== 'string' || !/^-?\d+(\.\d+)?$/.test(value)) return undefined
  return Number(value)
}

/** Dates that people choose are shown to the second; a date alone means midnight UTC. */
function bindDate(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(value)) return undefined
  const ms = Date.parse(value)
  if (Number.isNaN(ms) || new Date(`${value.slice(0, 10)}T00:00:00Z`).toISOString().slice(0, 10) !== value.slice(0, 10)) return undefined
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function assertNever(value: never): never {
  throw new Error(`Not a shape: ${JSON.stringify(value)}`)
}
