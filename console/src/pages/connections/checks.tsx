import { Button } from '@fluentui/react-components'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { api } from '../../api/client.js'
import { keys } from '../../api/queries.js'
import type { Check } from '../../api/types.js'
import { useFormat, useText } from '../../i18n/locale.js'
import { Answer } from '../../parts/answers.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { Sentence } from '../../parts/sentence.js'

type ChecksAnswer = { readonly checks: readonly Check[] }
const ICONS = { pass: 'check', warn: 'attention', fail: 'stop' } as const
const ORDER = ['fail', 'warn', 'pass'] as const

/** Asked for by a person, not by every look at the page: they call both systems many times. */
export const useChecks = () =>
  useQuery({ queryKey: keys.checks, queryFn: ({ signal }) => api.checks(signal), enabled: false, staleTime: Infinity })

export function Checks({ query }: { readonly query: UseQueryResult<ChecksAnswer> }) {
  const {
    settings: {
      connections: { checks: text },
    },
  } = useText()
  const button = (
    <Button icon={<Icon name="runs" size={16} />} disabled={query.isFetching} onClick={() => void query.refetch()}>
      {query.isFetching ? text.running : query.data === undefined ? text.run : text.again}
    </Button>
  )
  return (
    <Panel title={text.title} aside={button}>
      <p className="panel__lead">{text.lead}</p>
      {(query.data !== undefined || query.isFetching || query.isError) && (
        <Answer query={query} rows={6}>
          {({ checks }) => <CheckList checks={checks} />}
        </Answer>
      )}
    </Panel>
  )
}

export function CheckList({ checks }: { readonly checks: readonly Check[] }) {
  const {
    settings: {
      connections: { checks: text },
    },
  } = useText()
  const format = useFormat()
  const count = (status: Check['status']): string => format.number(checks.filter((check) => check.status === status).length)
  return (
    <>
      <p className="checks__summary" role="status">
        {text.summary(count('pass'), count('warn'), count('fail'))}
      </p>
      <ul className="checks">
        {ORDER.flatMap((status) => checks.filter((check) => check.status === status)).map((check) => (
          <li key={check.name} className={`check check--${check.status}`}>
            <span className="check__status">
              <Icon name={ICONS[check.status]} size={16} />
              {text.statuses[check.status]}
            </span>
            <div>
              <p className="check__name">
                <Sentence text={check.name} />
              </p>
              <p className="muted">
                <Sentence text={check.detail} />
              </p>
              {check.remedy !== null && check.status !== 'pass' && (
                <p>
                  <Sentence text={check.remedy} />
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </>
  )
}
