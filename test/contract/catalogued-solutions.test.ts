import { afterEach, describe, expect, it } from 'vitest'
import { microsoftTableNames } from '../../src/sandbox/dataverse/index.js'
import { installation, type Installation } from '../support/installation.js'

/** Microsoft has not published the columns of its tables of solutions: a row of a deal may point to an entry of the catalogue it was picked from. */
let here: Installation
afterEach(() => here.close())

const rowsTable = 'msft_microsoftsolution'
const catalogue = 'msft_microsoftsolutiondetail'
const open = async (): Promise<void> => {
  here = await installation({ customFields: 'microsoft', microsoftTables: { ...microsoftTableNames, rows: 'point' } })
}
const entries = (): string[] => here.sandbox.dynamics.find(catalogue, {}).map((row) => String(row['msft_solutionidentifier'])).sort()
const pickedBy = (opportunityId: string): string[] =>
  here.sandbox.dynamics
    .find(rowsTable, { _msft_opportunity_value: opportunityId })
    .map((row) => String(here.sandbox.dynamics.read(catalogue, String(row['_msft_solutiondetail_value']))?.['msft_solutionidentifier']))
    .sort()
const told = (referralId: string): (string | null)[] =>
  (here.sandbox.partnerCenter.referral(referralId)?.details.requirements.solutions ?? []).map(({ id }) => id).sort()
const settle = async (): Promise<void> => {
  await here.sync()
  await here.sync()
}

describe('solutions that are picked from a catalogue', () => {
  it('are shared, added and taken away by the seller', async () => {
    await open()
    const deal = here.completeOpportunity('Picked here')
    here.share(deal)
    await settle()
    const [own] = here.ownReferrals(deal)
    expect(told(own?.id ?? '')).toEqual(['SOL-12345-ABC'])
    const added = here.seller.addSolution(deal, { solutionId: 'SOL-67890-DEF', name: 'Second' })
    await settle()
    expect(told(own?.id ?? '')).toEqual(['SOL-12345-ABC', 'SOL-67890-DEF'])
    here.seller.removeSolution(added)
    here.seller.edit('opportunity', deal, { description: 'Without the second' }) // The table's own deletions are tracked once cosell is installed.
    await settle()
    expect(told(own?.id ?? '')).toEqual(['SOL-12345-ABC'])
    here.writes()
    await settle()
    expect(here.writes()).toEqual([])
  })

  it('arrive from Partner Center as rows that point to the entries there are, and to new ones where there is none', async () => {
    await open()
    here.seller.addSolution(here.completeOpportunity('Of another deal'), { solutionId: 'SOL-12345-ABC', name: 'As we call it' })
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Made there', details: { currency: 'EUR' } })
    const twin = here.sandbox.partnerCenter.portal.create('private', { name: 'Made there, too', details: { currency: 'EUR' } }).own
    const solutions = own.details.requirements.solutions.map((solution) => ({ ...solution }))
    const first = String(solutions[0]?.id)
    for (const id of [own.id, twin.id])
      here.sandbox.partnerCenter.portal.edit(id, { solutions: [...solutions, { ...solutions[0], id: 'SOL-NEW-ONE', name: 'Unheard of' }] })
    await settle()
    for (const id of [own.id, twin.id]) expect(pickedBy(String(here.opportunitiesOf(id)[0]?.['opportunityid']))).toEqual([first, 'SOL-NEW-ONE'].sort())
    expect(entries()).toEqual([...new Set(['SOL-12345-ABC', first, 'SOL-NEW-ONE'])].sort())
    here.writes()
    await settle()
    expect(here.writes()).toEqual([])
    expect(told(own.id)).toEqual([first, 'SOL-NEW-ONE'].sort())
  })

  it('leave an entry of ours as people made it, who renamed it and put it out of use', async () => {
    await open()
    const bring = async (name: string): Promise<string> => {
      const { own } = here.sandbox.partnerCenter.portal.create('private', { name, details: { currency: 'EUR' } })
      const [first] = own.details.requirements.solutions
      here.sandbox.partnerCenter.portal.edit(own.id, { solutions: [{ ...first, id: 'SOL-NEW-ONE', name: 'Unheard of' }] })
      await settle()
      return pickedBy(String(here.opportunitiesOf(own.id)[0]?.['opportunityid'])).join()
    }
    expect(await bring('First')).toBe('SOL-NEW-ONE')
    const [entry] = here.sandbox.dynamics.find(catalogue, { msft_solutionidentifier: 'SOL-NEW-ONE' })
    const id = String(entry?.['msft_microsoftsolutiondetailid'])
    here.seller.edit(catalogue, id, { msft_name: 'As an administrator calls it', statecode: 1, statuscode: 2 })
    expect(await bring('Second')).toBe('SOL-NEW-ONE')
    expect(here.sandbox.dynamics.find(catalogue, { msft_solutionidentifier: 'SOL-NEW-ONE' })).toHaveLength(1)
    expect(here.sandbox.dynamics.read(catalogue, id)).toMatchObject({ msft_name: 'As an administrator calls it', statecode: 1 })
  })
})
