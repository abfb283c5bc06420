import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
  MessageBar,
  MessageBarBody,
} from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api } from '../../api/client.js'
import type { DealView, Intention, PlanItem, Side } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer, ProblemBar } from '../../parts/answers.js'
import { ChangeList } from '../../parts/change-list.js'
import { answerOf, otherSide } from '../../parts/doors.js'
import { useFieldName, useValueText } from '../../parts/field-value.js'
import { Icon } from '../../parts/icon.js'
import { Sentence } from '../../parts/sentence.js'
import { useReturnFocus } from '../../parts/use-return-focus.js'
import { useSay } from '../../parts/use-say.js'

export type SimpleAction = 'sync' | 'accept' | 'decline' | 'win' | 'lose' | 'share' | 'hold' | 'release' | 'unlink' | 'link'
export type Action = { readonly kind: SimpleAction } | { readonly kind: 'resolve'; readonly field: string; readonly keep: Side }

const DOORS: readonly string[] = ['accept', 'decline', 'win', 'lose', 'share']
/** As Partner Center offers them; the other party reads them as they stand here. */
const CLOSING_REASONS = [
  'Project budget not adequate',
  'Customer did not respond',
  'Customer chose another vendor',
  'Customer requirement not met',
  'Not a customer',
  'Proposed timeline too short',
  'Report as abuse, spam or phishing',
  'Others',
] as const
const WITH_REASON: readonly string[] = ['decline', 'lose']

/** What the service can say beforehand about an action; null: it writes nothing that could be shown. */
function intentionOf(deal: DealView, action: Action, crm: string): Intention | null {
  switch (action.kind) {
    case 'accept':
    case 'decline':
    case 'win':
    case 'lose':
    case 'share':
      return { kind: 'order', take: action.kind, reason: null }
    case 'resolve':
      return action
    case 'sync':
    case 'release':
      return { kind: 'sync' }
    case 'link':
      return deal.referralId === null || crm === '' ? null : { kind: 'link', referral: deal.referralId, crm }
    case 'hold':
    case 'unlink':
      return null
  }
}

interface Given {
  readonly reason: string
  readonly crmId: string
}

async function perform(deal: DealView, action: Action, { reason, crmId }: Given): Promise<void> {
  switch (action.kind) {
    case 'resolve':
      return void (await api.resolve(deal.id, action.field, action.keep))
    case 'sync':
      return void (await api.sync([deal.id], false))
    case 'hold':
    case 'release':
      return void (await api.hold(deal.id, action.kind === 'hold'))
    case 'unlink':
      return void (await api.unlink(deal.id))
    case 'link':
      return void (await api.link(deal.referralId ?? '', crmId.trim()))
    default:
      return void (await api.order(deal.id, action.kind, reason.trim() === '' ? null : reason.trim()))
  }
}

/** What takes an action back, where that is possible without the other party noticing anything. */
function undoOf(deal: DealView, action: Action): (() => Promise<unknown>) | undefined {
  if (action.kind === 'hold') return () => api.hold(deal.id, false)
  if (action.kind === 'release') return () => api.hold(deal.id, true)
  const { referralId, crmId } = deal
  if (action.kind === 'unlink' && referralId !== null && crmId !== null) return () => api.link(referralId, crmId)
  return undefined
}

interface Props {
  readonly deal: DealView
  readonly action: Action | null
  readonly onClose: () => void
}

/** Asks before anything is done: what it means, what it writes, whether it can be taken back. */
export function ActionDialog({ deal, action, onClose }: Props) {
  return (
    <Dialog open={action !== null} onOpenChange={(_, { open }) => (open ? undefined : onClose())}>
      {action === null ? <DialogSurface /> : <Asking key={JSON.stringify(action)} deal={deal} action={action} onClose={onClose} />}
    </Dialog>
  )
}

function Asking({ deal, action, onClose }: Props & { readonly action: Action }) {
  useReturnFocus()
  const { deal: text, common } = useText()
  const say = useSay()
  const client = useQueryClient()
  const [given, setGiven] = useState<Given>({ reason: '', crmId: '' })
  const doing = useMutation({
    mutationFn: () => perform(deal, action, given),
    onSuccess: () => {
      say.done(text.done[action.kind], deal.name ?? undefined, undoOf(deal, action))
      onClose()
    },
    // The preview of what is done now would be asked for again, and say nothing.
    onSettled: () => client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'preview' }),
  })
  const incomplete =
    (WITH_REASON.includes(action.kind) && given.reason.trim() === '') || (action.kind === 'link' && given.crmId.trim() === '')
  const question = useQuestion(deal, action)
  const answer = action.kind === 'resolve' ? answerOf(heldOf(deal, action.field), action.keep) : null
  const label = useLabel(action, answer)
  const isDoor = DOORS.includes(action.kind) || answer === 'yes'
  const crm = usePaused(given.crmId.trim())
  return (
    <DialogSurface className="ask">
      <DialogBody>
        <DialogTitle>{question}</DialogTitle>
        <DialogContent className="stack">
          {action.kind !== 'resolve' && <p>{text.explain[action.kind]}</p>}
          {isDoor && (
            <MessageBar intent="warning" icon={<Icon name="lock" />}>
              <MessageBarBody>{text.irreversible}</MessageBarBody>
            </MessageBar>
          )}
          <Inputs action={action} given={given} onChange={setGiven} />
          {action.kind === 'link' && crm === '' ? <p className="muted">{text.preview.asksId}</p> : <Preview deal={deal} intention={intentionOf(deal, action, crm)} />}
          {doing.isError && <ProblemBar error={doing.error} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{common.actions.cancel}</Button>
          <Button appearance="primary" disabled={incomplete || doing.isPending} onClick={() => doing.mutate()}>
            {label}
          </Button>
        </DialogActions>
      </DialogBody>
    </DialogSurface>
  )
}

