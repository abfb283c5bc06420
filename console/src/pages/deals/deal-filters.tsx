import { Button, SearchBox, Select } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { STATES, type DealsSearch } from '../../app/search.js'
import { useText } from '../../i18n/locale.js'

const typingMs = 250

export function DealFilters({ search }: { readonly search: DealsSearch }) {
  const { deals: text, common, reasons } = useText()
  const navigate = useNavigate({ from: '/deals' })
  const change = (part: Readonly<Record<string, string | undefined>>): void => {
    const all = { ...search, ...part }
    const next = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ''))
    void navigate({ search: next, replace: true })
  }
  return (
    <div className="filters filters--list" role="search">
      <SearchText value={search.search ?? ''} onChange={(value) => change({ search: value })} />
      <Choice label={text.state} value={search.state} onChange={(state) => change({ state })}>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {common.states[state]}
          </option>
        ))}
      </Choice>
      <Choice label={text.kind} value={search.kind} onChange={(kind) => change({ kind })}>
        <option value="opportunity">{common.kinds.opportunity}</option>
        <option value="lead">{common.kinds.lead}</option>
      </Choice>
      <Choice label={text.cause} value={search.reason} onChange={(reason) => change({ reason })}>
        {Object.entries(reasons).map(([code, { name }]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </Choice>
      <Choice label={text.waits} value={search.waitsFor} onChange={(waitsFor) => change({ waitsFor })}>
        <option value="us">{text.waitsForUs}</option>
        <option value="microsoft">{text.waitsForMicrosoft}</option>
      </Choice>
      <Select aria-label={text.order} value={search.order ?? 'newest'} onChange={(_, { value }) => change({ order: value === 'due' ? 'due' : '' })}>
        <option value="newest">{text.newest}</option>
        <option value="due">{text.mostUrgent}</option>
      </Select>
      {Object.keys(search).length > 0 && (
        <Button appearance="subtle" onClick={() => void navigate({ search: {} })}>
          {text.clear}
        </Button>
      )}
    </div>
  )
}

/** The address follows when the typing pauses, and the box follows the address. */
function SearchText({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const { deals: text } = useText()
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed), typingMs)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  return (
    <SearchBox
      className="filters__search"
      placeholder={text.search}
      aria-label={text.search}
      value={typed}
      onChange={(_, data) => setTyped(data.value)}
    />
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string | undefined
  readonly onChange: (value: string) => void
  readonly children: ReactNode
}
function Choice({ label, value, onChange, children }: ChoiceProps) {
  const { deals: text, common } = useText()
  return (
    <Select aria-label={label} value={value ?? ''} onChange={(_, data) => onChange(data.value)}>
      <option value="">
        {label}
        {common.marks.colon}
        {text.all}
      </option>
      {children}
    </Select>
  )
}
