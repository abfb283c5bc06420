import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { core } from 'zod'
import { buildConfig } from './build.js'
import type { Config } from './config.js'
import { checkCrm, checkSealKey, checkStore, readNamedFiles, suggestionFor, type Finding } from './cross-checks.js'
import { parseConfigDocument, treeAt, type ParsedDocument, type Section } from './document.js'
import { applyOverrides, reasonOf, unknownVariables, type Environment, type ReadFile } from './environment.js'
import { ConfigError, type Position, type Problem } from './problems.js'
import { fileSchema } from './schema.js'
import { keysUnder, settingAt, SETTINGS } from './settings.js'

export interface ConfigRequest {
  /** What `--config` named; null when it was not given. */
  readonly path: string | null
  readonly env: Environment
  readonly cwd: string
  readonly readFile: ReadFile
}

export interface LoadedConfig {
  readonly config: Config
  /** Where each setting's value comes from: `default`, `cosell.yaml:12`, `env NAME` or `file NAME_FILE`. */
  readonly origins: ReadonlyMap<string, string>
  /** What does not stop the service but is most likely a mistake. */
  readonly warnings: readonly string[]
}

interface Located {
  readonly path: string
  readonly text: string
}

const problemAt = (message: string, hint: string | null): Problem => ({ path: '', line: null, column: null, message, hint })

function readOrRefuse(path: string, request: ConfigRequest): string | null {
  try {
    return request.readFile(path)
  } catch (cause) {
    throw new ConfigError(shortest(path, request.cwd), [problemAt(`it cannot be read (${reasonOf(cause)})`, 'Give this user the right to read it.')])
  }
}

/** The folders where the file is looked for when nothing names it. */
function usualPlaces({ env, cwd }: ConfigRequest): readonly string[] {
  const configHome = env['XDG_CONFIG_HOME'] || (env['HOME'] ? join(env['HOME'], '.config') : '')
  return [join(cwd, 'cosell.yaml'), ...(configHome === '' ? [] : [join(configHome, 'cosell', 'config.yaml')])]
}

function locate(request: ConfigRequest): Located | null {
  const named = request.path ?? (request.env['COSELL_CONFIG'] || null)
  if (named !== null) {
    const path = resolve(request.cwd, named)
    const text = readOrRefuse(path, request)
    if (text !== null) return { path, text }
    throw new ConfigError(named, [problemAt('it does not exist', 'Correct the path, or run `cosell init` to write one.')])
  }
  for (const path of usualPlaces(request)) {
    const text = readOrRefuse(path, request)
    if (text !== null) return { path, text }
  }
  // A container may be configured by variables alone.
  if (SETTINGS.some(({ variable }) => request.env[variable] || request.env[`${variable}_FILE`])) return null
  throw new ConfigError(null, [problemAt(
    `no cosell.yaml was found; looked at ${usualPlaces(request).join(' and ')}`,
    'Run `cosell init` to write one, `cosell demo` to look around without one, or name it with --config.',
  )])
}

/** Variables of a `.env` beside the file, in development only: elsewhere secrets come from where the operator put them, and from nowhere else. */
function withDotEnv(request: ConfigRequest, folder: string): Environment {
  if (request.env['NODE_ENV'] === 'production') return request.env
  let text: string | null = null
  try {
    text = request.readFile(join(folder, '.env'))
  } catch {
    return request.env // A convenience that cannot be read is left out; a variable it would have set is then reported as missing.
  }
  return text === null ? request.env : { ...parseEnv(text), ...request.env }
}

type Issue = core.$ZodIssue

function hintOf(issue: Issue): string | null {
  const params: unknown = issue.code === 'custom' ? issue.params : null
  return typeof params === 'object' && params !== null && 'hint' in params && typeof params.hint === 'string' ? params.hint : null
}

const shapeOf = (expected: string): string => (expected === 'array' ? 'a list' : expected === 'object' ? 'a section with keys below it' : 'a single value')

function findingsOf(issue: Issue, tree: Section): readonly Finding[] {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const whole = path === '' ? key : `${path}.${key}`
      return { path: whole, message: `${whole} is not a setting`, hint: suggestionFor(whole, keysUnder(path)) }
    })
  }
  const value = treeAt(tree, path)
  const setting = settingAt(path)
  if (value === undefined) return [{ path, message: `${path} is missing`, hint: setting?.meaning ?? null }]
  if (issue.code === 'invalid_value') {
    const choices = issue.values.map(String)
    return [{ path, message: `${path} is ${JSON.stringify(value)}, which is not one of ${choices.join(', ')}`, hint: null }]
  }
  if (issue.code === 'invalid_type') return [{ path, message: `${path} must be ${shapeOf(issue.expected)}`, hint: setting?.meaning ?? null }]
  return [{ path, message: `${path} ${issue.message}`, hint: hintOf(issue) }]
}

