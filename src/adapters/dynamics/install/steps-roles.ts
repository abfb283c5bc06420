import { Fault } from '../../../core/fault.js'
import { idOf, query, quoted } from '../row.js'
import { present, wanted, type Desk, type Step } from './step.js'
import { CONNECTOR_ROLE, type RoleSurvey } from './survey-roles.js'
import type { Survey } from './survey.js'

/**
 * Roles: one for the application user, so that it need not stay an administrator, and one that people get for the tables of solutions.
 * Source: learn.microsoft.com Web API reference, AddPrivilegesRole; "Create an application user" (read 2023-10).
 */
export function roleSteps({ roles }: Survey): Step[] {
  if (roles === null) return []
  return [...[...roles.wanted.keys()].map((name) => roleStep(roles, name)), memberStep(roles)]
}

function roleStep(survey: RoleSurvey, name: string): Step {
  const id = `role:${name}`
  const what = `Role "${name}"`
  const found = survey.roles.get(name)
  const missing = (survey.wanted.get(name) ?? []).filter((privilege) => found?.grants.has(privilege) !== true)
  if (found !== undefined && missing.length === 0) return present('roles', id, what)
  const make = async (desk: Desk): Promise<void> => {
    const roleId = found?.id ?? (await createRole(desk, survey, name))
    const body = { Privileges: missing.map((privilege) => ({ PrivilegeId: privilege, Depth: '3' })) } // 3 = the whole organization
    const path = `roles(${roleId})/Microsoft.Dynamics.CRM.AddPrivilegesRole`
    if (missing.length > 0) await desk.api.write({ method: 'POST', path, body, what, solution: null }, desk.signal)
  }
  const change = found === undefined ? 'create' : `add ${missing.length} privileges`
  return wanted('roles', { id, what, state: found === undefined ? 'missing' : 'differs', change, make })
}

async function createRole(desk: Desk, survey: RoleSurvey, name: string): Promise<string> {
  const body = { name, 'businessunitid@odata.bind': `/businessunits(${survey.businessUnit})` }
  const { uniqueName } = desk.survey.solution
  const made = await desk.api.write({ method: 'POST', path: 'roles', body, what: `the role "${name}"`, solution: uniqueName }, desk.signal)
  return made.id ?? (await roleIdOf(desk, survey, name))
}

async function roleIdOf({ api, signal }: Desk, { businessUnit }: RoleSurvey, name: string): Promise<string> {
  const $filter = `name eq ${quoted(name)} and _businessunitid_value eq ${businessUnit}`
  const [row] = await api.list(`roles${query({ $select: 'roleid', $filter })}`, `the role "${name}"`, signal)
  const id = row === undefined ? null : idOf(row, 'roleid')
  if (id !== null) return id
  throw new Fault('forbidden', `There is no role "${name}".`, { remedy: 'Let an administrator run the command.' })
}

function memberStep(survey: RoleSurvey): Step {
  const id = `members:${CONNECTOR_ROLE}`
  const what = `The application user has the role "${CONNECTOR_ROLE}"`
  const role = survey.roles.get(CONNECTOR_ROLE)
  if (role !== undefined && survey.ownRoles.has(role.id)) return present('roles', id, what)
  const make = async (desk: Desk): Promise<void> => {
    const { api, signal } = desk
    const roleId = role?.id ?? (await roleIdOf(desk, survey, CONNECTOR_ROLE))
    const path = `systemusers(${survey.self})/systemuserroles_association/$ref`
    await api.write({ method: 'POST', path, body: { '@odata.id': api.urlOf(`roles(${roleId})`) }, what, solution: null }, signal)
  }
  return wanted('roles', { id, what, change: 'give it the role', make })
}
