import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { openApi } from './openapi.js'

/** The API's description is open source like the rest, but a running service does not offer itself to strangers. */
const access = { kind: 'role-or-loopback', role: 'admin' } as const
const prefix = '/api/docs'
// Swagger UI sets styles from its script and draws icons from data addresses; nothing else of it needs more than its own files.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  const document = openApi(version)
  app.get('/api/openapi.json', { config: { access } }, (_request, reply) => reply.send(document))
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access }
    })
    scope.addHook('onRequest', (_request, reply, done) => {
      void reply.header('content-security-policy', policy)
      done()
    })
    await scope.register(swagger, { mode: 'static', specification: { document: document as never } }) // made by ourselves, as OpenAPI says
    await scope.register(swaggerUi, { routePrefix: prefix, uiConfig: { validatorUrl: null, tryItOutEnabled: false } })
  })
}
