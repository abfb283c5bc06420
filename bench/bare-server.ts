// The least that an honest acknowledgement takes: read the body, append it to a file, wait until it is on disk, answer. Bodies that come
// while a flush is under way share the next one, as in any server that is built for bursts.
import { fdatasync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answering } from '../test/support/forked.js'

export interface Questions {
  listen(file: string): Promise<string>
}

answering<Questions>({
  listen: (path) =>
    new Promise((resolve) => {
      const file = openSync(path, 'a')
      let waiting: (() => void)[] = []
      let busy = false
      const flush = (): void => {
        if (waiting.length === 0) return
        busy = true
        const group = waiting
        waiting = []
        fdatasync(file, () => {
          busy = false
          for (const answer of group) answer()
          flush()
        })
      }
      const server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          writeSync(file, Buffer.concat(chunks))
          waiting.push(() => response.writeHead(202).end())
          if (!busy) flush()
        })
      })
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
    }),
})
