import { XMLParser } from 'fast-xml-parser'
import { strFromU8, unzipSync } from 'fflate'
import { labelKey } from '../core/conversions.js'
import { Fault } from '../core/fault.js'
import type { CatalogueEntry } from '../core/ports.js'

/** Reads a list of solutions from CSV or XLSX. The first row names the columns, in any order; only the identifier is needed. */
export function readCatalogueFile(bytes: Uint8Array): readonly CatalogueEntry[] {
  const rows = isZip(bytes)
    ? sheetRows(bytes)
    : csvRows(
        Buffer.from(bytes)
          .toString('utf8')
          .replace(/^\uFEFF/, ''),
      )
  const [head = [], ...rest] = rows
  const at = (...labels: readonly string[]): number => head.findIndex((cell) => labels.map(labelKey).includes(labelKey(cell)))
  const columns = {
    id: at('Solution Identifier', 'Solution ID', 'SolutionId', 'Id'),
    name: at('Solution Name', 'Name'),
    type: at('Type', 'Solution Type'),
    publisher: at('Publisher Name', 'Publisher'),
  }
  if (columns.id === -1) throw unreadable('its first row names no column "Solution Identifier"')
  const cell = (row: readonly string[], column: number): string | null => (column === -1 ? null : row[column]?.trim() || null)
  const entries = rest.map((row): CatalogueEntry => {
    const id = cell(row, columns.id)
    if (id === null) throw unreadable(`the line "${row.join(', ')}" names no solution`)
    return { id, name: cell(row, columns.name) ?? id, type: cell(row, columns.type), publisher: cell(row, columns.publisher) }
  })
  // The last line about a solution counts.
  return [...new Map(entries.map((entry) => [entry.id, entry])).values()]
}

const unreadable = (why: string): Fault =>
  new Fault('misconfigured', `The file is no list of solutions: ${why}.`, {
    remedy: 'Give a CSV or XLSX file with the columns Solution Identifier, Solution Name, Type and Publisher Name.',
  })

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b

/** RFC 4180, with comma, semicolon or tab, whichever the first line has most of. */
function csvRows(text: string): readonly (readonly string[])[] {
  const first = text.split(/\r?\n/, 1)[0] ?? ''
  const separator = [',', ';', '\t'].reduce((best, sign) => (first.split(sign).length > first.split(best).length ? sign : best), ',')
  const rows: string[][] = [[]]
  let cell = ''
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? ''
    if (quoted && sign === '"' && text[at + 1] === '"') {
      cell += '"'
      at += 1
    } else if (sign === '"') quoted = !quoted
    else if (!quoted && (sign === separator || sign === '\n')) {
      rows.at(-1)?.push(cell)
      cell = ''
      if (sign === '\n') rows.push([])
    } else if (quoted || sign !== '\r') cell += sign
  }
  rows.at(-1)?.push(cell)
  return rows.filter((row) => row.some((value) => value.trim() !== ''))
}

const sheetMost = 20 * 1024 * 1024 // A catalogue has thousands of lines at most; anything larger once unpacked is no catalogue.
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  isArray: (name) => arrays.has(name),
})
const arrays: ReadonlySet<string> = new Set(['si', 'r', 'row', 'c'])

/** The first sheet of a workbook. Source: ECMA-376 part 1, "SpreadsheetML" (read 2023-10). */
function sheetRows(bytes: Uint8Array): readonly (readonly string[])[] {
  const wanted = /^xl\/(?:sharedStrings|worksheets\/sheet1)\.xml$/
  let files: Record<string, Uint8Array>
  try {
    files = unzipSync(bytes, { filter: ({ name, originalSize }) => wanted.test(name) && originalSize <= sheetMost })
  } catch {
    throw unreadable('it is a damaged workbook')
  }
  const xml = (name: string): unknown => (files[name] === undefined ? {} : parser.parse(strFromU8(files[name])))
  const strings = items(member(member(xml('xl/sharedStrings.xml'), 'sst'), 'si')).map(textOf)
  const sheet = member(member(member(xml('xl/worksheets/sheet1.xml'), 'worksheet'), 'sheetData'), 'row')
  return items(sheet).map((row) => {
    const cells: string[] = []
    for (const [order, cell] of items(member(row, 'c')).entries()) {
      const column = columnOf(String(member(cell, '@r') ?? '')) ?? order
      const value = String(member(cell, 'v') ?? '')
      const type = member(cell, '@t')
      cells[column] = type === 's' ? (strings[Number(value)] ?? '') : type === 'inlineStr' ? textOf(member(cell, 'is')) : value
    }
    return Array.from(cells, (value: string | undefined) => value ?? '')
  })
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined // just checked
const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])

/** A shared string: plain, or in runs of formatting. */
function textOf(item: unknown): string {
  const runs = items(member(item, 'r'))
  if (runs.length > 0) return runs.map(textOf).join('')
  const text = member(item, 't')
  return String(typeof text === 'object' ? (member(text, '#text') ?? '') : (text ?? ''))
}

/** The number of a column from a reference such as `AB12`. */
function columnOf(reference: string): number | null {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0]
  if (letters === undefined) return null
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
}
