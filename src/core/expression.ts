import { Environment } from '@marcbachmann/cel-js'
import { CONVERSIONS } from './conversion-functions.js'
import type { Scalar } from './conversions.js'
import { Fault } from './fault.js'

/** What `value` can be. Numbers of a record are `double`: `value * 2.0`, not `value * 2`. */
export type ValueType = 'string' | 'double' | 'bool'
export const VALUE_TYPES: readonly ValueType[] = ['string', 'double', 'bool']

/** A compiled conversion of one value. Pure, and its work is bounded by the length of its text. */
export interface Expression {
  readonly source: string
  /**
   * An empty value stays empty, unless the expression speaks of `null` or does not read `value` at all.
   * @throws Fault `misconfigured` with the expression, the value and the place, when the value does not suit it.
   */
  evaluate(value: Scalar): Scalar
  /** What it gives when `value` is of this type: a type of CEL, `dyn` where that shows only with a value. */
  typeFor(value: ValueType): Typed
}
export type Typed = { readonly ok: true; readonly type: string } | { readonly ok: false; readonly why: string }

const sourceLimit = 10_000 // Ten thousand characters: far above any sensible conversion, far below what could strain the parser.
const limits = { maxAstNodes: 400, maxDepth: 30, maxListElements: 250, maxMapEntries: 250, maxCallArguments: 8 }
/** Regular expressions and everything that repeats or names intermediate results: without them no text can make an expression run long. */
const FORBIDDEN: ReadonlySet<string> = new Set(['matches', 'map', 'filter', 'all', 'exists', 'exists_one', 'bind', 'json'])
const RESULT_TYPES: ReadonlySet<string> = new Set(['dyn', 'string', 'int', 'uint', 'double', 'bool'])

const environments = { any: environment('dyn'), string: environment('string'), double: environment('double'), bool: environment('bool') }
function environment(value: 'dyn' | ValueType): Environment {
  const env = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, limits })
  env.registerVariable('value', value)
  for (const { signatures, convert } of Object.values(CONVERSIONS)) {
    for (const signature of signatures) env.registerFunction(signature, convert)
  }
  return env
}

const knownNames = `It may use the variable "value" and the functions ${Object.keys(CONVERSIONS).join(', ')}.`
/** How the message of a refused expression begins. */
export const refusedPrefix = (where: string): string => `The expression of ${where} cannot be used: `

/** What an expression is to be held to when it is loaded. */
export interface Wanted {
  /** What `value` may be; one of them must suit. Default: any. */
  readonly value?: readonly ValueType[]
  /** What it may give; `dyn` always may. Default: any scalar. */
  readonly gives?: readonly string[]
}

/**
 * Compiles a conversion written in CEL (the Common Expression Language) over the variable `value`.
 * @throws Fault `misconfigured` naming the row, the place in the expression and what is wrong, for anything that cannot be right.
 */
export function compileExpression(source: string, where: string, wanted: Wanted = {}): Expression {
  const refuse = (why: string): Fault =>
    new Fault('misconfigured', `${refusedPrefix(where)}${why}`, {
      remedy: /unknown|overload for|not available/i.test(why) ? knownNames : 'Correct the expression.',
    })
  if (source.length > sourceLimit) throw refuse(`it has ${source.length} characters; ${sourceLimit} are allowed.`)
  const checked = attempt(() => environments.any.check(source))
  if (!checked.ok) throw refuse(placed(source, checked.error))
  if (!checked.value.valid) throw refuse(placed(source, checked.value.error))
  const program = environments.any.parse(source)
  const banned = forbiddenCall(program.ast)
  if (banned !== null) throw refuse(`"${banned}" is not available; it stands in "${shown(source)}".`)
  const reads = { value: mentions(program.ast, (op, args) => op === 'id' && args === 'value'), null: mentions(program.ast, isNull) }
  const typeFor = (value: ValueType): Typed => typed(source, String(checked.value.type), { value, knowsNull: reads.null })
  const why = misfit(typeFor, wanted)
  if (why !== null) throw refuse(why)
  return {
    source,
    typeFor,
    evaluate(value) {
      const isEmpty = value === null || value === ''
      if (isEmpty && reads.value && !reads.null) return null
      const result = attempt(() => toScalar(program({ value: isEmpty ? null : value })))
      if (result.ok) return result.value
      throw new Fault('misconfigured', `The expression of ${where} fails on ${shown(JSON.stringify(value))}: ${placed(source, result.error)}`, {
        remedy: 'Correct the expression, or the value.',
      })
    },
  }
}

