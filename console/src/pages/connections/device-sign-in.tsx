import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  MessageBar,
  MessageBarBody,
} from '@fluentui/react-components'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import type { SignInState } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { OutsideLink } from '../../parts/links.js'
import { useReturnFocus } from '../../parts/use-return-focus.js'
import { Sentence } from '../../parts/sentence.js'

const lookEveryMs = 1_500

/** Whether the person has signed in on the other screen. */
function Standing({ state }: { readonly state: SignInState | undefined }) {
  const {
    settings: { connections: text },
  } = useText()
  if (state?.state === 'done')
    return (
      <MessageBar intent="success">
        <MessageBarBody>{text.signedIn}</MessageBarBody>
      </MessageBar>
    )
  if (state?.state === 'failed')
    return (
      <MessageBar intent="error" layout="multiline">
        <MessageBarBody>
          <Sentence text={state.message ?? ''} /> <Sentence text={state.remedy ?? ''} />
        </MessageBarBody>
      </MessageBar>
    )
  return (
    <p className="muted" role="status">
      {text.waitsForYou}
    </p>
  )
}

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
  const state = useQuery({
    queryKey: ['sign-in state'],
    queryFn: ({ signal }) => api.signInState(signal),
    enabled: code.data !== undefined,
    gcTime: 0,
    refetchInterval: ({ state: { data } }) => (data === undefined || data.state === 'waiting' ? lookEveryMs : false),
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
                  <Standing state={state.data} />
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
