import { useOverview } from '../../api/queries.js'
import type { Check, ConnectionView, InstallPlan, WebhookTest, WebhookView } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { Icon } from '../../parts/icon.js'
import { PageLink } from '../../parts/links.js'
import { Panel } from '../../parts/page.js'

interface Props {
  readonly connections: readonly ConnectionView[] | undefined
  readonly install: InstallPlan | undefined
  readonly webhook: WebhookView | undefined
  readonly checks: readonly Check[] | undefined
  readonly test: WebhookTest | null
}
const NAMES = ['partner', 'crm', 'install', 'checks', 'webhook', 'test', 'flows'] as const

/** The set-up as a list that one can leave and come back to: what is done shows in the systems, not in our memory. */
export function Steps({ connections, install, webhook, checks, test }: Props) {
  const {
    settings: { connections: text },
    common,
  } = useText()
  const overview = useOverview().data
  const connected = (system: ConnectionView['system']): boolean =>
    connections?.some((each) => each.system === system && each.state === 'connected') ?? false
  const done: Readonly<Record<(typeof NAMES)[number], boolean>> = {
    partner: connected('partner-center'),
    crm: connected('crm'),
    // What the CRM's own people may leave as it is (a form, a view) does not hold up the set-up.
    install: install?.items.every(({ state, touches }) => state === 'present' || touches === 'existing') ?? false,
    checks: checks !== undefined && checks.every(({ status }) => status !== 'fail'),
    webhook: webhook?.ours ?? false,
    test: (test?.arrived ?? false) || (overview?.lastEventAt ?? null) !== null,
    flows: overview?.flows.every(({ value }) => value === 'on') ?? false,
  }
  const next = NAMES.find((name) => !done[name])
  return (
    <Panel title={text.steps}>
      <ol className="steps">
        {NAMES.map((name, index) => (
          <li key={name} className={done[name] ? 'step step--done' : name === next ? 'step step--next' : 'step'}>
            <span className="step__mark">{done[name] ? <Icon name="check" size={16} /> : index + 1}</span>
            <div>
              <p className="step__name">
                {text.step[name].name} <span className="step__state">{done[name] ? text.done : text.open}</span>
              </p>
              <p className="muted">{text.step[name].why}</p>
              {name === 'flows' && !done.flows && <PageLink to="/runs">{common.nav.runs}</PageLink>}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  )
}
