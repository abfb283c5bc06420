import { Button, Field, Input, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import { useText } from '../../i18n/locale.js'
import { useFieldName } from '../../parts/field-value.js'
import { columnSays } from './suggestions.js'

const KINDS = ['opportunity', 'lead'] as const
type Kind = (typeof KINDS)[number]

/** Puts a row into the draft, with the columns of the live CRM to choose from. */
export function AddRow({ onAdd }: { readonly onAdd: (kind: Kind, row: string) => void }) {
  const {
    settings: { mapping: text },
    fields,
  } = useText()
  const nameOf = useFieldName()
  const list = useId()
  const [kind, setKind] = useState<Kind>('opportunity')
  const [field, setField] = useState('details.notes')
  const [column, setColumn] = useState('')
  return (
    <fieldset className="add-row">
      <legend>{text.addRow.title}</legend>
      <Select
        aria-label={text.addRow.kind}
        value={kind}
        onChange={(_, { value }) => setKind(KINDS.find((each) => each === value) ?? 'opportunity')}
      >
        {KINDS.map((each) => (
          <option key={each} value={each}>
            {text.kinds[each]}
          </option>
        ))}
      </Select>
      <Select aria-label={text.columns.field} value={field} onChange={(_, { value }) => setField(value)}>
        {Object.keys(fields).map((each) => (
          <option key={each} value={each}>
            {nameOf(each)}
          </option>
        ))}
      </Select>
      <Field>
        <Input
          aria-label={text.columns.crm}
          placeholder={text.columns.crm}
          list={list}
          value={column}
          onChange={(_, { value }) => setColumn(value)}
        />
      </Field>
      <Columns id={list} kind={kind} />
      <Button
        disabled={column.trim() === ''}
        onClick={() => {
          onAdd(kind, `  ${field}: { crm: ${column.trim()} }`)
          setColumn('')
        }}
      >
        {text.addRow.add}
      </Button>
    </fieldset>
  )
}

function Columns({ id, kind }: { readonly id: string; readonly kind: Kind }) {
  const { readOnly } = useText().settings.mapping
  const query = useQuery({ queryKey: keys.columns, queryFn: ({ signal }) => api.columns(signal), staleTime: 60_000 })
  return (
    <datalist id={id}>
      {(query.data?.records[kind] ?? []).map((field) => (
        <option key={field.name} value={field.name}>
          {columnSays(field, readOnly)}
        </option>
      ))}
    </datalist>
  )
}

/** The draft with one row more, in the section it belongs to. */
export function withRow(draft: string, kind: Kind, row: string): string {
  const lines = draft.replace(/\n*$/, '').split('\n')
  const at = lines.findIndex((line) => new RegExp(`^${kind}:\\s*(#.*)?$`).test(line))
  const name = row.trim().split(':')[0] ?? ''
  const kept = at < 0 ? lines : lines.filter((line, index) => index <= at || !line.startsWith(`  ${name}:`))
  if (at < 0) return `${[...kept, `${kind}:`, row].join('\n')}\n`
  return `${[...kept.slice(0, at + 1), row, ...kept.slice(at + 1)].join('\n')}\n`
}