/** The place of a finding: its own line, else that of the nearest section that is written down. */
function placeOf(path: string, positions: ReadonlyMap<string, Position>): Position | null {
  for (let at = path; at !== ''; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
    const position = positions.get(at)
    if (position !== undefined) return position
  }
  return null
}

/** What was laid over the file at this path or the list it belongs to. */
function overrideOf(path: string, overridden: ReadonlyMap<string, string>): string | null {
  return overridden.get(path) ?? overridden.get(path.slice(0, Math.max(0, path.lastIndexOf('.')))) ?? null
}

function toProblem(found: Finding, document: ParsedDocument, overridden: ReadonlyMap<string, string>): Problem {
  const origin = overrideOf(found.path, overridden)
  if (origin !== null) return { ...found, line: null, column: null, message: `${found.message} (from ${origin})` }
  const place = placeOf(found.path, document.positions)
  return { ...found, line: place?.line ?? null, column: place?.column ?? null }
}

function originsOf(document: ParsedDocument, overridden: ReadonlyMap<string, string>, shown: string): ReadonlyMap<string, string> {
  const origins = new Map<string, string>()
  for (const { path } of SETTINGS) {
    const position = treeAt(document.tree, path) === undefined ? undefined : document.positions.get(path)
    origins.set(path, overridden.get(path) ?? (position === undefined ? 'default' : `${shown}:${position.line}`))
  }
  return origins
}

function warningsOf(config: Config, env: Environment, document: ParsedDocument): readonly string[] {
  const warnings = [...unknownVariables(env, document.variables)]
  if (config.server.adminTokens.some((token) => token.length < 16)) {
    warnings.push('server.adminTokens holds a token of less than 16 characters, which can be guessed. Make one with: openssl rand -hex 32')
  }
  const roles = config.server.signIn?.roles
  if (roles !== undefined && roles.admin.length + roles.operator.length + roles.viewer.length === 0) {
    warnings.push('server.signIn.roles names nobody, so that no one who signs in may see anything.')
  }
  return warnings
}

/** A problem that stands for a value which is then missing would be said twice; the first says why. */
function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  const kept: Problem[] = []
  for (const problem of problems) {
    if (problem.path !== '' && kept.some((earlier) => earlier.path === problem.path)) continue
    kept.push(problem)
  }
  return kept.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity))
}

/**
 * Finds, reads and checks the configuration. Everything outside arrives with the request.
 * @throws ConfigError with every problem at once.
 */
export function loadConfig(request: ConfigRequest): LoadedConfig {
  const located = locate(request)
  const file = located?.path ?? null
  const folder = file === null ? request.cwd : dirname(file)
  const shown = file === null ? 'cosell.yaml' : shortest(file, request.cwd)
  const env = withDotEnv(request, folder)
  const resolvePath = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path))

  const document = parseConfigDocument(located?.text ?? '', env)
  if (document.problems.some((problem) => problem.path === '')) throw new ConfigError(shown, document.problems)
  const tree = document.tree
  const overrides = applyOverrides(tree, env, request.readFile, resolvePath)
  const named = readNamedFiles(tree, request.readFile, resolvePath)
  const parsed = fileSchema.safeParse(tree)
  const findings = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => findingsOf(issue, tree))),
    ...checkCrm(tree), ...checkStore(tree), ...checkSealKey(tree), ...named.findings,
  ]
  const problems = withoutRepeats([
    ...document.problems.filter((problem) => overrideOf(problem.path, overrides.origins) === null),
    ...overrides.problems,
    ...findings.map((found) => toProblem(found, document, overrides.origins)),
  ])
  if (problems.length > 0 || !parsed.success) throw new ConfigError(file === null ? null : shown, problems)

  const config = buildConfig(parsed.data, { file, folder, env, files: named.files, resolvePath })
  return { config, origins: originsOf(document, overrides.origins, shown), warnings: warningsOf(config, env, document) }
}

function shortest(path: string, cwd: string): string {
  const near = relative(cwd, path)
  return near === '' || near.startsWith('..') ? path : near
}

