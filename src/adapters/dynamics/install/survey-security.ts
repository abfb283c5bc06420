import { isFault } from '../../../core/fault.js'
import { idOf, numberOf, query, textOf, type Row } from '../row.js'
import { READ_PROFILE, WRITE_PROFILE } from './blueprint.js'
import type { MetadataApi } from './metadata-api.js'

/** Allowed, in the words of a field permission. */
export const ALLOWED = 4

export interface Permission {
  readonly id: string
  readonly profileId: string
  readonly table: string
  readonly column: string
  readonly reads: 'allowed' | 'refused'
  readonly writes: 'allowed' | 'refused'
}
export interface Profile {
  readonly id: string
  /** Ids of the users and of the teams that have it. */
  readonly users: ReadonlySet<string>
  readonly teams: ReadonlySet<string>
}
export interface SecuritySurvey {
  readonly profiles: ReadonlyMap<string, Profile>
  readonly permissions: readonly Permission[]
  /** The application user that the connector is. */
  readonly self: string
  /** The team of every business unit that all its people are members of. */
  readonly everybody: readonly string[]
}

/**
 * Column security: profiles say who reads and writes a secured column; administrators always do.
 * Source: learn.microsoft.com "Column-level security with code" (read 2023-10).
 */
export async function surveySecurity(api: MetadataApi, signal: AbortSignal): Promise<SecuritySurvey | null> {
  try {
    return await read(api, signal)
  } catch (error) {
    // A trial or a simulator without these tables offers no column security; an outage is an outage.
    const absent =
      isFault(error) && (error.kind === 'missing' || error.kind === 'misconfigured' || error.kind === 'rejected' || error.status === 501)
    if (absent) return null
    throw error
  }
}

async function read(api: MetadataApi, signal: AbortSignal): Promise<SecuritySurvey> {
  const profiles = await api.list(
    `fieldsecurityprofiles${query({ $select: 'fieldsecurityprofileid,name' })}`,
    'the column security profiles',
    signal,
  )
  const permissions = await api.list(
    `fieldpermissions${query({ $select: 'fieldpermissionid,entityname,attributelogicalname,canread,cancreate,canupdate,_fieldsecurityprofileid_value' })}`,
    'the column permissions',
    signal,
  )
  const teams = await api.list(`teams${query({ $select: 'teamid', $filter: 'isdefault eq true' })}`, 'the teams of business units', signal)
  const me = await api.get('WhoAmI', 'the application user', signal)
  const ours = profiles.filter((row) => [WRITE_PROFILE, READ_PROFILE].includes(textOf(row, 'name') ?? ''))
  const found = new Map<string, Profile>()
  for (const row of ours) found.set(textOf(row, 'name') ?? '', await profileOf(api, row, signal))
  return {
    profiles: found,
    permissions: permissions.map((row) => ({
      id: idOf(row, 'fieldpermissionid') ?? '',
      profileId: idOf(row, '_fieldsecurityprofileid_value') ?? '',
      table: textOf(row, 'entityname') ?? '',
      column: textOf(row, 'attributelogicalname') ?? '',
      reads: numberOf(row, 'canread') === ALLOWED ? 'allowed' : 'refused',
      writes: numberOf(row, 'cancreate') === ALLOWED && numberOf(row, 'canupdate') === ALLOWED ? 'allowed' : 'refused',
    })),
    self: idOf(me ?? {}, 'UserId') ?? '',
    everybody: teams.flatMap((row) => idOf(row, 'teamid') ?? []),
  }
}

async function profileOf(api: MetadataApi, row: Row, signal: AbortSignal): Promise<Profile> {
  const id = idOf(row, 'fieldsecurityprofileid') ?? ''
  const members = async (association: string, key: string): Promise<ReadonlySet<string>> => {
    const rows = await api.list(
      `fieldsecurityprofiles(${id})/${association}${query({ $select: key })}`,
      'who has a column security profile',
      signal,
    )
    return new Set(rows.flatMap((member) => idOf(member, key) ?? []))
  }
  return {
    id,
    users: await members('systemuserprofiles_association', 'systemuserid'),
    teams: await members('teamprofiles_association', 'teamid'),
  }
}
