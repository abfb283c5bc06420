import { strToU8, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { Fault } from '../core/fault.js'
import { readCatalogueFile } from './catalogue-file.js'

const csv = (text: string) => readCatalogueFile(Buffer.from(text))
const workbook = (sheet: string, strings = '') =>
  readCatalogueFile(
    zipSync({
      'xl/worksheets/sheet1.xml': strToU8(`<worksheet><sheetData>${sheet}</sheetData></worksheet>`),
      'xl/sharedStrings.xml': strToU8(`<sst>${strings}</sst>`),
      'xl/media/huge.bin': new Uint8Array(10),
    }),
  )

describe('a file of solutions', () => {
  it('is read whatever its separator, with quotes, line breaks and columns in any order', () => {
    expect(csv('Publisher,ID,Name\nContoso,SOL-1,"One, ""the"" first\nand only"\n')).toEqual([
      { id: 'SOL-1', name: 'One, "the" first\nand only', type: null, publisher: 'Contoso' },
    ])
    expect(csv('Solution ID\tType\nSOL-2\t3P')).toEqual([{ id: 'SOL-2', name: 'SOL-2', type: '3P', publisher: null }])
  })

  it('counts the last line about a solution, and skips empty lines', () => {
    expect(csv('id,name\nSOL-1,Old\n,\n\nSOL-1,New').map(({ name }) => name)).toEqual(['New'])
  })

  it('is read from a workbook, with shared strings, runs of formatting and empty cells', () => {
    const strings = '<si><t>Solution Identifier</t></si><si><r><t>Solution </t></r><r><t>Name</t></r></si><si><t>SOL-9</t></si>'
    const head = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
    const row = '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="C2" t="inlineStr"><is><t>Nine</t></is></c></row>'
    expect(workbook(head + row, strings)).toEqual([{ id: 'SOL-9', name: 'Nine', type: null, publisher: null }])
  })

  it.each([
    ['without an identifier column', () => csv('Name\nOne')],
    ['that is empty', () => csv('')],
    ['with a line that names no solution', () => csv('id,name\nSOL-1,One\n,Two')],
    ['that is a damaged workbook', () => readCatalogueFile(Buffer.from('PK\u0003\u0004 nothing'))],
  ])('%s is refused with what is wanted', (_what, read) => {
    expect(read).toThrow(Fault)
    expect(read).toThrow(/no list of solutions/)
  })
})
