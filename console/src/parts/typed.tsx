import { Field, Input } from '@fluentui/react-components'
import { useEffect, useState } from 'react'

interface TypedProps {
  readonly label: string
  readonly placeholder?: string
  readonly value: string
  readonly onChange: (value: string) => void
}
/** Takes effect with Enter or when one leaves it: an id that is half typed names nothing. */
export function Typed({ label, placeholder, value, onChange }: TypedProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  const take = (): void => (typed.trim() === value ? undefined : onChange(typed.trim()))
  return (
    <Field label={label}>
      <Input
        value={typed}
        {...(placeholder === undefined ? {} : { placeholder, title: placeholder })}
        onChange={(_, data) => setTyped(data.value)}
        onBlur={take}
        onKeyDown={({ key }) => (key === 'Enter' ? take() : undefined)}
      />
    </Field>
  )
}
