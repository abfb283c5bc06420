import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../core/fault.js'

/** Seals short secrets (refresh tokens) for the store: AES-256-GCM, the key's fingerprint beside each text. */
export interface Seal {
  /** Fingerprint of the key that `close` uses now. */
  readonly keyId: () => string
  close(plain: string): string
  /** @throws Fault `misconfigured` when it was sealed with a key that is not known, or was altered. */
  open(sealed: string): string
}

/** Where the keys come from. A file holds one key a line: the newest first, which seals; the older ones still open what they sealed. */
export type KeySource =
  { readonly kind: 'given'; readonly key: string; readonly previous: string | null } | { readonly kind: 'file'; readonly path: string }

/** What a sealed text looks like wherever it stands in a stored value. */
export const SEALED = /sealed\.([0-9a-f]{12})\.[\w-]+\.[\w-]*\.[\w-]+/g

const fromText = (text: string): Buffer => createHash('sha256').update(text).digest()
const idOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 12)

/** The keys, newest first. A file that does not exist yet is made, readable by its owner only. `link`: how a file gets a second name. */
export function keysOf(source: KeySource, link: (from: string, to: string) => void = linkSync): readonly Buffer[] {
  if (source.kind === 'given') return [source.key, ...(source.previous === null ? [] : [source.previous])].map(fromText)
  if (!existsSync(source.path)) {
    mkdirSync(dirname(source.path), { recursive: true, mode: 0o700 })
    placeFirst(source.path, [newKey()], link)
  }
  const lines = linesSoon(source.path)
  if (lines.length === 0)
    throw new Fault('misconfigured', `The sealing key file ${source.path} is empty.`, {
      remedy: 'Put the key back, or delete the file and sign in again.',
    })
  return lines.map(fromText)
}

const newKey = (): string => randomBytes(32).toString('base64')

const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))

const waitMs = 25
const waitsMost = 40 // A second: whoever began the file ends it in a few milliseconds, or died.
/** A file without a line may be one that another process is writing just now. */
function linesSoon(path: string): string[] {
  for (let wait = 0; wait < waitsMost; wait += 1) {
    const lines = linesOf(path)
    if (lines.length > 0) return lines
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs)
  }
  return []
}

const hasCode = (error: unknown, codes: readonly string[]): boolean => error instanceof Error && 'code' in error && codes.includes(String(error.code))
/** How file systems without hard links say so: FAT, many network shares, folders that a container gets from its host. */
const noHardLinks = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EINVAL', 'EXDEV']
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** A file beside the one that is meant, whole and on the disk. */
function besides(path: string, lines: readonly string[]): string {
  const next = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(next, textOf(lines), { mode: 0o600, flag: 'wx' })
  flush(next)
  return next
}

/**
 * The file is whole or not there at any moment, also after a loss of power: what is sealed with a key that was lost with it cannot be opened.
 * Of two processes that start together one makes the key, and the other takes it.
 */
function placeFirst(path: string, lines: readonly string[], link: (from: string, to: string) => void): void {
  const next = besides(path, lines)
  try {
    link(next, path)
  } catch (error) {
    if (hasCode(error, noHardLinks)) writeFirst(path, lines)
    else if (!hasCode(error, ['EEXIST'])) throw error
  } finally {
    rmSync(next, { force: true })
  }
  flush(dirname(path))
}

/** Without hard links whoever may open the name first writes; the others wait for its line. */
function writeFirst(path: string, lines: readonly string[]): void {
  try {
    writeFileSync(path, textOf(lines), { mode: 0o600, flag: 'wx' })
    flush(path)
  } catch (error) {
    if (!hasCode(error, ['EEXIST'])) throw error
  }
}

function replace(path: string, lines: readonly string[]): void {
  const next = besides(path, lines)
  try {
    renameSync(next, path)
  } finally {
    rmSync(next, { force: true })
  }
  flush(dirname(path))
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The file is read again for each use, which is rare: another process may have rotated the key meanwhile. */
export function sealOf(source: KeySource): Seal {
  const newest = (): Buffer => keysOf(source)[0] as Buffer // keysOf() never gives an empty list
  newest()
  return {
    keyId: () => idOf(newest()),
    close: (plain) => closeWith(newest(), plain),
    open(sealed) {
      const [mark, id] = sealed.split('.')
      const key = mark === 'sealed' ? keysOf(source).find((candidate) => idOf(candidate) === id) : undefined
      if (key === undefined) {
        throw new Fault(
          'misconfigured',
          `A stored secret was sealed with a key that is not known here (${id ?? 'unknown'}; ours is ${idOf(newest())}).`,
          {
            remedy: 'Give the key that was used before, or sign in again with "cosell connect partner-center".',
          },
        )
      }
      return openWith(key, sealed)
    },
  }
}

function closeWith(key: Buffer, plain: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  return ['sealed', idOf(key), nonce.toString('base64url'), body.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.')
}

function openWith(key: Buffer, sealed: string): string {
  const [, , nonce = '', body = '', tag = ''] = sealed.split('.')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'))
    decipher.setAuthTag(Buffer.from(tag, 'base64url'))
    return Buffer.concat([decipher.update(Buffer.from(body, 'base64url')), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new Fault('misconfigured', 'A stored secret was altered and cannot be opened.', {
      remedy: 'Sign in again with "cosell connect partner-center".',
      cause,
    })
  }
}

/**
 * Puts a new key before the others in the file. What the older ones sealed can still be opened, so that a process that dies here, or
 * one that seals with the key it has just read, loses nothing.
 */
export function addKey(path: string): void {
  keysOf({ kind: 'file', path })
  replace(path, [newKey(), ...linesOf(path)])
}

/** Once everything is sealed with the newest key: only the one before it stays, for a process that had just read it. */
export function forgetOldKeys(path: string): void {
  replace(path, linesOf(path).slice(0, 2))
}
