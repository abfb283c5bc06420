import { autocompletion, closeBrackets, completionKeymap, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useRef, useState } from 'react'
import { styleNonce } from '../../app/nonce.js'
import { suggestionsAt, type Suggestion, type Vocabulary } from './suggestions.js'
import { placeIn } from './yaml-place.js'

/** A line that the service objected to, counted from one. */
export interface LineProblem {
  readonly line: number
  readonly text: string
}

interface YamlEditorProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly vocabulary: Vocabulary | null
  readonly problems: readonly LineProblem[]
  /** What the editor itself says, in the reader's language. */
  readonly phrases: Readonly<Record<string, string>>
}

/** A mapping as YAML: numbered lines, words to choose from wherever one types (Ctrl+Space), and a mark at each line that was refused. */
export default function YamlEditor({ label, value, onChange, vocabulary, problems, phrases }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null)
  const said = useRef(onChange)
  const words = useRef(vocabulary)
  useEffect(() => {
    said.current = onChange
    words.current = vocabulary
  })
  const [wording] = useState(() => new Compartment())
  const view = useEditor(host, value, [
    wording.of([]),
    autocompletion({ override: [(context) => offer(context, words.current)], icons: false }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) said.current(update.state.doc.toString())
    }),
  ])
  useEffect(() => {
    const named = EditorView.contentAttributes.of({ 'aria-label': label })
    view?.dispatch({ effects: wording.reconfigure([named, EditorState.phrases.of(phrases)]) })
  }, [view, wording, label, phrases])
  useEffect(() => {
    if (view === null || view.state.doc.toString() === value) return
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } })
  }, [view, value])
  useEffect(() => {
    if (view !== null) view.dispatch(setDiagnostics(view.state, problems.flatMap((problem) => marked(view.state, problem))))
  }, [view, problems])
  return <div className="yaml-editor" ref={host} />
}

function useEditor(host: React.RefObject<HTMLDivElement | null>, doc: string, own: readonly Extension[]): EditorView | null {
  const [view, setView] = useState<EditorView | null>(null)
  const first = useRef({ doc, own })
  useEffect(() => {
    if (host.current === null) return
    const state = EditorState.create({ doc: first.current.doc, extensions: [...first.current.own, common] })
    const made = new EditorView({ state, parent: host.current })
    setView(made)
    return () => made.destroy()
  }, [host])
  return view
}

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--colorBrandForeground1)' },
  { tag: [tags.string, tags.content, tags.literal], color: 'var(--colorNeutralForeground1)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--colorNeutralForeground3)', fontStyle: 'italic' },
])
/** Tab leaves the editor, as the keyboard's users expect; Enter keeps the indentation. */
const common: Extension = [
  EditorView.cspNonce.of(styleNonce),
  lineNumbers(),
  history(),
  drawSelection(),
  highlightActiveLine(),
  closeBrackets(),
  indentUnit.of('  '),
  yaml(),
  syntaxHighlighting(colours),
  EditorView.lineWrapping,
  keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
]

function offer(context: CompletionContext, vocabulary: Vocabulary | null): CompletionResult | null {
  if (vocabulary === null) return null
  const place = placeIn(context.state.doc.toString(), context.pos)
  if (place === null || (!context.explicit && place.typed === '')) return null
  const options = suggestionsAt(place, vocabulary).map((suggestion) => ({
    label: suggestion.word,
    detail: suggestion.says,
    apply: suggestion.word + endOf(suggestion),
  }))
  return options.length === 0 ? null : { from: context.pos - place.typed.length, options, validFor: /^[\w./*-]*$/ }
}
const endOf = ({ kind }: Suggestion): string => (kind === 'key' ? ': ' : '')

function marked(state: EditorState, { line, text }: LineProblem) {
  if (line < 1 || line > state.doc.lines) return []
  const { from, to } = state.doc.line(line)
  return [{ from, to, severity: 'error' as const, message: text }]
}
