import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import type { DealView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Sentence } from '../../parts/sentence.js'

/** Said already: by the state of the deal, or where its questions are asked. */
const QUIET: readonly string[] = ['closed', 'conflict']

/** Why the deal is in its state, in the words of the service and in the person's own language. */
export function ReasonPanel({ deal }: { readonly deal: DealView }) {
  const { reasons } = useText()
  const format = useFormat()
  const { reason } = deal
  const isAsked = reason?.code === 'confirm' && deal.conflicts.some(({ kind, forbidden }) => kind === 'confirm' && forbidden !== true)
  if (reason === null || QUIET.includes(reason.code) || isAsked) return null
  const { name } = reasons[reason.code]
  const items = reason.items ?? []
  const isListed = items.length > 0 && items.every((item) => reason.text.includes(item))
  const intent = deal.state === 'stopped' ? 'error' : deal.state === 'needs-attention' ? 'warning' : 'info'
  return (
    <MessageBar intent={intent} layout="multiline" className="problem">
      <MessageBarBody>
        <MessageBarTitle>
          {name}
          {reason.until !== undefined && ` · ${format.dateTime(reason.until)}`}
        </MessageBarTitle>
        {!isListed && <Sentence text={reason.text} />}
        {items.length > 0 && (
          <ul className="bullets">
            {items.map((item) => (
              <li key={item}>
                <Sentence text={item} />
              </li>
            ))}
          </ul>
        )}
        <div>
          <Sentence text={reason.remedy} />
        </div>
      </MessageBarBody>
    </MessageBar>
  )
}
