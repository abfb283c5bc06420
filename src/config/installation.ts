import { isAbsolute, resolve } from 'node:path'
import type { Config } from './config.js'
import { treeAt } from './document.js'
import { applyOverrides, unknownVariables } from './environment.js'
import { configOf, readSource, readSourceAt, type ConfigRequest, type LoadedConfig, type Source } from './load.js'
import { ConfigError, type Problem } from './problems.js'
import { tenantsSchema } from './schema.js'
import { environmentOf, sharedEnvironment, sharedOf, sharedOrigins, type SharedSettings } from './shared-settings.js'

/**
 * The configuration of every tenant that an installation serves: one without a name, or several.
 * @param only names of those that are wanted; null: all.
 * @throws ConfigError with every problem of the first file that has any.
 */
export function loadInstallation(request: ConfigRequest, only: readonly string[] | null): readonly LoadedConfig[] {
  const source = readSource(request)
  if (treeAt(source.document.tree, 'tenants') === undefined) {
    if (only !== null) throw refusal(source, 'tenants', `it serves one tenant and knows none called ${only.join(', ')}`, 'Leave --tenant and COSELL_TENANT out.')
    return [configOf(source, request, null)]
  }
  return tenantsOf(source, request, only)
}

/** The one tenant that a command speaks of. @throws ConfigError when there are several and none was named. */
export function loadTenant(request: ConfigRequest, name: string | null): LoadedConfig {
  const [first, second] = loadInstallation(request, name === null ? null : [name])
  if (first === undefined || second !== undefined) {
    throw refusal(readSource(request), 'tenants', 'it serves several tenants', `Name one with --tenant or COSELL_TENANT: ${namesIn(readSource(request)).join(', ')}.`)
  }
  return first
}

function tenantsOf(source: Source, request: ConfigRequest, only: readonly string[] | null): readonly LoadedConfig[] {
  const names = namesIn(source)
  const unknown = (only ?? []).filter((name) => !names.includes(name))
  if (unknown.length > 0) throw refusal(source, 'tenants', `there is no tenant ${unknown.join(', ')}`, `Known: ${names.join(', ')}.`)
  const wanted = names.filter((name) => only === null || only.includes(name))
  const { env, warnings } = sharedEnvironment(names, source.env)
  const shared = sharedSettings({ ...source, env }, request)
  const sources = wanted.map((name) => {
    const path = String(treeAt(source.document.tree, `tenants.${name}`))
    const file = isAbsolute(path) ? path : resolve(source.folder, path)
    return { name, source: readSourceAt(file, { named: source.env, over: environmentOf(name, source.env) }, request) }
  })
  const loaded = sources.map((one) => configOf(one.source, request, { name: one.name, shared }))
  const used = new Set([source, ...sources.map((one) => one.source)].flatMap(({ document }) => [...document.variables]))
  // What one file alone may use is only known when all of them were read.
  const meaningless = only === null ? unknownVariables(env, used) : []
  refuseMeetings(source, loaded.map(({ config }) => config))
  return loaded.map((one, index) => (index === 0 ? { ...one, warnings: [...warnings, ...meaningless, ...one.warnings] } : one))
}

function namesIn(source: Source): readonly string[] {
  const parsed = tenantsSchema.safeParse(treeAt(source.document.tree, 'tenants'))
  if (parsed.success) return Object.keys(parsed.data)
  const issue = parsed.error.issues[0]
  const params: unknown = issue?.code === 'custom' ? issue.params : null
  const hint = typeof params === 'object' && params !== null && 'hint' in params ? String(params.hint) : 'Write "name: ./name.yaml" for each.'
  throw refusal(source, 'tenants', issue?.code === 'custom' ? `tenants ${issue.message}` : 'tenants must be a section of names and files', hint)
}

/** What the installation's own file and its variables say for all tenants. */
function sharedSettings(source: Source, request: ConfigRequest): SharedSettings {
  const { document, folder, shown } = source
  const misplaced = document.problems.filter(({ path }) => path !== '')
  const resolvePath = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path))
  const overrides = applyOverrides(document.tree, source.env, request.readFile, resolvePath)
  const { tree, foreign } = sharedOf(document.tree, folder)
  const problems: readonly Problem[] = [
    ...misplaced.filter(({ path }) => !overrides.origins.has(path)),
    ...overrides.problems,
    ...foreign.map((path) => ({
      path, ...(document.positions.get(path) ?? { line: null, column: null }),
      message: `${path} is no setting of an installation with several tenants`, hint: 'Move it to the files of the tenants.',
    })),
  ]
  if (problems.length > 0) throw new ConfigError(shown, problems)
  const written = [...document.positions].map(([path, { line }]): [string, string] => [path, `${shown}:${line}`])
  return { tree, origins: sharedOrigins(new Map([...written, ...overrides.origins])), folder }
}

const MEETINGS: readonly { readonly path: string; readonly of: (config: Config) => string; readonly why: string }[] = [
  { path: 'server.publicUrl', of: ({ server }) => new URL(server.publicUrl ?? 'http://unnamed').host, why: 'Requests are told apart by the host they ask for.' },
  { path: 'partnerCenter.tenant', of: ({ partnerCenter }) => partnerCenter.tenant.toLowerCase(), why: 'A partner account has one webhook, and its deals belong to one tenant.' },
  { path: 'crm.url', of: ({ crm }) => crm.url.toLowerCase().replace(/\/+$/, ''), why: 'An opportunity would be shared by both.' },
]

/** Two tenants on one remote system, or one host for two, would do each other's work. */
function refuseMeetings(source: Source, configs: readonly Config[]): void {
  for (const { path, of, why } of MEETINGS) {
    const seen = new Map<string, Config>()
    for (const config of configs) {
      const other = seen.get(of(config))
      if (other !== undefined) throw refusal(source, 'tenants', `${path} is ${of(config)} for both ${other.tenant ?? ''} and ${config.tenant ?? ''}`, why)
      seen.set(of(config), config)
    }
  }
}

function refusal({ document, shown }: Source, path: string, message: string, hint: string): ConfigError {
  return new ConfigError(shown, [{ path, ...(document.positions.get(path) ?? { line: null, column: null }), message, hint }])
}
