import { describe, expect, test } from 'vitest'
import { stageRow, type StageTable } from '../core/mapping-stages.js'
import { stageChecks, type Status } from './stage-checks.js'

const status = (StageName: string, state: Status['state']): Status => ({ values: { StageName }, words: StageName, state })
const org = [status('Held', 'open'), status('Working', 'open'), status('Won', 'won'), status('Lost', 'lost')]
const table = (...rows: StageTable['rows']): StageTable => ({ section: 'stages', rows })
const held = stageRow('New/*', { StageName: 'Held' })
const working = stageRow('Active/Accepted', { StageName: 'Working' })
const won = stageRow('Closed/Won', { StageName: 'Won' })
const lost = stageRow('Closed/*', { StageName: 'Lost' })

describe('[R65] the table of stages', () => {
  test('that is whole and legal passes, and says what each stage is', () => {
    expect(stageChecks('opportunity', table(held, working, won, lost), org)).toEqual([
      { name: 'CRM stages', status: 'pass', detail: 'Every status has its counterpart: New/* is "Held"; Active/Accepted is "Working"; Closed/Won is "Won"; Closed/* is "Lost".', remedy: null },
    ])
  })

  test.each([
    ['a status that is not there', table(stageRow('New/*', { StageName: 'Nope' }), working, won, lost), 'fail', /New\/\*: the CRM has no status StageName: Nope/],
    ['a won referral on an open record', table(held, stageRow('Closed/Won', { StageName: 'Working' }), lost), 'fail', /Closed\/Won leads to "Working", which is open and must be won/],
    ['an open referral on a closed record', table(stageRow('New/*', { StageName: 'Lost' }), working, won), 'fail', /New\/\* leads to "Lost", which is lost and must be open/],
    ['a status without a meaning', table(held, won, lost), 'warn', /also knows "Working", and no row says what that means/],
  ] as const)('%s is told', (_what, given, level, told) => {
    const found = stageChecks('opportunity', given, org).filter((check) => check.status === level)
    expect(found.map(({ detail }) => detail).join(' ')).toMatch(told)
    expect(found.every(({ remedy }) => remedy !== null)).toBe(true)
  })

  test('a status that would read as another state is told, though every row is right', () => {
    const also = { ...lost, also: [{ StageName: 'Working' }] }
    expect(stageChecks('opportunity', table(held, won, also), org)[0]).toMatchObject({ status: 'fail', detail: '"Working" is open in the CRM and would read as Closed/Lost.' })
  })

  test('the row to add is named, and one for all other open ones is enough', () => {
    const [check] = stageChecks('opportunity', table(held, won, lost), org)
    expect(check?.remedy).toContain('"Active/Accepted: { StageName: Working }" under "stages"')
    expect(stageChecks('opportunity', table(held, { ...working, otherOpen: true }, won, lost), [...org, status('Odd', 'open')])[0]?.status).toBe('pass')
  })

  test('a lead that was qualified is a lead no more, and an unwanted one may look open', () => {
    const leads = { section: 'leadStages', rows: [held, stageRow('Active/Accepted', { StageName: 'Won' }), won, stageRow('Closed/*', { StageName: 'Working' })] } as const
    expect(stageChecks('lead', leads, org.slice(0, 3))[0]).toMatchObject({ name: 'CRM lead stages', status: 'pass' })
  })
})
