import { useQuery } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Ask } from '../../parts/ask.js'

const FAILED: readonly string[] = ['retrying', 'rejected', 'given-up']

/** Everything that failed, never blind: how many there are and a few of them stand above the button. */
export function RetryAll({ onClose }: { readonly onClose: () => void }) {
  const { runs, deals } = useText()
  const format = useFormat()
  const { data } = useQuery({ queryKey: keys.issues, queryFn: ({ signal }) => api.issues(signal) })
  const failed = (data?.issues ?? []).filter(({ reason, state }) => FAILED.includes(reason) || state === 'stopped')
  const count = failed.reduce((sum, issue) => sum + issue.count, 0)
  const sample = failed.flatMap((issue) => issue.sample).slice(0, 5)
  return (
    <Ask
      title={runs.retryAllAsk}
      action={runs.retryAll}
      done={runs.retried(format.number(count))}
      onClose={onClose}
      act={() => api.retry(null)}
    >
      <p>{runs.retryAllExplain}</p>
      <p>
        <strong>{count === 0 ? runs.nothingFailed : runs.retryAllCount(format.number(count))}</strong>
      </p>
      {sample.length > 0 && (
        <div>
          <p className="muted">{runs.retrySample}</p>
          <ul className="bullets">
            {sample.map((row) => (
              <li key={row.id}>{row.name ?? deals.unnamed}</li>
            ))}
          </ul>
        </div>
      )}
    </Ask>
  )
}
