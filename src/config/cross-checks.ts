import { CRM_KINDS, crmKind } from '../adapters/registry.js'
import { didYouMean } from '../core/nearest.js'
import { isSection, treeAt, type Section, type Tree } from './document.js'
import type { FileText } from './config.js'
import { readingRemedy, reasonOf, type ReadFile } from './environment.js'
import { SETTINGS } from './settings.js'

/** A problem before its place is looked up. */
export interface Finding {
  readonly path: string
  readonly message: string
  readonly hint: string | null
}
const finding = (path: string, message: string, hint: string | null): Finding => ({ path, message, hint })

const textAt = (tree: Tree, path: string): string | null => {
  const value = treeAt(tree, path)
  return typeof value === 'string' ? value : null
}

/** Keys that fit the chosen CRM: none of the other's, and everything its sign-in needs. */
export function checkCrm(tree: Section): readonly Finding[] {
  const crm = tree['crm']
  if (crm === undefined || !isSection(crm)) return []
  const foreign = (keys: readonly string[], owner: string): readonly Finding[] =>
    keys.filter((key) => crm[key] !== undefined).map((key) => finding(`crm.${key}`, `crm.${key} is for ${owner} only`, 'Remove it, or correct crm.kind.'))
  const kind = crmKind(crm['kind'])
  if (kind === null) return []
  return [
    ...CRM_KINDS.filter((other) => other.kind !== kind.kind).flatMap(({ ownSettings, name }) => foreign(ownSettings, name)),
    ...kind.flaws((key) => crm[key] !== undefined).map(({ key, message, hint }) => finding(`crm.${key}`, message, hint)),
  ]
}

export const isPostgres = (store: string): boolean => /^postgres(ql)?:\/\//i.test(store)

export function checkStore(tree: Section): readonly Finding[] {
  const store = textAt(tree, 'store')
  if (store === null) return []
  if (isPostgres(store)) return URL.canParse(store) ? [] : [finding('store', 'store is not a PostgreSQL address', 'Write it like postgres://user:password@host:5432/database')]
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(store)
    ? [finding('store', 'store has a scheme that is not known', 'Write a folder, or an address that starts with postgres://')]
    : []
}

export function checkSealKey(tree: Section): readonly Finding[] {
  const key = textAt(tree, 'sealKey')
  if (key === null) {
    if (textAt(tree, 'sealKeyPrevious') === null) return []
    return [finding('sealKeyPrevious', 'sealKeyPrevious stands without sealKey', 'It is the key before sealKey; a key file keeps its own.')]
  }
  if (textAt(tree, 'sealKeyFile') !== null) return [finding('sealKey', 'sealKey and sealKeyFile are both given', 'Keep one of them.')]
  return key.length >= 32 ? [] : [finding('sealKey', 'sealKey is shorter than 32 characters', 'Make one with: openssl rand -base64 32')]
}

/** Requests are told apart by the host they ask for, so each of several tenants needs one. */
export function checkTenant(tree: Section): readonly Finding[] {
  if (textAt(tree, 'server.publicUrl') !== null) return []
  return [finding('server.publicUrl', 'server.publicUrl is missing', 'Each of several tenants is reached by a host of its own, such as https://contoso.cosell.example.com.')]
}

const pemKinds: Readonly<Record<string, RegExp>> = {
  'partnerCenter.webhook.trustAnchors': /-----BEGIN (TRUSTED )?CERTIFICATE-----/,
  caBundle: /-----BEGIN (TRUSTED )?CERTIFICATE-----/,
  'crm.privateKey': /-----BEGIN (RSA |ENCRYPTED )?PRIVATE KEY-----/,
}

export interface NamedFiles {
  readonly files: ReadonlyMap<string, FileText>
  readonly findings: readonly Finding[]
}

/** Reads every file the configuration names. */
export function readNamedFiles(tree: Section, readFile: ReadFile, resolvePath: (path: string) => string): NamedFiles {
  const files = new Map<string, FileText>()
  const findings: Finding[] = []
  for (const { path, kind } of SETTINGS) {
    const named = kind === 'file' || kind === 'secret-file' ? textAt(tree, path) : null
    if (named === null) continue
    const at = resolvePath(named)
    try {
      const text = readFile(at)
      if (text === null) findings.push(finding(path, `${path} names ${at}, which does not exist`, 'Correct the path; relative paths start at the folder of cosell.yaml.'))
      else if (pemKinds[path]?.test(text) === false) findings.push(finding(path, `${path} names ${at}, which is not the PEM file that is needed`, `It has no line that matches ${pemKinds[path]?.source ?? ''}`))
      else files.set(path, { path: at, text })
    } catch (cause) {
      findings.push(finding(path, `${path} names ${at}, which cannot be read (${reasonOf(cause)})`, readingRemedy(cause, 'the service\'s user')))
    }
  }
  return { files, findings }
}

const allPaths = SETTINGS.map((setting) => setting.path)

/** What to suggest for a key that is not known: a neighbour it resembles, else the places where a setting of that name stands. */
export function suggestionFor(path: string, neighbours: readonly string[]): string | null {
  const name = path.split('.').at(-1) ?? path
  const near = didYouMean(name, neighbours).trim()
  if (near !== '') return near
  const elsewhere = allPaths.filter((known) => known.toLowerCase().endsWith(`.${name.toLowerCase()}`))
  return elsewhere.length > 0 ? `Settings of that name: ${elsewhere.join(', ')}.` : `Known here: ${neighbours.join(', ')}.`
}
