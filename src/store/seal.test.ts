import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keysOf, sealOf } from './seal.js'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'cosell-seal-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refusing = (code: string) => (): void => {
  throw Object.assign(new Error(`${code}: operation not permitted, link`), { code })
}

describe('the sealing key', () => {
  it.each(['EPERM', 'ENOTSUP', 'EINVAL'])('is made where the file system knows no hard links (%s), and stays', (code) => {
    const source = { kind: 'file', path: join(folder, 'deep', 'seal.key') } as const
    const [made] = keysOf(source, refusing(code))
    expect(made).toHaveLength(32)
    expect(keysOf(source)).toEqual([made])
    expect(readdirSync(join(folder, 'deep'))).toEqual(['seal.key'])
    expect(statSync(source.path).mode & 0o777).toBe(0o600)
    expect(sealOf(source).open(sealOf(source).close('refresh'))).toBe('refresh')
  })

  it('is the one of the other process, where two start together', () => {
    const source = { kind: 'file', path: join(folder, 'seal.key') } as const
    const other = (fault: string) => (): void => {
      // Between our look and our writing the other one was faster.
      if (!existsSync(source.path)) writeFileSync(source.path, 'the other key\n')
      refusing(fault)()
    }
    for (const fault of ['EEXIST', 'EPERM']) {
      rmSync(source.path, { force: true })
      keysOf(source, other(fault))
      expect(readFileSync(source.path, 'utf8')).toBe('the other key\n')
      expect(readdirSync(folder)).toEqual(['seal.key'])
    }
  })

  it('is not made beside a failure that is none of links', () => {
    const source = { kind: 'file', path: join(folder, 'seal.key') } as const
    expect(() => keysOf(source, refusing('ENOSPC'))).toThrow('ENOSPC')
    expect(readdirSync(folder)).toEqual([])
  })

  it('that is empty is told', () => {
    const path = join(folder, 'seal.key')
    writeFileSync(path, '\n')
    expect(() => keysOf({ kind: 'file', path })).toThrow(/is empty/)
  })
})
