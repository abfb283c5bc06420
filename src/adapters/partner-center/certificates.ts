import { hash, verify, type KeyObject } from 'node:crypto'
import type { Clock } from '../../core/ports.js'
import type { Transport } from '../../remote/transport.js'
import { certificatesIn, chainFlaw, isAllowed, trustIn, type CertificateFile, type Trust } from './chain.js'

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
const refetchAfterMs = 60_000 // Forged requests must not make us fetch the same file again and again.
const fetchesPerMinuteMost = 30 // Anybody may send us addresses on the allowed host; real ones are one or two.

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
  // An event that was signed before the certificate was renewed may come, or come again, after it.
  const judgeKept = ({ file, before }: Kept, given: SignatureCheck): string | null => {
    const flaw = judge(file, given)
    return flaw === null || before === null || clock.now() >= before.until || judge(before.file, given) !== null ? flaw : null
  }
  return {
    allows: (url) => kept.has(url) || isAllowed(url, options.hosts), // What is kept was allowed.
    async check(given) {
      const url = given.certificateUrl
      const cached = kept.get(url)
      const flawBefore = cached === undefined ? null : judgeKept(cached, given)
      if (cached !== undefined && flawBefore === null && clock.now() < cached.goodUntil) return { kind: 'genuine' }
      if (cached !== undefined && flawBefore !== null && clock.now() < cached.doubtAgainAt) return { kind: 'forged', why: flawBefore }
      // A kept certificate that does not fit may have been renewed since: it is fetched once more before anything is called forged.
      const fetched = await fetchOnce(url)
      if (typeof fetched === 'string') {
        if (cached === undefined || flawBefore !== null) return { kind: 'unavailable', why: fetched }
        // Its address is out of order, the certificate is as good as it was.
        cached.goodUntil = clock.now() + refetchAfterMs
        return { kind: 'genuine' }
      }
      if (flawBefore !== null) fetched.doubtAgainAt = clock.now() + refetchAfterMs
      const flaw = judgeKept(fetched, given)
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
  fetchOnce(url: string): Promise<Kept | string>
}
function certificateFiles({ transport, clock }: VerifierOptions): CertificateFiles {
  const kept = new Map<string, Kept>()
  const fetching = new Map<string, Promise<Kept | string>>()
  let recent: number[] = []

  /** @throws Error with the reason when there is none. */
  const download = async (url: string): Promise<CertificateFile> => {
    const now = clock.now()
    recent = recent.filter((at) => now - at < 60_000)
    if (recent.length >= fetchesPerMinuteMost) throw new Error('too many certificates were asked for within a minute')
    recent.push(now)
    const answer = await transport({
      method: 'GET',
      url,
      headers: { accept: '*/*' },
      body: null,
      timeoutMs: fetchDeadlineMs,
      bytesMost: certificateBytesMost,
      signal: new AbortController().signal,
    })
    if (answer.status !== 200 || answer.body.length > certificateBytesMost) throw new Error(`the certificate's address answered ${answer.status}`)
    return certificatesIn(answer.body)
  }
  const fetchCertificate = async (url: string): Promise<Kept | string> => {
    try {
      const file = await download(url)
      const last = kept.get(url)
      if (kept.size > 50) kept.clear() // Only allowed hosts get here; fifty files of theirs is already strange.
      const entry = keptNow(file, last ?? null, clock.now())
      kept.set(url, entry)
      return entry
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const fetchOnce = (url: string): Promise<Kept | string> => {
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
  /** What stood at the address before it was renewed. */
  readonly before: { readonly file: CertificateFile; readonly until: number } | null
  goodUntil: number
  /** Until then a signature that does not fit is no reason to fetch it anew. */
  doubtAgainAt: number
}
function keptNow(file: CertificateFile, last: Kept | null, now: number): Kept {
  const isSame = last?.file[0].fingerprint256 === file[0].fingerprint256
  const before = last === null ? null : isSame ? last.before : { file: last.file, until: now + keptMs }
  return { file, before, goodUntil: now + keptMs, doubtAgainAt: last?.doubtAgainAt ?? now }
}

/** A short name for an event that has no id of its own. */
export const digest = (text: string): string => hash('sha256', text, 'base64url')