/** Why no type of value suits, or the result cannot be what the row needs; null: all is well. */
function misfit(typeFor: (value: ValueType) => Typed, wanted: Wanted): string | null {
  const values = wanted.value ?? VALUE_TYPES
  const tries = values.map(typeFor)
  const fitting = tries.filter((one) => one.ok)
  if (fitting.length === 0) return tries.find((one) => !one.ok)?.why ?? null
  const gives = new Set(wanted.gives ?? RESULT_TYPES)
  const given = fitting.map(({ type }) => type)
  if (given.some((type) => type === 'dyn' || gives.has(type))) return null
  const needed = [...gives].filter((type) => type !== 'dyn').map((type) => WORDS[type] ?? type)
  return `it gives ${WORDS[given[0] ?? ''] ?? `a ${given[0] ?? ''}`}; ${[...new Set(needed)].join(' or ')} is needed.`
}
const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a number',
  uint: 'a number',
  double: 'a number',
  bool: 'yes or no',
  null: 'nothing, always',
  list: 'a list',
  map: 'a map',
}

/** An expression that speaks of `null` is checked with a value of no type: the language allows no comparison of a typed one with null. */
function typed(source: string, untyped: string, given: { readonly value: ValueType; readonly knowsNull: boolean }): Typed {
  if (given.knowsNull) return { ok: true, type: untyped }
  const checked = environments[given.value].check(source)
  if (!checked.valid) return { ok: false, why: placed(source, checked.error) }
  const type = String(checked.type)
  return RESULT_TYPES.has(type) ? { ok: true, type } : { ok: true, type: type.split('<')[0] ?? type }
}

function toScalar(result: unknown): Scalar {
  if (result === null || result === undefined) return null
  if (typeof result === 'string' || typeof result === 'boolean') return result
  const number = typeof result === 'bigint' ? Number(result) : result
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new TypeError('the result is neither text nor number nor yes/no')
}

/** A call is `[name, …]` under `call` (function) or `rcall` (method). */
function forbiddenCall(ast: unknown): string | null {
  let found: string | null = null
  mentions(ast, (op, args) => {
    if ((op === 'call' || op === 'rcall') && Array.isArray(args) && FORBIDDEN.has(String(args[0]))) found = String(args[0])
    return found !== null
  })
  return found
}
const isNull = (op: unknown, args: unknown): boolean => op === 'value' && args === null

/** Whether any node of the syntax tree is such a one. The tree is bounded, and so is this walk. */
function mentions(node: unknown, is: (op: unknown, args: unknown) => boolean): boolean {
  if (Array.isArray(node)) return node.some((item) => mentions(item, is))
  if (node === null || typeof node !== 'object' || !('op' in node) || !('args' in node)) return false
  return is(node.op, node.args) || mentions(node.args, is)
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error }
  }
}

/** What is wrong, where in the expression, and the expression. */
function placed(source: string, error: unknown): string {
  const why = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
  const start = rangeStart(error)
  const hint = /(?:double.*\bint|\bint\b.*double)/.test(why) ? ' Write numbers with a point, such as 2.0.' : ''
  return `${why}${start === null ? '' : `, at character ${start + 1}`} of "${shown(source)}".${hint}`
}
const rangeStart = (error: unknown): number | null => {
  if (!(error instanceof Error) || !('range' in error)) return null
  const { range } = error
  return typeof range === 'object' && range !== null && 'start' in range && typeof range.start === 'number' ? range.start : null
}
const shown = (text: string | undefined): string => ((text ?? '').length > 200 ? `${(text ?? '').slice(0, 200)}…` : (text ?? ''))
