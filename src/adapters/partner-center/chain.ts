import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { isLoopback } from '../../remote/transport.js'

const chainMost = 5
const issuerWanted = 'O=Microsoft Corporation'

/** The sender's certificate, and what else stands in its file: links of its chain, which prove nothing by themselves. */
export type CertificateFile = readonly [X509Certificate, ...X509Certificate[]]

/** DER, or PEM with the sender's certificate first. @throws Error for anything else. */
export function certificatesIn(body: Buffer): CertificateFile {
  const [first, ...rest] = blocksOf(body.toString('latin1')).slice(0, chainMost)
  if (first === undefined) return [new X509Certificate(body)]
  return [new X509Certificate(first), ...rest.map((pem) => new X509Certificate(pem))]
}

export interface Trust {
  /** What chains may end in or go through. */
  readonly anchors: readonly X509Certificate[]
  /** Prints of those that the operator named: believed also as a sender's own certificate. */
  readonly named: ReadonlySet<string>
}

/** A bundle without a root of its own holds intermediates for the runtime's roots. What is in neither is fetched from nowhere, whatever address a certificate names. */
export function trustIn(bundle: string | null): Trust {
  const given = bundle === null ? [] : blocksOf(bundle).map((pem) => new X509Certificate(pem))
  const hasRoot = given.some((certificate) => certificate.issuer === certificate.subject)
  const anchors = hasRoot ? given : [...given, ...rootCertificates.map((pem) => new X509Certificate(pem))]
  return { anchors, named: new Set(given.map(({ fingerprint256 }) => fingerprint256)) }
}

const blocksOf = (pem: string): string[] => pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []

/** Whether a signing certificate may be fetched from there: https, an allowed host, a plain path to a `.cer` file. */
export function isAllowed(text: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const loopback = isLoopback(url.hostname)
  const named = hosts.some(
    (host) =>
      host.toLowerCase() === url.host.toLowerCase() ||
      host.toLowerCase() === `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`.toLowerCase() ||
      // This machine named without a port is a simulator's, whichever port it was given.
      (loopback && host.toLowerCase() === url.hostname),
  )
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.pathname.toLowerCase().endsWith('.cer')
  return named && isPlain && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))
}

interface ChainParts {
  readonly trust: Trust
  /** Certificates that came with the leaf. */
  readonly beside: readonly X509Certificate[]
  readonly nowMs: number
}

const isFromMicrosoft = ({ issuer }: X509Certificate): boolean => issuer.split('\n').some((part) => part.trim() === issuerWanted)

const issuerOf = (certificate: X509Certificate, among: readonly X509Certificate[]): X509Certificate | undefined =>
  among.find((other) => other.ca && certificate.checkIssued(other) && certificate.verify(other.publicKey))

const withoutRoot =
  'its certificate does not lead to a trusted root: put the certificates of its issuer and of the root into partnerCenter.webhook.trustAnchors'

/** What is wrong with a certificate, or null: valid now, issued by Microsoft, and leading to a trusted anchor. */
export function chainFlaw(leaf: X509Certificate, { trust, beside, nowMs }: ChainParts): string | null {
  if (!isFromMicrosoft(leaf)) return 'its certificate was not issued by Microsoft Corporation'
  if (!isValid(leaf, nowMs)) return 'its certificate is not valid now'
  // Somebody who names this very certificate in the bundle means it.
  if (trust.named.has(leaf.fingerprint256)) return null
  if (leaf.ca) return 'its certificate is one of an authority, not of a sender'
  const isTrusted = new Set(trust.anchors)
  let current = leaf
  for (let depth = 0; depth < chainMost; depth += 1) {
    const issuer = issuerOf(current, [...trust.anchors, ...beside])
    if (issuer === undefined || issuer.fingerprint256 === current.fingerprint256) return withoutRoot
    if (!isValid(issuer, nowMs)) return 'a certificate of its chain is not valid now'
    if (isTrusted.has(issuer) && issuer.issuer === issuer.subject) return null
    current = issuer
  }
  return 'its chain of certificates is too long'
}
const isValid = (certificate: X509Certificate, nowMs: number): boolean =>
  Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo)
