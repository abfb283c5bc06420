/**
 * Sentences of the service in another language. The service says each in English, with values in it; the English sentence, with `{1}`, `{2}` … in
 * the place of its values, is the key of the catalogue, as in gettext. What stands in a value is looked up likewise, since a value is often a
 * sentence of its own. What no entry knows — most often the words of a remote system — stays as it came and is told apart.
 */
export type Sentences = Readonly<Record<string, string>>

/** `foreign`: words that stay in English, to be shown as a quotation. */
export interface Piece {
  readonly text: string
  readonly foreign: boolean
}
export type Reader = (text: string) => readonly Piece[]

interface Pattern {
  readonly expression: RegExp
  /** The longest part that is no value: texts without it need no closer look. */
  readonly anchor: string
  /** How much of the sentence is no value. */
  readonly weight: number
  readonly order: readonly number[]
  readonly target: string
}
interface Reading {
  readonly pieces: readonly Piece[]
  /** How many characters of the text are known. Of several readings the one that knows most is taken. */
  readonly known: number
}

const depthMost = 6 // A sentence in a sentence in a refusal: three are usual.
const partsMost = 12 // Sentences in one text; more are read as one whole.
const rememberedMost = 4_000 // Texts on a long list, each read once.
const place = /\{(\d+)\}/
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function patternOf([source, target]: readonly [string, string]): Pattern {
  const parts = source.split(place)
  const fixed = parts.filter((_, index) => index % 2 === 0)
  const expression = parts.map((part, index) => (index % 2 === 0 ? escaped(part) : '([\\s\\S]*?)')).join('')
  return {
    expression: new RegExp(`^${expression}$`),
    anchor: fixed.reduce((longest, part) => (part.length > longest.length ? part : longest), ''),
    weight: fixed.join('').length,
    order: parts.filter((_, index) => index % 2 === 1).map(Number),
    target,
  }
}

/** A reader of one catalogue; an empty one knows nothing and leaves every text as it is. */
export function reader(sentences: Sentences): Reader {
  const entries = Object.entries(sentences)
  if (entries.length === 0) return (text) => [{ text, foreign: false }]
  const patterns = entries.filter(([source]) => place.test(source)).map(patternOf)
  const remembered = new Map<string, Reading>()

  const read = (text: string, depth: number): Reading => {
    const before = remembered.get(text)
    if (before !== undefined) return before
    const same = sentences[text]
    const found = same === undefined ? (nearest(text, depth) ?? unknown(text)) : inWords(same, text.length)
    if (remembered.size >= rememberedMost) remembered.clear()
    remembered.set(text, found)
    return found
  }
  const nearest = (text: string, depth: number): Reading | null => {
    if (depth >= depthMost) return null
    const fits = patterns.flatMap((pattern) => (text.includes(pattern.anchor) ? filled(pattern, text, depth) : []))
    return best([...fits, ...joined(text, depth)])
  }
  const filled = ({ expression, order, target, weight }: Pattern, text: string, depth: number): Reading[] => {
    const values = expression.exec(text)?.slice(1)
    if (values === undefined) return []
    const readings = values.map((value) => read(value, depth + 1))
    const byNumber = new Map(order.map((number, index) => [number, readings[index]]))
    const pieces = target
      .split(place)
      .flatMap((part, index) => (index % 2 === 0 ? [{ text: part, foreign: false }] : (byNumber.get(Number(part))?.pieces ?? [])))
    return [{ pieces, known: weight + readings.reduce((sum, reading) => sum + reading.known, 0) }]
  }
  /** Several sentences after one another, each for itself. */
  const joined = (text: string, depth: number): Reading[] => {
    const parts = text.split(between).filter((part) => part !== undefined)
    if (parts.length < 3 || parts.length > 2 * partsMost) return []
    const readings = parts.map((part, index) => (index % 2 === 0 ? read(part, depth + 1) : gap(part)))
    return [{ pieces: readings.flatMap(({ pieces }) => pieces), known: readings.reduce((sum, { known }) => sum + known, 0) }]
  }
  return (text) => tidied(read(text, 0).pieces)
}

const inWords = (text: string, known: number): Reading => ({ pieces: [{ text, foreign: false }], known })

/** The reading that knows most; null when none knows anything. */
const best = (readings: readonly Reading[]): Reading | null =>
  readings.reduce<Reading | null>((first, next) => (next.known > (first?.known ?? 0) ? next : first), null)

/** Between two sentences: a space after the end of one, a new line, or a semicolon. */
const between = /(?<=[.!?…)"”])( +)(?=[A-Z"“(])|(\n\s*|; )/
const gap = (part: string): Reading => inWords(part === '; ' ? '；' : part.includes('\n') ? part : '', 0)

/** Ids, names, numbers and paths are the same in every language; two small words after one another are a sentence. */
const isSentence = (text: string): boolean => /(^|\s)[a-z]{2,}[,:]? ([a-z]+\b)/.test(text) || /^[A-Z]?[a-z]+ [a-z]{2,}/.test(text)
/** An id or a name before a colon is no part of the words after it. */
function unknown(text: string): Reading {
  const [, head = '', tail = ''] = /^([^:]*): ([\s\S]+)$/.exec(text) ?? []
  if (head !== '' && !isSentence(head) && isSentence(tail)) return { pieces: [...inWords(`${head}：`, 0).pieces, { text: tail, foreign: true }], known: 0 }
  return { pieces: [{ text, foreign: isSentence(text) }], known: 0 }
}

const han = /[\u4e00-\u9fff]/
const latin = /[A-Za-z0-9]/
const endsFullWidth = /[。，：；）”]$/
/** Chinese keeps a space between its own script and Latin letters, and values bring none along. What stands in quotation marks already is no second quotation. */
function tidied(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = []
  for (const { text, foreign } of pieces) {
    if (text === '') continue
    const last = out.at(-1)
    const own = foreign ? text.trim() : last !== undefined && endsFullWidth.test(last.text) ? text.trimStart() : text
    if (own === '') continue
    const quoted = foreign && last?.text.at(-1) !== '“'
    if (last !== undefined && !last.foreign && !quoted) out[out.length - 1] = { text: met(last.text, own), foreign: false }
    else out.push({ text: own, foreign: quoted })
  }
  return out
}

/** The space that a catalogue keeps around a Latin value goes where the value turned out to be Chinese. */
function met(before: string, after: string): string {
  const [left, right] = [before.trimEnd(), after.trimStart()]
  const [end, start] = [left.at(-1) ?? '', right.at(0) ?? '']
  if (han.test(end) && han.test(start)) return `${left}${right}`
  const touches = left === before && right === after
  const apart = (han.test(end) && latin.test(start)) || (latin.test(end) && han.test(start))
  return `${before}${touches && apart ? ' ' : ''}${after}`
}
