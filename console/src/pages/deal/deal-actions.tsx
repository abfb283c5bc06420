import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, Toolbar } from '@fluentui/react-components'
import { useState } from 'react'
import { useMay } from '../../api/queries.js'
import type { DealView } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { Icon, type IconName } from '../../parts/icon.js'
import { ActionDialog, type Action, type SimpleAction } from './action-dialog.js'

const VISIBILITY = 'consent.consentToShareReferralWithMicrosoftSellers'
const ICONS: Readonly<Record<SimpleAction, IconName>> = {
  sync: 'runs',
  accept: 'check',
  decline: 'close',
  win: 'star',
  lose: 'stop',
  share: 'share',
  hold: 'pause',
  release: 'runs',
  unlink: 'unlinked',
  link: 'connections',
}

/** What can be done with the deal as it stands: first what it waits for, the rest in a menu. */
function offered(deal: DealView): { first: readonly SimpleAction[]; more: readonly SimpleAction[] } {
  const isOpen = deal.status !== 'Closed'
  const shared = deal.fields.find(({ field }) => field === VISIBILITY)?.partner === true
  const first: SimpleAction[] = deal.ignored ? ['release'] : ['sync']
  if (deal.status === 'New' && deal.referralId !== null) first.push('accept', 'decline')
  if (deal.status === 'Active' && deal.referralId !== null) first.push('win', 'lose')
  const more: SimpleAction[] = []
  if (isOpen && !shared && deal.kind === 'opportunity') more.push('share')
  if (deal.referralId !== null && deal.crmId !== null) more.push('unlink')
  if (deal.referralId !== null && (deal.crmId === null || deal.ignored)) more.push('link')
  if (!deal.ignored) more.push('hold')
  return { first, more }
}

export function DealActions({ deal }: { readonly deal: DealView }) {
  const { deal: text, common } = useText()
  const [action, setAction] = useState<Action | null>(null)
  const mayAct = useMay('operator')
  if (!mayAct) return null
  const { first, more } = offered(deal)
  return (
    <>
      <Toolbar aria-label={text.actions.label} className="deal-actions">
        {first.map((kind) => (
          <Button
            key={kind}
            appearance={
              kind === 'accept' || kind === 'release' ? 'primary' : 'secondary'
            }
            icon={<Icon name={ICONS[kind]} size={16} />}
            onClick={() => setAction({ kind })}
          >
            {text.actions[kind]}
          </Button>
        ))}
        <Menu>
          <MenuTrigger disableButtonEnhancement>
            <Button appearance="subtle">{common.actions.more}</Button>
          </MenuTrigger>
          <MenuPopover>
            <MenuList>
              {more.map((kind) => (
                <MenuItem key={kind} icon={<Icon name={ICONS[kind]} size={16} />} onClick={() => setAction({ kind })}>
                  {text.actions[kind]}
                </MenuItem>
              ))}
            </MenuList>
          </MenuPopover>
        </Menu>
      </Toolbar>
      <ActionDialog deal={deal} action={action} onClose={() => setAction(null)} />
    </>
  )
}
