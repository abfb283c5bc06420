import { fdatasync, openSync, writeSync } from 'node:fs'

/** Appends to a file; done when it is on the disk. What comes while a flush is under way shares the next one, as in any server built for bursts. */
export function logFile(path: string): (line: Uint8Array | string) => Promise<void> {
  const file = openSync(path, 'a')
  let waiting: { readonly done: () => void; readonly failed: (error: Error) => void }[] = []
  let busy = false
  const flush = (): void => {
    if (waiting.length === 0) return
    busy = true
    const group = waiting
    waiting = []
    fdatasync(file, (error) => {
      busy = false
      for (const { done, failed } of group) if (error === null) done()
      else failed(error)
      flush()
    })
  }
  return (line) =>
    new Promise((done, failed) => {
      writeSync(file, Buffer.from(line))
      waiting.push({ done, failed })
      if (!busy) flush()
    })
}
