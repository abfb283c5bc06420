import type { FastifyInstance } from 'fastify'
import type { Administration } from '../engine/administration.js'
import { toFault } from '../core/fault.js'
import { signInPage } from './sign-in-pages.js'

/** Where a browser comes back to from a sign-in to Partner Center that was begun on the page Connections. */
export function connectRoute(app: FastifyInstance, administration: Pick<Administration, 'finishBrowserSignIn'>): void {
  app.get('/connect/partner-center', { config: { access: { kind: 'role', role: 'admin' } } }, async (request, reply) => {
    const query = new URLSearchParams(request.url.split('?')[1] ?? '')
    try {
      await administration.finishBrowserSignIn(query, AbortSignal.timeout(finishMs))
    } catch (error) {
      const { message, remedy } = toFault(error)
      return signInPage(request, reply, { kind: 'not-connected', said: `${message} ${remedy}` })
    }
    return reply.redirect('/connections', 303)
  })
}

const finishMs = 30_000 // One exchange for the token, and its storing.
