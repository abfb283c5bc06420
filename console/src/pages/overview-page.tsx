import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { api } from '../api/client.js'
import { keys, useMay, useOverview } from '../api/queries.js'
import type { Activity, Overview } from '../api/types.js'
import { useFormat, useText } from '../i18n/locale.js'
import { Answer } from '../parts/answers.js'
import { PageLink } from '../parts/links.js'
import { Page, Panel } from '../parts/page.js'
import { RunLine } from '../parts/run-line.js'
import { AnswersDue } from './overview/answers-due.js'
import { DelayChart } from './overview/delay-chart.js'
import { Notices } from './overview/notices.js'
import { Quotas } from './overview/quotas.js'
import { Questions } from './overview/questions.js'
import { States } from './overview/states.js'
import { WritesChart } from './overview/writes-chart.js'
import '../styles/overview.css'

const activityEveryMs = 10_000 // It is counted anew each time; a person who looks on sees it move all the same.

/** The first screen: is it on time, what needs me, what changed. */
export function OverviewPage() {
  const { overview } = useText()
  const query = useOverview()
  const activity = useQuery({ queryKey: keys.activity, queryFn: ({ signal }) => api.activity(signal), refetchInterval: activityEveryMs })
  return (
    <Page title={overview.title} lead={overview.lead}>
      <Answer query={query}>
        {(data) => (
          <>
            <Brakes brakes={data.brakes} />
            <Notices />
            <Questions overview={data} activity={activity.data} isStale={query.isError} />
            <div className="overview-grid">
              <div className="overview-column">
                <Panel title={overview.states.title}>
                  <States states={data.states} />
                </Panel>
                <Measured query={activity}>{(known) => <AnswersDue activity={known} />}</Measured>
                <Measured query={activity}>{(known) => <Quotas quotas={known.quotas} />}</Measured>
              </div>
              <div className="overview-column">
                <Measured query={activity}>{(known) => <WritesChart activity={known} />}</Measured>
                <Measured query={activity}>{(known) => <DelayChart activity={known} />}</Measured>
                <Lately />
              </div>
            </div>
          </>
        )}
      </Answer>
    </Page>
  )
}

/** A panel whose figures are still on their way keeps its place. */
function Measured({ query, children }: { readonly query: UseQueryResult<Activity>; readonly children: (known: Activity) => ReactNode }) {
  return query.data === undefined ? (
    <Panel>
      <Answer query={query} rows={7}>
        {children}
      </Answer>
    </Panel>
  ) : (
    children(query.data)
  )
}

function Brakes({ brakes }: { readonly brakes: Overview['brakes'] }) {
  const { overview, common } = useText()
  const format = useFormat()
  const client = useQueryClient()
  const mayRelease = useMay('operator')
  const release = useMutation({ mutationFn: () => api.sync([], true), onSettled: () => client.invalidateQueries() })
  return brakes.map((brake) => (
    <MessageBar key={brake.side} intent="warning" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>
          {overview.brake(common.sides[brake.side], format.number(brake.wouldChange), format.number(brake.linked))}
        </MessageBarTitle>{' '}
        {overview.brakeRemedy}
      </MessageBarBody>
      {mayRelease && (
        <MessageBarActions>
          <Button disabled={release.isPending} onClick={() => release.mutate()}>
            {overview.release}
          </Button>
        </MessageBarActions>
      )}
    </MessageBar>
  ))
}

const runsShown = 7

function Lately() {
  const { overview } = useText()
  const query = useQuery({
    queryKey: [...keys.runs, 'lately'],
    queryFn: ({ signal }) => api.runs({ failedOnly: false }, { limit: runsShown, after: null, signal }),
  })
  return (
    <Panel title={overview.runs.title} aside={<PageLink to="/runs">{overview.runs.all}</PageLink>}>
      <Answer query={query} rows={5}>
        {({ runs }) =>
          runs.length === 0 ? (
            <p className="muted">{overview.runs.none}</p>
          ) : (
            <ul className="run-lines">
              {runs.map((run) => (
                <RunLine key={run.id} run={run} />
              ))}
            </ul>
          )
        }
      </Answer>
    </Panel>
  )
}
