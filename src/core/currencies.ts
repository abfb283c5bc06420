const names = new Intl.DisplayNames(['en'], { type: 'currency', fallback: 'code' })
const key = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** ISO 4217 codes by code and by English name, as the runtime's own tables have them. */
const bySpelling: ReadonlyMap<string, string> = new Map(
  Intl.supportedValuesOf('currency').flatMap((code): [string, string][] => [
    [key(names.of(code) ?? code), code],
    [key(code), code],
  ]),
)

const find = (text: string): string | undefined => bySpelling.get(key(text))

/** `EUR` for `Euro`, `eur` or `EUR`; what we do not know stays as it is, so that a check can show it to a person. */
export const currencyCode = (text: string): string => find(text) ?? text.trim()
/** `Euro` for any of them. */
export const currencyName = (text: string): string => {
  const code = find(text)
  return code === undefined ? text.trim() : (names.of(code) ?? code)
}
