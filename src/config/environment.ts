import { didYouMean } from '../core/nearest.js'
import { setAt, type Section } from './document.js'
import type { Problem } from './problems.js'
import { hasFileVariable, isList, SETTINGS, variablePrefix, type Setting } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>
/** Text of a file, or null where there is none. Throws when it exists and cannot be read. */
export type ReadFile = (path: string) => string | null

/** Variables with our prefix that are no settings. */
const otherVariables = new Set(['COSELL_CONFIG', 'COSELL_TENANT'])

export interface Overrides {
  /** Dotted path -> where its value came from: `env NAME` or `file NAME_FILE`. */
  readonly origins: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

const problem = (setting: Setting, message: string, hint: string): Problem =>
  ({ path: setting.path, line: null, column: null, message, hint })

/** A file with a secret usually ends in a line break that is not part of it, and some editors begin it with a mark. */
const bareSecret = (text: string): string => withoutMark(text).replace(/\r?\n$/, '')
/** Without the byte order mark that some editors put before a text. */
export const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '')
/** Reading puts this in the place of bytes that are no UTF-8, such as those of a file that was saved as UTF-16. */
export const isUtf8 = (text: string): boolean => !text.includes('\uFFFD')

function listOf(text: string): readonly string[] {
  return text.split(/[,\n]/).map((item) => item.trim()).filter((item) => item !== '')
}

function readSecretFile(setting: Setting, path: string, readFile: ReadFile): string | Problem {
  try {
    const text = readFile(path)
    if (text !== null && !isUtf8(text)) return problem(setting, `${setting.variable}_FILE names ${path}, which is not UTF-8 text`, 'Save it as UTF-8.')
    if (text !== null) return bareSecret(text)
    return problem(setting, `${setting.variable}_FILE names ${path}, which does not exist`, 'Correct the path, or mount the file.')
  } catch (cause) {
    return problem(setting, `${setting.variable}_FILE names ${path}, which cannot be read (${reasonOf(cause)})`, readingRemedy(cause, 'the service\'s user'))
  }
}

/** What to do about a file that is there and cannot be read. */
export const readingRemedy = (cause: unknown, reader: string): string =>
  reasonOf(cause) === 'EISDIR' ? 'It is a folder: name the file in it.' : `Give ${reader} the right to read it.`

export function reasonOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof Error ? cause.message : String(cause)
}

/** Lays `COSELL_…` variables, and files named by `COSELL_…_FILE`, over the document. An empty variable counts as not set. */
export function applyOverrides(
  tree: Section, env: Environment, readFile: ReadFile, resolvePath: (path: string) => string,
): Overrides {
  const origins = new Map<string, string>()
  const problems: Problem[] = []
  for (const setting of SETTINGS) {
    const direct = (env[setting.variable] ?? '').trim()
    const named = hasFileVariable(setting) ? env[`${setting.variable}_FILE`] ?? '' : ''
    if (direct === '' && named === '') continue
    if (direct !== '' && named !== '') {
      problems.push(problem(setting, `${setting.variable} and ${setting.variable}_FILE are both set`, 'Unset one of them.'))
      continue
    }
    const text = direct !== '' ? direct : readSecretFile(setting, resolvePath(named), readFile)
    if (typeof text !== 'string') {
      problems.push(text)
      continue
    }
    if (text === '') {
      problems.push(problem(setting, `${setting.variable}_FILE names ${named}, which is empty`, 'Put the value into it.'))
      continue
    }
    setAt(tree, setting.path, isList(setting) ? listOf(text) : text)
    origins.set(setting.path, direct !== '' ? `env ${setting.variable}` : `file ${setting.variable}_FILE`)
  }
  return { origins, problems }
}

/** `COSELL_…` variables that mean nothing, each most likely a typing error. */
export function unknownVariables(env: Environment, usedByFile: ReadonlySet<string>): readonly string[] {
  const known = new Set(otherVariables)
  for (const setting of SETTINGS) {
    known.add(setting.variable)
    if (hasFileVariable(setting)) known.add(`${setting.variable}_FILE`)
  }
  return Object.keys(env)
    .filter((name) => name.startsWith(variablePrefix) && env[name] !== undefined && !known.has(name) && !usedByFile.has(name))
    .sort()
    .map((name) => `${name} is set but is no setting.${didYouMean(name, known)}`)
}
