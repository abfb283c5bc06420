/** An answer as text. Header names are lower case. */
export interface PageAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

const lookedAt = 1_024 // A page says in its first line that it is one.
const firstTag = /^\uFEFF?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|title|body|center|h1)\b/is

/** Whether this is a page for people. No API of ours answers with one: what did stands between us and it. */
export function isPage({ headers, text }: Omit<PageAnswer, 'status'>): boolean {
  if (text.trim() === '' || /^\uFEFF?\s*[{[]/.test(text)) return false
  return firstTag.test(text.slice(0, lookedAt)) || /^\s*text\/html\b/i.test(headers['content-type'] ?? '')
}

/** What these mean is the same whoever says it: sign in, a version that moved, too large, too much at once. */
const SAME_FROM_ANYBODY: ReadonlySet<number> = new Set([401, 407, 412, 413, 414, 428, 429, 431])

/**
 * A gateway's refusal, which says nothing about what the service behind it did or would do. That of a write leaves open whether it happened;
 * taken for the service's own word, it would be the end of a deal that nobody refused.
 */
export const isGatewaysRefusal = (answer: PageAnswer): boolean =>
  answer.status >= 400 && answer.status < 500 && !SAME_FROM_ANYBODY.has(answer.status) && isPage(answer)
