import { Link, Toast, ToastBody, ToastFooter, ToastTitle, useId, useToastController } from '@fluentui/react-components'
import { useQueryClient } from '@tanstack/react-query'
import { TOASTER } from '../app/surface.js'
import { useText } from '../i18n/locale.js'
import { useProblem } from './answers.js'

const undoMs = 12_000 // Long enough to read it and to reach for it.
const failureMs = 10_000

interface Say {
  readonly done: (title: string, body?: string, undo?: () => Promise<unknown>) => void
  readonly failed: (error: unknown) => void
}

/** Short messages at the edge of the page; what can be taken back offers that. */
export function useSay(): Say {
  const { dispatchToast, dismissToast } = useToastController(TOASTER)
  const { common } = useText()
  const client = useQueryClient()
  const id = useId('toast')
  const failed = (error: unknown): void => dispatchToast(<FailedToast error={error} />, { intent: 'error', timeout: failureMs })
  const takeBack = async (undo: () => Promise<unknown>): Promise<void> => {
    dismissToast(id)
    await undo().catch(failed)
    await client.invalidateQueries()
  }
  return {
    done: (title, body, undo) =>
      dispatchToast(
        <Toast>
          <ToastTitle>{title}</ToastTitle>
          {body !== undefined && <ToastBody>{body}</ToastBody>}
          {undo !== undefined && (
            <ToastFooter>
              <Link onClick={() => void takeBack(undo)}>{common.actions.undo}</Link>
            </ToastFooter>
          )}
        </Toast>,
        { intent: 'success', ...(undo === undefined ? {} : { timeout: undoMs, toastId: id }) },
      ),
    failed,
  }
}

function FailedToast({ error }: { readonly error: unknown }) {
  const { title, detail, remedy } = useProblem(error)
  return (
    <Toast>
      <ToastTitle>{title}</ToastTitle>
      <ToastBody>
        {detail} {remedy}
      </ToastBody>
    </Toast>
  )
}
