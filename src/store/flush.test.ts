import { describe, expect, it } from 'vitest'
import { sharedFlush } from './flush.js'

/** A disk whose flushes end when the test says so. */
function slowDisk() {
  const ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []
  return { ends, sync: () => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })) }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a flush that is shared', () => {
  it('[R33] answers nobody before a flush that began after the call has ended', async () => {
    const disk = slowDisk()
    const flush = sharedFlush(disk.sync)
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

  it('promises nothing any more after a disk that refused once', async () => {
    const disk = slowDisk()
    const flush = sharedFlush(disk.sync)
    const first = flush()
    await turn()
    disk.ends[0]?.reject(new Error('EIO: i/o error'))
    await expect(first).rejects.toThrow('The disk did not keep what the store wrote: EIO: i/o error')
    await expect(flush()).rejects.toThrow('EIO')
    expect(disk.ends).toHaveLength(1)
  })
})
