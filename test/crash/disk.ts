import { execFileSync } from 'node:child_process'
import { rmSync, writeSync, openSync, closeSync } from 'node:fs'
import { join } from 'node:path'

/** A folder on a disk of its own, so small that it can be filled to the last byte. */
export interface SmallDisk {
  fill(): void
  empty(): void
  remove(): void
}

const megabytes = 96
const blockBytes = 64 * 1024

/** @throws Error where nobody may mount: the ordeal of a full disk needs root. */
export function smallDisk(folder: string): SmallDisk {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' })
  } catch (cause) {
    throw new Error('A disk that can be filled is a mount of its own, which needs root. Run without the ordeal: --without disk-full.', { cause })
  }
  let mounted = true
  const filler = join(folder, 'filler')
  return {
    fill() {
      const file = openSync(filler, 'w')
      try {
        for (let block = Buffer.alloc(blockBytes, 1); block.length > 0; ) {
          try {
            writeSync(file, block)
          } catch {
            block = block.subarray(0, Math.floor(block.length / 2)) // Full for this much: the last bytes go as well.
          }
        }
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler, { force: true }),
    remove() {
      if (mounted) execFileSync('umount', ['--lazy', folder])
      mounted = false
    },
  }
}
