import { describe, expect, test } from 'vitest'
import { Fault } from '../../core/fault.js'
import type { Question } from './api.js'
import type { Row } from './row.js'
import { securedColumns } from './secured-columns.js'

const userId = 'u-1'
const signal = new AbortController().signal
const list = (...rows: Row[]): Row => ({ value: rows })
const permission = (column: string, profile: string, rights: Row): Row => ({
  entityname: 'opportunity',
  attributelogicalname: column,
  _fieldsecurityprofileid_value: profile,
  ...rights,
})
const columns = list(
  { LogicalName: 'new_open', IsSecured: false },
  { LogicalName: 'new_read', IsSecured: true },
  { LogicalName: 'new_team', IsSecured: true },
  { LogicalName: 'new_unit', IsSecured: true },
  { LogicalName: 'new_none', IsSecured: true },
  { LogicalName: 'cosell_own', IsSecured: true },
)
const permissions = list(
  permission('new_read', 'p-user', { canread: 4, cancreate: 0, canupdate: 0 }),
  permission('new_team', 'p-team', { canread: 4, cancreate: 4, canupdate: 4 }),
  permission('new_unit', 'p-unit', { canread: 4, cancreate: 4, canupdate: 4 }),
  permission('new_none', 'p-other', { canread: 4, cancreate: 4, canupdate: 4 }),
)

/** An environment that answers by the path; what it has no answer for it refuses. */
const environment = (answers: Readonly<Record<string, Row>>) => ({
  ask: (questions: readonly Question[]) =>
    Promise.resolve(
      questions.map(({ path, what }) => {
        const found = Object.entries(answers).find(([part]) => path.includes(part))
        return found?.[1] ?? new Fault('forbidden', `not ${what}`, { remedy: 'none' })
      }),
    ),
})
const plain = {
  '/Attributes': columns,
  systemuserroles_association: list({ name: 'Sales' }),
  'fieldpermissions?': permissions,
  teammembership_association: list({ teamid: 't-1' }),
  'systemusers?': list({ _businessunitid_value: 'b-1' }),
  'teams?': list({ teamid: 't-8', _businessunitid_value: 'b-1' }, { teamid: 't-9', _businessunitid_value: 'b-2' }),
  'fieldsecurityprofiles(p-user)/systemuserprofiles': list({ systemuserid: userId }),
  'fieldsecurityprofiles(p-user)/teamprofiles': list(),
  'fieldsecurityprofiles(p-team)/systemuserprofiles': list(),
  'fieldsecurityprofiles(p-team)/teamprofiles': list({ teamid: 't-1' }),
  'fieldsecurityprofiles(p-unit)/systemuserprofiles': list(),
  'fieldsecurityprofiles(p-unit)/teamprofiles': list({ teamid: 't-8' }),
  // The team of another business unit: none of ours.
  'fieldsecurityprofiles(p-other)': list({ systemuserid: 'somebody-else', teamid: 't-9' }),
}
const names = { opportunity: ['new_open', 'new_read', 'new_team', 'new_unit', 'new_none', 'cosell_own'] }

describe('[R65] secured columns', () => {
  test('are read and written as the profiles of our user, of its teams and of its business unit say', async () => {
    const { rights, untold } = await securedColumns(environment(plain), { userId, names, signal })
    expect(Object.fromEntries(rights)).toEqual({
      'opportunity.new_read': { canRead: true, canWrite: false },
      'opportunity.new_team': { canRead: true, canWrite: true },
      'opportunity.new_unit': { canRead: true, canWrite: true },
      'opportunity.new_none': { canRead: false, canWrite: false },
      'opportunity.cosell_own': { canRead: false, canWrite: false },
    })
    expect(untold).toEqual([])
  })

  test('are open to an administrator', async () => {
    const { rights } = await securedColumns(environment({ ...plain, systemuserroles_association: list({ name: 'System Administrator' }) }), {
      userId,
      names,
      signal,
    })
    expect([...rights.values()].every(({ canRead, canWrite }) => canRead && canWrite)).toBe(true)
  })

  test('are named where the environment does not tell what we may do, but for our own', async () => {
    const silent = environment({ '/Attributes': columns })
    expect(await securedColumns(silent, { userId, names, signal })).toEqual({
      rights: new Map(),
      untold: ['opportunity.new_read', 'opportunity.new_team', 'opportunity.new_unit', 'opportunity.new_none'],
    })
    expect((await securedColumns(environment({}), { userId, names, signal })).untold).toEqual([])
  })
})
