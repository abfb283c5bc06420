/** Where in a YAML document a person is typing. */
export interface YamlPlace {
  /** The keys that lead there, from the outermost. */
  readonly path: readonly string[]
  /** A new key is being typed, or the value of the last key of the path. */
  readonly typing: 'key' | 'value'
  /** What of it is there already, up to the cursor. */
  readonly typed: string
}

/**
 * Reads lines by their indentation and the braces of the cursor's own line: enough to offer words in a mapping, whose maps either
 * stand one key a line or within one line. Null inside a comment.
 */
export function placeIn(text: string, cursor: number): YamlPlace | null {
  const before = text.slice(0, cursor).split('\n')
  const line = before.pop() ?? ''
  const content = line.trimStart()
  return inLine(content, keysAbove(before, line.length - content.length))
}

/** The keys that the lines above open for a line of this indentation. */
function keysAbove(lines: readonly string[], indentation: number): readonly string[] {
  const keys: string[] = []
  let inner = indentation
  for (const line of [...lines].reverse()) {
    const [, space = '', key = ''] = /^( *)([^\s#][^:]*|"[^"]*"|'[^']*'):(?:\s|$)/.exec(line) ?? []
    if (key === '' || space.length >= inner) continue
    keys.unshift(bare(key))
    inner = space.length
  }
  return keys
}

const bare = (key: string): string => key.trim().replace(/^(["'])(.*)\1$/, '$2')

function inLine(content: string, above: readonly string[]): YamlPlace | null {
  const path = [...above]
  let depth = 0
  let begin = 0
  let key: string | null = null
  let quote: string | null = null
  for (const [at, sign] of [...content].entries()) {
    if (quote !== null) {
      if (sign === quote) quote = null
    } else if (sign === '"' || sign === "'") quote = sign
    else if (sign === '#' && /^$|\s$/.test(content.slice(0, at))) return null
    else if (sign === ':' && key === null && /^$|^\s/.test(content.slice(at + 1))) {
      key = bare(content.slice(begin, at))
      begin = at + 1
    } else if (sign === '{') {
      if (key !== null) path.push(key)
      depth += 1
      key = null
      begin = at + 1
    } else if (sign === ',' && depth > 0) {
      key = null
      begin = at + 1
    } else if (sign === '}' && depth > 0) {
      depth -= 1
      key = path.pop() ?? null
      begin = at + 1
    }
  }
  const typed = content.slice(begin).trimStart()
  return key === null ? { path, typing: 'key', typed } : { path: [...path, key], typing: 'value', typed }
}
