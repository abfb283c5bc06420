import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Skeleton, SkeletonItem } from '@fluentui/react-components'
import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { ApiError } from '../api/http.js'
import { useText } from '../i18n/locale.js'
import { Icon, type IconName } from './icon.js'
import { useSentence } from './sentence.js'

interface EmptyProps {
  readonly icon: IconName
  readonly title: string
  /** The heading of a page that has nothing else. */
  readonly heading?: true
  readonly children?: ReactNode
}

/** Says that there is nothing, and what one can do about it. */
export function Empty({ icon, title, heading, children }: EmptyProps) {
  const Title = heading === true ? 'h1' : 'p'
  return (
    <div className="empty">
      <span className="empty__icon">
        <Icon name={icon} size={32} />
      </span>
      <Title className="empty__title">{title}</Title>
      {children !== undefined && <div className="empty__text">{children}</div>}
    </div>
  )
}

/** What went wrong, in the words of the service, with what to do about it. */
export function ProblemBar({ error, again }: { readonly error: unknown; readonly again?: (() => void) | undefined }) {
  const { common } = useText()
  const { title, detail, remedy } = useProblem(error)
  return (
    <MessageBar intent="error" layout="multiline" className="problem">
      <MessageBarBody>
        <MessageBarTitle>{title}</MessageBarTitle> {detail}
        {remedy !== null && <div>{remedy}</div>}
      </MessageBarBody>
      {again !== undefined && (
        <MessageBarActions>
          <Button onClick={again}>{common.actions.tryAgain}</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  )
}

export function useProblem(error: unknown): { title: string; detail: string; remedy: string | null } {
  const { common } = useText()
  const { problems } = common
  const say = useSentence()
  if (!(error instanceof ApiError))
    return { title: problems.failed, detail: error instanceof Error ? error.message : String(error), remedy: null }
  const { status } = error.problem
  const detail = say(error.problem.detail)
  const remedy = error.problem.remedy === null ? null : say(error.problem.remedy)
  if (status === 0) return { title: problems.offline, detail: '', remedy: problems.offlineRemedy }
  if (status === 403) return { title: problems.forbidden, detail, remedy }
  if (status === 404) return { title: problems.notFound, detail, remedy: remedy ?? problems.notFoundRemedy }
  return { title: problems.title, detail, remedy }
}

const patienceMs = 100

/** Grey shapes in the place of what is coming, after a moment in which most answers are already here. */
export function Waiting({ rows = 6 }: { readonly rows?: number }) {
  const { common } = useText()
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), patienceMs)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className="waiting" role="status" aria-busy="true" aria-label={common.words.loading}>
      {shown && (
        <Skeleton aria-hidden="true">
          {Array.from({ length: rows }, (_, index) => (
            <SkeletonItem key={index} className="waiting__row" />
          ))}
        </Skeleton>
      )}
    </div>
  )
}

interface AnswerProps<Data> {
  readonly query: UseQueryResult<Data>
  readonly rows?: number
  readonly children: (data: Data) => ReactNode
}

/** The answer of a query, or what stands in its place while there is none. */
export function Answer<Data>({ query, rows, children }: AnswerProps<Data>) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && <ProblemBar error={query.error} again={() => void query.refetch()} />}
        {children(query.data)}
      </>
    )
  }
  if (query.isError) return <ProblemBar error={query.error} again={() => void query.refetch()} />
  return <Waiting {...(rows === undefined ? {} : { rows })} />
}
