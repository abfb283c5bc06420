import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cosellOn } from '../support/commands.js'
import { installation, type Installation } from '../support/installation.js'

/** What somebody meets who uses it for the first time: each command says why it has nothing to say, and what to type next. */
let here: Installation
let folder: string
let [out, err] = ['', '']
let [incomplete, conflict] = ['', '']

beforeAll(async () => {
  here = await installation()
  folder = mkdtempSync(join(tmpdir(), 'cosell-first-steps-'))
  incomplete = here.completeOpportunity('Without notes', { description: null })
  here.share(incomplete)
  const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Two minds', details: { currency: 'EUR' } })
  await here.sync()
  conflict = String(here.opportunitiesOf(own.id)[0]?.['opportunityid'])
  here.sandbox.partnerCenter.portal.edit(own.id, { notes: 'Theirs' })
  here.seller.edit('opportunity', conflict, { description: 'Ours' })
  await here.sync()
}, 30_000)
afterAll(async () => {
  await here.close()
  rmSync(folder, { recursive: true, force: true })
})

async function cosell(...argv: string[]): Promise<number> {
  const said = await cosellOn(here, argv)
  ;({ out, err } = said)
  return said.code
}

it('a plan for one deal says why nothing would be written, and one for all how many wait for a person', async () => {
  expect(await cosell('plan', incomplete)).toBe(0)
  expect(out).toContain('Without notes\n  = nothing to write (needs-attention): The deal cannot be shared yet: The deal has no notes (description).')
  expect(await cosell('plan', conflict)).toBe(0)
  expect(out).toContain('! conflict: details.notes: Theirs | Ours')
  expect(out).not.toContain('nothing to write')
  expect(await cosell('plan')).toBe(0)
  expect(out).not.toContain('Without notes')
  expect(err).toBe('2 deals wait for a person. Next: cosell deals list --state needs-attention\n')
})

it('a deal whose two sides never met says how to see what they show', async () => {
  expect(await cosell('deals', 'show', incomplete)).toBe(0)
  expect(out).toMatch(/ {2}referral –\n {2}CRM opportunity /)
  expect(err).toContain('add --live')
  expect(await cosell('deals', 'show', incomplete, '--live')).toBe(0)
  expect(out).toContain('details.dealValue')
  expect(err).toBe('')
})

it('what waits for a choice names the command that chooses, and nothing of it in JSON', async () => {
  expect(await cosell('conflicts', 'list')).toBe(0)
  expect(err).toContain('Next: cosell conflicts resolve DEAL FIELD --keep partner|crm')
  expect(await cosell('conflicts', 'list', '--json')).toBe(0)
  expect([JSON.parse(out), err]).toEqual([{ conflicts: [expect.objectContaining({ name: 'Two minds' })] as unknown[] }, ''])
  expect(await cosell('solutions', 'list')).toBe(1)
  expect(err).toContain('Next: cosell solutions import --from-deals')
})

it('a command that was written wrongly leads to its help', async () => {
  for (const argv of [['deals', 'show'], ['deals', 'decline', 'x'], ['flows', 'on'], ['deals', 'list', '--stat', 'x']]) {
    expect(await cosell(...argv)).toBe(2)
    expect(err).toMatch(/^error: .*\n(.*\n)*.*--help/)
  }
  expect(await cosell('deals', 'show', '--json')).toBe(2)
  expect(Object.keys(JSON.parse(err) as object)).toEqual(['error'])
})

it('a file written without questions says that it holds samples', async () => {
  const file = join(folder, 'cosell.yaml')
  expect(await cosell('init', '--file', file)).toBe(0)
  expect(existsSync(file)).toBe(true)
  expect(err).toContain('with samples: put your own tenants, client ids and addresses in their place.')
})
