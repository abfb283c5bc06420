import { DEAL_COLUMNS, DEAL_TABLES, logicalName, READ_PROFILE, WRITE_PROFILE } from './blueprint.js'
import { present, wanted, type Desk, type Step } from './step.js'
import { ALLOWED, type SecuritySurvey } from './survey-security.js'
import type { Survey } from './survey.js'

/** Own columns that only the connector writes and that are protected by now: the CRM takes no permission for others. */
function securedColumns(survey: Survey): readonly { readonly table: string; readonly column: string }[] {
  return DEAL_TABLES.flatMap((name) => {
    const table = survey.tables.get(name)
    if (table === undefined) return []
    const ours = DEAL_COLUMNS.filter(({ secured }) => secured === 'secured').map(({ schemaName }) => logicalName(schemaName))
    // A column of Microsoft's that serves instead is left as it is; ours is then not made, so there is nothing to protect.
    return ours.filter((column) => table.columns.get(column)?.secured === 'secured').map((column) => ({ table: name, column }))
  })
}

export function securitySteps(survey: Survey): Step[] {
  const { security } = survey
  if (security === null) return []
  return [
    ...profileSteps(survey, security, { name: WRITE_PROFILE, writes: 'allowed' }),
    memberStep(security, {
      profile: WRITE_PROFILE,
      members: 'users',
      ids: [security.self],
      what: 'The connector may write the protected columns',
    }),
    ...profileSteps(survey, security, { name: READ_PROFILE, writes: 'refused' }),
    memberStep(security, {
      profile: READ_PROFILE,
      members: 'teams',
      ids: security.everybody,
      what: 'Everybody may read the protected columns',
    }),
  ]
}

interface ProfileWish {
  readonly name: string
  readonly writes: 'allowed' | 'refused'
}

function profileSteps(survey: Survey, security: SecuritySurvey, wish: ProfileWish): Step[] {
  const profile = security.profiles.get(wish.name)
  const id = `profile:${wish.name}`
  const what = `Column security profile "${wish.name}"`
  const makeProfile = async ({ api, signal, survey: { solution } }: Desk): Promise<void> => {
    await api.write(
      { method: 'POST', path: 'fieldsecurityprofiles', body: { name: wish.name }, what, solution: solution.uniqueName },
      signal,
    )
  }
  const head = profile === undefined ? wanted('lookups', { id, what, change: 'create', make: makeProfile }) : present('lookups', id, what)
  const columns = securedColumns(survey)
  const lacking = columns.filter(({ table, column }) => {
    const held = security.permissions.find((item) => item.profileId === profile?.id && item.table === table && item.column === column)
    return held === undefined || held.reads !== 'allowed' || held.writes !== wish.writes
  })
  const grants = `grants:${wish.name}`
  const verb = wish.writes === 'allowed' ? 'read and write' : 'read'
  const grantsWhat = `Permissions of "${wish.name}"`
  if (profile !== undefined && lacking.length === 0) return [head, present('security', grants, grantsWhat)]
  const make = (desk: Desk): Promise<void> => grant(desk, wish)
  return [head, wanted('security', { id: grants, what: grantsWhat, change: `let it ${verb} the columns only the connector fills`, make })]
}

async function grant({ api, signal, survey }: Desk, wish: ProfileWish): Promise<void> {
  const { security, solution } = survey
  const profile = security?.profiles.get(wish.name)
  if (security === null || profile === undefined) return
  const level = wish.writes === 'allowed' ? ALLOWED : 0
  const body = { canread: ALLOWED, cancreate: level, canupdate: level }
  for (const { table, column } of securedColumns(survey)) {
    const what = `the permission of "${wish.name}" on ${table}.${column}`
    const held = security.permissions.find((item) => item.profileId === profile.id && item.table === table && item.column === column)
    if (held === undefined) {
      const named = {
        entityname: table,
        attributelogicalname: column,
        'fieldsecurityprofileid@odata.bind': `/fieldsecurityprofiles(${profile.id})`,
      }
      await api.write(
        { method: 'POST', path: 'fieldpermissions', body: { ...named, ...body }, what, solution: solution.uniqueName },
        signal,
      )
    } else if (held.reads !== 'allowed' || held.writes !== wish.writes) {
      await api.write({ method: 'PATCH', path: `fieldpermissions(${held.id})`, body, what, solution: solution.uniqueName }, signal)
    }
  }
}

interface MemberWish {
  readonly profile: string
  readonly members: 'users' | 'teams'
  readonly ids: readonly string[]
  readonly what: string
}

function memberStep(security: SecuritySurvey, wish: MemberWish): Step {
  const id = `members:${wish.profile}`
  const held = security.profiles.get(wish.profile)?.[wish.members]
  const lacking = wish.ids.filter((member) => held === undefined || !held.has(member))
  if (held !== undefined && lacking.length === 0) return present('security', id, wish.what)
  const who = wish.members === 'users' ? "the connector's application user" : 'the team of every business unit'
  const make = async ({ api, signal, survey }: Desk): Promise<void> => {
    const profile = survey.security?.profiles.get(wish.profile)
    if (profile === undefined) return
    const [set, association] =
      wish.members === 'users' ? ['systemusers', 'systemuserprofiles_association'] : ['teams', 'teamprofiles_association']
    for (const member of wish.ids.filter((one) => !profile[wish.members].has(one))) {
      const body = { '@odata.id': api.urlOf(`${set}(${member})`) }
      const path = `fieldsecurityprofiles(${profile.id})/${association}/$ref`
      await api.write({ method: 'POST', path, body, what: wish.what, solution: null }, signal)
    }
  }
  return wanted('security', { id, what: wish.what, change: `give the profile to ${who}`, make })
}
