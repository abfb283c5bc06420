import { Field, Input, Textarea } from '@fluentui/react-components'
import { useEffect, useState } from 'react'

interface Props {
  readonly label: string
  readonly value: string
  readonly type?: 'text' | 'number' | 'date' | 'long'
  readonly isLocked: boolean
  readonly onChange: (value: string) => void
}

/** A field of a form whose record may change under one's hands: what one is typing stays, everything else follows. */
export function LiveField({ label, value, type = 'text', isLocked, onChange }: Props) {
  const [typed, setTyped] = useState<string | null>(null)
  useEffect(() => setTyped(null), [value])
  const shown = typed ?? value
  const change = (next: string): void => {
    setTyped(next)
    onChange(next)
  }
  return (
    <Field label={label}>
      {type === 'long' ? (
        <Textarea value={shown} readOnly={isLocked} rows={3} onChange={(_, data) => change(data.value)} />
      ) : (
        <Input type={type} value={shown} readOnly={isLocked} onChange={(_, data) => change(data.value)} />
      )}
    </Field>
  )
}

export type Draft = Readonly<Record<string, string>>
/** What a person has typed and not saved; forgotten when the record is another one. */
export function useDraft(): { draft: Draft; set: (name: string) => (value: string) => void; clear: () => void; isEmpty: boolean } {
  const [draft, setDraft] = useState<Draft>({})
  return {
    draft,
    set: (name) => (value) => setDraft((before) => ({ ...before, [name]: value })),
    clear: () => setDraft({}),
    isEmpty: Object.keys(draft).length === 0,
  }
}
