import { signatureVerifier } from '../../src/adapters/partner-center/certificates.js'
import { partnerCenterInbound } from '../../src/adapters/partner-center/inbound.js'
import type { Inbound, InboundAnswer, InboundRequest } from '../../src/core/ports.js'
import type { Transport } from '../../src/remote/transport.js'
import { startMs } from '../../src/sandbox/partner-center/test-kit.js'
import { dispatchSubject, signingLeaf, testAuthorityPem, type LeafKind } from '../../src/sandbox/signing.js'

/** Where the certificates of these tests stand. */
export const host = '127.0.0.1:4443'

/** A request as Partner Center would make it, with whatever a test wants to be different. */
export function signedRequest(
  kind: LeafKind = 'genuine',
  body = '{"EventName":"referral-updated","ResourceUri":"http://localhost/engagements/v1/referrals/5C1E0A7E-59E8-4D6B-9F0E-0B7F0A6B2C10","ResourceName":"referral","AuditUrl":null,"ResourceChangeUtcDate":"2026-08-03T09:21:05.1234567+00:00"}',
) {
  const raw = Buffer.from(body)
  const request: InboundRequest = {
    url: '/hooks/partner-center',
    body: raw,
    headers: {
      'content-type': 'application/json',
      authorization: `Signature ${signingLeaf(kind).sign(raw).toString('base64')}`,
      'x-ms-certificate-url': `http://${host}/cert/${dispatchSubject}.cer`,
      'x-ms-signature-algorithm': 'RSA-SHA256',
    },
  }
  return request
}

export interface Files {
  readonly inbound: Inbound
  readonly fetched: string[]
}
export function receiver(
  file: (url: string) => Buffer | { status: number },
  options: { anchors?: string | null; hosts?: string[]; now?: () => number } = {},
): Files {
  const fetched: string[] = []
  const transport: Transport = async ({ url }) => {
    fetched.push(url)
    const content = file(url)
    return Buffer.isBuffer(content)
      ? { status: 200, headers: {}, body: content }
      : { status: content.status, headers: { location: 'http://169.254.169.254/' }, body: Buffer.alloc(0) }
  }
  const ticking = { now: options.now ?? (() => startMs), sleep: async () => undefined }
  const verifier = signatureVerifier({
    transport,
    clock: ticking,
    hosts: options.hosts ?? [host],
    trustAnchors: options.anchors === undefined ? testAuthorityPem() : options.anchors,
  })
  return { inbound: partnerCenterInbound(verifier), fetched }
}
export const der = (kind: LeafKind) => () => signingLeaf(kind).certificateDer
export const status = async (answer: Promise<InboundAnswer>): Promise<number> => {
  const given = await answer
  return given.kind === 'refused' ? given.status : 202
}
export const without = (request: InboundRequest, ...names: string[]): InboundRequest => ({
  ...request,
  headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !names.includes(name))),
})
export const having = (request: InboundRequest, headers: Record<string, string>): InboundRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
})
