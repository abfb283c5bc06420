import { isIP } from 'node:net'

/** What came of reading an address: the address in one spelling, or what is wrong with it and what to do. */
export type AddressReading =
  | { readonly kind: 'good'; readonly address: string }
  | { readonly kind: 'bad'; readonly message: string; readonly hint: string }

const bad = (message: string, hint: string): AddressReading => ({ kind: 'bad', message, hint })

/** Whether a host name can only mean this machine: `localhost` and below (RFC 6761), 127.0.0.0/8, ::1. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

/** Reads the address of a remote system. Plain http would send tokens and deals in the clear, so it is accepted on this machine only. */
export function readRemoteAddress(text: string): AddressReading {
  if (!URL.canParse(text)) return bad('is not an address', 'Write it whole, like https://contoso.crm.dynamics.com')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    return bad('carries a user name or password', 'Remove the part before the @; credentials have settings of their own.')
  }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return bad(
      `uses plain http to ${url.hostname}: credentials and deals would cross the network unencrypted. Plain http is accepted for loopback addresses only`,
      `Write https://${url.host}, or use localhost, 127.0.0.1 or [::1] for a simulator on this machine.`,
    )
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return bad(`has the scheme ${url.protocol}//`, 'Write an https:// address.')
  if (url.search !== '' || url.hash !== '') return bad('carries a query or fragment', `Write ${url.origin}${url.pathname}`)
  return { kind: 'good', address: `${url.origin}${url.pathname.replace(/\/+$/, '')}` }
}

/** Reads the address of a forward proxy. Plain http is fine here: only CONNECT is spoken to it, what passes through is still TLS. */
export function readProxyAddress(text: string): AddressReading {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return bad('is not the address of a proxy', 'Write it like http://proxy.example.com:3128')
  }
  return { kind: 'good', address: url.href.replace(/\/$/, '') }
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Reads `127.0.0.1:8400`, `[::1]:8400`, `:8400` (every interface) or `8400` (this machine only). */
export function parseListen(text: string): ListenAddress | null {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):)?(\d{1,5})$/.exec(text.trim())
  if (match === null) return null
  const port = Number(match[2])
  if (port > 65_535) return null
  const host = match[1]
  if (host === undefined) return { host: '127.0.0.1', port }
  return { host: host === '' ? '0.0.0.0' : host.replace(/^\[|\]$/g, ''), port }
}

export const formatListen = (listen: ListenAddress): string =>
  `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`

/** One IP address or a CIDR range. */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

/** `host` or `host:port`, no scheme, no path, no wildcard. */
export const isHostAndPort = (text: string): boolean => /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/.test(text)
