import { Button, Field, Input, Select } from '@fluentui/react-components'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api } from '../api/client.js'
import { keys } from '../api/queries.js'
import type { AuditRecord } from '../api/types.js'
import { AUDIT_SPANS, type AuditSearch, type AuditSpan } from '../app/search.js'
import { useFormat, useText } from '../i18n/locale.js'
import { csv, save } from '../lib/csv.js'
import { Empty, ProblemBar, Waiting } from '../parts/answers.js'
import { useEventText } from '../parts/event-text.js'
import { Icon } from '../parts/icon.js'
import { Page, Panel } from '../parts/page.js'
import { AuditTable } from './audit/audit-table.js'
import { Verification } from './audit/verification.js'
import '../styles/audit.css'
import '../styles/deal.css'

const route = getRouteApi('/inside/audit')
const pageSize = 200
const spanMs: Readonly<Record<Exclude<AuditSpan, 'all'>, number>> = { hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 }

/** Whole minutes, so that a filter asks for the same thing while one looks at it. */
const sinceOf = (span: AuditSpan | undefined): number | undefined =>
  span === undefined || span === 'all' ? undefined : Math.floor((Date.now() - spanMs[span]) / 60_000) * 60_000

const matches = (record: AuditRecord, search: AuditSearch): boolean =>
  (search.kind === undefined || record.event?.kind === search.kind) &&
  (search.by === undefined || record.by.toLowerCase().includes(search.by.toLowerCase()))

/** The ledger, searchable, exportable, provable. */
export function AuditPage() {
  const { audit, common } = useText()
  const format = useFormat()
  const search = route.useSearch()
  const query = useInfiniteQuery({
    queryKey: [...keys.audit, search.deal ?? null, search.span ?? null],
    queryFn: ({ pageParam, signal }) =>
      api.audit({ deal: search.deal, since: sinceOf(search.span) }, { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
  })
  const all = query.data?.pages.flatMap((page) => page.records) ?? []
  const records = all.filter((record) => matches(record, search))
  return (
    <Page title={audit.title} lead={audit.lead} actions={<ExportAudit records={records} />}>
      <Verification />
      <Panel kind="flush">
        <div className="audit-filters">
          <Filters search={search} />
        </div>
        {query.isError && (
          <div className="panel__text">
            <ProblemBar error={query.error} again={() => void query.refetch()} />
          </div>
        )}
        {query.isPending && !query.isError && (
          <div className="panel__text">
            <Waiting rows={10} />
          </div>
        )}
        {query.data !== undefined &&
          (records.length === 0 ? (
            <Empty icon="audit" title={audit.none}>
              <p>{audit.noneHelp}</p>
            </Empty>
          ) : (
            <AuditTable records={records} />
          ))}
        {query.data !== undefined && (
          <div className="more more--count">
            <span className="muted">{audit.searched(format.number(all.length))}</span>
            {query.hasNextPage && (
              <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {audit.more}
              </Button>
            )}
            {query.isFetchingNextPage && <span className="muted">{common.words.loading}</span>}
          </div>
        )}
      </Panel>
    </Page>
  )
}

function Filters({ search }: { readonly search: AuditSearch }) {
  const { audit, events, deals } = useText()
  const navigate = route.useNavigate()
  const change = (part: Readonly<Record<string, string>>): void => {
    const next = Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value !== ''))
    void navigate({ search: next, replace: true })
  }
  return (
    <div className="filters filters--labelled" role="search">
      <Field label={audit.span}>
        <Select value={search.span ?? 'all'} onChange={(_, { value }) => change({ span: value === 'all' ? '' : value })}>
          {AUDIT_SPANS.map((span) => (
            <option key={span} value={span}>
              {audit.spans[span]}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={audit.kind}>
        <Select value={search.kind ?? ''} onChange={(_, { value }) => change({ kind: value })}>
          <option value="">{deals.all}</option>
          {Object.entries(events.kinds).map(([kind, name]) => (
            <option key={kind} value={kind}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      <Typed label={audit.by} value={search.by ?? ''} onChange={(by) => change({ by })} />
      <Typed label={audit.deal} placeholder={audit.dealHint} value={search.deal ?? ''} onChange={(deal) => change({ deal })} />
      {Object.keys(search).length > 0 && (
        <Button appearance="subtle" onClick={() => void navigate({ search: {} })}>
          {deals.clear}
        </Button>
      )}
    </div>
  )
}

interface TypedProps {
  readonly label: string
  readonly placeholder?: string
  readonly value: string
  readonly onChange: (value: string) => void
}
/** Takes effect with Enter or when one leaves it: an id that is half typed names nothing. */
function Typed({ label, placeholder, value, onChange }: TypedProps) {
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  const take = (): void => (typed.trim() === value ? undefined : onChange(typed.trim()))
  return (
    <Field label={label}>
      <Input
        value={typed}
        {...(placeholder === undefined ? {} : { placeholder })}
        onChange={(_, data) => setTyped(data.value)}
        onBlur={take}
        onKeyDown={({ key }) => (key === 'Enter' ? take() : undefined)}
      />
    </Field>
  )
}

function ExportAudit({ records }: { readonly records: readonly AuditRecord[] }) {
  const { common } = useText()
  const say = useEventText()
  const rows = (): void =>
    save(
      'audit.csv',
      csv([
        ['id', 'at', 'by', 'deal', 'run', 'kind', 'text', 'event', 'hash'],
        ...records.map(({ id, at, by, link, run, event, hash }) => [
          id,
          new Date(at).toISOString(),
          by,
          link,
          run,
          event?.kind ?? null,
          event === null ? null : say(event),
          event === null ? null : JSON.stringify(event),
          hash,
        ]),
      ]),
    )
  return (
    <Button icon={<Icon name="download" />} disabled={records.length === 0} onClick={rows}>
      {common.actions.export}
    </Button>
  )
}
