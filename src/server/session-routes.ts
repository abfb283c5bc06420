import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Authenticator } from './auth.js'
import { Refusal } from './problems.js'
import type { Sessions } from './sessions.js'

const given = z.strictObject({ token: z.string().min(1).max(500) })
const unauthenticated = (detail: string): Refusal =>
  new Refusal({ title: 'Sign in', status: 401, detail, code: 'unauthenticated', remedy: 'Use a token of server.adminTokens.' })

/** Who is signed in: a pasted bearer token becomes a session cookie, and administrators see and end sessions. */
export function sessionRoutes(
  app: FastifyInstance,
  { sessions, authenticate }: { readonly sessions: Sessions; readonly authenticate: Authenticator },
): void {
  app.post('/api/v1/session', { config: { access: { kind: 'public' } } }, (request, reply) => {
    const parsed = given.safeParse(request.body)
    if (!parsed.success)
      throw new Refusal({ title: 'Bad request', status: 400, detail: 'Send {"token": "…"}.', code: 'bad-request', remedy: null })
    request.headers.authorization = `Bearer ${parsed.data.token}`
    const principal = authenticate(request)
    if (principal === null) throw unauthenticated('The token is not one of server.adminTokens.')
    sessions.open(reply, { name: principal.name, role: principal.role })
    return reply.code(204).send()
  })
  app.delete('/api/v1/session', { config: { access: { kind: 'role', role: 'viewer' } } }, (request, reply) => {
    sessions.close(request, reply)
    return reply.code(204).send()
  })
  app.get('/api/v1/me', { config: { access: { kind: 'role', role: 'viewer' } } }, (request, reply) => {
    const { principal } = request
    if (principal === null) throw unauthenticated('Nobody is signed in.')
    return reply.header('cache-control', 'no-store').send({ name: principal.name, role: principal.role, via: principal.via })
  })
  app.get('/api/v1/sessions', { config: { access: { kind: 'role', role: 'admin' } } }, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ sessions: sessions.list() }),
  )
  app.delete<{ Params: { id: string } }>(
    '/api/v1/sessions/:id',
    { config: { access: { kind: 'role', role: 'admin' } } },
    (request, reply) => {
      if (!sessions.end(request.params.id))
        throw new Refusal({ title: 'Not found', status: 404, detail: 'There is no such session.', code: 'not-found', remedy: null })
      return reply.code(204).send()
    },
  )
}
