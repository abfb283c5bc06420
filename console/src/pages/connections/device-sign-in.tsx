import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from '@fluentui/react-components'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { OutsideLink } from '../../parts/links.js'
import { useReturnFocus } from '../../parts/use-return-focus.js'

/** A code to enter on another screen; the service waits for the person, so the token never comes through here. */
export function DeviceSignIn({ onClose }: { readonly onClose: () => void }) {
  useReturnFocus()
  const {
    settings: { connections: text },
    common,
  } = useText()
  const format = useFormat()
  const client = useQueryClient()
  const code = useQuery({
    queryKey: ['device code'],
    queryFn: () => api.beginSignIn(),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  })
  const close = (): void => {
    void client.invalidateQueries({ queryKey: keys.connections })
    onClose()
  }
  return (
    <Dialog open onOpenChange={(_, { open }) => (open ? undefined : close())}>
      <DialogSurface className="ask">
        <DialogBody>
          <DialogTitle>{text.signInTitle}</DialogTitle>
          <DialogContent className="stack">
            <p>{text.signInLead}</p>
            <Answer query={code} rows={2}>
              {({ userCode, verificationUri, expiresAt }) => (
                <>
                  <p className="device-code" aria-label={text.code}>
                    {userCode}
                  </p>
                  <p>
                    <OutsideLink href={verificationUri}>{text.openPage}</OutsideLink>{' '}
                    <span className="muted">{format.dateTime(expiresAt)}</span>
                  </p>
                </>
              )}
            </Answer>
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>{common.actions.close}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
