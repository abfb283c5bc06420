import { Toast, ToastBody, ToastTitle, useToastController } from '@fluentui/react-components'
import { TOASTER } from '../app/surface.js'
import { useProblem } from './answers.js'

/** Short messages at the edge of the page. */
export function useSay(): { done: (title: string, body?: string) => void; failed: (error: unknown) => void } {
  const { dispatchToast } = useToastController(TOASTER)
  return {
    done: (title, body) =>
      dispatchToast(
        <Toast>
          <ToastTitle>{title}</ToastTitle>
          {body !== undefined && <ToastBody>{body}</ToastBody>}
        </Toast>,
        { intent: 'success' },
      ),
    failed: (error) => dispatchToast(<FailedToast error={error} />, { intent: 'error', timeout: 10_000 }),
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
