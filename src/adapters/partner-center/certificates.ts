import { createHash, verify, X509Certificate, type KeyObject } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import type { Clock } from '../../core/ports.js'
import type { Transport } from '../../remote/transport.js'

/** Why a signature was not believed. `unavailable`: the certificate could not be fetched, so nothing is known. */
export type Verdict =
  { readonly kind: 'genuine' } | { readonly kind: 'forged'; readonly why: string } | { readonly kind: 'unavailable'; readonly why: string }

export interface SignatureCheck {
  readonly certificateUrl: string
  readonly signature: Buffer
  readonly body: Buffer
}
export interface Verifier {
  /** Whether the certificate may be fetched from there at all: https, an allowed host, a plain path to a `.cer` file. */
  allows(url: string): boolean
  check(given: SignatureCheck): Promise<Verdict>
}

export interface VerifierOptions {
  readonly transport: Transport
  readonly clock: Clock
  /** The only hosts (host or host:port) a certificate is fetched from. */
  readonly hosts: readonly string[]
  /** PEM bundle of roots and intermediates; null: the runtime's roots. */
  readonly trustAnchors: string | null
}

const certificateBytesMost = 64 * 1024
const fetchDeadlineMs = 5_000
const keptMs = 24 * 3_600_000
const chainMost = 5
const refetchAfterMs = 60_000 // A forged request must not make us fetch the same file again and again.
const fetchesPerMinuteMost = 30 // Anybody may send us addresses on the allowed host; real ones are one or two.
const issuerWanted = 'O=Microsoft Corporation'

/**
 * Verifies Partner Center's webhook signatures.
 * Source: learn.microsoft.com "Partner Center webhooks", authentication (read 2023-10): RSA PKCS#1 v1.5 over the raw body, certificate by URL.
 */
export function signatureVerifier(options: VerifierOptions): Verifier {
  const { clock } = options
  const trust = trustIn(options.trustAnchors)
  const { kept, fetchOnce } = certificateFiles(options)
  const senderOf = senders(trust, clock)
  const judge = (file: CertificateFile, { signature, body }: SignatureCheck): string | null => {
    const { flaw, key } = senderOf(file)
    if (flaw !== null) return flaw
    if (key.asymmetricKeyType !== 'rsa') return 'its certificate holds no RSA key'
    return verify('RSA-SHA256', body, key, signature) ? null : 'the signature does not fit the body'
  }
  return {
    allows: (url) => kept.has(url) || isAllowed(url, options.hosts), // What is kept was allowed.
    async check(given) {
      const url = given.certificateUrl
      const cached = kept.get(url)
      const ageMs = cached === undefined ? keptMs : clock.now() - cached.fetchedAt
      const flawBefore = cached === undefined || ageMs >= keptMs ? null : judge(cached.file, given)
      if (cached !== undefined && ageMs < keptMs && flawBefore === null) return { kind: 'genuine' }
      if (flawBefore !== null && ageMs < refetchAfterMs) return { kind: 'forged', why: flawBefore }
      // A kept certificate that does not fit may have been replaced since: it is fetched once more before anything is called forged.
      const fetched = await fetchOnce(url)
      if (typeof fetched === 'string') return { kind: 'unavailable', why: fetched }
      const flaw = judge(fetched, given)
      return flaw === null ? { kind: 'genuine' } : { kind: 'forged', why: flaw }
    },
  }
}

interface Sender {
  readonly flaw: string | null
  readonly key: KeyObject
  readonly judgedAt: number
}
const judgedMs = 10_000 // How late the end of a certificate's validity may be noticed. A chain costs several times what a signature does.

/** Whose file it is, judged once in a while: every event of a burst comes with the same one. */
function senders(trust: Trust, clock: Clock): (file: CertificateFile) => Sender {
  const judged = new WeakMap<CertificateFile, Sender>()
  return (file) => {
    const nowMs = clock.now()
    const before = judged.get(file)
    if (before !== undefined && Math.abs(nowMs - before.judgedAt) < judgedMs) return before
    const [certificate, ...beside] = file
    const sender = { flaw: chainFlaw(certificate, { trust, beside, nowMs }), key: certificate.publicKey, judgedAt: nowMs }
    judged.set(file, sender)
    return sender
  }
}

interface CertificateFiles {
  readonly kept: ReadonlyMap<string, Kept>
  /** The file at an allowed address, or why there is none. Events come in bursts: those that wait for the same file share one request. */
  fetchOnce(url: string): Promise<CertificateFile | string>
}
/** The sender's certificate, and what else stands in its file: links of its chain, which prove nothing by themselves. */
type CertificateFile = readonly [X509Certificate, ...X509Certificate[]]

