import { Button, MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useMutation } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { ProblemBar } from '../../parts/answers.js'
import { Icon } from '../../parts/icon.js'

/** Walks every chain on the service and says whether an entry is missing or was altered. */
export function Verification() {
  const { audit } = useText()
  const format = useFormat()
  const verify = useMutation({ mutationFn: () => api.verifyAudit() })
  const { data } = verify
  return (
    <div className="verification" aria-live="polite">
      <Button icon={<Icon name="lock" />} disabled={verify.isPending} onClick={() => verify.mutate()}>
        {verify.isPending ? audit.verifying : audit.verify}
      </Button>
      {verify.isError && <ProblemBar error={verify.error} />}
      {data !== undefined && data.broken.length === 0 && (
        <MessageBar intent="success">
          <MessageBarBody>{audit.whole(format.number(data.entries), format.number(data.chains))}</MessageBarBody>
        </MessageBar>
      )}
      {data !== undefined && data.broken.length > 0 && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{audit.broken(format.number(data.broken.length))}</MessageBarTitle>
            <ul className="bullets">
              {data.broken.map(({ link, sequence, why }) => (
                <li key={`${link ?? ''} ${sequence}`}>{audit.at(link ?? audit.installation, format.number(sequence), why)}</li>
              ))}
            </ul>
          </MessageBarBody>
        </MessageBar>
      )}
    </div>
  )
}
