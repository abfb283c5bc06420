import { Button, Field, SearchBox, Select } from '@fluentui/react-components'
import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { api } from '../api/client.js'
import { keys } from '../api/queries.js'
import type { AuditLine } from '../api/types.js'
import { AUDIT_SPANS, sinceOf, type AuditSearch } from '../app/search.js'
import { useFormat, useText } from '../i18n/locale.js'
import { csv, csvLines, save } from '../lib/csv.js'
import { eachPage } from '../lib/everything.js'
import { Empty, ProblemBar, Waiting } from '../parts/answers.js'
import { useEventText } from '../parts/event-text.js'
import { Icon } from '../parts/icon.js'
import { Page, Panel } from '../parts/page.js'
import { Typed } from '../parts/typed.js'
import { useSay } from '../parts/use-say.js'
import { AuditTable } from './audit/audit-table.js'
import { Verification } from './audit/verification.js'
import '../styles/audit.css'
import '../styles/deal.css'

const route = getRouteApi('/inside/audit')
const pageSize = 50
const filterOf = ({ span, ...search }: AuditSearch) => ({ ...search, since: sinceOf(span) })

/** The ledger, searchable, exportable, provable. */
export function AuditPage() {
  const { audit, common } = useText()
  const format = useFormat()
  const search = route.useSearch()
  const query = useInfiniteQuery({
    queryKey: [...keys.audit, search],
    queryFn: ({ pageParam, signal }) => api.audit(filterOf(search), { limit: pageSize, after: pageParam, signal }),
    initialPageParam: null as string | null, // the first page begins nowhere
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  })
  const records = query.data?.pages.flatMap((page) => page.records) ?? []
  return (
    <Page title={audit.title} lead={audit.lead} actions={<ExportAudit search={search} />}>
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
            <span className="muted">{audit.searched(format.number(records.length))}</span>
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
      <Words value={search.search ?? ''} onChange={(words) => change({ search: words })} />
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

const pageOfExport = 1_000
const exportMost = 1_000_000 // A spreadsheet opens 1,048,576 rows. The file and the page say it when there are more.

const typingMs = 350

/** Looks for words in what was recorded, when the typing pauses. */
function Words({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const { audit } = useText()
  const [typed, setTyped] = useState(value)
  useEffect(() => setTyped(value), [value])
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed), typingMs)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  return (
    <Field label={audit.words} className="filters__search">
      <SearchBox placeholder={audit.wordsHint} value={typed} onChange={(_, data) => setTyped(data.value)} />
    </Field>
  )
}

/** Every entry that the filters leave, not only what is on the page. */
function ExportAudit({ search }: { readonly search: AuditSearch }) {
  const { common, audit } = useText()
  const format = useFormat()
  const say = useEventText()
  const toast = useSay()
  const [done, setDone] = useState(0)
  const exporting = useMutation({
    // Page by page into the file: a million entries are no list in memory.
    mutationFn: async () => {
      const parts: BlobPart[] = [csv([COLUMNS])]
      const whole = await eachPage(
        async (after) => {
          const page = await api.audit(filterOf(search), { limit: pageOfExport, after })
          return { rows: page.records, next: page.next }
        },
        (records, count) => {
          parts.push(new Blob([csvLines(records.map((record) => rowOf(record, say)))]))
          setDone(count)
        },
        exportMost,
      )
      if (!whole) parts.push(csvLines([COLUMNS.map((column) => (column === 'text' ? audit.cut(format.number(exportMost)) : ''))]))
      save('audit.csv', new Blob(parts))
      return whole
    },
    onSuccess: (whole) => (whole ? undefined : toast.done(audit.cutTitle, audit.cut(format.number(exportMost)))),
    onError: toast.failed,
  })
  return (
    <Button icon={<Icon name="download" />} disabled={exporting.isPending} onClick={() => exporting.mutate()}>
      {exporting.isPending ? audit.exporting(format.number(done)) : common.actions.export}
    </Button>
  )
}

const COLUMNS = ['id', 'at', 'by', 'deal', 'name', 'run', 'kind', 'text', 'event', 'hash']
const rowOf = ({ id, at, by, link, name, run, event, hash }: AuditLine, say: ReturnType<typeof useEventText>) => [
  id,
  new Date(at).toISOString(),
  by,
  link,
  name,
  run,
  event?.kind ?? null,
  event === null ? null : say(event),
  event === null ? null : JSON.stringify(event),
  hash,
]
