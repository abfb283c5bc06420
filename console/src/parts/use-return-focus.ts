import { useEffect, useState } from 'react'

/** A dialog that was opened by the page itself gives the focus back to where it was, so that the keyboard goes on from there. */
export function useReturnFocus(): void {
  const [before] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      // After the dialog has let go of it.
      setTimeout(() => {
        if (before instanceof HTMLElement && before.isConnected) before.focus()
      })
    },
    [before],
  )
}
