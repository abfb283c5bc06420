import { z } from 'zod'
import { aboutSettings, fileSchema, type SettingKind } from './schema.js'

/** One setting of the file: a scalar or a list. */
export interface Setting {
  /** As in the file: `partnerCenter.clientSecret`. */
  readonly path: string
  /** The variable that overrides it: `COSELL_PARTNERCENTER_CLIENTSECRET`. */
  readonly variable: string
  readonly kind: SettingKind
  readonly meaning: string
  readonly required: boolean
  /** In the file's own spelling; null when there is none. */
  readonly fallback: string | readonly string[] | null
  readonly choices: readonly string[] | null
}

export const variablePrefix = 'COSELL_'
export const variableOf = (path: string): string => `${variablePrefix}${path.toUpperCase().replaceAll('.', '_')}`

function unwrap(type: unknown): { readonly inner: unknown; readonly optional: boolean; readonly fallback: unknown } {
  if (type instanceof z.ZodPrefault) return { inner: type.def.innerType, optional: true, fallback: type.def.defaultValue }
  if (type instanceof z.ZodOptional) return { inner: type.def.innerType, optional: true, fallback: null }
  return { inner: type, optional: false, fallback: null }
}

function* walk(type: unknown, path: string): Generator<Setting> {
  const { inner, optional, fallback } = unwrap(type)
  if (inner instanceof z.ZodObject) {
    for (const [key, child] of Object.entries(inner.shape)) yield* walk(child, path === '' ? key : `${path}.${key}`)
    return
  }
  const about = inner instanceof z.ZodType ? aboutSettings.get(inner) : undefined
  if (about === undefined) throw new Error(`The setting ${path} has no description; add one in schema.ts.`)
  const choices = inner instanceof z.ZodEnum ? inner.options.map(String) : null
  const known = typeof fallback === 'string' || Array.isArray(fallback) ? fallback as string | readonly string[] : null // "as": lists of the schema hold text
  yield { path, variable: variableOf(path), ...about, required: !optional, fallback: known, choices }
}

/** Every setting, in the order of the file. */
export const SETTINGS: readonly Setting[] = [...walk(fileSchema, '')]

const byPath = new Map(SETTINGS.map((setting) => [setting.path, setting]))
export const settingAt = (path: string): Setting | null => byPath.get(path) ?? null

export const isSecret = (setting: Setting): boolean => setting.kind === 'secret' || setting.kind === 'secret-list'
/** These may hold a password within an address; they are masked in part and also have a `_FILE` variable. */
export const mayHoldPassword = (setting: Setting): boolean => setting.kind === 'store' || setting.kind === 'proxy'
export const isList = (setting: Setting): boolean => setting.kind === 'list' || setting.kind === 'secret-list'
export const hasFileVariable = (setting: Setting): boolean => isSecret(setting) || mayHoldPassword(setting)

/** Paths of everything that is never shown. */
export const secretPaths: readonly string[] = SETTINGS.filter(isSecret).map((setting) => setting.path)

/** The keys that may stand directly under a section (or at the top, for the empty path). */
export function keysUnder(section: string): readonly string[] {
  const prefix = section === '' ? '' : `${section}.`
  const keys = SETTINGS.filter((setting) => setting.path.startsWith(prefix)).map((setting) => setting.path.slice(prefix.length).split('.')[0] ?? '')
  return [...new Set(keys)]
}
