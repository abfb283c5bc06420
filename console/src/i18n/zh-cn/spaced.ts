const han = /[一-鿿]/
const latin = /[A-Za-z0-9]/
const isApart = (before: string, after: string): boolean =>
  (han.test(before) && latin.test(after)) || (latin.test(before) && han.test(after))

/** Chinese keeps a space between its own script and Latin letters: 来自合作伙伴中心, but 来自 CRM. What stands within a value is left as it is. */
export function spaced(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.reduce((text, part, index) => {
    const value = values[index - 1] ?? ''
    return joined(joined(text, value), part)
  })
}

const joined = (before: string, after: string): string =>
  isApart(before.at(-1) ?? '', after.at(0) ?? '') ? `${before} ${after}` : `${before}${after}`
