import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Fault } from '../core/fault.js'

/** Seals short secrets (refresh tokens) for the store: AES-256-GCM, the key's fingerprint beside each text. */
export interface Seal {
  readonly keyId: string
  close(plain: string): string
  /** @throws Fault `misconfigured` when it was sealed with another key or was altered. */
  open(sealed: string): string
}

export function sealWith(key: Buffer): Seal {
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, 12)
  return {
    keyId,
    close(plain) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return ['sealed', keyId, nonce.toString('base64url'), body.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.')
    },
    open(sealed) {
      const [mark, id, nonce = '', body = '', tag = ''] = sealed.split('.')
      if (mark !== 'sealed' || id !== keyId) {
        throw new Fault('misconfigured', `A stored secret was sealed with another key (${id ?? 'unknown'}, ours is ${keyId}).`, { remedy: 'Give the key that was used before, or sign in again with "cosell connect partner-center".' })
      }
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'))
        decipher.setAuthTag(Buffer.from(tag, 'base64url'))
        return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new Fault('misconfigured', 'A stored secret was altered and cannot be opened.', { remedy: 'Sign in again with "cosell connect partner-center".', cause })
      }
    },
  }
}

/** The sealing key from a text of at least 32 characters, or from a file that is made on first use, readable by its owner only. */
export function sealKey(source: { readonly text: string } | { readonly file: string }): Buffer {
  if ('text' in source) return createHash('sha256').update(source.text).digest()
  if (!existsSync(source.file)) writeFileSync(source.file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  return createHash('sha256').update(readFileSync(source.file, 'utf8').trim()).digest()
}
