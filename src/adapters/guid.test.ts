import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { guidOf } from './guid.js'

/** As RFC 9562 has it, step by step: ids that were given in earlier versions must stay the same. */
function versionFive(text: string): string {
  const bytes = createHash('sha1').update(Buffer.from('6f1b1a3cc05e4c1e9d1f3a7d0c05e110', 'hex')).update(text, 'utf8').digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

test('a text has the same GUID whoever asks, now and in every version', () => {
  expect(guidOf('referral:r-1')).toBe('8f8468ef-9d07-5cee-8466-b4aa9af52a1f')
  for (let index = 0; index < 300; index += 1) expect(guidOf(`客户 ${index}`)).toBe(versionFive(`客户 ${index}`))
})
