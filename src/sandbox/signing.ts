import { generateKeyPairSync, sign as signBytes } from 'node:crypto'
import forge from 'node-forge'

/**
 * Test certificates: a certification authority that calls itself "Microsoft Corporation", the leaf that signs webhook
 * deliveries, leaves that a careful receiver must refuse, and an identity for TLS on loopback.
 * Keys are made on first use and kept for the process, because one RSA key costs about a tenth of a second.
 */
export type LeafKind =
  'genuine' | 'expired' | 'not-yet-valid' | 'other-issuer' | 'other-subject' | 'self-signed' | 'foreign-chain' | 'via-intermediate' | 'names-its-issuer' | 'other-key'

export interface SigningLeaf {
  readonly kind: LeafKind
  readonly certificatePem: string
  readonly certificateDer: Buffer
  /** The authorities between the leaf and a root, root last; what a receiver would have to trust or fetch. Empty for a self-signed leaf. */
  readonly authoritiesPem: readonly string[]
  /** RSA PKCS#1 v1.5 over the bytes. `algorithm` is written as in the delivery header, e.g. `rsa-sha256`. */
  sign(body: Buffer, algorithm?: string): Buffer
}

export const dispatchSubject = 'pcnotifications-dispatch.microsoft.com'
const microsoft = 'Microsoft Corporation'
// Wide limits: the virtual clocks of tests and simulations start in any year of the 2020s to 2040s.
const validFrom = new Date('2020-01-01T00:00:00Z')
const validUntil = new Date('2049-12-31T00:00:00Z')

interface Identity {
  readonly certificate: forge.pki.Certificate
  readonly key: forge.pki.rsa.PrivateKey
  readonly keyPem: string
}

interface Wish {
  readonly commonName: string
  readonly organization: string
  readonly issuer: Identity | 'self'
  readonly from: Date
  readonly until: Date
  readonly extensions: readonly Record<string, unknown>[]
}

const made = new Map<string, unknown>()

function once<T>(name: string, make: () => T): T {
  if (!made.has(name)) made.set(name, make())
  return made.get(name) as T // every name is used with one type only, in this file
}

function keyPair(name: string): { key: forge.pki.rsa.PrivateKey; publicKey: forge.pki.rsa.PublicKey; keyPem: string } {
  return once(`key:${name}`, () => {
    const pair = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    })
    return {
      key: forge.pki.privateKeyFromPem(pair.privateKey),
      publicKey: forge.pki.publicKeyFromPem(pair.publicKey), // an RSA key was asked for above
      keyPem: pair.privateKey,
    }
  })
}

let serial = 0

function issue(keyName: string, wish: Wish): Identity {
  const pair = keyPair(keyName)
  const certificate = forge.pki.createCertificate()
  serial += 1
  certificate.publicKey = pair.publicKey
  certificate.serialNumber = `40${serial.toString(16).padStart(14, '0')}` // a leading byte that is neither zero nor negative in DER
  certificate.validity.notBefore = wish.from
  certificate.validity.notAfter = wish.until
  const subject = [
    { name: 'commonName', value: wish.commonName },
    { name: 'organizationName', value: wish.organization },
    { name: 'countryName', value: 'US' },
  ]
  certificate.setSubject(subject)
  certificate.setIssuer(wish.issuer === 'self' ? subject : wish.issuer.certificate.subject.attributes)
  certificate.setExtensions([...wish.extensions])
  certificate.sign(wish.issuer === 'self' ? pair.key : wish.issuer.key, forge.md.sha256.create())
  return { certificate, key: pair.key, keyPem: pair.keyPem }
}

const authorityExtensions = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  { name: 'subjectKeyIdentifier' },
]

function authority(name: string, of: { commonName: string; organization: string; issuer?: Identity }): Identity {
  return once(`authority:${name}`, () =>
    issue(`authority:${name}`, {
      commonName: of.commonName,
      organization: of.organization,
      issuer: of.issuer ?? 'self',
      from: validFrom,
      until: validUntil,
      extensions: authorityExtensions,
    }),
  )
}

const microsoftAuthority = (): Identity => authority('microsoft', { commonName: 'Sandbox Issuing CA 01', organization: microsoft })
const publicRoot = (): Identity => authority('public-root', { commonName: 'Sandbox Public Root', organization: 'Sandbox Trust Services' })

const intermediate = (): Identity =>
  authority('intermediate', { commonName: 'Sandbox Issuing CA 02', organization: microsoft, issuer: publicRoot() })

/** The authorities each kind of leaf is issued under, issuer first. */
function issuersOf(kind: LeafKind): readonly Identity[] {
  switch (kind) {
    case 'genuine':
    case 'other-key':
    case 'expired':
    case 'not-yet-valid':
    case 'other-subject':
      return [microsoftAuthority()]
    case 'other-issuer':
      return [authority('other', { commonName: 'Sandbox Other CA', organization: 'Contoso Certificates Ltd' })]
    case 'foreign-chain':
      return [authority('foreign', { commonName: 'Sandbox Issuing CA 01', organization: microsoft })]
    case 'via-intermediate':
    case 'names-its-issuer':
      return [intermediate(), publicRoot()]
    case 'self-signed':
      return []
    default:
      return assertNever(kind)
  }
}

