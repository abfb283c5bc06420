import { Field, Input } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../../api/client.js'
import { useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { Ask } from '../../parts/ask.js'
import { CheckList } from '../connections/checks.js'
import { SettingChanges } from './setting-changes.js'

interface Props {
  /** What "cosell config export" writes; JSON is YAML too. */
  readonly document: string
  readonly onClose: () => void
}

/** Shows what a document would change here and whether it fits this CRM, takes a note, and makes it the next version. */
export function Promote({ document, onClose }: Props) {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const [note, setNote] = useState('')
  const query = useQuery({
    queryKey: ['proposal', document],
    queryFn: ({ signal }) => api.compareSettings(document, signal),
    gcTime: 0,
    retry: false,
  })
  const asked = { title: text.promoteTitle, action: text.promote, done: text.promoted, onClose }
  return (
    <Ask {...asked} act={() => api.promoteSettings(document, note.trim() === '' ? null : note.trim())}>
      <Answer query={query} rows={3}>
        {({ against, changes, checks }) => (
          <>
            <p className="muted">{text.against(String(against))}</p>
            <SettingChanges changes={changes} />
            <CheckList checks={checks.filter(({ status }) => status !== 'pass')} />
          </>
        )}
      </Answer>
      <Field label={text.note} hint={text.noteHint}>
        <Input value={note} onChange={(_, { value }) => setNote(value)} />
      </Field>
    </Ask>
  )
}
