import { useLocale } from '../i18n/locale.js'

const quoted = /"([^"]*)"/

/** A sentence of the service in the person's language; one that is not known there stays English, and says so to screen readers. */
export function Sentence({ text }: { readonly text: string }) {
  const {
    text: { words },
    locale,
  } = useLocale()
  const part = quoted.exec(text)?.[1]
  const known = words.sentences[text] ?? words.sentences[text.replace(quoted, '"…"')]?.replace('…', part ?? '…')
  if (known !== undefined) return <>{known}</>
  return locale === 'en' ? <>{text}</> : <span lang="en">{text}</span>
}
