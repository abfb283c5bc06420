import { Button } from '@fluentui/react-components'
import { act, type CrmCard } from '../../api/desk.js'
import { useText } from '../../i18n/locale.js'
import { Empty } from '../../parts/answers.js'
import { CosellSection } from './cosell-section.js'
import { LiveField, useDraft, type Draft } from './fields.js'
import type { Cards } from './use-cards.js'

/** The values of the form as the desk takes them. */
const changesOf = ({ value, ...draft }: Draft): Record<string, unknown> =>
  value === undefined ? draft : { ...draft, value: Number(value) }

/** The seller's card in the CRM. */
export function CrmPane({ cards }: { readonly cards: Cards }) {
  const {
    sandbox: { crm: text },
  } = useText()
  const { crm } = cards
  return (
    <section className="pane pane--crm" aria-label={text.title}>
      <header className="pane__head">
        <h2>{text.title}</h2>
        <p>{text.subtitle}</p>
      </header>
      {crm === null ? <Empty icon="deals" title={text.none} /> : <Card key={crm.id} crm={crm} cards={cards} />}
    </section>
  )
}

function Card({ crm, cards }: { readonly crm: CrmCard; readonly cards: Cards }) {
  const {
    sandbox: { crm: text },
  } = useText()
  const { draft, set, clear, isEmpty } = useDraft()
  const isLocked = crm.state !== '0'
  const states: Readonly<Record<string, string>> = text.statuses
  const save = (): void => {
    cards.perform(() => act('crm', 'seller', 'edit', crm.table, crm.id, changesOf(draft)))
    clear()
  }
  return (
    <div className="pane__body">
      <div className="pane__title">
        <span className="mark" title={text.mark}>
          {crm.sync ? '✔' : '✘'}
        </span>
        <strong>{crm.topic}</strong>
        <span className="chip">{states[crm.state] ?? crm.state}</span>
      </div>
      <div className="pane__form">
        <LiveField label={text.topic} value={crm.topic} isLocked={isLocked} onChange={set('topic')} />
        <LiveField label={text.account} value={crm.customer ?? ''} isLocked onChange={() => undefined} />
        <LiveField label={text.value} type="number" value={String(crm.value ?? '')} isLocked={isLocked} onChange={set('value')} />
        {crm.table === 'opportunity' && (
          <LiveField label={text.close} type="date" value={crm.close ?? ''} isLocked={isLocked} onChange={set('close')} />
        )}
        <LiveField label={text.description} type="long" value={crm.description ?? ''} isLocked={isLocked} onChange={set('description')} />
      </div>
      <div className="row">
        <Button appearance="primary" disabled={isEmpty || isLocked || cards.busy} onClick={save}>
          {text.save}
        </Button>
        {crm.table === 'opportunity' && (
          <>
            <Button disabled={isLocked || cards.busy} onClick={() => cards.perform(() => act('crm', 'seller', 'win', crm.id))}>
              {text.win}
            </Button>
            <Button disabled={isLocked || cards.busy} onClick={() => cards.perform(() => act('crm', 'seller', 'lose', crm.id))}>
              {text.lose}
            </Button>
          </>
        )}
      </div>
      <CosellSection crm={crm} cards={cards} />
    </div>
  )
}
