import { FluentProvider, Toaster, webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { useEffect, type ReactNode } from 'react'
import { useAppearance } from './preferences.js'

export const TOASTER = 'cosell-toasts'

/** Colours and type of the whole page, and the place where short messages appear. */
export function Surface({ children }: { readonly children: ReactNode }) {
  const appearance = useAppearance()
  useEffect(() => {
    document.documentElement.dataset['appearance'] = appearance
    document.documentElement.style.colorScheme = appearance
  }, [appearance])
  return (
    <FluentProvider theme={appearance === 'dark' ? webDarkTheme : webLightTheme}>
      {/* Not the provider's own class: it is repeated on everything that floats above the page. */}
      <div className="surface">{children}</div>
      <Toaster toasterId={TOASTER} position="bottom-end" />
    </FluentProvider>
  )
}
