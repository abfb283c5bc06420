import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  ProgressBar,
} from '@fluentui/react-components'
import { useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useRef, useState, type ReactNode } from 'react'
import { useFormat, useText } from '../i18n/locale.js'
import { ProblemBar, useProblem } from './answers.js'
import { PageLink } from './links.js'
import { useReturnFocus } from './use-return-focus.js'
import { useSay } from './use-say.js'

/** One deal, and what is done with it. */
export interface BulkItem {
  readonly deal: string
  readonly name: string | null
  readonly act: () => Promise<unknown>
}
export interface Bulk {
  readonly title: string
  readonly explain: ReactNode
  readonly action: string
  readonly count: number
  /** A few of them, to see beforehand what is meant. */
  readonly sample: readonly Pick<BulkItem, 'deal' | 'name'>[]
  /** All of them, asked for when the person has said yes. */
  readonly items: () => Promise<readonly BulkItem[]>
}

const Asking = createContext<(bulk: Bulk) => void>(() => undefined)

/**
 * Where a bulk is asked about and carried out. It stands around the page's content: what a bulk is about may vanish from the page while it is
 * being worked, and the course must stay to be read.
 */
export function BulkHost({ children }: { readonly children: ReactNode }) {
  const [bulk, setBulk] = useState<Bulk | null>(null)
  return (
    <Asking value={setBulk}>
      {children}
      {bulk !== null && <BulkDialog {...bulk} onClose={() => setBulk(null)} />}
    </Asking>
  )
}

export const useAskBulk = (): ((bulk: Bulk) => void) => use(Asking)

interface Props extends Bulk {
  readonly onClose: () => void
}
interface Failure {
  readonly item: Pick<BulkItem, 'deal' | 'name'>
  readonly error: unknown
}
interface Progress {
  readonly stage: 'working' | 'done' | 'stopped'
  readonly done: number
  readonly of: number
  readonly failures: readonly Failure[]
}

const sampleMost = 5

/** The same thing for many deals, never blind: how many and which, then one after the other, stoppable between two, with what came of each. */
function BulkDialog(props: Props) {
  useReturnFocus()
  const { bulk, common } = useText()
  const format = useFormat()
  const { progress, problem, run, stop } = useBulk(props)
  const { title, explain, action, count, sample, onClose } = props
  const working = progress?.stage === 'working'
  const ended = progress !== null && !working
  return (
    <Dialog open onOpenChange={(_, { open }) => (open ? undefined : onClose())}>
      <DialogSurface className="ask">
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent className="stack">
            {progress === null ? (
              <>
                <div>{explain}</div>
                <Names title={bulk.sample(format.number(count))} items={sample.slice(0, sampleMost)} />
              </>
            ) : (
              <Course progress={progress} label={action} />
            )}
            {problem !== null && <ProblemBar error={problem} />}
          </DialogContent>
          <DialogActions>
            {working ? (
              <Button onClick={stop}>{bulk.stop}</Button>
            ) : (
              <Button appearance={ended ? 'primary' : 'secondary'} onClick={onClose}>
                {ended ? common.actions.close : common.actions.cancel}
              </Button>
            )}
            {!ended && (
              <Button appearance="primary" disabled={working || count === 0} onClick={run}>
                {action}
              </Button>
            )}
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}

function Names({ title, items }: { readonly title: string; readonly items: Bulk['sample'] }) {
  const { deals } = useText()
  return (
    <div>
      <p className="muted">{title}</p>
      <ul className="bullets">
        {items.map((item, index) => (
          <li key={`${index} ${item.deal}`}>{item.name ?? deals.unnamed}</li>
        ))}
      </ul>
    </div>
  )
}

function Course({ progress, label }: { readonly progress: Progress; readonly label: string }) {
  const { bulk } = useText()
  const format = useFormat()
  const { stage, done, of, failures } = progress
  const went = done - failures.length
  return (
    <div className="stack" role="status">
      <ProgressBar value={done} max={Math.max(1, of)} aria-label={label} />
      <p>{stage === 'working' ? bulk.progress(format.number(done), format.number(of)) : bulk.went(format.number(went), format.number(of))}</p>
      {stage === 'stopped' && <p className="muted">{bulk.stopped}</p>}
      {failures.length > 0 && (
        <div>
          <p>{bulk.failed(format.number(failures.length))}</p>
          <ul className="bulk__failures">
            {failures.map((failure) => (
              <Failed key={failure.item.deal} failure={failure} />
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

function Failed({ failure: { item, error } }: { readonly failure: Failure }) {
  const { deals } = useText()
  const { title, detail, remedy } = useProblem(error)
  return (
    <li>
      <PageLink to="/deals/$deal" params={{ deal: item.deal }}>
        {item.name ?? deals.unnamed}
      </PageLink>{' '}
      {detail === '' ? title : detail} {remedy}
    </li>
  )
}

function useBulk({ items, count }: Props) {
  const { bulk } = useText()
  const format = useFormat()
  const say = useSay()
  const client = useQueryClient()
  const [progress, setProgress] = useState<Progress | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const stopped = useRef(false)
  useEffect(() => () => void (stopped.current = true), [])
  const work = async (): Promise<void> => {
    stopped.current = false
    setProblem(null)
    setProgress({ stage: 'working', done: 0, of: count, failures: [] })
    const all = await items()
    let now: Progress = { stage: 'working', done: 0, of: all.length, failures: [] }
    setProgress(now)
    for (const item of all) {
      if (stopped.current) break
      const failure = await item.act().then(
        () => null,
        (error: unknown) => ({ item, error }),
      )
      now = { ...now, done: now.done + 1, failures: failure === null ? now.failures : [...now.failures, failure] }
      setProgress(now)
    }
    setProgress({ ...now, stage: now.done < now.of ? 'stopped' : 'done' })
    say.done(bulk.went(format.number(now.done - now.failures.length), format.number(now.of)))
    await client.invalidateQueries()
  }
  const failed = (error: unknown): void => {
    setProgress(null)
    setProblem(error)
  }
  return { progress, problem, run: () => void work().catch(failed), stop: () => (stopped.current = true) }
}
