import { Environment } from '@marcbachmann/cel-js'
import { CONVERSIONS, dateOnly, type Scalar } from './conversions.js'
import { Fault } from './fault.js'

/** A compiled conversion of one value. Pure, and its work is bounded by the length of its text. */
export interface Expression {
  readonly source: string
  /** @throws Fault `misconfigured` when the value does not suit the expression. */
  evaluate(value: Scalar): Scalar
}

const sourceLimit = 10_000 // Ten thousand characters: far above any sensible conversion, far below what could strain the parser.
const limits = { maxAstNodes: 400, maxDepth: 30, maxListElements: 250, maxMapEntries: 250, maxCallArguments: 8 }
/** Regular expressions and everything that repeats or names intermediate results: without them no text can make an expression run long. */
const FORBIDDEN: ReadonlySet<string> = new Set(['matches', 'map', 'filter', 'all', 'exists', 'exists_one', 'bind', 'json'])
const RESULT_TYPES: ReadonlySet<string> = new Set(['dyn', 'string', 'int', 'uint', 'double', 'bool', 'null'])

const environment = buildEnvironment()
function buildEnvironment(): Environment {
  const env = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, limits })
  env.registerVariable('value', 'dyn')
  for (const [name, convert] of Object.entries(CONVERSIONS)) env.registerFunction(`${name}(dyn): dyn`, convert)
  env.registerFunction('dateOnly(dyn, string): dyn', (value: unknown, zone: unknown) =>
    typeof value === 'string' && typeof zone === 'string' ? dateOnly(value, zone) : null,
  )
  return env
}

/**
 * Compiles a conversion written in CEL (the Common Expression Language) over the variable `value`.
 * @throws Fault `misconfigured` naming the place, for anything that cannot be right.
 */
export function compileExpression(source: string, where: string): Expression {
  const refuse = (why: string): Fault =>
    new Fault('misconfigured', `The expression of ${where} cannot be used: ${why}`, {
      remedy: `Correct it; it may use the variable "value" and the functions ${Object.keys(CONVERSIONS).join(', ')}.`,
    })
  if (source.length > sourceLimit) throw refuse(`it has ${source.length} characters; ${sourceLimit} are allowed.`)
  const checked = attempt(() => environment.check(source))
  if (!checked.ok) throw refuse(checked.why)
  if (!checked.value.valid) throw refuse(firstLine(checked.value.error))
  const type = String(checked.value.type)
  if (!RESULT_TYPES.has(type)) throw refuse(`it gives a ${type}; a text, number, yes/no or null is needed.`)
  const program = environment.parse(source)
  const banned = forbiddenCall(program.ast)
  if (banned !== null) throw refuse(`"${banned}" is not available.`)
  return {
    source,
    evaluate(value) {
      const result = attempt(() => toScalar(program({ value })))
      if (!result.ok) throw refuse(`it fails on ${JSON.stringify(value)?.slice(0, 80)}: ${result.why}`)
      return result.value
    },
  }
}

function toScalar(result: unknown): Scalar {
  if (result === null || result === undefined) return null
  if (typeof result === 'string' || typeof result === 'boolean') return result
  const number = typeof result === 'bigint' ? Number(result) : result
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new TypeError('the result is neither text nor number nor yes/no')
}

/** Walks the syntax tree: a call is `[name, …]` under `call` (function) or `rcall` (method). */
function forbiddenCall(node: unknown): string | null {
  if (Array.isArray(node)) {
    for (const item of node) {
      const found = forbiddenCall(item)
      if (found !== null) return found
    }
    return null
  }
  if (node === null || typeof node !== 'object' || !('op' in node) || !('args' in node)) return null
  const { op, args } = node
  if ((op === 'call' || op === 'rcall') && Array.isArray(args) && FORBIDDEN.has(String(args[0]))) return String(args[0])
  return forbiddenCall(args)
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, why: firstLine(error) }
  }
}
const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
