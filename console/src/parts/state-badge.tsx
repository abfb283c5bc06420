import { useText } from '../i18n/locale.js'
import type { LinkState } from '../api/types.js'
import { Icon, type IconName } from './icon.js'

const ICONS: Readonly<Record<LinkState, IconName>> = {
  'in-sync': 'check',
  pending: 'clock',
  'needs-attention': 'attention',
  stopped: 'stop',
  unlinked: 'unlinked',
}

/** The state of a deal as a picture and a word, never as a colour alone. */
export function StateBadge({ state }: { readonly state: LinkState }) {
  const { common } = useText()
  return (
    <span className={`state state--${state}`} title={common.stateHelp[state]}>
      <Icon name={ICONS[state]} size={14} />
      {common.states[state]}
    </span>
  )
}
