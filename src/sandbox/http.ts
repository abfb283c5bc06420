import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** One request as a simulator sees it. Header names are lower case; `path` is raw and includes the query. */
export interface SimRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface SimResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer | string
  /** The connection is cut instead of answered: the caller never learns what happened. */
  readonly drop?: true
}

/** A simulated system: the same function serves sockets and in-process callers. */
export type SimHandler = (request: SimRequest) => Promise<SimResponse>

/** How a simulator calls out (webhooks): real fetch in the sandbox process, an in-process function in simulation. */
export type SimSend = (
  url: string,
  request: { method: string; headers: Record<string, string>; body: Buffer; timeoutMs: number },
) => Promise<{ status: number }>

export interface SimListener {
  readonly url: string
  close(): Promise<void>
}

/** Serves a simulator on loopback. `port` 0 picks a free one. */
export async function listen(handler: SimHandler, options: { port: number; tls?: { key: string; cert: string } }): Promise<SimListener> {
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => response.destroy())
    request.on('end', () => {
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(request.headers)) {
        if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
      }
      handler({ method: request.method ?? 'GET', path: request.url ?? '/', headers, body: Buffer.concat(chunks) }).then(
        (answer) => {
          if (answer.drop) return void request.socket.destroy()
          // The same headers; Node's type wants mutable lists.
          response.writeHead(answer.status, answer.headers as Record<string, string | string[]>)
          response.end(answer.body)
        },
        (error: unknown) => {
          response.writeHead(500, { 'content-type': 'text/plain' })
          response.end(`the simulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        },
      )
    })
  }
  const server: Server = options.tls ? createTlsServer(options.tls, respond) : createServer(respond)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has an address object
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
