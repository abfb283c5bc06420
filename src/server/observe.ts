import fastify from 'fastify'
import { health, type HealthDeps } from './health.js'

export interface Observer {
  readonly address: string
  close(): Promise<void>
}

/**
 * Figures and health on an address of their own, for whoever watches: the only one a worker has, and one that need not stand on the internet.
 * It asks nobody who they are, so it belongs on a network that only the watchers reach.
 */
export async function observe(
  deps: HealthDeps,
  at: { readonly host: string; readonly port: number },
): Promise<Observer> {
  const app = fastify({ logger: false, requestTimeout: 30_000, bodyLimit: 1_024 })
  health(app, deps)
  const address = await app.listen({ host: at.host, port: at.port })
  return { address, close: () => app.close() }
}
