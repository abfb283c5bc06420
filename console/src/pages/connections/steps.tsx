import { Link } from '@fluentui/react-components'
import { useOverview } from '../../api/queries.js'
import type { Check, ConnectionView, InstallPlan, PlanDocument, WebhookTest, WebhookView } from '../../api/types.js'
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
  readonly dryRun: PlanDocument | undefined
}
const NAMES = ['partner', 'crm', 'install', 'checks', 'webhook', 'test', 'mapping', 'dryRun', 'flows'] as const
type Step = (typeof NAMES)[number]
/** Where each step is done: further down on this page. The last ones have pages of their own. */
const PLACES: Readonly<Record<Exclude<Step, 'mapping' | 'flows'>, string>> = {
  partner: 'connections',
  crm: 'connections',
  install: 'install',
  checks: 'checks',
  webhook: 'events',
  test: 'events',
  dryRun: 'dry-run',
}

/** The set-up as a list that one can leave and come back to: what is done shows in the systems, not in our memory. */
export function Steps({ connections, install, webhook, checks, test, dryRun }: Props) {
  const {
    settings: { connections: text },
  } = useText()
  const overview = useOverview().data
  const connected = (system: ConnectionView['system']): boolean | null =>
    connections?.some((each) => each.system === system && each.state === 'connected') ?? null
  // Null: nobody knows yet, because it is still being asked, or could not be.
  const done: Readonly<Record<Step, boolean | null>> = {
    partner: connected('partner-center'),
    crm: connected('crm'),
    // What the CRM's own people may leave as it is (a form, a view) does not hold up the set-up.
    install: install?.items.every(({ state, touches }) => state === 'present' || touches === 'existing') ?? null,
    checks: checks !== undefined && checks.every(({ status }) => status !== 'fail'),
    webhook: webhook?.ours ?? null,
    test: test?.arrived === true ? true : overview === undefined ? null : overview.lastEventAt !== null,
    mapping: checks !== undefined && checks.every(({ name, status }) => !name.startsWith('Mapping') || status !== 'fail'),
    dryRun: dryRun !== undefined,
    flows: overview?.flows.every(({ value }) => value === 'on') ?? null,
  }
  const next = NAMES.find((name) => done[name] !== true)
  const stateOf = (name: Step): string => (done[name] === null ? text.unknown : done[name] ? text.done : text.open)
  return (
    <Panel title={text.steps}>
      <ol className="steps">
        {NAMES.map((name, index) => (
          <li key={name} className={done[name] === true ? 'step step--done' : name === next ? 'step step--next' : 'step'}>
            <span className="step__mark">{done[name] === true ? <Icon name="check" size={16} /> : index + 1}</span>
            <div>
              <p className="step__name">
                <StepLink step={name} />{' '}
                <span className="step__state">{stateOf(name)}</span>
              </p>
              <p className="muted">{text.step[name].why}</p>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function StepLink({ step }: { readonly step: Step }) {
  const {
    settings: { connections: text },
  } = useText()
  const { name } = text.step[step]
  if (step === 'mapping') return <PageLink to="/mapping">{name}</PageLink>
  if (step === 'flows') return <PageLink to="/runs">{name}</PageLink>
  return <Link href={`#${PLACES[step]}`}>{name}</Link>
}
