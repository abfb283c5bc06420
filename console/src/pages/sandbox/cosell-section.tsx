import { Button, Field, Select } from '@fluentui/react-components'
import { act, type CrmCard } from '../../api/desk.js'
import { useFormat, useText } from '../../i18n/locale.js'
import type { Cards } from './use-cards.js'

/** The section that the connector adds to the form, in the order in which a seller meets it there. */
export function CosellSection({ crm, cards }: { readonly crm: CrmCard; readonly cards: Cards }) {
  const {
    sandbox: { crm: text },
    deal: { reasons },
  } = useText()
  const { section } = crm
  const isClosed = crm.state !== '0'
  const edit = (values: Readonly<Record<string, unknown>>): void =>
    cards.perform(() => act('crm', 'seller', 'edit', crm.table, crm.id, values))
  const choose = (field: 'help' | 'reason') => (at: number | null) => edit({ [field]: at })
  return (
    <section className="pane__section" aria-label={text.section}>
      <h3>{text.section}</h3>
      <Facts crm={crm} />
      <div className="row">
        {!crm.sync && (
          <Button disabled={cards.busy} onClick={() => edit({ sync: true })}>
            {text.turnOn}
          </Button>
        )}
        {crm.table === 'opportunity' && !crm.visible && !isClosed && (
          <Button disabled={cards.busy} onClick={() => edit({ visible: true })}>
            {text.share}
          </Button>
        )}
      </div>
      <Choice label={text.help} texts={text.helps} value={section.help} isLocked={isClosed || cards.busy} onChange={choose('help')} />
      {crm.table === 'opportunity' && <Solutions solutions={section.solutions} />}
      <Choice
        label={text.reason}
        texts={reasons}
        value={section.reason}
        isLocked={isClosed || cards.busy}
        onChange={choose('reason')}
      />
      {crm.audit !== null && (
        <details>
          <summary>{text.audit}</summary>
          <pre className="code" lang="en" tabIndex={0}>
            {crm.audit}
          </pre>
        </details>
      )}
    </section>
  )
}

/** What the connector fills in; what is empty is left out, but for the first three. */
function Facts({ crm }: { readonly crm: CrmCard }) {
  const {
    sandbox: { crm: text },
    common,
  } = useText()
  const format = useFormat()
  const { section } = crm
  const states: Readonly<Record<string, string>> = common.states
  const facts: readonly (readonly [string, string | null, string?])[] = [
    [text.sync, crm.sync ? common.words.yes : common.words.no],
    [text.state, crm.status === null ? '–' : (states[crm.status] ?? crm.status)],
    [text.lastSynced, section.lastSynced === null ? '–' : format.dateTime(section.lastSynced)],
    [text.problem, crm.problem, 'pane__problem'],
    [text.visible, crm.visible ? common.words.yes : null],
    [text.referral, crm.referral, 'mono'],
    [text.expires, section.expires === null ? null : format.day(section.expires)],
    [text.microsoftId, section.microsoftId, 'mono'],
    [text.microsoftStatus, section.microsoftStatus],
    [text.microsoftTeam, section.microsoftTeam],
  ]
  return (
    <dl className="fact-list">
      {facts.flatMap(([label, value, className]) =>
        value === null
          ? []
          : [
              <div className="fact-list__row" key={label}>
                <dt>{label}</dt>
                <dd className={className} lang={className === 'pane__problem' ? 'en' : undefined}>
                  {value}
                </dd>
              </div>,
            ],
      )}
    </dl>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly texts: readonly string[]
  readonly value: number | null
  readonly isLocked: boolean
  readonly onChange: (value: number | null) => void
}
function Choice({ label, texts, value, isLocked, onChange }: ChoiceProps) {
  return (
    <Field label={label}>
      <Select
        value={value === null ? '' : String(value)}
        disabled={isLocked}
        onChange={(_, data) => onChange(data.value === '' ? null : Number(data.value))}
      >
        <option value="">–</option>
        {texts.map((text, at) => (
          <option key={text} value={at}>
            {text}
          </option>
        ))}
      </Select>
    </Field>
  )
}

function Solutions({ solutions }: { readonly solutions: CrmCard['section']['solutions'] }) {
  const {
    sandbox: { crm: text },
  } = useText()
  return (
    <table className="pane__grid" aria-label={text.solutions}>
      <caption>{text.solutions}</caption>
      <tbody>
        {solutions.length === 0 && (
          <tr>
            <td colSpan={2} className="muted">
              {text.noSolutions}
            </td>
          </tr>
        )}
        {solutions.map(({ id, name }) => (
          <tr key={id}>
            <td>{name}</td>
            <td className="mono">{id}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
