import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { sharedFlush, writeAllAgain } from './flush.js'

/** A disk whose flushes end when the test says so. */
function slowDisk() {
  const ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  return { ends, sync: () => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })) }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a file that is written again is what it was, whatever its length', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-flush-'))
  const file = join(folder, 'log')
  for (const bytes of [0, 1, 1_048_576, 2_500_001]) {
    const content = Buffer.alloc(bytes, 'all of it, ')
    writeFileSync(file, content)
    const descriptor = openSync(file, 'r+')
    writeAllAgain(descriptor)
    closeSync(descriptor)
    expect(readFileSync(file).equals(content)).toBe(true)
  }
  rmSync(folder, { recursive: true })
})

describe('a flush that is shared', () => {
  it('[R33] answers nobody before a flush that began after the call has ended', async () => {
    const disk = slowDisk()
    const flush = sharedFlush(disk.sync, () => undefined)
    const answered: string[] = []
    void flush().then(() => answered.push('first'))
    await turn()
    void flush().then(() => answered.push('second'))
    void flush().then(() => answered.push('third'))
    await turn()
    expect(disk.ends).toHaveLength(1)
    disk.ends[0]?.resolve()
    await turn()
    expect(answered).toEqual(['first'])
    expect(disk.ends).toHaveLength(2)
    disk.ends[1]?.resolve()
    await turn()
    expect(answered).toEqual(['first', 'second', 'third'])
  })

  it('promises nothing after a disk that refused, until everything was written once more and kept', async () => {
    const disk = slowDisk()
    let written = 0
    let isFree = false
    const flush = sharedFlush(disk.sync, () => {
      if (!isFree) throw new Error('somebody writes')
      written += 1
    })
    const next = async (): Promise<(typeof disk.ends)[number] | undefined> => {
      await turn()
      return disk.ends.at(-1)
    }
    const first = flush()
    ;(await next())?.reject(new Error('EIO: i/o error'))
    await expect(first).rejects.toThrow('The disk did not keep what the store wrote: EIO: i/o error')
    await expect(flush()).rejects.toThrow('EIO')
    expect([disk.ends.length, written]).toEqual([1, 0]) // A flush alone would hide what the first one lost.
    isFree = true
    const second = flush()
    ;(await next())?.reject(new Error('EIO: i/o error'))
    await expect(second).rejects.toThrow('EIO')
    const third = flush()
    ;(await next())?.resolve()
    await third
    const fourth = flush()
    ;(await next())?.resolve()
    await fourth
    expect([disk.ends.length, written]).toEqual([4, 2])
  })
})
