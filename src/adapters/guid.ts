import { hash } from 'node:crypto'

/** The connector's own name space, so that our ids never meet those of others. */
const namespace = Buffer.from('6f1b1a3cc05e4c1e9d1f3a7d0c05e110', 'hex')

/** A GUID that follows from a text (RFC 9562, version 5): a repeated create names the same id and is refused as existing. */
export function guidOf(text: string): string {
  const digest = hash('sha1', Buffer.concat([namespace, Buffer.from(text, 'utf8')]), 'hex')
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  const hex = `${digest.slice(0, 12)}5${digest.slice(13, 16)}${variant}${digest.slice(17, 32)}`
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const empty = '00000000-0000-0000-0000-000000000000'
/** A GUID in its canonical spelling, or null for anything else; the all-zero one names nothing. */
export function asGuid(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const text = value.replace(/^\{|\}$/g, '').toLowerCase()
  return shape.test(text) && text !== empty ? text : null
}
