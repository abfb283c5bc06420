import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import type { Socket } from 'node:net'
import { closed } from './closing.js'

/** The owner-only socket by which commands of the same machine find the running service. Its file is the credential. */
export interface LocalSocket {
  /** Whether this connection came in here. By identity: a closed TCP connection has no address either. */
  owns(socket: Socket): boolean
  /** @returns the path, or why there is none. */
  listen(path: string): Promise<{ readonly path: string } | { readonly why: string }>
  close(): Promise<void>
}

/** Whether the system takes a socket of this path. */
export const fitsSocket = (path: string): boolean => Buffer.byteLength(path) <= pathBytesMost
const pathBytesMost = 100 // sun_path holds 108 bytes on Linux and 104 on macOS, the final zero included.

export function localSocket(handle: (request: IncomingMessage, response: ServerResponse) => void): LocalSocket {
  const sockets = new WeakSet<Socket>()
  const server = createServer(handle)
  server.on('connection', (socket) => void sockets.add(socket))
  let bound: { path: string; inode: number } | null = null
  return {
    owns: (socket) => sockets.has(socket),
    async listen(path) {
      if (!fitsSocket(path)) return { why: `its path is longer than ${pathBytesMost} bytes: ${path}` }
      const folder = dirname(path)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      // Bound in a folder of its own first, so that at no moment anybody else can reach it, and moved over what an earlier process left.
      const nursery = mkdtempSync(join(folder, '.s-'))
      const cradle = join(nursery, 's')
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject)
          server.listen(cradle, resolve)
        })
        chmodSync(cradle, 0o600)
        renameSync(cradle, path)
      } finally {
        rmSync(nursery, { recursive: true, force: true })
      }
      bound = { path, inode: statSync(path).ino }
      return { path }
    },
    async close() {
      if (!server.listening) return
      await closed(server)
      // Another process may have put its own socket there meanwhile.
      if (bound !== null && inodeOf(bound.path) === bound.inode) rmSync(bound.path, { force: true })
    },
  }
}

function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino
  } catch {
    return null
  }
}
