import { isAbsolute, resolve } from 'node:path'
import { isPostgres, type Finding } from './cross-checks.js'
import { emptySection, isSection, setAt, treeAt, type Section, type Tree } from './document.js'
import type { Environment } from './environment.js'
import { SETTINGS, variablePrefix, type Setting } from './settings.js'

/** What one installation has once, however many tenants it serves. Everything else belongs to a tenant. */
const SHARED = [
  'environment', 'store', 'server.listen', 'server.observe', 'server.trustedProxies', 'proxy', 'caBundle',
  'sealKey', 'sealKeyPrevious', 'sealKeyFile', 'log.level',
] as const
const isSharedPath = (path: string): boolean => (SHARED as readonly string[]).includes(path) // "as": a list of constants asked for any text
const isShared = ({ path }: Setting): boolean => isSharedPath(path)

/** What the installation's file says for each of its tenants, and where it stands there. */
export interface SharedSettings {
  readonly tree: Section
  readonly origins: ReadonlyMap<string, string>
  readonly folder: string
}

/** Takes the shared settings out of the installation's document, paths made absolute. @returns also what stands there and belongs to a tenant. */
export function sharedOf(document: Section, folder: string): { readonly tree: Section; readonly foreign: readonly string[] } {
  const tree = emptySection()
  for (const setting of SETTINGS.filter(isShared)) {
    const value = treeAt(document, setting.path)
    if (value !== undefined) setAt(tree, setting.path, absolute(setting, value, folder))
  }
  const foreign = leavesOf(document, '').filter((path) => path.split('.')[0] !== 'tenants' && !isSharedPath(path))
  return { tree, foreign }
}

function absolute(setting: Setting, value: Tree, folder: string): Tree {
  const names = setting.kind === 'file' || setting.path === 'sealKeyFile' || (setting.kind === 'store' && typeof value === 'string' && !isPostgres(value))
  return names && typeof value === 'string' && !isAbsolute(value) ? resolve(folder, value) : value
}

function leavesOf(tree: Tree, path: string): string[] {
  if (!isSection(tree)) return [path]
  return Object.entries(tree).flatMap(([key, value]) => leavesOf(value, path === '' ? key : `${path}.${key}`))
}

/** Lays the shared settings under a tenant's own. A tenant that says one of them itself is told where it belongs. */
export function layUnder(tree: Section, shared: SharedSettings): readonly Finding[] {
  const problems: Finding[] = []
  for (const setting of SETTINGS.filter(isShared)) {
    if (treeAt(tree, setting.path) !== undefined)
      problems.push({
        path: setting.path,
        message: `${setting.path} is the same for all tenants`, hint: 'Move it to the file that lists the tenants.',
      })
    const value = treeAt(shared.tree, setting.path)
    if (value !== undefined) setAt(tree, setting.path, value)
  }
  return problems
}

const mark = `${variablePrefix}TENANT_`
const markOf = (tenant: string): string => `${mark}${tenant.toUpperCase().replaceAll('-', '_')}_`

/** The variables that speak of one tenant: `COSELL_TENANT_CONTOSO_CRM_CLIENTSECRET` is its `COSELL_CRM_CLIENTSECRET`. */
export function environmentOf(tenant: string, env: Environment): Environment {
  const own = markOf(tenant)
  const others = Object.entries(env).filter(([name]) => !name.startsWith(variablePrefix))
  const mine = Object.entries(env)
    .filter(([name]) => name.startsWith(own))
    .map(([name, value]): [string, string | undefined] => [`${variablePrefix}${name.slice(own.length)}`, value])
  return Object.fromEntries([...others, ...mine])
}

/** The variables that speak of all tenants, and those of single settings that would have to name theirs. */
export function sharedEnvironment(
  tenants: readonly string[],
  env: Environment,
): { readonly env: Environment; readonly warnings: readonly string[] } {
  const belongsToTenant = (name: string): boolean => tenants.some((tenant) => name.startsWith(markOf(tenant)))
  const single = new Set(SETTINGS.filter((setting) => !isShared(setting)).flatMap(({ variable }) => [variable, `${variable}_FILE`]))
  const misplaced = Object.keys(env).filter((name) => single.has(name)).sort()
  const kept = Object.entries(env).filter(([name]) => !belongsToTenant(name) && !single.has(name))
  const say = (name: string): string =>
    `${name} is set, but each tenant has that for itself. Name the tenant: ${mark}NAME_${name.slice(variablePrefix.length)}.`
  return { env: Object.fromEntries(kept), warnings: misplaced.map(say) }
}

export const sharedOrigins = (origins: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...origins].filter(([path]) => isSharedPath(path)))
