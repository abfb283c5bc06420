import { createServer, connect, type Socket } from 'node:net'

/** A way to a server that can fall silent: then it takes everything and passes nothing on, and closes nothing, as a network does that lost its way. */
export interface Tunnel {
  silence(): void
  /** New connections get through again; those of before stay silent for ever. */
  heal(): void
  close(): Promise<void>
}

/** From one socket path to another. */
export async function tunnel(from: string, to: string): Promise<Tunnel> {
  const sockets = new Set<Socket>()
  let dead = new Set<Socket>()
  let silent = false
  const server = createServer((near) => {
    const far = connect(to)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      if (silent) dead.add(one)
      one.on('data', (chunk) => {
        if (!dead.has(one)) other.write(chunk)
      })
      one.on('close', () => {
        sockets.delete(one)
        if (!dead.has(one)) other.destroy()
      })
      one.on('error', () => undefined)
    }
  })
  await new Promise<void>((resolve) => server.listen(from, resolve))
  return {
    silence() {
      silent = true
      dead = new Set(sockets)
    },
    heal() {
      silent = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
