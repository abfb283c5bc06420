import { Button, Input, Popover, PopoverSurface, PopoverTrigger, Toolbar, ToolbarToggleButton } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { useState, type SubmitEvent } from 'react'
import { dealsSearch, type DealsSearch } from '../../app/search.js'
import { useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'

interface View {
  readonly name: string
  readonly search: DealsSearch
}
const stored = 'cosell.views'

/** What this browser keeps. Anything that does not look like views is left aside. */
function readViews(): readonly View[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(stored) ?? '[]')
    if (!Array.isArray(found)) return []
    return found.flatMap((item: unknown) => {
      if (typeof item !== 'object' || item === null || !('name' in item) || typeof item.name !== 'string') return []
      const search = 'search' in item && typeof item.search === 'object' && item.search !== null ? item.search : {}
      return [{ name: item.name, search: dealsSearch({ ...search }) }]
    })
  } catch {
    return []
  }
}

const same = (a: DealsSearch, b: DealsSearch): boolean =>
  JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())

/** Filters by name: a few that everybody needs, and one's own. */
export function SavedViews({ search }: { readonly search: DealsSearch }) {
  const {
    deals: { views: text },
  } = useText()
  const navigate = useNavigate({ from: '/deals' })
  const [own, setOwn] = useState(readViews)
  const keep = (views: readonly View[]): void => {
    localStorage.setItem(stored, JSON.stringify(views))
    setOwn(views)
  }
  const given: readonly View[] = [
    { name: text.all, search: {} },
    { name: text.attention, search: { state: 'needs-attention' } },
    { name: text.ours, search: { waitsFor: 'us', order: 'due' } },
    { name: text.microsofts, search: { waitsFor: 'microsoft' } },
    { name: text.leads, search: { kind: 'lead' } },
    { name: text.stopped, search: { state: 'stopped' } },
  ]
  const all = [...given, ...own]
  const current = all.findIndex((view) => same(view.search, search))
  return (
    <div className="views">
      <Toolbar
        aria-label={text.label}
        size="small"
        checkedValues={{ view: current === -1 ? [] : [String(current)] }}
        className="views__bar"
      >
        {all.map((view, index) => (
          <ToolbarToggleButton
            key={`${index} ${view.name}`}
            name="view"
            value={String(index)}
            appearance="subtle"
            onClick={() => void navigate({ search: view.search })}
          >
            {view.name}
          </ToolbarToggleButton>
        ))}
      </Toolbar>
      {current === -1 && <SaveView onSave={(name) => keep([...own.filter((view) => view.name !== name), { name, search }])} />}
      {current >= given.length && (
        <Button
          size="small"
          appearance="subtle"
          icon={<Icon name="trash" size={16} />}
          aria-label={text.remove(all[current]?.name ?? '')}
          onClick={() => keep(own.filter((_, index) => index !== current - given.length))}
        />
      )}
    </div>
  )
}

function SaveView({ onSave }: { readonly onSave: (name: string) => void }) {
  const {
    deals: { views: text },
  } = useText()
  const [name, setName] = useState('')
  const [open, setOpen] = useState(false)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (name.trim() === '') return
    onSave(name.trim())
    setName('')
    setOpen(false)
  }
  return (
    <Popover open={open} onOpenChange={(_, data) => setOpen(data.open)} trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button size="small" icon={<Icon name="star" size={16} />}>
          {text.save}
        </Button>
      </PopoverTrigger>
      <PopoverSurface aria-label={text.save}>
        <form className="row" onSubmit={submit}>
          <Input aria-label={text.name} placeholder={text.name} value={name} onChange={(_, data) => setName(data.value)} />
          <Button type="submit" appearance="primary">
            {text.save}
          </Button>
        </form>
      </PopoverSurface>
    </Popover>
  )
}
