import { Button } from '@fluentui/react-components'
import { act, type ReferralCard } from '../../api/desk.js'
import { useText } from '../../i18n/locale.js'
import { Empty } from '../../parts/answers.js'
import { StageWord } from '../../parts/stage-word.js'
import { LiveField, useDraft, type Draft } from './fields.js'
import type { Cards } from './use-cards.js'

/** The values of the form as the portal takes them. */
const changesOf = ({ name, value, close, notes }: Draft): Record<string, unknown> => ({
  ...(name === undefined ? {} : { name }),
  ...(value === undefined ? {} : { dealValue: Number(value) }),
  ...(close === undefined ? {} : { closingDateTime: `${close}T00:00:00Z` }),
  ...(notes === undefined ? {} : { notes }),
})

/** The deal as people of the partner and of Microsoft see it in Partner Center. */
export function PartnerPane({ cards }: { readonly cards: Cards }) {
  const {
    sandbox: { partner: text },
  } = useText()
  const { referral } = cards
  return (
    <section className="pane pane--partner" aria-label={text.title}>
      <header className="pane__head">
        <h2>{text.title}</h2>
        <p>{text.subtitle}</p>
      </header>
      {referral === null ? <Empty icon="share" title={text.none} /> : <Card key={referral.id} referral={referral} cards={cards} />}
    </section>
  )
}

function Card({ referral, cards }: { readonly referral: ReferralCard; readonly cards: Cards }) {
  const {
    sandbox: { partner: text },
  } = useText()
  const { draft, set, clear, isEmpty } = useDraft()
  const isLocked = referral.status === 'Closed'
  const save = (): void => {
    cards.perform(() => act('partnerCenter', 'portal', 'edit', referral.id, changesOf(draft)))
    clear()
  }
  return (
    <div className="pane__body">
      <div className="pane__title">
        <strong>{referral.name}</strong>
        <span className="chip">
          <StageWord status={referral.status} substatus={referral.substatus} />
        </span>
      </div>
      <div className="pane__form">
        <LiveField label={text.name} value={referral.name} isLocked onChange={() => undefined} />
        <LiveField label={text.customer} value={referral.customer ?? ''} isLocked onChange={() => undefined} />
        <LiveField
          label={`${text.value} (${referral.currency ?? ''})`}
          type="number"
          value={String(referral.value ?? '')}
          isLocked={isLocked}
          onChange={set('value')}
        />
        <LiveField label={text.close} type="date" value={referral.close ?? ''} isLocked={isLocked} onChange={set('close')} />
        <LiveField label={text.notes} type="long" value={referral.notes ?? ''} isLocked={isLocked} onChange={set('notes')} />
      </div>
      <div className="row">
        <Button appearance="primary" disabled={isEmpty || isLocked || cards.busy} onClick={save}>
          {text.save}
        </Button>
        <Steps referral={referral} cards={cards} />
      </div>
      <Microsoft referral={referral} cards={cards} />
    </div>
  )
}

function Steps({ referral, cards }: { readonly referral: ReferralCard; readonly cards: Cards }) {
  const {
    sandbox: { partner: text },
  } = useText()
  const take = (deed: 'accept' | 'decline' | 'win' | 'lose') => (
    <Button key={deed} disabled={cards.busy} onClick={() => cards.perform(() => act('partnerCenter', 'portal', deed, referral.id))}>
      {text[deed]}
    </Button>
  )
  if (referral.status === 'New')
    return (
      <>
        {take('accept')}
        {take('decline')}
      </>
    )
  if (referral.status === 'Active')
    return (
      <>
        {take('win')}
        {take('lose')}
      </>
    )
  return null
}

/** What Microsoft sees and does with its own referral of the same engagement. */
function Microsoft({ referral, cards }: { readonly referral: ReferralCard; readonly cards: Cards }) {
  const {
    sandbox: { partner: text, crm },
  } = useText()
  const deed = (name: 'accept' | 'decline' | 'win', label: string) => (
    <Button disabled={cards.busy} onClick={() => cards.perform(() => act('partnerCenter', 'microsoft', name, referral.id))}>
      {label}
    </Button>
  )
  const { microsoft } = referral
  const isOpen = referral.status !== 'Closed'
  return (
    <section className="pane__section" aria-label={text.microsoft}>
      <h3>{text.microsoft}</h3>
      <dl className="fact-list">
        <dt>{text.engagement}</dt>
        <dd className="mono">{referral.engagementId}</dd>
        <dt>{text.status}</dt>
        <dd>{microsoft === null ? '–' : <StageWord status={microsoft.status} substatus={microsoft.substatus} />}</dd>
        <dt>{text.msx}</dt>
        <dd className="mono">{referral.msx ?? '–'}</dd>
      </dl>
      <div className="row">
        {microsoft?.status === 'New' && (
          <>
            {deed('accept', text.msAccept)}
            {deed('decline', text.msDecline)}
          </>
        )}
        {microsoft?.status === 'Active' && deed('win', text.msWin)}
        {microsoft === null && isOpen && !referral.shared && (
          <Button disabled={cards.busy} onClick={() => cards.perform(() => act('partnerCenter', 'portal', 'share', referral.id))}>
            {crm.share}
          </Button>
        )}
        {microsoft === null && isOpen && referral.shared && (
          <Button disabled={cards.busy} onClick={() => cards.perform(() => act('partnerCenter', 'portal', 'inviteMicrosoft', referral.id))}>
            {text.ask}
          </Button>
        )}
      </div>
    </section>
  )
}
