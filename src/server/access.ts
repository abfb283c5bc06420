import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Authenticator } from './auth.js'
import { isLoopbackRequest } from './loopback.js'
import type { Principal, Role } from './principal.js'
import { Refusal } from './problems.js'

/** What a route asks of its caller. A route that says nothing is denied to everybody. */
export type Access =
  /** Says nothing about deals: health, sign-in, the files of the console. */
  | { readonly kind: 'public' }
  /** Verifies its sender itself. */
  | { readonly kind: 'hook' }
  | { readonly kind: 'role'; readonly role: Role }
  /** Also open to callers on this machine: figures and the API's description. */
  | { readonly kind: 'role-or-loopback'; readonly role: Role }

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Who calls; null where the route is open or nobody was recognised. */
    principal: Principal | null
  }
}

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }
export const mayDo = (principal: Principal, role: Role): boolean => rank[principal.role] >= rank[role]

/** Header a browser cannot add to a request of another site without asking us first (CORS), which we never allow. */
export const REQUEST_HEADER = 'x-cosell-request'
const harmless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Throws unless this caller may use this route. */
export function guard(request: FastifyRequest, authenticate: Authenticator): void {
  const access = request.routeOptions.config.access
  if (access === undefined) throw denied('This route is open to nobody.')
  if (access.kind === 'public' || access.kind === 'hook') return
  const principal = authenticate(request)
  if (principal === null && access.kind === 'role-or-loopback' && isLoopbackRequest(request)) return
  if (principal === null) {
    throw new Refusal(
      {
        title: 'Sign in',
        status: 401,
        detail: 'This needs a signed-in person or a bearer token (server.adminTokens).',
        code: 'unauthenticated',
        remedy: 'Send "Authorization: Bearer …", or sign in at /auth/sign-in.',
      },
      { 'www-authenticate': 'Bearer realm="cosell"' },
    )
  }
  if (!mayDo(principal, access.role)) throw denied(`This needs the role ${access.role}; ${principal.name} has ${principal.role}.`)
  assertOwnPage(request, principal)
  request.principal = principal
}

const denied = (detail: string): Refusal =>
  new Refusal({ title: 'Not allowed', status: 403, detail, code: 'not-allowed', remedy: 'Ask an administrator of this installation.' })

/** What the browser sends along by itself proves nothing about who wanted the request, so a change must carry our header too. */
function assertOwnPage(request: FastifyRequest, principal: Principal): void {
  if (principal.via === 'token' || principal.via === 'socket' || harmless.has(request.method)) return
  const site = request.headers['sec-fetch-site']
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (request.headers[REQUEST_HEADER] === undefined || foreign) {
    throw denied(`A change from a browser must come from the console itself and carry the header ${REQUEST_HEADER}.`)
  }
}

/** A route that forgot to say who may use it stops the start, not a user. */
export function watchRoutes(app: FastifyInstance): { readonly routes: readonly ListedRoute[] } {
  const routes: ListedRoute[] = []
  app.addHook('onRoute', (route) => {
    const methods = Array.isArray(route.method) ? route.method : [route.method]
    routes.push({ url: route.url, methods, access: () => route.config?.access ?? null })
  })
  app.addHook('onReady', (done) => {
    const open = routes.filter((route) => route.access() === null).map((route) => `${route.methods.join(',')} ${route.url}`)
    done(open.length === 0 ? undefined : new Error(`Nobody said who may use ${open.join(', ')}.`))
  })
  return { routes }
}

/** The methods of the routes that a path fits, those of the console's pages left out. */
export function methodsAt(routes: readonly ListedRoute[], path: string): readonly string[] {
  const parts = path.split('/')
  const fits = ({ url }: ListedRoute): boolean => {
    const names = url.split('/')
    return !url.includes('*') && names.length === parts.length && names.every((name, index) => name.startsWith(':') || name === parts[index])
  }
  return [...new Set(routes.filter(fits).flatMap(({ methods }) => methods))].sort()
}

export interface ListedRoute {
  readonly url: string
  readonly methods: readonly string[]
  /** Read late: plugins fill it in after the route was announced. */
  readonly access: () => Access | null
}
