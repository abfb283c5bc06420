import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { api } from '../../api/client.js'
import { keys, useMay } from '../../api/queries.js'
import type { SettingsSummary } from '../../api/types.js'
import { useText } from '../../i18n/locale.js'
import { save } from '../../lib/csv.js'
import { Answer } from '../../parts/answers.js'
import { Ask } from '../../parts/ask.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { Sentence } from '../../parts/sentence.js'
import { Ago } from '../../parts/time.js'
import { useSay } from '../../parts/use-say.js'
import { Promote } from './promote.js'
import { SettingChanges } from './setting-changes.js'

type Asked =
  { readonly kind: 'promote'; readonly document: string } | { readonly kind: 'rollback' | 'approve'; readonly version: SettingsSummary }

/** Every version of mapping, stages, policies and switches: what it changed, who wrote it, and the way there and back. */
export function Versions() {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const query = useQuery({ queryKey: keys.versions, queryFn: ({ signal }) => api.versions(signal) })
  const mayChange = useMay('admin')
  const [asked, setAsked] = useState<Asked | null>(null)
  const actions = (
    <>
      <ExportButton />
      {mayChange && <PromoteButton onDocument={(document) => setAsked({ kind: 'promote', document })} />}
    </>
  )
  return (
    <>
      <Panel title={text.title} kind="flush" aside={actions}>
        <Answer query={query} rows={5}>
          {({ versions }) => (
            <ul className="versions">
              {versions.map((version) => (
                <Version key={version.number} version={version} mayChange={mayChange} onAsk={setAsked} />
              ))}
            </ul>
          )}
        </Answer>
      </Panel>
      {asked?.kind === 'promote' && <Promote document={asked.document} onClose={() => setAsked(null)} />}
      {asked !== null && asked.kind !== 'promote' && <Change kind={asked.kind} version={asked.version} onClose={() => setAsked(null)} />}
    </>
  )
}

interface VersionProps {
  readonly version: SettingsSummary
  readonly mayChange: boolean
  readonly onAsk: (asked: Asked) => void
}
function Version({ version, mayChange, onAsk }: VersionProps) {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const { number, state, by, note, origin, at, changes } = version
  return (
    <li className="version">
      <div className="version__head">
        <strong>{text.version(String(number))}</strong>
        <span className="chip">{text.states[state]}</span>
        <span>{text.origins[origin]}</span>
        <span className="muted">
          {by} · <Ago at={at} />
        </span>
        <span className="version__actions">
          {mayChange && state === 'proposed' && (
            <Button size="small" appearance="primary" onClick={() => onAsk({ kind: 'approve', version })}>
              {text.approve}
            </Button>
          )}
          {mayChange && state === 'past' && (
            <Button size="small" onClick={() => onAsk({ kind: 'rollback', version })}>
              {text.rollback}
            </Button>
          )}
        </span>
      </div>
      {note !== null && (
        <p>
          <Sentence text={note} />
        </p>
      )}
      {changes.length > 0 && (
        <details>
          <summary>{text.changes(String(changes.length))}</summary>
          <SettingChanges changes={changes} />
        </details>
      )}
    </li>
  )
}

function Change({
  kind,
  version,
  onClose,
}: {
  readonly kind: 'rollback' | 'approve'
  readonly version: SettingsSummary
  readonly onClose: () => void
}) {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const number = String(version.number)
  if (kind === 'approve')
    return (
      <Ask
        title={text.approveTitle(number)}
        action={text.approve}
        done={text.promoted}
        onClose={onClose}
        act={() => api.approveSettings(version.number)}
      >
        <SettingChanges changes={version.changes} />
      </Ask>
    )
  return <Rollback number={version.number} onClose={onClose} />
}

/** What going back would change against what is in force. The switches of the flows are no part of it: they stay as they are. */
async function changesOfRollback(number: number, signal: AbortSignal): Promise<SettingsSummary['changes']> {
  const { document } = await api.exportSettings(number)
  const { changes } = await api.compareSettings(document, signal)
  return changes.filter(({ path }) => !/^flows\b/.test(path))
}

function Rollback({ number, onClose }: { readonly number: number; readonly onClose: () => void }) {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const query = useQuery({
    queryKey: ['rollback', number],
    queryFn: ({ signal }) => changesOfRollback(number, signal),
    gcTime: 0,
    retry: false,
  })
  const asked = { title: text.rollbackTitle(String(number)), action: text.rollback, done: text.rolledBack, onClose }
  return (
    <Ask {...asked} act={() => api.rollbackSettings(number)}>
      <p>{text.rollbackExplain}</p>
      <Answer query={query} rows={2}>
        {(changes) => <SettingChanges changes={changes} />}
      </Answer>
    </Ask>
  )
}

function ExportButton() {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const say = useSay()
  const download = (): void =>
    void api.exportSettings().then(({ document }) => save('settings.yaml', document, 'text/yaml;charset=utf-8'), say.failed)
  return (
    <Button size="small" icon={<Icon name="download" size={16} />} onClick={download}>
      {text.export}
    </Button>
  )
}

function PromoteButton({ onDocument }: { readonly onDocument: (text: string) => void }) {
  const {
    settings: {
      mapping: { versions: text },
    },
  } = useText()
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".yaml,.yml,.json"
        hidden
        aria-label={text.promoteFile}
        onChange={({ target }) => {
          void target.files?.[0]?.text().then(onDocument)
          target.value = '' // The same file may be chosen again after it was corrected.
        }}
      />
      <Button size="small" onClick={() => input.current?.click()}>
        {text.promoteFile}
      </Button>
    </>
  )
}
