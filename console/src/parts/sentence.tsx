import { Fragment } from 'react'
import { useReader } from '../i18n/locale.js'

/** A sentence of the service in the person's language. Words of others in it, a remote system's for example, are shown as the quotation they are. */
export function Sentence({ text }: { readonly text: string }) {
  const read = useReader()
  return read(text).map((piece, index) =>
    piece.foreign ? (
      <q key={index} lang="en">
        {piece.text}
      </q>
    ) : (
      <Fragment key={index}>{piece.text}</Fragment>
    ),
  )
}

/** The same where only text can stand: a title, a name for screen readers. */
export function useSentence(): (text: string) => string {
  const read = useReader()
  return (text) =>
    read(text)
      .map((piece) => (piece.foreign ? `“${piece.text}”` : piece.text))
      .join('')
}
