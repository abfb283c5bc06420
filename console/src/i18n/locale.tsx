import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react'
import type { Messages } from './en/index.js'
import { formats, type Formats } from './formats.js'
import { reader, type Reader } from './sentences.js'

export const LOCALES = ['en', 'zh-CN'] as const
export type Locale = (typeof LOCALES)[number]
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = { en: 'English', 'zh-CN': '简体中文' }

const stored = 'cosell.locale'
const isLocale = (text: string | null): text is Locale => text === 'en' || text === 'zh-CN'

export function preferredLocale(): Locale {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(stored)
  if (isLocale(asked)) return asked
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

/** Only the language in use is loaded. */
export async function loadMessages(locale: Locale): Promise<Messages> {
  switch (locale) {
    case 'en':
      return (await import('./en/index.js')).en
    case 'zh-CN':
      return (await import('./zh-cn/index.js')).zhCn
  }
}

interface Localisation {
  readonly locale: Locale
  readonly text: Messages
  readonly format: Formats
  readonly read: Reader
  readonly change: (locale: Locale) => void
}
const Context = createContext<Localisation | null>(null)

export function LocaleProvider({ first, children }: { readonly first: { locale: Locale; text: Messages }; readonly children: ReactNode }) {
  const [current, setCurrent] = useState(first)
  useEffect(() => {
    document.documentElement.lang = current.locale
  }, [current.locale])
  const value = useMemo(
    () => ({
      ...current,
      format: formats(current.locale),
      read: reader(current.text.sentences),
      change: (locale: Locale) => {
        localStorage.setItem(stored, locale)
        void loadMessages(locale).then((text) => setCurrent({ locale, text }))
      },
    }),
    [current],
  )
  return <Context value={value}>{children}</Context>
}

export function useLocale(): Localisation {
  const value = use(Context)
  if (value === null) throw new Error('useLocale() is used outside of LocaleProvider.')
  return value
}
/** The texts in the person's language. */
export const useText = (): Messages => useLocale().text
/** What the service says, in the person's language. */
export const useReader = (): Reader => useLocale().read
export const useFormat = (): Formats => useLocale().format
