import fastify from 'fastify'
import type { Gate } from './gate.js'
import { health, type HealthDeps } from './health.js'

export interface Observer {
  readonly address: string
  close(): Promise<void>
}

/**
 * Figures and health on an address of their own, for whoever watches: the only one a worker has, and one that need not stand on the internet.
 * It asks nobody who they are, so it belongs on a network that only the watchers reach.
 */
export async function observe(deps: HealthDeps, gate: Gate): Promise<Observer> {
  const app = fastify({ logger: false, bodyLimit: 1_024 })
  health(app, deps)
  await app.ready()
  gate.open((request, response) => void app.routing(request, response))
  return {
    address: gate.address,
    close: async () => {
      await gate.close()
      await app.close()
    },
  }
}
