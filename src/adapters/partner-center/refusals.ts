import { Fault, type FaultDetails } from '../../core/fault.js'
import { isGatewaysRefusal } from '../../remote/page.js'
import { requestIdOf, retryAfterMs, type SendAnswer } from '../../remote/send.js'

/** What was asked, as far as a message needs it. */
export interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT'
  /** In words: `reading referral 5c1e…`. */
  readonly what: string
  readonly now: number
}

/** What a refusal says, from whichever of the four known bodies. */
export interface Said {
  readonly code: string | null
  readonly message: string
}

const messageMost = 1_024
const innerMost = 5 // `innerError` may nest; deeper texts say nothing new.

type Loose = Readonly<Record<string, unknown>>
const isLoose = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)
const textIn = (from: Loose, name: string): string | null => {
  const value = from[name]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : typeof value === 'number' ? String(value) : null
}

export function jsonOf(answer: Pick<SendAnswer, 'body'>): unknown {
  if (answer.body.length === 0) return undefined
  try {
    const text = answer.body.toString('utf8')
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch {
    return undefined
  }
}

/**
 * Source: the error bodies on learn.microsoft.com "Referrals API response codes", "Partner Center REST error codes" and
 * "API throttling guidance" (read 2023-10): three shapes, and gateways answer with pages of their own.
 */
export function saidIn(answer: Pick<SendAnswer, 'body' | 'headers'>): Said {
  const json = jsonOf(answer)
  if (isLoose(json)) {
    if (isLoose(json['error'])) return saidInError(json['error'])
    const description = textIn(json, 'description')
    if (description !== null) return { code: textIn(json, 'code'), message: cut(description) }
    const message = textIn(json, 'message') ?? textIn(json, 'Message') ?? textIn(json, 'error_description')
    if (message !== null) return { code: textIn(json, 'statusCode') ?? textIn(json, 'code'), message: cut(message) }
  }
  return { code: null, message: cut(plainText(answer)) }
}

function saidInError(error: Loose): Said {
  const messages: string[] = []
  let code = textIn(error, 'code')
  let level: unknown = error
  for (let depth = 0; depth < innerMost && isLoose(level); depth += 1) {
    const message = textIn(level, 'message')
    if (message !== null && !messages.includes(message)) messages.push(message)
    code = depth === 0 ? code : (textIn(level, 'code') ?? code)
    level = level['innerError'] ?? level['innererror']
  }
  return { code, message: cut(messages.join(' ')) }
}

function plainText(answer: Pick<SendAnswer, 'body' | 'headers'>): string {
  const text = answer.body.subarray(0, 4_096).toString('utf8').trim()
  if (!text.startsWith('<')) return text.replace(/\s+/g, ' ')
  const title = /<title[^>]*>([^<]{1,200})<\/title>/i.exec(text)?.[1]?.trim()
  return title === undefined ? 'a page without a message' : `a page titled "${title}"`
}
const cut = (text: string): string => (text.length > messageMost ? `${text.slice(0, messageMost)}…` : text)

const again = 'Nothing to do: it is tried again by itself.'
const role = 'Give the connector\'s user the role "Referrals admin" for the whole company in Partner Center; then press "Sync now".'
const signIn = 'Run "cosell connect partner-center".'
const signInWithMfa = 'Run "cosell connect partner-center" and sign in with multifactor authentication.'

const elsewhere = 'Check proxies on the way, if it stays; the referral is read before anything is written again.'

/** Whether a gateway refused in the place of the service. */
export const isPageInstead = ({ status, headers, body }: SendAnswer): boolean =>
  isGatewaysRefusal({ status, headers, text: body.subarray(0, 4_096).toString('utf8') })

/** Every refusal and failure of Partner Center as a Fault: by its status, and for some by what it says. */
export function faultOf(answer: SendAnswer, asked: Asked): Fault {
  const { status } = answer
  const said = saidIn(answer)
  const details = detailsOf(answer, said, asked.now)
  const what = said.message === '' ? `${asked.what} (${status}).` : `${asked.what} (${status}): ${said.message}`
  const fault = (kind: Fault['kind'], text: string, remedy: string): Fault => new Fault(kind, text, { ...details, remedy })
  const isRead = asked.method === 'GET'
  if (status >= 300 && status < 400) return fault('misconfigured', `Partner Center redirects elsewhere while ${what}`, 'Check partnerCenter.referralsUrl and partnerCenter.platformUrl.')
  // For a read a refusal of the sign-in or of a right is what it says: a gateway in front may ask for the sign-in itself.
  if (!(isRead && status === 403) && isPageInstead(answer)) return fault(isRead ? 'invalid-answer' : 'ambiguous', `Something other than Partner Center answered (${status}) while ${asked.what}.`, elsewhere)
  if (status === 401) return fault('signed-out', `Partner Center did not accept the sign-in while ${what}`, signIn)
  if (status === 403) return lacksMfa(said) ? fault('signed-out', `Partner Center demands a second factor while ${what}`, signInWithMfa) : fault('forbidden', `Partner Center refused ${what}`, forbiddenRemedy(said))
  if (status === 404 || status === 410) return fault('missing', `Partner Center knows nothing of what was asked while ${what}`, 'It may be gone, or outside the locations the connector\'s user may see.')
  // 428 asks for the version that this write lacked: reading the record again brings one.
  if (status === 412 || status === 428 || (status === 409 && asked.method === 'PATCH')) return fault('stale', `Partner Center says that the record has changed while ${what}`, again)
  if (status === 429 || status === 423 || status === 509) return fault('throttled', `Partner Center asks us to slow down while ${what}`, again)
  // A service that names the end of its pause has refused in good order. Not implemented is its last word on this way of asking.
  const orderly = status === 503 && details.retryAfterMs !== undefined
  if (orderly || status === 507) return fault('offline', `Partner Center is not available while ${what}`, again)
  if (status === 501) return fault('rejected', `Partner Center does not support ${what}`, rejectedRemedy(said.message))
  if (status >= 500 || status === 408) {
    // A server that fails, or a gateway in front of it, may have carried out the write first; that is looked up before anything is repeated.
    return isRead ? fault('offline', `Partner Center failed while ${what}`, again) : fault('ambiguous', `Partner Center failed and may or may not have done it while ${what}`, again)
  }
  return fault('rejected', `Partner Center refused ${what}`, rejectedRemedy(said.message))
}

function detailsOf(answer: SendAnswer, said: Said, now: number): Omit<FaultDetails, 'remedy'> {
  const requestId = requestIdOf(answer)
  const waitMs = retryAfterMs(answer, now)
  return {
    status: answer.status,
    ...(said.code === null ? {} : { code: said.code }),
    ...(requestId === null ? {} : { requestId }),
    ...(waitMs === null ? {} : { retryAfterMs: waitMs }),
  }
}

const lacksMfa = ({ code, message }: Said): boolean => code === 'insufficient_claims' || code === '900309' || /multi-?factor|\bMFA\b/i.test(message)

function forbiddenRemedy({ code, message }: Said): string {
  if (code === '900329' || /app-?only/i.test(message)) return 'Partner Center takes the sign-in of a person here, not of an application: run "cosell connect partner-center".'
  if (code === '900308') return 'Give the connector\'s user a role that may manage webhooks, for example "Admin agent", besides "Referrals admin".'
  return role
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/mpnid|partner ?id/i, 'Set partnerCenter.partnerId to the Partner ID of the location that new deals belong to.'],
  [/path .*cannot be changed|not writable|unsupported path|cannot be changed after/i, 'Partner Center takes this field with a new deal only. Change it in Partner Center, or set its mapping row to "flow: to-crm".'],
  [/is closed|closed:/i, 'The referral is closed; nothing can be changed any more.'],
  [/after the deal was shared|shared with Microsoft/i, 'Partner Center locks this once a deal is shared with Microsoft.'],
  [/two-letter|country/i, 'Correct the country of the customer account.'],
  [/solution/i, 'Correct the solutions of the deal: each needs an id that exists in Partner Center.'],
  [/mandatory|required|missing/i, 'Complete the record; it is sent as soon as nothing is missing.'],
]
const rejectedRemedy = (message: string): string => REMEDIES.find(([pattern]) => pattern.test(message))?.[1] ?? 'Correct the record as the message says; it is sent again when it changes.'
