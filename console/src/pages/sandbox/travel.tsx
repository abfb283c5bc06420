import { useEffect, useState } from 'react'
import { useFormat, useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'
import { sameOnBoth, type Cards } from './use-cards.js'

/** Whether both sides say the same, and how long the last change was on its way. */
export function Travel({ cards }: { readonly cards: Cards }) {
  const {
    sandbox: { travel: text },
  } = useText()
  const format = useFormat()
  const same = sameOnBoth(cards)
  const [took, setTook] = useState<number | null>(null)
  const { sentAt, seenAt } = cards
  useEffect(() => {
    setTook(null)
  }, [sentAt])
  useEffect(() => {
    if (sentAt !== null && same) setTook((before) => before ?? seenAt - sentAt)
  }, [sentAt, same, seenAt])
  return (
    <span className={`travel travel--${same ? 'same' : 'on'}`} role="status">
      <Icon name={same ? 'check' : 'send'} size={16} />
      {same ? (took === null ? text.same : text.took(format.duration(Math.max(0, took)))) : text.on}
    </span>
  )
}
