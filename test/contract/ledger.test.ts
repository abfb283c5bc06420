import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eraseFromLedger, storeUrl } from '../../src/assemble.js'
import { runProgram } from '../../src/cli/program.js'
import type { CliWorld } from '../../src/cli/app.js'
import { installation, type Installation } from '../support/installation.js'

let here: Installation
afterEach(() => here.close())

let out = ''
async function cosell(...argv: string[]): Promise<number> {
  out = ''
  const write = (text: string): void => void (out += text)
  const world = {
    io: { out: write, err: () => undefined, outIsTty: false, errIsTty: false, inIsTty: false, color: false },
    loadConfig: () => Promise.resolve(here.load()),
    connect: () => Promise.resolve({ service: here.app.service, via: 'running', close: () => Promise.resolve() }),
    signal: new AbortController().signal,
    user: 'kim',
    version: '1',
    now: () => Date.now(),
  } as unknown as CliWorld // what these commands do not use is left out
  return runProgram(argv, world)
}

const note = (count: number, detail: (index: number) => string) =>
  here.app.store.addAudit(
    Array.from({ length: count }, (_, index) => ({ link: null, at: Date.now(), by: 'kim', run: null, event: { kind: 'ordered' as const, what: 'note', detail: detail(index) } })),
    Date.now(),
  )

describe('[R52] the ledger is taken away', () => {
  it('whole, as one document of JSON or as CSV that no spreadsheet mistakes for formulas, or so much of it as was asked for', async () => {
    here = await installation()
    await note(1_200, (index) => `=cmd|${index}`)
    const { entries } = await here.app.store.verifyAudit()
    expect(await cosell('audit', '--format', 'json')).toBe(0)
    const whole = JSON.parse(out) as { records: { id: string; hash: string }[]; next: string | null }
    expect([whole.records.length, new Set(whole.records.map(({ id }) => id)).size, whole.next]).toEqual([entries, entries, null])
    expect(await cosell('audit', '--format', 'csv')).toBe(0)
    const lines = out.trimEnd().split('\r\n')
    expect(lines[0]).toBe('"at","deal","by","kind","event","sequence","run","hash"')
    expect(lines).toHaveLength(entries + 1)
    expect(await cosell('audit', '--format', 'json', '--limit', '3')).toBe(0)
    expect((JSON.parse(out) as typeof whole).records).toHaveLength(3)
    expect(await cosell('audit', '--json')).toBe(0)
    expect((JSON.parse(out) as typeof whole).records).toHaveLength(200)
  }, 20_000)
})

describe('a person who wants to be forgotten', () => {
  it('is gone from the ledger and from the files it lies in, while the service works on, and the chains stay whole', async () => {
    here = await installation()
    const email = 'mara.vogt@nordwind.example'
    await note(400, (index) => (index % 3 === 0 ? `Spoke with ${email.toUpperCase()} about ${'x'.repeat(300)}` : 'nothing of note'))
    const url = storeUrl(here.load().config)
    const holding = (): string[] =>
      readdirSync(url)
        .filter((name) => name.startsWith('cosell.db') && statSync(join(url, name)).isFile())
        .filter((name) => readFileSync(join(url, name)).toString('latin1').toLowerCase().includes(email))
    expect(holding()).not.toEqual([])
    expect(await eraseFromLedger(url, 'default', email)).toEqual({ erased: 134, file: 'traces' })
    expect(JSON.stringify(await here.app.store.audit({ limit: 1_000, after: null })).toLowerCase()).not.toContain(email)
    await note(1, () => 'after it')
    expect(await here.app.store.verifyAudit()).toMatchObject({ broken: [] })
    // Once the service is stopped the file is written anew, so that not even free places hold it.
    await here.app.stop()
    expect(await eraseFromLedger(url, 'default', email)).toEqual({ erased: 0, file: 'rewritten' })
    expect(holding()).toEqual([])
    await here.restart()
    expect(await here.app.store.verifyAudit()).toMatchObject({ broken: [] })
  })
})
