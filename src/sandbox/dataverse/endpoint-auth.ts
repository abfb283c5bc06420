import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { coded } from './errors.js'
import type { Cells } from './row-store.js'

/** How a webhook endpoint shows its receiver that it may call. Source: learn.microsoft.com "Register a web hook" (read 2023-10). */
export const authTypes = { webhookKey: 4, httpHeader: 5, httpQueryString: 6 } as const

const malformed = (why: string): Error => coded(400, '0x80050203', `The webhook authentication settings are not valid: ${why}`)
const badName = (name: string): Error => coded(400, '0x80050204', `The webhook authentication setting name '${name}' is not valid.`)

const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '', isArray: (name) => name === 'setting' })

export function settingsOf(xml: string): { name: string; value: string }[] {
  if (XMLValidator.validate(xml) !== true) throw malformed('they are not well-formed XML.')
  const parsed = parser.parse(xml) as { settings?: { setting?: { name?: unknown; value?: unknown }[] } } // members are checked below
  const settings = parsed.settings?.setting
  if (settings === undefined || settings.length === 0) throw malformed('<settings> holds no <setting>.')
  return settings.map(({ name, value }) => {
    if (typeof name !== 'string' || typeof value !== 'string') throw malformed('every <setting> needs a name and a value.')
    if (!/^[\w-]+$/.test(name)) throw badName(name)
    return { name, value }
  })
}

/** The URL and the headers of a delivery. */
export function authorized(endpoint: Cells): { url: string; headers: Record<string, string> } {
  const url = String(endpoint['url'] ?? '')
  const value = endpoint['authvalue']
  if (typeof value !== 'string') return { url, headers: {} }
  const withQuery = (pairs: readonly { name: string; value: string }[]): string => {
    const query = pairs.map((pair) => `${encodeURIComponent(pair.name)}=${encodeURIComponent(pair.value)}`).join('&')
    return `${url}${url.includes('?') ? '&' : '?'}${query}`
  }
  switch (endpoint['authtype']) {
    case authTypes.webhookKey:
      return { url: withQuery([{ name: 'code', value }]), headers: {} }
    case authTypes.httpQueryString:
      return { url: withQuery(settingsOf(value)), headers: {} }
    case authTypes.httpHeader:
      return { url, headers: Object.fromEntries(settingsOf(value).map((setting) => [setting.name.toLowerCase(), setting.value])) }
    default:
      return { url, headers: {} }
  }
}
