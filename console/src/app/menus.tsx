import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components'
import { api } from '../api/client.js'
import { isSignedOut } from '../api/http.js'
import { useMe } from '../api/queries.js'
import { LOCALE_NAMES, LOCALES, useLocale } from '../i18n/locale.js'
import { Icon } from '../parts/icon.js'
import { chooseTheme, THEMES, useChosenTheme } from './preferences.js'
import { useWho } from '../parts/use-words.js'

export function SettingsMenu() {
  const {
    text: {
      common: { settings },
    },
    locale,
    change,
  } = useLocale()
  const theme = useChosenTheme()
  return (
    <Menu
      checkedValues={{ locale: [locale], theme: [theme] }}
      onCheckedValueChange={(_, { name, checkedItems: [chosen] }) => {
        if (name === 'locale') change(LOCALES.find((each) => each === chosen) ?? 'en')
        else chooseTheme(THEMES.find((each) => each === chosen) ?? 'system')
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<Icon name="settings" />} aria-label={settings.menu} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{settings.language}</MenuGroupHeader>
            {LOCALES.map((each) => (
              <MenuItemRadio key={each} name="locale" value={each} lang={each}>
                {LOCALE_NAMES[each]}
              </MenuItemRadio>
            ))}
          </MenuGroup>
          <MenuDivider />
          <MenuGroup>
            <MenuGroupHeader>{settings.theme}</MenuGroupHeader>
            {THEMES.map((each) => (
              <MenuItemRadio key={each} name="theme" value={each}>
                {settings[each]}
              </MenuItemRadio>
            ))}
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}

export function AccountMenu() {
  const {
    text: { common },
  } = useLocale()
  const me = useMe().data
  const who = useWho()
  if (me === undefined) return null
  /** A new page, not another view: nothing of the person stays in memory, and no answer still under way can bring the old one back. */
  const signOut = async (): Promise<void> => {
    try {
      await api.signOut()
    } catch (error) {
      if (!isSignedOut(error)) throw error
    }
    window.location.assign('/sign-in')
  }
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<Icon name="person" />} aria-label={common.account.signedInAs(who(me.name))}>
          <span className="bar__name">{who(me.name)}</span>
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>
              {who(me.name)} · {common.roles[me.role]}
            </MenuGroupHeader>
            {me.via === 'session' && <MenuItem onClick={() => void signOut()}>{common.account.signOut}</MenuItem>}
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
