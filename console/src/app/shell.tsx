import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, OverlayDrawer } from '@fluentui/react-components'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { isForbidden, isSignedOut } from '../api/http.js'
import { useLive } from '../api/live.js'
import { useOverview } from '../api/queries.js'
import { useText } from '../i18n/locale.js'
import { Icon, Logo } from '../parts/icon.js'
import { useSay } from '../parts/use-say.js'
import { AccountMenu, SettingsMenu } from './menus.js'
import { Clocks } from './clocks.js'
import { Navigation } from './navigation.js'

/** What is around every page: where one can go, whether it is on time, who is here. */
export function Shell() {
  const { common } = useText()
  const [menuOpen, setMenuOpen] = useState(false)
  const live = useLive()
  const main = useRef<HTMLElement>(null)
  useAskToSignIn()
  useTellRefusals()
  useFocusOnArrival(main)
  return (
    <div className="shell">
      <a className="skip" href="#content" onClick={() => main.current?.focus()}>
        {common.skip}
      </a>
      <header className="bar">
        <Button
          className="bar__menu"
          appearance="subtle"
          icon={<Icon name="menu" />}
          aria-label={common.nav.open}
          onClick={() => setMenuOpen(true)}
        />
        <Brand />
        <Clocks live={live} />
        <div className="bar__end">
          <SettingsMenu />
          <AccountMenu />
        </div>
      </header>
      <aside className="side">
        <Navigation />
      </aside>
      <OverlayDrawer open={menuOpen} onOpenChange={(_, { open }) => setMenuOpen(open)} position="start" size="small">
        <DrawerHeader>
          <DrawerHeaderTitle
            action={
              <Button appearance="subtle" icon={<Icon name="close" />} aria-label={common.nav.close} onClick={() => setMenuOpen(false)} />
            }
          >
            {common.product}
          </DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody>
          <Navigation onGo={() => setMenuOpen(false)} />
        </DrawerBody>
      </OverlayDrawer>
      <main className="main" id="content" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  )
}

function Brand() {
  const { common } = useText()
  const environment = useOverview().data?.environment
  return (
    <div className="brand">
      <Link to="/" className="brand__home" activeProps={{ 'aria-current': undefined }}>
        <Logo />
        <span className="brand__name">{common.product}</span>
      </Link>
      {environment !== undefined && (
        <span className="brand__environment" title={common.environment(environment)}>
          {environment}
        </span>
      )}
    </div>
  )
}

/** A session that ended shows in the first answer that is refused. */
function useAskToSignIn(): void {
  const { error } = useOverview()
  const navigate = useNavigate()
  const { href } = useLocation()
  const out = isSignedOut(error)
  useEffect(() => {
    if (out) void navigate({ to: '/sign-in', search: { next: href } })
  }, [out, navigate, href])
}

/** A refusal is told at the edge of the page: what was pressed goes away with the role that allowed it, and its dialog with it. */
function useTellRefusals(): void {
  const client = useQueryClient()
  const say = useSay()
  const tell = useRef(say.failed)
  useEffect(() => {
    tell.current = say.failed
  })
  useEffect(
    () =>
      client.getMutationCache().subscribe((event) => {
        if (event.type === 'updated' && event.action.type === 'error' && isForbidden(event.action.error)) tell.current(event.action.error)
      }),
    [client],
  )
}

/** After a change of page the keyboard and the screen reader start at its beginning, not at the link that led there. */
function useFocusOnArrival(main: { readonly current: HTMLElement | null }): void {
  const { pathname } = useLocation()
  const before = useRef(pathname)
  useEffect(() => {
    if (before.current === pathname) return
    before.current = pathname
    main.current?.focus({ preventScroll: true })
  }, [pathname, main])
}
