import { CounterBadge } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { useOverview } from '../api/queries.js'
import { useText } from '../i18n/locale.js'
import { Icon, type IconName } from '../parts/icon.js'

const PLACES = [
  { to: '/', name: 'overview', exact: true },
  { to: '/deals', name: 'deals', exact: false },
  { to: '/attention', name: 'attention', exact: false },
  { to: '/runs', name: 'runs', exact: false },
  { to: '/audit', name: 'audit', exact: false },
  { to: '/mapping', name: 'mapping', exact: false },
  { to: '/connections', name: 'connections', exact: false },
  { to: '/users', name: 'users', exact: false },
] as const satisfies readonly { to: string; name: IconName; exact: boolean }[]
const SANDBOX = { to: '/sandbox', name: 'sandbox', exact: false } as const

export function Navigation({ onGo }: { readonly onGo?: () => void }) {
  const { common } = useText()
  const overview = useOverview().data
  const waiting = (overview?.states['needs-attention'] ?? 0) + (overview?.states.stopped ?? 0)
  const places = overview?.environment === 'demo' ? [...PLACES, SANDBOX] : PLACES
  return (
    <nav className="nav" aria-label={common.nav.label}>
      <ul>
        {places.map(({ to, name, exact }) => (
          <li key={to}>
            <Link
              to={to}
              className="nav__item"
              activeProps={{ className: 'nav__item--here', 'aria-current': 'page' }}
              activeOptions={{ exact, includeSearch: false }}
              {...(onGo === undefined ? {} : { onClick: onGo })}
            >
              <Icon name={name} />
              <span>{common.nav[name]}</span>
              {name === 'attention' && waiting > 0 && (
                <CounterBadge count={waiting} overflowCount={999} color="danger" size="small" className="nav__count" />
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
