import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { isSignedOut } from '../api/http.js'
import { meQuery } from '../api/queries.js'
import { attentionSearch, auditSearch, dealsSearch, mappingSearch, runsSearch, sandboxSearch, signInSearch } from './search.js'
import { BrokenPage, NotFoundPage, PendingPage } from './fallbacks.js'
import { Shell } from './shell.js'

interface Context {
  readonly client: QueryClient
}

const root = createRootRouteWithContext<Context>()()

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('../pages/sign-in-page.js'), 'SignInPage'),
})

/** Everything behind the sign-in. Who is not known is asked first, and comes back to where they wanted to go. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.client.ensureQueryData(meQuery)
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the router's own way to send a visitor elsewhere
      if (isSignedOut(error)) throw redirect({ to: '/sign-in', search: { next: location.href } })
    }
  },
})

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('../pages/overview-page.js'), 'OverviewPage'),
})
const deals = createRoute({
  getParentRoute: () => inside,
  path: '/deals',
  validateSearch: dealsSearch,
  component: lazyRouteComponent(() => import('../pages/deals-page.js'), 'DealsPage'),
})
const deal = createRoute({
  getParentRoute: () => inside,
  path: '/deals/$deal',
  component: lazyRouteComponent(() => import('../pages/deal-page.js'), 'DealPage'),
})
const attention = createRoute({
  getParentRoute: () => inside,
  path: '/attention',
  validateSearch: attentionSearch,
  component: lazyRouteComponent(() => import('../pages/attention-page.js'), 'AttentionPage'),
})
const runs = createRoute({
  getParentRoute: () => inside,
  path: '/runs',
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import('../pages/runs-page.js'), 'RunsPage'),
})
const run = createRoute({
  getParentRoute: () => inside,
  path: '/runs/$run',
  component: lazyRouteComponent(() => import('../pages/run-page.js'), 'RunPage'),
})
const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('../pages/audit-page.js'), 'AuditPage'),
})
const mapping = createRoute({
  getParentRoute: () => inside,
  path: '/mapping',
  validateSearch: mappingSearch,
  component: lazyRouteComponent(() => import('../pages/mapping-page.js'), 'MappingPage'),
})
const connections = createRoute({
  getParentRoute: () => inside,
  path: '/connections',
  component: lazyRouteComponent(() => import('../pages/connections-page.js'), 'ConnectionsPage'),
})
const users = createRoute({
  getParentRoute: () => inside,
  path: '/users',
  component: lazyRouteComponent(() => import('../pages/users-page.js'), 'UsersPage'),
})
const sandbox = createRoute({
  getParentRoute: () => inside,
  path: '/sandbox',
  validateSearch: sandboxSearch,
  component: lazyRouteComponent(() => import('../pages/sandbox-page.js'), 'SandboxPage'),
})
const nowhere = createRoute({ getParentRoute: () => inside, path: '$', component: NotFoundPage })

const tree = root.addChildren([
  signIn,
  inside.addChildren([overview, deals, deal, attention, runs, run, audit, mapping, connections, users, sandbox, nowhere]),
])

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    defaultPendingComponent: PendingPage,
    defaultPendingMs: 100,
    defaultErrorComponent: BrokenPage,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
