import { X509Certificate, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { dispatchSubject, loopbackTls, signingLeaf, testAuthorityPem, webhookSigner } from './signing.js'

const body = Buffer.from('{"EventName":"referral-updated"}')
const now = new Date('2026-08-03T09:00:00Z')
const authority = () => new X509Certificate(testAuthorityPem())

describe('signing leaves', () => {
  test('the genuine leaf chains to the test authority, names Microsoft Corporation as issuer, and its signature verifies', () => {
    const leaf = signingLeaf()
    const certificate = new X509Certificate(leaf.certificateDer)
    expect(certificate.verify(authority().publicKey)).toBe(true)
    expect(certificate.checkIssued(authority())).toBe(true)
    expect(certificate.issuer).toContain('O=Microsoft Corporation')
    expect(certificate.subject).toContain(`CN=${dispatchSubject}`)
    expect(verify('sha256', body, certificate.publicKey, leaf.sign(body))).toBe(true)
    expect(verify('sha256', Buffer.from('{}'), certificate.publicKey, leaf.sign(body))).toBe(false)
  })

  test('the PEM and the DER form are the same certificate', () => {
    const leaf = signingLeaf()
    expect(new X509Certificate(leaf.certificatePem).fingerprint256).toBe(new X509Certificate(leaf.certificateDer).fingerprint256)
  })

  test('each wrong leaf is wrong in what its kind says', () => {
    const leaf = (kind: Parameters<typeof signingLeaf>[0]) => new X509Certificate(signingLeaf(kind).certificateDer)
    expect(new Date(leaf('expired').validTo) < now).toBe(true)
    expect(new Date(leaf('not-yet-valid').validFrom) > now).toBe(true)
    expect(leaf('other-issuer').issuer).not.toContain('Microsoft Corporation')
    expect(leaf('other-subject').subject).not.toContain(dispatchSubject)
    expect(leaf('self-signed').verify(leaf('self-signed').publicKey)).toBe(true)
    expect(leaf('foreign-chain').issuer).toBe(leaf('genuine').issuer)
    expect(leaf('foreign-chain').verify(authority().publicKey)).toBe(false)
  })

  test('a leaf below an intermediate authority chains through it to a root of another name', () => {
    const leaf = signingLeaf('via-intermediate')
    const [intermediate, root] = leaf.authoritiesPem.map((pem) => new X509Certificate(pem))
    if (intermediate === undefined || root === undefined) throw new Error('the chain has an intermediate and a root')
    expect(new X509Certificate(leaf.certificateDer).verify(intermediate.publicKey)).toBe(true)
    expect(intermediate.verify(root.publicKey)).toBe(true)
    expect(root.subject).not.toContain('Microsoft')
  })

  test('other hashes are used when asked for, unknown algorithms are refused', () => {
    const leaf = signingLeaf()
    const { publicKey } = new X509Certificate(leaf.certificateDer)
    expect(verify('sha1', body, publicKey, leaf.sign(body, 'rsa-sha1'))).toBe(true)
    expect(() => leaf.sign(body, 'rsa-md4')).toThrow(/cannot sign/)
  })

  test('the loopback identity is valid for localhost and 127.0.0.1', () => {
    const tls = loopbackTls()
    const certificate = new X509Certificate(tls.cert)
    expect(certificate.verify(new X509Certificate(tls.ca).publicKey)).toBe(true)
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
  })

  test('a signer serves its certificate in either form', () => {
    expect(webhookSigner('genuine', 'pem').certificate().toString()).toContain('BEGIN CERTIFICATE')
    expect(new X509Certificate(webhookSigner().certificate()).subject).toContain(dispatchSubject)
  })
})
