import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  ProgressBar,
} from '@fluentui/react-components'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { api } from '../../api/client.js'
import type { Issue } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { everything } from '../../lib/everything.js'
import { useSay } from '../../parts/use-say.js'
import { useReturnFocus } from '../../parts/use-return-focus.js'

interface Progress {
  readonly done: number
  readonly failed: number
}

/** Retries every deal of one cause, one after the other, and can be stopped between two of them. */
export function RetryKind({ issue, onClose }: { readonly issue: Issue; readonly onClose: () => void }) {
  useReturnFocus()
  const { attention: text, reasons, common, deals, runs } = useText()
  const format = useFormat()
  const { progress, run, stop } = useRetries(issue, onClose)
  return (
    <Dialog open onOpenChange={(_, { open }) => (open ? undefined : onClose())}>
      <DialogSurface className="ask">
        <DialogBody>
          <DialogTitle>{text.retryAsk(format.number(issue.count), reasons[issue.reason].name)}</DialogTitle>
          <DialogContent className="stack">
            <p>{text.retryExplain}</p>
            <div>
              <p className="muted">{runs.retrySample}</p>
              <ul className="bullets">
                {issue.sample.map((row) => (
                  <li key={row.id}>{row.name ?? deals.unnamed}</li>
                ))}
              </ul>
            </div>
            {progress !== null && (
              <div role="status">
                <ProgressBar value={progress.done} max={issue.count} aria-label={text.retryKind} />
                <p className="muted">{text.retryProgress(format.number(progress.done), format.number(issue.count))}</p>
              </div>
            )}
          </DialogContent>
          <DialogActions>
            {progress === null ? (
              <Button onClick={onClose}>{common.actions.cancel}</Button>
            ) : (
              <Button onClick={stop}>{text.stopRetry}</Button>
            )}
            <Button appearance="primary" disabled={progress !== null} onClick={run}>
              {text.retryKind}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

function useRetries(issue: Issue, onClose: () => void): { progress: Progress | null; run: () => void; stop: () => void } {
  const { attention: text } = useText()
  const format = useFormat()
  const say = useSay()
  const client = useQueryClient()
  const [progress, setProgress] = useState<Progress | null>(null)
  const stopped = useRef(false)
  useEffect(() => () => void (stopped.current = true), [])
  const work = async (): Promise<void> => {
    stopped.current = false
    const rows = await everything(
      async (after) => {
        const page = await api.deals({ state: issue.state, reason: issue.reason }, { limit: 500, after })
        return { rows: page.deals, next: page.next }
      },
      () => undefined,
    )
    let now: Progress = { done: 0, failed: 0 }
    setProgress(now)
    for (const row of rows) {
      if (stopped.current) break
      const went = await api.retry(row.id).then(
        () => true,
        () => false,
      )
      now = { done: now.done + 1, failed: now.failed + (went ? 0 : 1) }
      setProgress(now)
    }
    say.done(text.retryDone(format.number(now.done - now.failed)))
    await client.invalidateQueries()
    onClose()
  }
  return { progress, run: () => void work().catch(say.failed), stop: () => (stopped.current = true) }
}
