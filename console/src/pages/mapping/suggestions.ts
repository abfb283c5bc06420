import type { RemoteSchema, SchemaPart } from '../../api/types.js'
import type { YamlPlace } from './yaml-place.js'

export interface Suggestion {
  readonly word: string
  /** In a person's words: the name of a property, the label and type of a column. */
  readonly says: string
  readonly kind: 'key' | 'value' | 'column'
}

export interface Vocabulary {
  /** JSON Schema of a mapping, as `cosell mapping schema` prints it. */
  readonly schema: SchemaPart
  /** The live CRM's columns by record; null while they are not read. */
  readonly columns: RemoteSchema['records'] | null
  readonly nameOf: (property: string) => string | null
  /** What is said of a column that the connector's user may not write. */
  readonly readOnly: string
}

/** What may stand at a place of a mapping. */
export function suggestionsAt({ path, typing }: YamlPlace, { schema, columns, nameOf, readOnly }: Vocabulary): readonly Suggestion[] {
  const part = partAt(schema, path)
  const last = path.at(-1)
  if (typing === 'value' && last === 'crm') return columnsOf({ columns, readOnly }, recordOf(path))
  if (typing === 'value') return valuesOf(part)
  if (path[0] === 'defaults' && path.length === 2) return columnsOf({ columns, readOnly }, last ?? '')
  return Object.entries(part?.properties ?? {}).map(([word, own]) => ({
    word,
    says: nameOf(word) ?? resolve(schema, own).description ?? '',
    kind: 'key',
  }))
}

const recordOf = ([section]: readonly string[]): string => section ?? ''

function columnsOf({ columns, readOnly }: Pick<Vocabulary, 'columns' | 'readOnly'>, record: string): readonly Suggestion[] {
  const of = (name: string, prefix: string): readonly Suggestion[] =>
    (columns?.[name] ?? []).map((field) => ({ word: `${prefix}${field.name}`, says: columnSays(field, readOnly), kind: 'column' }))
  return [...of(record, ''), ...(record === 'opportunity' ? [...of('account', 'account.'), ...of('contact', 'contact.')] : [])]
}
/** Its label and type, and whether it can be written at all. */
export const columnSays = ({ label, type, writable }: RemoteSchema['records'][string][number], readOnly: string): string =>
  [label, type, ...(writable ? [] : [readOnly])].join(' · ')

const valuesOf = (part: SchemaPart | undefined): readonly Suggestion[] =>
  [...(part?.enum ?? []), ...(part?.const === undefined ? [] : [part.const])].map((word) => ({
    word: String(word),
    says: '',
    kind: 'value',
  }))

function partAt(schema: SchemaPart, path: readonly string[]): SchemaPart | undefined {
  let part: SchemaPart | undefined = schema
  for (const key of path) {
    const own: SchemaPart | undefined = part.properties?.[key]
    if (own === undefined) return undefined
    part = resolve(schema, own)
  }
  return part
}

const resolve = (schema: SchemaPart, part: SchemaPart): SchemaPart =>
  part.$ref === undefined ? part : (schema.$defs?.[part.$ref.split('/').at(-1) ?? ''] ?? part)
