import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import { useText } from '../../i18n/locale.js'
import { ProblemBar } from '../../parts/answers.js'
import { Sentence } from '../../parts/sentence.js'

const condition = 'crm-columns'

/** What of the CRM is other than when the mapping took hold, and the word that it is as it should be. */
export function ChangedColumns() {
  const {
    settings: { mapping: text },
  } = useText()
  const client = useQueryClient()
  const mayAccept = useMay('admin')
  const { data } = useQuery({ queryKey: keys.notices, queryFn: ({ signal }) => api.notices(signal), refetchInterval: 30_000 })
  const accept = useMutation({ mutationFn: api.acceptColumns, onSettled: () => client.invalidateQueries({ queryKey: keys.notices }) })
  const notices = (data?.notices ?? []).filter(({ key }) => key.startsWith(condition))
  return (
    <>
      {notices.map((notice) => (
        <MessageBar key={notice.key} intent="warning" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>
              <Sentence text={notice.title} />
            </MessageBarTitle>{' '}
            <Sentence text={notice.text} /> <Sentence text={notice.remedy} />
          </MessageBarBody>
          {mayAccept && (
            <MessageBarActions>
              <Button disabled={accept.isPending} onClick={() => accept.mutate()}>
                {text.acceptColumns}
              </Button>
            </MessageBarActions>
          )}
        </MessageBar>
      ))}
      {accept.isError && <ProblemBar error={accept.error} />}
    </>
  )
}
