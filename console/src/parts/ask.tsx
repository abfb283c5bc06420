import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from '@fluentui/react-components'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useText } from '../i18n/locale.js'
import { ProblemBar } from './answers.js'
import { useReturnFocus } from './use-return-focus.js'
import { useSay } from './use-say.js'

interface Props {
  readonly title: string
  readonly action: string
  readonly done: string
  readonly onClose: () => void
  readonly act: () => Promise<unknown>
  /** Takes it back, where that is possible. */
  readonly undo?: () => Promise<unknown>
  readonly children: ReactNode
}

/** Asks once more, does it, and says that it is done. */
export function Ask({ title, action, done, onClose, act, undo, children }: Props) {
  useReturnFocus()
  const { common } = useText()
  const client = useQueryClient()
  const say = useSay()
  const doing = useMutation({
    mutationFn: act,
    onSuccess: () => {
      say.done(done, undefined, undo)
      onClose()
    },
    onSettled: () => client.invalidateQueries(),
  })
  return (
    <Dialog open onOpenChange={(_, { open }) => (open ? undefined : onClose())}>
      <DialogSurface className="ask">
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className="stack">
            {children}
            {doing.isError && <ProblemBar error={doing.error} />}
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>{common.actions.cancel}</Button>
            <Button appearance="primary" disabled={doing.isPending} onClick={() => doing.mutate()}>
              {action}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
