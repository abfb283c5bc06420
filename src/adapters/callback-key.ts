import { createHash, timingSafeEqual } from 'node:crypto'
import type { InboundRequest } from '../core/ports.js'

/** Whether a callback shows the shared key: as header `x-cosell-key`, as `?code=`, or as the last part of the path. */
export const showsKey = (request: InboundRequest, key: string | null): boolean =>
  key !== null && key !== '' && presentedKeys(request).some((given) => sameSecret(given, key))

/** Compared as digests, so that neither length nor content shows in the time it takes. */
function sameSecret(given: string, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()
  return timingSafeEqual(digest(given), digest(key))
}

function presentedKeys(request: InboundRequest): string[] {
  const [path = '', search = ''] = request.url.split('?')
  const last =
    path
      .split('/')
      .filter((part) => part !== '')
      .at(-1) ?? ''
  const header = request.headers['x-cosell-key']
  return [...(header === undefined ? [] : [header]), ...codesIn(search), decode(last)]
}
/** A form reads a plus as a space, an address as itself: keys made as base64 hold some, and not every sender escapes them. */
const codesIn = (search: string): string[] =>
  ['+', '%2B'].flatMap((plus) => new URLSearchParams(search.replaceAll('+', plus)).get('code') ?? [])

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
