/** A text as an OData literal: in single quotes, with quotes inside doubled. Source: OData 4.01 URL conventions, 5.1.1. */
export const literal = (text: string): string => `'${text.replaceAll('\'', '\'\'')}'`

/** `name eq 'value'` */
export const equals = (property: string, text: string): string => `${property} eq ${literal(text)}`

/** A query string with `?`, every value percent-encoded and absent options left out; option names keep their `$`. */
export function query(options: Readonly<Record<string, string | number | null>>): string {
  const parts = Object.entries(options).flatMap(([name, value]) => (value === null ? [] : [`${encodeURIComponent(name).replace('%24', '$')}=${encodeURIComponent(String(value))}`]))
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
