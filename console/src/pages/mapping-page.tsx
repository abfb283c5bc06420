import { Select, Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.js'
import { keys } from '../api/queries.js'
import type { MappedField, MappingView } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Answer } from '../parts/answers.js'
import { useFieldName } from '../parts/field-value.js'
import { Page, Panel } from '../parts/page.js'
import { useStageWord } from '../parts/stage-word.js'
import '../styles/mapping.css'

const ONLY = ['all', 'mapped', 'unmapped', 'own'] as const
type Only = (typeof ONLY)[number]
type Section = MappingView['sections'][number]

/** Which field of a deal is kept where in the CRM, and by which rules. */
export function MappingPage() {
  const {
    settings: { mapping: text },
  } = useText()
  const query = useQuery({ queryKey: keys.mapping, queryFn: ({ signal }) => api.mapping(signal) })
  const [kind, setKind] = useState<Section['kind']>('opportunity')
  return (
    <Page
      title={text.title}
      lead={
        <>
          {text.lead} {text.editHint}
        </>
      }
    >
      <TabList selectedValue={kind} onTabSelect={(_, { value }) => setKind(value === 'lead' ? 'lead' : 'opportunity')}>
        <Tab value="opportunity">{text.kinds.opportunity}</Tab>
        <Tab value="lead">{text.kinds.lead}</Tab>
      </TabList>
      <Answer query={query} rows={12}>
        {({ sections }) => sections.filter((section) => section.kind === kind).map((section) => <Whole key={kind} section={section} />)}
      </Answer>
    </Page>
  )
}

function Whole({ section }: { readonly section: Section }) {
  const {
    settings: { mapping: text },
  } = useText()
  const format = useFormat()
  const [only, setOnly] = useState<Only>('mapped')
  const fits = ({ crm, origin }: MappedField): boolean =>
    only === 'all' ||
    (only === 'mapped' && crm !== null) ||
    (only === 'unmapped' && crm === null) ||
    (only === 'own' && origin === 'document')
  const rows = section.fields.filter(fits)
  const filter = (
    <>
      <span>{format.number(rows.length)}</span>
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
        <Rows rows={rows} />
      </Panel>
      <div className="mapping-grid">
        <Stages section={section} />
        <Defaults section={section} />
      </div>
    </>
  )
}

function Rows({ rows }: { readonly rows: readonly MappedField[] }) {
  const {
    settings: { mapping: text },
  } = useText()
  const nameOf = useFieldName()
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={text.title}>
      <table className="table">
        <thead>
          <tr>
            <th>{text.columns.field}</th>
            <th>{text.columns.crm}</th>
            <th>{text.columns.flow}</th>
            <th>{text.columns.when}</th>
            <th>{text.columns.wins}</th>
            <th>{text.takesTitle}</th>
            <th>{text.columns.how}</th>
            <th>{text.columns.origin}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.field}>
              <td>
                <strong>{nameOf(row.field)}</strong>
                <br />
                <code className="muted">{row.field}</code>
              </td>
              <td>{row.crm === null ? <span className="muted">{text.unmapped}</span> : <code>{row.crm}</code>}</td>
              <td>{row.flow === null ? '–' : text.flows[row.flow]}</td>
              <td>{row.when === null ? '–' : text.whens[row.when]}</td>
              <td>{row.wins === null ? <span className="muted">{text.usual}</span> : text.wins[row.wins]}</td>
              <td>{text.takes[row.partnerTakes]}</td>
              <td>
                <Conversion row={row} />
              </td>
              <td>{row.origin === null ? '–' : text.origins[row.origin]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Conversion({ row }: { readonly row: MappedField }) {
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

function Stages({ section }: { readonly section: Section }) {
  const {
    settings: { mapping: text },
  } = useText()
  const stageWord = useStageWord()
  return (
    <Panel title={text.stages}>
      <table className="table">
        <thead>
          <tr>
            <th>{text.stage}</th>
            <th>{text.stageCrm}</th>
          </tr>
        </thead>
        <tbody>
          {section.stages.map(({ referral, crm, otherOpen }, index) => {
            const [status = '', substatus = ''] = referral.split('/')
            return (
              <tr key={`${referral} ${index}`}>
                <td>{substatus === '*' ? <code>{referral}</code> : stageWord(status, substatus)}</td>
                <td>
                  <code>{pairs(crm)}</code> {otherOpen && <span className="muted">{text.otherOpen}</span>}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Panel>
  )
}

function Defaults({ section }: { readonly section: Section }) {
  const {
    settings: { mapping: text },
  } = useText()
  const entries = Object.entries(section.defaults)
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
