import type { Inbound, InboundAnswer, InboundRequest } from '../../core/ports.js'
import { digest, type Verifier } from './certificates.js'
import { isSafeId, referralRef } from './ids.js'

const bodyBytesMost = 64 * 1024
const refused = (status: 400 | 401 | 413 | 503, title: string, detail: string): InboundAnswer => ({ kind: 'refused', status, title, detail })

/**
 * Partner Center's webhook. The order matters: size, headers, signature over the raw body, and only then the body itself, of which
 * nothing but the name of the event and the id of the referral is used.
 */
export function partnerCenterInbound(verifier: Verifier): Inbound {
  return {
    async receive(request) {
      if (request.body.length > bodyBytesMost) return refused(413, 'Too large', `An event has at most ${bodyBytesMost} bytes.`)
      const signature = signatureOf(request)
      if (signature === null) return refused(401, 'Not signed', 'The request carries no signature.')
      const type = request.headers['content-type'] ?? ''
      if (type !== '' && !/^application\/([a-z.+-]+\+)?json\b/i.test(type.trim())) return refused(400, 'Malformed', 'An event is JSON.')
      const certificateUrl = request.headers['x-ms-certificate-url']
      const algorithm = request.headers['x-ms-signature-algorithm']
      if (!certificateUrl || !algorithm) return refused(400, 'Incomplete', 'The headers X-MS-Certificate-Url and X-MS-Signature-Algorithm are needed.')
      if (algorithm.trim().toLowerCase() !== 'rsa-sha256') return refused(401, 'Not believed', `The algorithm "${algorithm.slice(0, 40)}" is not accepted; rsa-sha256 is.`)
      if (!verifier.allows(certificateUrl)) return refused(401, 'Not believed', 'The certificate\'s address is not on an allowed host.')
      const verdict = await verifier.check({ certificateUrl, signature, body: request.body })
      if (verdict.kind === 'unavailable') return refused(503, 'Not now', `The signing certificate could not be fetched: ${verdict.why}.`)
      if (verdict.kind === 'forged') return refused(401, 'Not believed', `The signature was refused: ${verdict.why}.`)
      return eventIn(request.body)
    },
  }
}

/** In `Authorization: Signature …` or in `x-ms-signature`, there with or without a scheme before it: Microsoft's sample takes what follows the space. */
function signatureOf({ headers }: InboundRequest): Buffer | null {
  const authorization = /^signature\s+(\S+)$/i.exec((headers['authorization'] ?? '').trim())?.[1]
  const own = (headers['x-ms-signature'] ?? '').trim().replace(/^\S+\s+/, '')
  const text = own !== '' ? own : authorization
  return text !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null
}

function eventIn(body: Buffer): InboundAnswer {
  const json = parse(body)
  if (json === null) return refused(400, 'Malformed', 'The body is not a JSON object.')
  const name = json.get('eventname')
  const named = json.get('resourceuri')
  const isOurs = typeof name === 'string' && /^(related-)?referral-/i.test(name)
  if (typeof name !== 'string' || (isOurs && typeof named !== 'string')) return refused(400, 'Malformed', 'The body has no EventName or no ResourceUri.')
  const uri = typeof named === 'string' ? named : '' // What an event of somebody else's names is not our affair.
  const id = uri.split(/[?#]/)[0]?.split('/').filter((part) => part !== '').at(-1) ?? ''
  const changed = json.get('resourcechangeutcdate')
  // Without its time or its record an event cannot be told from the next one about the same record, so it is taken as new each time.
  const eventKey = typeof changed === 'string' && changed !== '' && uri !== '' ? digest(`${name}|${id.toLowerCase()}|${changed}`) : null
  const hints = isOurs && isSafeId(id) ? [{ ref: referralRef(id), engagementId: null, wide: /^related-/i.test(name) }] : []
  // A test event is recognised by the id its request was answered with.
  const shown = name === 'test-created' && isSafeId(id) ? `${name} ${id}` : name.slice(0, 80)
  return { kind: 'accepted', events: [{ eventKey, name: shown, hints }], reply: null }
}

/** Members by lower-case name: pages print PascalCase, other parts of the service write camelCase. */
function parse(body: Buffer): Map<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''))
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? new Map(Object.entries(json).map(([name, value]) => [name.toLowerCase(), value])) : null
  } catch {
    return null
  }
}
