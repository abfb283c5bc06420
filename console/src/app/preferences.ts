import { useSyncExternalStore } from 'react'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const stored = 'cosell.theme'
const listeners = new Set<() => void>()
const isTheme = (text: string | null): text is Theme => text === 'system' || text === 'light' || text === 'dark'

export function chosenTheme(): Theme {
  const asked = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(stored)
  return isTheme(asked) ? asked : 'system'
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(stored, theme)
  for (const listener of listeners) listener()
}

const dark = matchMedia('(prefers-color-scheme: dark)')
function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  dark.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    dark.removeEventListener('change', listener)
  }
}

export const useChosenTheme = (): Theme => useSyncExternalStore(subscribe, chosenTheme)
export function useAppearance(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, () => {
    const theme = chosenTheme()
    return theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme
  })
}
