import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { given } from './given.js'

it('a document goes to stdout or to a file, and with --json stdout is one JSON document in either case', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-given-'))
  const file = join(folder, 'settings.yaml')
  const said = (json: boolean, to: string | undefined): string => {
    let text = ''
    given({ out: (part: string) => void (text += part), err: () => undefined } as unknown as Parameters<typeof given>[0], json, { document: 'a: 1\n', file: to }) // all that it uses
    return text
  }
  expect(said(false, undefined)).toBe('a: 1\n')
  expect(JSON.parse(said(true, undefined))).toEqual({ document: 'a: 1\n' })
  expect(said(false, file)).toBe('')
  expect(readFileSync(file, 'utf8')).toBe('a: 1\n')
  expect(JSON.parse(said(true, file))).toEqual({ file })
  rmSync(folder, { recursive: true })
})