/** Where a leaf of the kind `names-its-issuer` says that the certificate of its issuer stands. */
const issuerAddress = 'http://www.microsoft.com/pkiops/certs/Sandbox%20Issuing%20CA%2002.crt'

/** RFC 5280, 4.2.2.1: authority information access with one `caIssuers`. */
function issuerAt(address: string): Record<string, unknown> {
  const { Class, Type, create, oidToDer } = forge.asn1
  const method = create(Class.UNIVERSAL, Type.OID, false, oidToDer('1.3.6.1.5.5.7.48.2').getBytes())
  const location = create(Class.CONTEXT_SPECIFIC, 6, false, address)
  const description = create(Class.UNIVERSAL, Type.SEQUENCE, true, [method, location])
  return { id: '1.3.6.1.5.5.7.1.1', critical: false, value: create(Class.UNIVERSAL, Type.SEQUENCE, true, [description]) }
}

/** The leaf of one kind. All but `other-key` share one key, so a wrong certificate is wrong only in what its kind says. */
export function signingLeaf(kind: LeafKind = 'genuine'): SigningLeaf {
  return once(`leaf:${kind}`, () => {
    const issuers = issuersOf(kind)
    const identity = issue(kind === 'other-key' ? 'other-leaf' : 'leaf', {
      commonName: kind === 'other-subject' ? 'notifications.example.com' : dispatchSubject,
      organization: microsoft,
      issuer: issuers[0] ?? 'self',
      from: kind === 'not-yet-valid' ? new Date('2048-01-01T00:00:00Z') : validFrom,
      until: kind === 'expired' ? new Date('2020-02-01T00:00:00Z') : validUntil,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        ...(kind === 'names-its-issuer' ? [issuerAt(issuerAddress)] : []),
      ],
    })
    const der = forge.asn1.toDer(forge.pki.certificateToAsn1(identity.certificate)).getBytes()
    return {
      kind,
      certificatePem: forge.pki.certificateToPem(identity.certificate),
      certificateDer: Buffer.from(der, 'binary'),
      authoritiesPem: issuers.map(({ certificate }) => forge.pki.certificateToPem(certificate)),
      sign: (body, algorithm = 'rsa-sha256') => signBytes(hashOf(algorithm), body, identity.keyPem),
    }
  })
}

function hashOf(algorithm: string): string {
  const hash = /^rsa-(sha1|sha256|sha384|sha512)$/i.exec(algorithm)?.[1]
  if (hash === undefined) throw new Error(`The sandbox cannot sign with "${algorithm}": use rsa-sha256.`)
  return hash.toLowerCase()
}

/** The test authority a receiver of genuine deliveries has to trust. */
export function testAuthorityPem(): string {
  return forge.pki.certificateToPem(microsoftAuthority().certificate)
}

/** An identity for https on loopback, with the authority a client has to trust (`NODE_EXTRA_CA_CERTS`, `ca`). */
export function loopbackTls(): { readonly key: string; readonly cert: string; readonly ca: string } {
  return once('loopback-tls', () => {
    const issuer = authority('loopback', { commonName: 'Sandbox Loopback CA', organization: 'Sandbox' })
    const identity = issue('loopback-leaf', {
      commonName: 'localhost',
      organization: 'Sandbox',
      issuer,
      from: validFrom,
      until: validUntil,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        // The numbers are the GeneralName choices of RFC 5280: 2 is a DNS name, 7 an IP address.
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
            // Names that only a test's own proxy knows the way to.
            { type: 2, value: '*.cosell.test' },
          ],
        },
      ],
    })
    return {
      key: identity.keyPem,
      cert: forge.pki.certificateToPem(identity.certificate),
      ca: forge.pki.certificateToPem(issuer.certificate),
    }
  })
}

/** What signs webhook deliveries. Handed to the simulator, so that a simulation may do without RSA. */
export interface WebhookSigner {
  readonly algorithm: string
  /** File name under `/cert/`, without `.cer`. */
  readonly certificateName: string
  certificate(): Buffer
  /** Base64 signature of the raw body. */
  sign(body: Buffer): string
}

export function webhookSigner(kind: LeafKind = 'genuine', form: 'der' | 'pem' = 'der'): WebhookSigner {
  return {
    algorithm: 'rsa-sha256',
    certificateName: dispatchSubject,
    certificate: () => (form === 'der' ? signingLeaf(kind).certificateDer : Buffer.from(signingLeaf(kind).certificatePem)),
    sign: (body) => signingLeaf(kind).sign(body).toString('base64'),
  }
}

/** For simulations of thousands of seeds: deliveries carry a constant in place of a signature. */
export const unsignedWebhooks: WebhookSigner = {
  algorithm: 'rsa-sha256',
  certificateName: dispatchSubject,
  certificate: () => Buffer.alloc(0),
  sign: () => 'dW5zaWduZWQ=',
}

function assertNever(value: never): never {
  throw new Error(`Not a kind of leaf: ${String(value)}`)
}
