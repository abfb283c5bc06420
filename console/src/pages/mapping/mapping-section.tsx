import { Select } from '@fluentui/react-components'
import { useState } from 'react'
import type { MappingRowView, MappingView } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { CodePath } from '../../parts/code-path.js'
import { useFieldName } from '../../parts/field-value.js'
import { Panel } from '../../parts/page.js'
import { useStageWord } from '../../parts/stage-word.js'

const ONLY = ['all', 'required', 'mapped', 'unmapped', 'own'] as const
type Only = (typeof ONLY)[number]

interface Props {
  readonly view: MappingView
  readonly kind: 'opportunity' | 'lead'
}
interface Line {
  readonly field: string
  readonly row: MappingRowView | null
}

/** The rows of one kind of record, the fields without a row among them. */
export function MappingSection({ view, kind }: Props) {
  const {
    settings: { mapping: text },
    fields,
  } = useText()
  const format = useFormat()
  const [only, setOnly] = useState<Only>('mapped')
  const all = Object.keys(fields).map((field): Line => ({
    field,
    row: view.rows.find((row) => row.kind === kind && row.field === field) ?? null,
  }))
  const fits = ({ row, field }: Line): boolean =>
    only === 'all' ||
    (only === 'required' && view.required.includes(field)) ||
    (only === 'mapped' && row !== null) ||
    (only === 'unmapped' && row === null) ||
    (only === 'own' && row?.origin === 'document')
  const lines = all.filter(fits)
  const filter = (
    <>
      <span>{format.number(lines.length)}</span>
      <Select
        aria-label={text.show}
        size="small"
        value={only}
        onChange={(_, { value }) => setOnly(ONLY.find((each) => each === value) ?? 'all')}
      >
        {ONLY.map((each) => (
          <option key={each} value={each}>
            {text.only[each]}
          </option>
        ))}
      </Select>
    </>
  )
  return (
    <>
      <Panel title={text.title} kind="flush" aside={filter}>
        <Lines lines={lines} required={view.required} />
      </Panel>
      <div className="mapping-grid">
        <Stages view={view} kind={kind} />
        <Defaults values={view.defaults[kind] ?? {}} />
      </div>
    </>
  )
}

/** A word that a newer service says and we do not know is shown as it is. */
const worded = (words: Readonly<Record<string, string>>, word: string): string => words[word] ?? word

function Lines({ lines, required }: { readonly lines: readonly Line[]; readonly required: readonly string[] }) {
  const {
    settings: { mapping: text },
  } = useText()
  const nameOf = useFieldName()
  return (
    <div className="table-wrap" tabIndex={0} role="group" aria-label={text.title}>
      <table className="table table--cards mapping">
        <thead>
          <tr>
            <th>{text.columns.field}</th>
            <th>{text.columns.crm}</th>
            <th>{text.columns.intoCrm}</th>
            <th>{text.columns.intoPartner}</th>
            <th>{text.columns.wins}</th>
            <th>{text.columns.how}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ field, row }) => (
            <tr key={field}>
              <td>
                <strong>{nameOf(field)}</strong>{' '}
                {required.includes(field) && <span className="chip">{text.required}</span>}{' '}
                {row?.origin === 'document' && <span className="chip">{text.origins.document}</span>}
                <br />
                <CodePath path={field} className="muted" />
              </td>
              {row === null ? (
                <td colSpan={5} className="muted">
                  {text.unmapped}
                </td>
              ) : (
                <Cells row={row} />
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cells({ row }: { readonly row: MappingRowView }) {
  const {
    settings: { mapping: text },
  } = useText()
  return (
    <>
      <td data-head={text.columns.crm}>
        <CodePath path={row.crm} />
      </td>
      <td data-head={text.columns.intoCrm}>
        <Written when={row.effect.intoCrm} />
      </td>
      <td data-head={text.columns.intoPartner}>
        <Written when={row.effect.intoPartner} />
      </td>
      <td data-head={text.columns.wins}>
        {worded(text.wins, row.effect.rule)}
        {row.effect.restores && <span className="mapping__note">{text.restores}</span>}
      </td>
      <td data-head={text.columns.how}>
        <Conversion row={row} />
      </td>
    </>
  )
}

/** Whether a side is ever written, and when; what is never written is a dash. */
function Written({ when }: { readonly when: MappingRowView['effect']['intoCrm'] }) {
  const {
    settings: { mapping: text },
  } = useText()
  return <span className={when === 'always' ? '' : 'muted'}>{text.written[when]}</span>
}

function Conversion({ row }: { readonly row: MappingRowView }) {
  const {
    settings: { mapping: text },
  } = useText()
  const format = useFormat()
  if (row.values !== null) {
    return (
      <details>
        <summary>{text.values(format.number(Object.keys(row.values).length))}</summary>
        <ul className="mapping__values">
          {Object.entries(row.values).map(([referral, crm]) => (
            <li key={referral}>
              <code>{referral}</code> ↔ <code>{String(crm)}</code>
            </li>
          ))}
        </ul>
      </details>
    )
  }
  if (row.toCrm === null && row.toPartner === null) return <>–</>
  return (
    <>
      {row.toCrm !== null && <code>→ {row.toCrm}</code>} {row.toPartner !== null && <code>← {row.toPartner}</code>}
    </>
  )
}

const pairs = (values: Readonly<Record<string, unknown>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} = ${String(value)}`)
    .join(', ')

function Stages({ view, kind }: Props) {
  const {
    settings: { mapping: text },
  } = useText()
  const stageWord = useStageWord()
  return (
    <Panel title={text.stages}>
      <div className="table-wrap" tabIndex={0} role="group" aria-label={text.stages}>
        <table className="table">
          <thead>
            <tr>
              <th>{text.stage}</th>
              <th>{text.stageCrm}</th>
            </tr>
          </thead>
          <tbody>
            {view.stages
              .filter((row) => row.kind === kind)
              .map(({ stage, crm, otherOpen }, index) => {
                const [status = '', substatus = ''] = stage.split('/')
                return (
                  <tr key={`${stage} ${index}`}>
                    <td>{substatus === '*' ? <code>{stage}</code> : stageWord(status, substatus)}</td>
                    <td>
                      <code>{pairs(crm)}</code> {otherOpen && <span className="muted">{text.otherOpen}</span>}
                    </td>
                  </tr>
                )
              })}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function Defaults({ values }: { readonly values: Readonly<Record<string, unknown>> }) {
  const {
    settings: { mapping: text },
  } = useText()
  const entries = Object.entries(values)
  return (
    <Panel title={text.defaults}>
      {entries.length === 0 ? (
        <p className="muted">{text.noDefaults}</p>
      ) : (
        <dl className="fact-list">
          {entries.map(([column, value]) => (
            <div key={column} className="fact-list__row">
              <dt>
                <code>{column}</code>
              </dt>
              <dd>
                <code>{String(value)}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  )
}
