import type { Cascade, ColumnKind, Required } from '../metadata-model.js'

/**
 * Tables in a compact notation, one line per column or per group of like columns:
 *
 *   names kind arguments ; flags ; Label
 *
 * Arguments: text and memo a length, numbers a range, choices `1 Hot|2 Warm` (a status adds its state: `3 Won (1)`),
 * lookups their targets and then `nav=` for the navigation property, `from=` for the collection on the other side,
 * `del=` for what a delete of the other row does.
 * Flags: S SystemRequired, A ApplicationRequired, r Recommended, ro read-only, co settable on create only, wo write-only,
 * =x default value.
 */
export interface TableSeed {
  readonly name: string
  readonly schemaName: string
  readonly set: string
  readonly id: string
  readonly primaryName: string | null
  readonly code: number
  readonly ownership: 'UserOwned' | 'OrganizationOwned' | 'None'
  readonly label: string
  readonly plural: string
  readonly tracked: boolean
  /** Whether rows carry created/modified columns. */
  readonly stamps: 'all' | 'none'
  readonly columns: string
}

export interface LineTarget {
  readonly table: string
  readonly navigation: string | null
  readonly collection: string | null
}

export interface ColumnLine {
  readonly name: string
  readonly kind: ColumnKind
  readonly maxLength: number | null
  readonly min: number | null
  readonly max: number | null
  readonly options: readonly { readonly value: number; readonly label: string; readonly state: number | null }[]
  readonly targets: readonly LineTarget[]
  readonly onDelete: Cascade
  readonly required: Required
  readonly create: boolean
  readonly update: boolean
  readonly read: boolean
  readonly defaultValue: number | boolean | null
  readonly label: string
}

export function columnLines(text: string): ColumnLine[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap(parseLine)
}

function parseLine(line: string): ColumnLine[] {
  const [head = '', flagText = '', label = ''] = line.split(';').map((part) => part.trim())
  const [, names = '', kindText = '', rest = ''] = /^(\S+)\s+(\S+)\s*(.*)$/.exec(head) ?? []
  const kind = kindText as ColumnKind // the lines are ours; a wrong kind fails the first test
  const flags = flagText.split(' ')
  const range = numeric.has(kind) ? rest.split(' ').filter(Boolean).map(Number) : []
  const lookups = kind === 'lookup' || kind === 'customer' || kind === 'owner'
  return names.split(',').map((name) => ({
    name,
    kind,
    maxLength: kind === 'text' ? Number(rest || 100) : kind === 'memo' ? Number(rest || 2_000) : null,
    min: range[0] ?? (kind === 'whole' ? -2_147_483_648 : null),
    max: range[1] ?? (kind === 'whole' ? 2_147_483_647 : null),
    options: options.has(kind) ? parseOptions(rest) : [],
    targets: lookups ? parseTargets(name, kind, rest) : [],
    onDelete: (/\bdel=(\w+)/.exec(rest)?.[1] as Cascade | undefined) ?? 'RemoveLink', // as above
    required: flags.includes('S')
      ? 'SystemRequired'
      : flags.includes('A')
        ? 'ApplicationRequired'
        : flags.includes('r')
          ? 'Recommended'
          : 'None',
    create: !flags.includes('ro'),
    update: !flags.includes('ro') && !flags.includes('co'),
    read: !flags.includes('wo'),
    defaultValue: parseDefault(kind, flags),
    label: label === '' ? titled(name) : label,
  }))
}

const numeric: ReadonlySet<string> = new Set(['whole', 'decimal', 'double', 'money', 'big'])
const options: ReadonlySet<string> = new Set(['choice', 'choices', 'state', 'status'])

function parseOptions(text: string): ColumnLine['options'] {
  return text.split('|').map((part) => {
    const [, value = '', label = '', state] = /^\s*(-?\d+)\s+(.*?)(?:\s+\((\d+)\))?\s*$/.exec(part) ?? []
    return { value: Number(value), label, state: state === undefined ? null : Number(state) }
  })
}

function parseTargets(name: string, kind: ColumnKind, text: string): LineTarget[] {
  const words = text.split(' ').filter(Boolean)
  const named = new Map(words.filter((word) => word.includes('=')).map((word) => word.split('=', 2) as [string, string])) // split of one '=' gives two
  const tables = kind === 'owner' ? ['systemuser', 'team'] : kind === 'customer' ? ['account', 'contact'] : (words[0] ?? '').split(',')
  const navigations = named.get('nav')?.split(',')
  const collections = named.get('from')?.split(',')
  return tables.map((table, at) => ({
    table,
    navigation: navigations?.[at] ?? (kind === 'owner' || tables.length === 1 ? name : `${name}_${table}`),
    collection: collections?.[at] ?? null,
  }))
}

function parseDefault(kind: ColumnKind, flags: readonly string[]): number | boolean | null {
  const text = flags.find((flag) => flag.startsWith('='))?.slice(1)
  if (text === undefined) return kind === 'yesno' ? false : null
  if (text === 'true' || text === 'false') return text === 'true'
  return Number(text)
}

const titled = (name: string): string =>
  name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(' ')
