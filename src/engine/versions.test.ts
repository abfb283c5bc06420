import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Settings } from '../core/settings.js'
import { engineWorld } from '../../test/support/engine-world.js'
import { versionBook, type VersionBook } from './versions.js'

const file: Settings = {
  mapping: 'version: 1\nopportunity:\n  details.notes: { crm: description }\n',
  policies: { leads: true, irreversible: 'allow', owner: null, checkMarkInName: false },
  flows: { partnerToCrm: 'on', crmToPartner: 'on' },
}
const other: Settings = { ...file, mapping: 'version: 1\nopportunity:\n  details.notes: { crm: new_notes }\n' }

function bookOf(approval: 'none' | 'second-person' = 'none'): {
  readonly book: VersionBook
  readonly world: ReturnType<typeof engineWorld>
} {
  const world = engineWorld()
  const { store, clock, newId } = world.engine
  return { world, book: versionBook({ store, clock, newId, readMapping: (text) => parse(text) as unknown, approval }) }
}
const values = async (book: VersionBook): Promise<string[]> => (await book.flows()).map(({ value }) => value)

describe('what the file says', () => {
  it('[R59] is version 1, and a file that says the same later makes no other', async () => {
    const { book } = bookOf()
    expect(await book.readFile(file)).toMatchObject({ number: 1, origin: 'file', by: 'cosell.yaml', previous: null })
    await book.readFile({ ...file, mapping: `# a remark\n${file.mapping ?? ''}` })
    expect(await book.number()).toBe(1)
  })

  it('[R59] is no version while its mapping cannot be read, and the corrected file is the first', async () => {
    const { book } = bookOf()
    const broken = { ...file, mapping: 'version: [1' }
    await expect(book.readFile(broken)).rejects.toThrow()
    expect(await book.number()).toBe(0)
    expect(await book.readFile(file)).toMatchObject({ number: 1, settings: file })
    await expect(book.readFile(broken)).rejects.toThrow()
    expect(await book.readFile(other)).toMatchObject({ number: 2 })
  })

  it('[R59] becomes the next version where it changed, and only there', async () => {
    const { book } = bookOf()
    await book.readFile(file)
    await book.setFlow('crmToPartner', 'off', 'ada')
    const made = await book.readFile({ ...other, policies: { ...file.policies, leads: false } })
    expect(made.changes.map(({ path }) => path)).toEqual(['mapping.opportunity.details.notes', 'policies.leads'])
    expect(made.settings.flows).toEqual({ partnerToCrm: 'on', crmToPartner: 'off' })
    expect(await book.current()).toEqual(made)
  })

  it("[R39] gives way to a switch until the switch is set again or the file's own value changes", async () => {
    const { book } = bookOf()
    await book.readFile(file)
    await book.setFlow('crmToPartner', 'off', 'ada')
    await book.readFile(file)
    expect(await values(book)).toEqual(['on', 'off'])
    expect((await book.flows()).map(({ origin }) => origin)).toEqual(['file', 'command'])
    await book.readFile({ ...file, flows: { ...file.flows, crmToPartner: 'observe' } })
    expect(await values(book)).toEqual(['on', 'observe'])
  })
})

describe('what would hold after a start', () => {
  it('[R39] is the file, but for what a version says since and the file does not say anew; looking changes nothing', async () => {
    const { book } = bookOf()
    expect(await book.foresee(file)).toEqual({ settings: file, versions: new Map() })
    await book.readFile(file)
    await book.promote({ ...other, policies: { ...file.policies, owner: 'kim@x.example' } }, { note: null, by: 'kim' })
    await book.setFlow('crmToPartner', 'off', 'ada')
    const number = await book.number()
    const held = await book.foresee(file)
    expect(held.settings).toEqual({ mapping: other.mapping, policies: { ...file.policies, owner: 'kim@x.example' }, flows: { partnerToCrm: 'on', crmToPartner: 'off' } })
    expect([...held.versions].map(([path, { number, origin, by }]) => [path, number, origin, by])).toEqual([
      ['mapping', 2, 'promoted', 'kim'],
      ['policies.owner', 2, 'promoted', 'kim'],
      ['flows.crmToPartner', 3, 'switched', 'ada'],
    ])
    const edited = await book.foresee({ ...file, flows: { ...file.flows, crmToPartner: 'observe' } })
    expect(edited.settings.flows.crmToPartner).toBe('observe')
    expect([...edited.versions.keys()]).toEqual(['mapping', 'policies.owner'])
    expect(await book.number()).toBe(number)
  })
})

describe('what people change', () => {
  it('[R59] is a version with author, note and what it changed, and is in force at once', async () => {
    const { book, world } = bookOf()
    await book.readFile(file)
    const made = await book.promote(other, { note: 'as in staging', by: 'ada' })
    expect(made).toMatchObject({ number: 2, state: 'in-force', by: 'ada', note: 'as in staging', previous: 1 })
    expect(made.changes).toEqual([
      { path: 'mapping.opportunity.details.notes', before: '{"crm":"description"}', after: '{"crm":"new_notes"}' },
    ])
    const { records } = await world.store.audit({ kinds: ['setting'], limit: 1 })
    expect(records[0]).toMatchObject({
      by: 'ada',
      event: { name: 'settings version 2', detail: 'promoted: as in staging: mapping.opportunity.details.notes' },
    })
  })

  it('[R59] goes back by one command, again and again, and never turns a switch by it unless asked', async () => {
    const { book } = bookOf()
    await book.readFile(file)
    await book.promote({ ...other, flows: { ...file.flows, partnerToCrm: 'observe' } }, { note: null, by: 'ada' })
    await book.setFlow('all', 'off', 'bob')
    expect(await book.rollback(null, { flows: 'keep', by: 'bob' })).toMatchObject({ origin: 'rolled-back', note: 'as in version 1' })
    expect((await book.current()).settings).toEqual({ ...file, flows: { partnerToCrm: 'off', crmToPartner: 'off' } })
    await book.rollback(null, { flows: 'keep', by: 'bob' })
    expect((await book.current()).settings.mapping).toBe(other.mapping)
    await book.rollback(1, { flows: 'restore', by: 'bob' })
    expect((await book.current()).settings).toEqual(file)
    expect((await book.list()).map(({ number, state }) => `${number} ${state}`)).toEqual([
      '6 in-force',
      '5 past',
      '4 past',
      '3 past',
      '2 past',
      '1 past',
    ])
  })

  it('[R59] waits for a second person where one is required, who agrees to what was seen', async () => {
    const { book } = bookOf('second-person')
    await book.readFile(file)
    const made = await book.promote(other, { note: null, by: 'ada' })
    expect(made.state).toBe('proposed')
    expect(await book.number()).toBe(1)
    await expect(book.approve(2, 'ada')).rejects.toThrow('ada proposed version 2 and cannot approve it')
    expect(await book.approve(2, 'bob')).toMatchObject({ state: 'in-force', approvedBy: 'bob' })
    const late = await book.promote(file, { note: null, by: 'ada' })
    await book.setFlow('all', 'off', 'bob')
    await expect(book.approve(late.number, 'bob')).rejects.toMatchObject({ kind: 'stale' })
  })

  it('makes no version of what says the same, and knows none that is not there', async () => {
    const { book } = bookOf()
    await book.readFile(file)
    expect(await book.promote(file, { note: 'again', by: 'ada' })).toMatchObject({ number: 1, changes: [] })
    await expect(book.version(9)).rejects.toThrow('There is no version 9')
    await expect(book.rollback(null, { flows: 'keep', by: 'ada' })).rejects.toThrow('no earlier version')
  })
})