const heldOf = (deal: DealView, field: string): DealView['conflicts'][number] | undefined => deal.conflicts.find((conflict) => conflict.field === field)

/** The button that does it says what the button said that asked for it. */
function useLabel(action: Action, answer: 'yes' | 'no' | 'choice' | null): string {
  const {
    deal: { actions, conflicts },
    common,
  } = useText()
  if (action.kind !== 'resolve') return actions[action.kind]
  return answer === 'yes' ? conflicts.allow : answer === 'no' ? conflicts.refuse : conflicts.keep(common.sides[action.keep])
}

function useQuestion(deal: DealView, action: Action): string {
  const { deal: text, common } = useText()
  const valueText = useValueText()
  if (action.kind !== 'resolve') return text.ask[action.kind]
  const held = heldOf(deal, action.field)
  const value = held?.saw[action.keep]
  const currency = deal.fields.find(({ field }) => field === 'details.currency')?.[action.keep]
  const [said, other] = [valueText(action.field, value, currency), common.sides[otherSide(action.keep)]]
  const answer = answerOf(held, action.keep)
  return answer === 'yes' ? text.conflicts.allowAsk(said, other) : answer === 'no' ? text.conflicts.refuseAsk(said, other) : text.ask.resolve(said)
}

function Inputs({
  action,
  given,
  onChange,
}: {
  readonly action: Action
  readonly given: Given
  readonly onChange: (given: Given) => void
}) {
  const { deal: text } = useText()
  if (WITH_REASON.includes(action.kind)) {
    return (
      <Field label={text.reason} hint={text.reasonHint} required>
        <Input list="closing-reasons" value={given.reason} maxLength={500} onChange={(_, { value }) => onChange({ ...given, reason: value })} />
        <datalist id="closing-reasons">
          {CLOSING_REASONS.map((reason, at) => (
            <option key={reason} value={reason} label={text.reasons[at]} />
          ))}
        </datalist>
      </Field>
    )
  }
  if (action.kind !== 'link') return null
  return (
    <Field label={text.crmId} hint={text.crmIdHint} required>
      <Input value={given.crmId} onChange={(_, { value }) => onChange({ ...given, crmId: value })} className="mono" />
    </Field>
  )
}

const typingMs = 400
/** What was typed, once the typing pauses: each look ahead reads both systems. */
function usePaused(typed: string): string {
  const [value, setValue] = useState(typed)
  useEffect(() => {
    const timer = setTimeout(() => setValue(typed), typingMs)
    return () => clearTimeout(timer)
  }, [typed])
  return value
}

function Preview({ deal, intention }: { readonly deal: DealView; readonly intention: Intention | null }) {
  const {
    deal: { preview: text },
  } = useText()
  const query = useQuery({
    queryKey: ['preview', deal.id, intention],
    queryFn: ({ signal }) => (intention === null ? Promise.resolve(null) : api.preview(deal.id, intention, signal)),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  })
  return (
    <section className="preview" aria-label={text.title} aria-busy={query.isPending}>
      <h3>{text.title}</h3>
      {query.isPending ? (
        <p className="muted">{text.loading}</p>
      ) : (
        <Answer query={query} rows={2}>
          {(plan: PlanItem | null) => <Planned plan={plan} />}
        </Answer>
      )}
    </section>
  )
}

function Planned({ plan }: { readonly plan: PlanItem | null }) {
  const {
    deal: { preview: text },
    common,
  } = useText()
  const nameOf = useFieldName()
  const format = useFormat()
  const conflicts = plan?.conflicts ?? []
  const held = conflicts.filter(({ winner, kind }) => winner === null && kind !== 'info').map(({ field }) => nameOf(field))
  return (
    <>
      {plan === null || plan.changes.length === 0 ? <p className="muted">{text.nothing}</p> : <ChangeList changes={plan.changes} />}
      {held.length > 0 && (
        <p className="muted">
          {text.held}
          {common.marks.colon}
          {format.list(held)}
        </p>
      )}
      {conflicts
        .filter(({ kind }) => kind === 'info')
        .map(({ field, reason }) => (
          <p key={field} className="muted">
            {text.know}
            {common.marks.colon}
            <Sentence text={reason} />
          </p>
        ))}
    </>
  )
}
