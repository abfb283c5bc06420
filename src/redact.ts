/** Keys whose text is a secret wherever they stand. Numbers and flags under such keys (`token_count`) stay visible. */
const secretKey = /secret|passw|passphrase|authorization|cookie|credential|assertion|api[-_]?key|webhook[-_]?key|private[-_]?key|seal[-_]?key|^x-cosell-key$|token$|^code$/i
const redacted = '[redacted]'
const depthMax = 12 // Deeper than anything we log on purpose; a remote body could be deeper and is then cut.
const shortestPlanted = 4 // A shorter secret would black out ordinary words; the configuration warns about short tokens.

/** Shapes that are secrets although nobody told us: bearer tokens, signed tokens, keys in addresses. */
function withoutShapes(text: string): string {
  return text
    .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${redacted}`)
    .replace(/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?/g, redacted)
    .replace(/([?&;](?:code|sig|key|token|access_token|refresh_token|client_secret|password)=)[^&\s"']+/gi, `$1${redacted}`)
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:)[^/\s@]+@/gi, `$1${redacted}@`)
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted)
}

/** Takes secrets out of whatever is about to be shown. Knows the configured ones by value and others by key and shape. */
export interface Redactor {
  /** Adds a secret that came up later, such as a refreshed token. */
  plant(secret: string): void
  text(text: string): string
  value(value: unknown): unknown
}

export function createRedactor(secrets: Iterable<string>): Redactor {
  const planted = new Set<string>()
  const plant = (secret: string): void => {
    const trimmed = secret.trim()
    if (trimmed.length >= shortestPlanted) planted.add(trimmed)
  }
  for (const secret of secrets) plant(secret)
  const cleanText = (text: string): string => {
    let clean = text
    for (const secret of planted) if (clean.includes(secret)) clean = clean.replaceAll(secret, redacted)
    return withoutShapes(clean)
  }
  const clean = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return cleanText(value)
    if (typeof value !== 'object' || value === null) return value
    if (depth > depthMax) return '[too deep]'
    if (Array.isArray(value)) return value.map((item) => clean(item, depth + 1))
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hides(key, child) ? redacted : clean(child, depth + 1)]))
  }
  return { plant, text: cleanText, value: (value) => clean(value, 0) }
}

const hides = (key: string, value: unknown): boolean =>
  secretKey.test(key) && ((typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null))
