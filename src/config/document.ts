import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import type { Position, Problem } from './problems.js'

/** A document whose scalars are all text; the schema gives them their types. Sections have no prototype, so that no key is special. */
export type Tree = string | readonly Tree[] | Section
export interface Section {
  [key: string]: Tree
}
export const isSection = (tree: Tree | undefined): tree is Section => typeof tree === 'object' && !Array.isArray(tree)
export const emptySection = (): Section => Object.create(null) as Section // "as": Object.create knows no type

export interface ParsedDocument {
  readonly tree: Section
  /** Where each key (dotted path, list items by number) stands. */
  readonly positions: ReadonlyMap<string, Position>
  readonly problems: readonly Problem[]
  /** Variables the file names by `${…}`, missing or not. */
  readonly variables: ReadonlySet<string>
}

const nodesMax = 20_000 // A real file has some hundred; nested aliases could otherwise unfold without end.

const said: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is given twice in the same section',
  TAB_AS_INDENT: 'a tab is used to indent; YAML indents with spaces',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  MULTIPLE_DOCS: 'the file holds more than one document; remove the line with "---"',
  MISSING_CHAR: 'a closing quote, bracket or colon is missing',
}

interface Walk {
  readonly document: Document
  readonly lines: LineCounter
  readonly env: Readonly<Record<string, string | undefined>>
  readonly positions: Map<string, Position>
  readonly problems: Problem[]
  readonly variables: Set<string>
  /** Nodes left before the file is refused as endless. */
  budget: number
}

const below = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

function positionOf(walk: Pick<Walk, 'lines'>, offset: number): Position {
  const { line, col } = walk.lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

/** Replaces `${NAME}`; `$${` writes a plain `${`. */
function substitute(walk: Walk, text: string, path: string): string {
  return text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (whole: string, name: string | undefined) => {
    if (name === undefined) return '${'
    const where = { path, ...(walk.positions.get(path) ?? { line: null, column: null }) }
    if (!whole.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      walk.problems.push({ ...where, message: `${path} holds "\${" without the name of a variable and "}"`, hint: 'Write ${NAME}; for a plain "${" write "$${".' })
      return ''
    }
    walk.variables.add(name)
    const value = walk.env[name]
    if (value !== undefined) return value
    walk.problems.push({
      ...where, message: `${path} needs the variable ${name}, which is not set`,
      hint: `Set ${name} in the environment; for development a file .env beside this one also serves.`,
    })
    return ''
  })
}

function readMap(walk: Walk, node: Node, path: string): Section {
  const section = emptySection()
  if (!isMap(node)) return section
  for (const { key, value } of node.items) {
    if (!isScalar(key)) {
      walk.problems.push({ path, line: null, column: null, message: `a key under ${path === '' ? 'the top' : path} is not plain text`, hint: null })
      continue
    }
    const name = String(key.value)
    walk.positions.set(below(path, name), positionOf(walk, key.range?.[0] ?? 0))
    const child = readNode(walk, value as Node | null, below(path, name)) // "as": the parser types values loosely, they are nodes
    if (child !== null) section[name] = child
  }
  return section
}

/** Null stands for "not given": an empty value, `~` or `null`. */
function readNode(walk: Walk, node: Node | null, path: string): Tree | null {
  walk.budget -= 1
  if (node === null || walk.budget < 0) return null
  if (isAlias(node)) {
    const target = node.resolve(walk.document)
    return target === undefined ? null : readNode(walk, target, path)
  }
  if (isMap(node)) return readMap(walk, node, path)
  if (isSeq(node)) {
    const items: Tree[] = []
    node.items.forEach((item, index) => {
      const itemNode = item as Node // "as": the parser types items loosely, they are nodes
      walk.positions.set(below(path, String(index)), positionOf(walk, itemNode.range?.[0] ?? 0))
      items.push(readNode(walk, itemNode, below(path, String(index))) ?? '')
    })
    return items
  }
  if (!isScalar(node)) return null
  const plain = node.type === 'PLAIN'
  const text = substitute(walk, String(node.value ?? ''), path).trim()
  return text === '' || (plain && /^(~|null|Null|NULL)$/.test(text)) ? null : text
}

/** Reads YAML 1.2 and replaces variables. Collects problems instead of throwing. */
export function parseConfigDocument(text: string, env: Readonly<Record<string, string | undefined>>): ParsedDocument {
  const lines = new LineCounter()
  // The parser's own pretty messages quote the line, which may hold a secret; so they stay off.
  const document = parseDocument(text, { version: '1.2', schema: 'failsafe', prettyErrors: false, lineCounter: lines, merge: false })
  const walk: Walk = { document, lines, env, positions: new Map(), problems: [], variables: new Set(), budget: nodesMax }
  const syntax = document.errors.map((error): Problem => ({
    path: '', ...positionOf(walk, error.pos[0]), message: said[error.code] ?? `this is not YAML 1.2 (${error.code.toLowerCase().replaceAll('_', ' ')})`, hint: null,
  }))
  const root = document.contents
  if (syntax.length > 0 || root === null || (isScalar(root) && String(root.value ?? '').trim() === '')) {
    return { tree: emptySection(), positions: walk.positions, problems: syntax, variables: walk.variables }
  }
  const tree = readNode(walk, root, '')
  if (walk.budget < 0) walk.problems.push({ path: '', line: null, column: null, message: 'the file unfolds to more entries than a configuration has', hint: 'Remove nested aliases.' })
  if (tree === null || !isSection(tree)) {
    walk.problems.push({ path: '', line: 1, column: 1, message: 'the file is not a list of "key: value" lines', hint: 'Run `cosell init` for an example.' })
    return { tree: emptySection(), positions: walk.positions, problems: walk.problems, variables: walk.variables }
  }
  return { tree, positions: walk.positions, problems: walk.problems, variables: walk.variables }
}

/** The value at a dotted path, or undefined. */
export function treeAt(tree: Tree, path: string): Tree | undefined {
  let at: Tree | undefined = tree
  for (const key of path.split('.')) {
    if (Array.isArray(at)) at = (at as readonly Tree[])[Number(key)] // "as": isArray forgets the element type of readonly arrays
    else if (isSection(at)) at = at[key]
    else return undefined
  }
  return at
}

/** Puts a value at a dotted path, making sections on the way. A scalar in the way is left for the schema to refuse. */
export function setAt(tree: Section, path: string, value: Tree): void {
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let at = tree
  for (const key of keys) {
    const next = at[key]
    if (next === undefined) {
      const section = emptySection()
      at[key] = section
      at = section
    } else if (isSection(next)) at = next
    else return
  }
  at[last] = value
}