function certificateFiles({ transport, clock }: VerifierOptions): CertificateFiles {
  const kept = new Map<string, Kept>()
  const fetching = new Map<string, Promise<CertificateFile | string>>()
  let recent: number[] = []

  const fetchCertificate = async (url: string): Promise<CertificateFile | string> => {
    const now = clock.now()
    recent = recent.filter((at) => now - at < 60_000)
    if (recent.length >= fetchesPerMinuteMost) return 'too many certificates were asked for within a minute'
    recent.push(now)
    try {
      const answer = await transport({
        method: 'GET',
        url,
        headers: { accept: '*/*' },
        body: null,
        timeoutMs: fetchDeadlineMs,
        bytesMost: certificateBytesMost,
        signal: new AbortController().signal,
      })
      if (answer.status !== 200 || answer.body.length > certificateBytesMost) return `the certificate's address answered ${answer.status}`
      const file = certificatesIn(answer.body)
      if (kept.size > 50) kept.clear() // Only allowed hosts get here; fifty files of theirs is already strange.
      kept.set(url, { file, fetchedAt: clock.now() })
      return file
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const fetchOnce = (url: string): Promise<CertificateFile | string> => {
    const known = fetching.get(url)
    if (known !== undefined) return known
    const work = fetchCertificate(url).finally(() => fetching.delete(url))
    fetching.set(url, work)
    return work
  }
  return { kept, fetchOnce }
}

interface Kept {
  readonly file: CertificateFile
  readonly fetchedAt: number
}

/** DER, or PEM with the sender's certificate first. @throws Error for anything else. */
function certificatesIn(body: Buffer): CertificateFile {
  const [first, ...rest] = blocksOf(body.toString('latin1')).slice(0, chainMost)
  if (first === undefined) return [new X509Certificate(body)]
  return [new X509Certificate(first), ...rest.map((pem) => new X509Certificate(pem))]
}

interface Trust {
  /** What chains may end in or go through. */
  readonly anchors: readonly X509Certificate[]
  /** Prints of those that the operator named: believed also as a sender's own certificate. */
  readonly named: ReadonlySet<string>
}

/** A bundle without a root of its own holds intermediates for the runtime's roots. */
function trustIn(bundle: string | null): Trust {
  const given = bundle === null ? [] : blocksOf(bundle).map((pem) => new X509Certificate(pem))
  const hasRoot = given.some((certificate) => certificate.issuer === certificate.subject)
  const anchors = hasRoot ? given : [...given, ...rootCertificates.map((pem) => new X509Certificate(pem))]
  return { anchors, named: new Set(given.map(({ fingerprint256 }) => fingerprint256)) }
}

const blocksOf = (pem: string): string[] => pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []

function isAllowed(text: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const loopback = url.hostname === '127.0.0.1' || url.hostname === 'localhost' || url.hostname === '[::1]'
  const named = hosts.some(
    (host) =>
      host.toLowerCase() === url.host.toLowerCase() ||
      host.toLowerCase() === `${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`.toLowerCase() ||
      // This machine named without a port is a simulator's, whichever port it was given.
      (loopback && host.toLowerCase() === url.hostname),
  )
  const clean = url.username === '' && url.password === '' && url.search === '' && url.pathname.toLowerCase().endsWith('.cer')
  return named && clean && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))
}

interface ChainParts {
  readonly trust: Trust
  /** Certificates that came with the leaf. */
  readonly beside: readonly X509Certificate[]
  readonly nowMs: number
}

/** What is wrong with a certificate, or null: valid now, issued by Microsoft, and leading to a trusted anchor. */
function chainFlaw(leaf: X509Certificate, { trust, beside, nowMs }: ChainParts): string | null {
  if (!leaf.issuer.split('\n').some((part) => part.trim() === issuerWanted))
    return 'its certificate was not issued by Microsoft Corporation'
  if (!isValid(leaf, nowMs)) return 'its certificate is not valid now'
  // Somebody who names this very certificate in the bundle means it.
  if (trust.named.has(leaf.fingerprint256)) return null
  if (leaf.ca) return 'its certificate is one of an authority, not of a sender'
  const isTrusted = new Set(trust.anchors)
  let current = leaf
  for (let depth = 0; depth < chainMost; depth += 1) {
    const issued = current
    const issuer = [...trust.anchors, ...beside].find((other) => other.ca && issued.checkIssued(other) && issued.verify(other.publicKey))
    if (issuer === undefined || issuer.fingerprint256 === current.fingerprint256) return 'its certificate does not lead to a trusted root'
    if (!isValid(issuer, nowMs)) return 'a certificate of its chain is not valid now'
    if (isTrusted.has(issuer) && issuer.issuer === issuer.subject) return null
    current = issuer
  }
  return 'its chain of certificates is too long'
}
const isValid = (certificate: X509Certificate, nowMs: number): boolean =>
  Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo)

/** A short name for an event that has no id of its own. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')
