import { Button, Label, Skeleton, SkeletonItem } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useMemo } from 'react'
import { api } from '../../api/client.js'
import { ApiError } from '../../api/http.js'
import { keys } from '../../api/queries.js'
import { useText } from '../../i18n/locale.js'
import { save } from '../../lib/csv.js'
import { Icon } from '../../parts/icon.js'
import { Panel } from '../../parts/page.js'
import { useSentence } from '../../parts/sentence.js'
import { AddRow, withRow } from './add-row.js'
import type { Vocabulary } from './suggestions.js'
import type { LineProblem } from './yaml-editor.js'

const YamlEditor = lazy(() => import('./yaml-editor.js'))
const yamlType = 'text/yaml;charset=utf-8'

interface Props {
  readonly draft: string
  readonly onDraft: (draft: string) => void
  /** What the service objected to at the last attempt. */
  readonly refusal: Error | null
  /** Null: this person may not save. */
  readonly onSave: (() => void) | null
}
/** The mapping as a text, with what may stand in it to choose from. */
export function DraftEditor({ draft, onDraft, refusal, onSave }: Props) {
  const {
    settings: {
      mapping: { tryOut: text },
    },
  } = useText()
  const vocabulary = useVocabulary()
  const problems = useLineProblems(refusal)
  const aside = (
    <>
      <Button size="small" icon={<Icon name="download" size={16} />} onClick={() => save('mapping.yaml', draft, yamlType)}>
        {text.download}
      </Button>
      {onSave !== null && (
        <Button size="small" appearance="primary" onClick={onSave}>
          {text.save}
        </Button>
      )}
    </>
  )
  return (
    <Panel title={text.title} aside={aside}>
      <p className="panel__lead">{text.lead}</p>
      <Label>{text.editor}</Label>
      <Suspense fallback={<EditorShape />}>
        <YamlEditor
          label={text.editor}
          value={draft}
          onChange={onDraft}
          vocabulary={vocabulary}
          problems={problems}
          phrases={text.phrases}
        />
      </Suspense>
      <p className="muted yaml-editor__hint">{text.editorHint}</p>
      <AddRow onAdd={(kind, row) => onDraft(withRow(draft, kind, row))} />
    </Panel>
  )
}

const EditorShape = () => (
  <Skeleton aria-busy>
    <SkeletonItem size={128} />
  </Skeleton>
)

function useVocabulary(): Vocabulary | null {
  const { fields, settings } = useText()
  const schema = useQuery({ queryKey: keys.mappingSchema, queryFn: ({ signal }) => api.mappingSchema(signal), staleTime: Infinity })
  const columns = useQuery({ queryKey: keys.columns, queryFn: ({ signal }) => api.columns(signal), staleTime: 60_000 })
  return useMemo(() => {
    if (schema.data === undefined) return null
    const names: Readonly<Record<string, string>> = fields
    const { readOnly } = settings.mapping
    return { schema: schema.data, columns: columns.data?.records ?? null, nameOf: (property) => names[property] ?? null, readOnly }
  }, [schema.data, columns.data, fields, settings])
}

/** The service names the line of everything it cannot take. */
function useLineProblems(refusal: Error | null): readonly LineProblem[] {
  const say = useSentence()
  if (!(refusal instanceof ApiError)) return []
  return refusal.problem.detail.split('\n').flatMap((sentence) => {
    const line = /\bline (\d+)\b/.exec(sentence)?.[1]
    return line === undefined ? [] : [{ line: Number(line), text: say(sentence.trim()) }]
  })
}
