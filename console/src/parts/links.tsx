import { createLink } from '@tanstack/react-router'
import { Link as FluentLink } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { useText } from '../i18n/locale.js'
import { Icon } from './icon.js'

/** A link to another page of the console. */
export const PageLink = createLink(FluentLink)

/** A link to a page of another system, opened beside the console. */
export function OutsideLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  const { common } = useText()
  return (
    <FluentLink href={href} target="_blank" rel="noreferrer" className="outside">
      {children}
      <Icon name="external" size={14} />
      <span className="visually-hidden">({common.words.newTab})</span>
    </FluentLink>
  )
}
