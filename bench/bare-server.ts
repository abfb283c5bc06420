// The least that an honest acknowledgement takes: read the body, append it to a file, wait until it is on disk, answer.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answering } from '../test/support/forked.js'
import { logFile } from './log-file.js'

export interface Questions {
  listen(file: string): Promise<string>
}

answering<Questions>({
  listen: (path) =>
    new Promise((resolve) => {
      const append = logFile(path)
      const server = createServer((request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => void append(Buffer.concat(chunks)).then(() => response.writeHead(202).end()))
      })
      server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`))
    }),
})
