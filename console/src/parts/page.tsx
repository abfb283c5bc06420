import { Title2 } from '@fluentui/react-components'
import { useEffect, type ReactNode } from 'react'
import { useText } from '../i18n/locale.js'

interface PageProps {
  readonly title: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

const longTitle = 60 // characters: two lines of the large type on a narrow screen

/** The frame of every page: its heading, what can be done with all of it, its content. */
export function Page({ title, lead, actions, children }: PageProps) {
  const { common } = useText()
  useEffect(() => {
    document.title = `${title} · ${common.product}`
  }, [title, common.product])
  return (
    <div className="page">
      <header className="page__head">
        <div className="page__titles">
          <Title2 as="h1" dir="auto" title={title} className={title.length > longTitle ? 'page__title page__title--long' : 'page__title'}>
            {title}
          </Title2>
          {lead !== undefined && <p className="page__lead">{lead}</p>}
        </div>
        {actions !== undefined && <div className="page__actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

interface PanelProps {
  readonly title?: string
  readonly aside?: ReactNode
  readonly kind?: 'plain' | 'flush'
  readonly children: ReactNode
}

/** A titled part of a page. */
export function Panel({ title, aside, kind = 'plain', children }: PanelProps) {
  return (
    <section className={`panel panel--${kind}`} {...(title === undefined ? {} : { 'aria-label': title })}>
      {title !== undefined && (
        <header className="panel__head">
          <h2 className="panel__title">{title}</h2>
          {aside !== undefined && <div className="panel__aside">{aside}</div>}
        </header>
      )}
      {children}
    </section>
  )
}
