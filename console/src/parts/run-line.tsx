import type { RunRow } from '../api/types.js'
import { useText, useFormat } from '../i18n/locale.js'
import { Icon } from './icon.js'
import { PageLink } from './links.js'
import { Ago } from './time.js'
import { useBecause } from './use-words.js'
import { Sentence } from './sentence.js'

/** One run in one line: how it ended, why it began, what it wrote. */
export function RunLine({ run }: { readonly run: RunRow }) {
  const { runs, deals } = useText()
  const format = useFormat()
  const because = useBecause()
  return (
    <li className="run-line">
      <Outcome run={run} />
      <span className="grow">
        <PageLink to="/runs/$run" params={{ run: run.id }}>
          {run.name ?? (run.deal === null ? because(run.because) : deals.unnamed)}
        </PageLink>
        <span className="run-line__what">{because(run.because)} · {run.message === null ? runs.wrote(format.number(run.writes)) : <Sentence text={run.message} />}</span>
      </span>
      <span className="run-line__when">
        <Ago at={run.at} />
      </span>
    </li>
  )
}

export function Outcome({ run }: { readonly run: RunRow }) {
  const { runs } = useText()
  const kind = run.fault !== null ? (run.outcome === 'stopped' ? 'stopped' : 'again') : 'settled'
  const icon = { settled: 'check', again: 'clock', stopped: 'stop' } as const
  return (
    <span className={`outcome outcome--${kind}`}>
      <Icon name={icon[kind]} size={14} />
      {runs.outcomes[run.outcome]}
    </span>
  )
}
