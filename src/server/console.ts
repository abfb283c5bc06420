import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Service } from '../engine/views.js'
import type { Authenticator } from './auth.js'
import { homePage, strangerPage, STYLE, STYLE_PATH } from './home.js'

export interface ConsoleDeps {
  readonly service: Service
  readonly signIn: 'offered' | 'not offered'
  readonly authenticate: Authenticator
}

// dist/server/console.js and src/server/console.ts lie equally deep.
const built = fileURLToPath(new URL('../../console/dist', import.meta.url))
const open = { config: { access: { kind: 'public' } as const } }
/** What belongs to the API and the hooks is never a page, however it is misspelt. */
const notPages = /^\/(api|hooks|auth|sandbox-desk|metrics|readyz|healthz|livez)(\/|$)/

/** The console, where it was built; else a page without scripts that says how the deals are. */
export async function consoleRoutes(app: FastifyInstance, deps: ConsoleDeps): Promise<void> {
  app.get(STYLE_PATH, open, (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE))
  const index = join(built, 'index.html')
  if (!existsSync(index)) {
    app.get('/', open, async (request, reply) => {
      const known = deps.authenticate(request) !== null
      return reply.type('text/html; charset=utf-8').send(known ? homePage(await deps.service.overview()) : strangerPage(deps.signIn))
    })
    return
  }
  const page = readFileSync(index, 'utf8')
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: { kind: 'public' } }
    })
    // The names of these files carry a digest of their content.
    await scope.register(fastifyStatic, {
      root: join(built, 'assets'),
      prefix: '/assets/',
      immutable: true,
      maxAge: 31_536_000_000,
      decorateReply: false,
      index: false,
    })
  })
  const icon = join(built, 'favicon.svg')
  if (existsSync(icon))
    app.get('/favicon.svg', open, (_request, reply) =>
      reply.type('image/svg+xml').header('cache-control', 'max-age=86400').send(readFileSync(icon)),
    )
  app.get('/', open, (_request, reply) => sendPage(reply, page))
  app.get<{ Params: { '*': string } }>('/*', open, (request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    if (!notPages.test(path) && !/\.[a-z0-9]{1,5}$/i.test(path)) return sendPage(reply, page)
    return reply.callNotFound()
  })
}

/** Scripts and styles of our own only; what the console styles at run time carries this answer's nonce. */
function sendPage(reply: FastifyReply, page: string): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
  return reply
    .header('content-security-policy', policy)
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page.replaceAll('__CSP_NONCE__', nonce))
}
