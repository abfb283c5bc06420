import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { core } from 'zod'
import { buildConfig } from './build.js'
import type { Config } from './config.js'
import { checkCrm, checkSealKey, checkStore, checkTenant, readNamedFiles, suggestionFor, type Finding } from './cross-checks.js'
import { parseConfigDocument, treeAt, type ParsedDocument, type Section } from './document.js'
import { applyOverrides, isUtf8, readingRemedy, reasonOf, unknownVariables, withoutMark, type Environment, type ReadFile } from './environment.js'
import { ConfigError, type Position, type Problem } from './problems.js'
import { fileSchema } from './schema.js'
import { keysUnder, settingAt, SETTINGS } from './settings.js'
import { layUnder, type SharedSettings } from './shared-settings.js'

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
    throw new ConfigError(shortest(path, request.cwd), [problemAt(`it cannot be read (${reasonOf(cause)})`, readingRemedy(cause, 'this user'))])
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
  return text === null ? request.env : { ...parseEnv(withoutMark(text)), ...request.env }
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

/** One configuration file, found and read, not yet checked. */
export interface Source {
  /** Absolute; null when everything comes from variables. */
  readonly file: string | null
  readonly folder: string
  readonly env: Environment
  readonly document: ParsedDocument
  /** How messages name it. */
  readonly shown: string
}

interface Variables {
  /** Those that the file may name by ${…}. */
  readonly named: Environment
  /** Those that are laid over its settings. */
  readonly over: Environment
}

const sourceOf = (located: Located | null, { named, over }: Variables, request: ConfigRequest): Source => {
  const file = located?.path ?? null
  const shown = file === null ? 'cosell.yaml' : shortest(file, request.cwd)
  if (located !== null && !isUtf8(located.text)) throw new ConfigError(shown, [problemAt('it is not UTF-8 text', 'Save it as UTF-8.')])
  const document = parseConfigDocument(located?.text ?? '', named)
  if (document.problems.some((problem) => problem.path === '')) throw new ConfigError(shown, document.problems)
  return { file, folder: file === null ? request.cwd : dirname(file), env: over, document, shown }
}

/** Finds and reads the configuration. @throws ConfigError when there is none, or it is no YAML. */
export function readSource(request: ConfigRequest): Source {
  const located = locate(request)
  const env = withDotEnv(request, located === null ? request.cwd : dirname(located.path))
  return sourceOf(located, { named: env, over: env }, request)
}

/** A further file that the configuration names. @throws ConfigError when it is not there, or is no YAML. */
export function readSourceAt(path: string, variables: Variables, request: ConfigRequest): Source {
  const text = readOrRefuse(path, request)
  if (text === null) throw new ConfigError(shortest(path, request.cwd), [problemAt('it does not exist', 'Correct the path, or write the file.')])
  return sourceOf({ path, text }, variables, request)
}

/** One of several tenants: its name, and what the installation says for all of them. */
export interface TenantPlace {
  readonly name: string
  readonly shared: SharedSettings
}

/** Checks one document and gives it its shape. @throws ConfigError with every problem at once. */
export function configOf(source: Source, request: ConfigRequest, place: TenantPlace | null): LoadedConfig {
  const { file, folder, env, document, shown } = source
  const resolvePath = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path))
  const tree = document.tree
  const overrides = applyOverrides(tree, env, request.readFile, resolvePath)
  const misplaced = place === null ? [] : layUnder(tree, place.shared)
  const origins = new Map([...overrides.origins, ...(place?.shared.origins ?? [])])
  const named = readNamedFiles(tree, request.readFile, resolvePath)
  const parsed = fileSchema.safeParse(tree)
  const findings = [
    ...misplaced, ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => findingsOf(issue, tree))),
    ...checkCrm(tree), ...checkStore(tree), ...checkSealKey(tree), ...(place === null ? [] : checkTenant(tree)), ...named.findings,
  ]
  const problems = withoutRepeats([
    ...document.problems.filter((problem) => overrideOf(problem.path, origins) === null),
    ...overrides.problems,
    ...findings.map((found) => toProblem(found, document, origins)),
  ])
  if (problems.length > 0 || !parsed.success) throw new ConfigError(file === null ? null : shown, problems)

  const around = { file, folder, env, files: named.files, resolvePath, tenant: place?.name ?? null, home: place?.shared.folder ?? folder }
  const config = buildConfig(parsed.data, around)
  return { config, origins: originsOf(document, origins, shown), warnings: warningsOf(config, env, document) }
}

/**
 * Finds, reads and checks the configuration of an installation that serves one tenant. Everything outside arrives with the request.
 * @throws ConfigError with every problem at once.
 */
export const loadConfig = (request: ConfigRequest): LoadedConfig => configOf(readSource(request), request, null)

function shortest(path: string, cwd: string): string {
  const near = relative(cwd, path)
  return near === '' || near.startsWith('..') ? path : near
}

