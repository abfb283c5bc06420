import { createHash } from 'node:crypto'

/** The connector's own name space, so that our ids never meet those of others. */
const namespace = Buffer.from('6f1b1a3cc05e4c1e9d1f3a7d0c05e110', 'hex')

/** A GUID that follows from a text (RFC 9562, version 5): a repeated create names the same id and is refused as existing. */
export function guidOf(text: string): string {
  const hash = createHash('sha1').update(namespace).update(text, 'utf8').digest().subarray(0, 16)
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
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
