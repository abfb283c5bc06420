import { describe, expect, it } from 'vitest'
import { startMs } from '../../src/sandbox/partner-center/test-kit.js'
import { dispatchSubject, signingLeaf, type LeafKind } from '../../src/sandbox/signing.js'
import { der, host, receiver, signedRequest, status } from '../support/signed-events.js'

const many = (count: number, value: number): number[] => Array.from({ length: count }, () => value)

describe('[R50] certificates that are renewed', () => {
  it('are kept, fetched once for a burst, and once more at once when a signature does not fit', async () => {
    let now = startMs
    let file: LeafKind = 'expired'
    const { inbound, fetched } = receiver(() => signingLeaf(file).certificateDer, { now: () => now })
    const burst = () => Promise.all(Array.from({ length: 20 }, () => status(inbound.receive(signedRequest()))))
    expect(await status(inbound.receive(signedRequest()))).toBe(401)
    file = 'genuine'
    // A service that takes a refusal for the last word would never send it again.
    expect(await burst()).toEqual(many(20, 202))
    expect(fetched).toHaveLength(2)
    now += 23 * 3_600_000
    expect(await burst()).toEqual(many(20, 202))
    expect(fetched).toHaveLength(2)
  })

  it('are not fetched at a forger\'s will', async () => {
    let now = startMs
    const { inbound, fetched } = receiver(der('genuine'), { now: () => now })
    const forged = { ...signedRequest(), body: Buffer.from('{}') }
    expect(await status(inbound.receive(signedRequest()))).toBe(202)
    for (let times = 0; times < 10; times += 1) expect(await status(inbound.receive(forged))).toBe(401)
    expect(fetched).toHaveLength(2)
    now += 61_000
    for (let times = 0; times < 10; times += 1) expect(await status(inbound.receive(forged))).toBe(401)
    expect(fetched).toHaveLength(3)
  })

  it('leave what was signed before to be believed for a day', async () => {
    let now = startMs
    let file: LeafKind = 'genuine'
    const anchors = [signingLeaf('genuine'), signingLeaf('other-key')].flatMap((leaf) => leaf.authoritiesPem).join('\n')
    const { inbound } = receiver(() => signingLeaf(file).certificateDer, { now: () => now, anchors })
    expect(await status(inbound.receive(signedRequest('genuine')))).toBe(202)
    file = 'other-key'
    expect(await status(inbound.receive(signedRequest('other-key')))).toBe(202)
    expect(await status(inbound.receive(signedRequest('genuine')))).toBe(202)
    expect(await status(inbound.receive({ ...signedRequest('genuine'), body: Buffer.from('{}') }))).toBe(401)
    now += 25 * 3_600_000
    expect(await status(inbound.receive(signedRequest('other-key')))).toBe(202)
    expect(await status(inbound.receive(signedRequest('genuine')))).toBe(401)
  })

  it('serve longer than a day while their address is out of order, at one question a minute', async () => {
    let now = startMs
    let isThere = true
    const { inbound, fetched } = receiver(() => (isThere ? signingLeaf().certificateDer : { status: 503 }), { now: () => now })
    expect(await status(inbound.receive(signedRequest()))).toBe(202)
    isThere = false
    now += 25 * 3_600_000
    for (let times = 0; times < 5; times += 1) expect(await status(inbound.receive(signedRequest()))).toBe(202)
    expect(fetched).toHaveLength(2)
    expect(await status(inbound.receive({ ...signedRequest(), body: Buffer.from('{}') }))).toBe(503)
  })
})

describe('[R50] the issuer of a certificate', () => {
  const [intermediate = '', root = ''] = signingLeaf('names-its-issuer').authoritiesPem

  it('stands in the bundle, and is fetched from nowhere, whatever address the certificate names', async () => {
    const without = receiver(der('names-its-issuer'), { anchors: root })
    expect(await status(without.inbound.receive(signedRequest('names-its-issuer')))).toBe(401)
    const held = receiver(der('names-its-issuer'), { anchors: `${root}\n${intermediate}` })
    expect(await status(held.inbound.receive(signedRequest('names-its-issuer')))).toBe(202)
    for (const { fetched } of [without, held]) expect(new Set(fetched)).toEqual(new Set([`http://${host}/cert/${dispatchSubject}.cer`]))
  })
})
