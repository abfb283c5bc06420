import type { FastifyInstance } from 'fastify'
import { request as ask } from 'undici'

/** In a demo the console plays people of the simulated systems; the desk's own port is not the page's origin, so it is reached through here. */
export function sandboxDesk(app: FastifyInstance, desk: string): void {
  app.all<{ Params: { '*': string } }>(
    '/sandbox-desk/*',
    { config: { access: { kind: 'role', role: 'operator' } } },
    async (request, reply) => {
      const target = new URL(desk)
      target.pathname = `/${request.params['*']}`
      target.search = new URL(request.url, 'http://cosell').search
      const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
      const answer = await ask(target, {
        method: request.method as 'GET', // the methods that the desk knows are all among undici's
        ...(hasBody ? { body: JSON.stringify(request.body ?? []), headers: { 'content-type': 'application/json' } } : {}),
      })
      return reply
        .code(answer.statusCode)
        .type('application/json')
        .send(await answer.body.text())
    },
  )
}
