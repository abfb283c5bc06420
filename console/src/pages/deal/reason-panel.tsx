import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import type { DealView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Sentence } from '../../parts/sentence.js'

const QUIET: readonly string[] = ['closed', 'conflict']

/** Why the deal is in its state, in the words of the service and in the person's own language. */
export function ReasonPanel({ deal }: { readonly deal: DealView }) {
  const { reasons } = useText()
  const format = useFormat()
  const { reason } = deal
  if (reason === null || QUIET.includes(reason.code)) return null
  const { name } = reasons[reason.code]
  const intent = deal.state === 'stopped' ? 'error' : deal.state === 'needs-attention' ? 'warning' : 'info'
  return (
    <MessageBar intent={intent} layout="multiline" className="problem">
      <MessageBarBody>
        <MessageBarTitle>
          {name}
          {reason.until !== undefined && ` · ${format.dateTime(reason.until)}`}
        </MessageBarTitle>
        <Sentence text={reason.text} />
        <div>
          <Sentence text={reason.remedy} />
        </div>
        {reason.items !== undefined && (
          <ul className="bullets">
            {reason.items.map((item) => (
              <li key={item}>
                <Sentence text={item} />
              </li>
            ))}
          </ul>
        )}
      </MessageBarBody>
    </MessageBar>
  )
}
