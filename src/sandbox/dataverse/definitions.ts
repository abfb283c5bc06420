import { coded, lockHeld, payloadError } from './errors.js'
import { isObject, listIn } from './bodies.js'
import type { Labels, Required } from './metadata-model.js'
import { table as tableNamed, type World } from './world.js'

/** What reading and checking of definitions have in common. */

/** Customizations run one at a time under a lock of the whole environment. */
export function requireLock(world: World, what: string): void {
  if (world.options.customizationLock === 'held' || world.caches.has('solution-import')) throw lockHeld(what)
}

export function readLabels(world: World, value: unknown, name: string): Labels {
  const items = isObject(value) ? listIn(value['LocalizedLabels']) : null
  if (items === null) throw payloadError('', `The label '${name}' needs LocalizedLabels.`)
  const labels: Record<number, string> = {}
  for (const item of items) {
    if (!isObject(item) || typeof item['Label'] !== 'string' || typeof item['LanguageCode'] !== 'number') {
      throw payloadError('', `The label '${name}' holds an item without Label and LanguageCode.`)
    }
    labels[item['LanguageCode']] = item['Label']
  }
  const base = Number(tableNamed(world, 'organization').rows.get(world.ids.organization)?.cells['languagecode'] ?? 1033)
  if (labels[base] === undefined)
    throw coded(400, '0x80044310', `The label '${name}' has no text in the base language ${base} of the organization.`)
  return labels
}

export const optionalLabels = (world: World, value: unknown, name: string): Labels => {
  if (value === undefined || value === null) return {}
  if (isObject(value) && Array.isArray(value['LocalizedLabels']) && value['LocalizedLabels'].length === 0) return {}
  return readLabels(world, value, name)
}

const levels: readonly Required[] = ['None', 'SystemRequired', 'ApplicationRequired', 'Recommended']

export function readRequired(value: unknown): Required {
  if (value === undefined || value === null) return 'None'
  const level = isObject(value) ? value['Value'] : undefined
  const known = levels.find((candidate) => candidate === level)
  if (known === undefined) throw payloadError('', `RequiredLevel '${String(level)}' is not one of ${levels.join(', ')}.`)
  if (known === 'SystemRequired') throw coded(400, '0x80044309', 'A custom column cannot be SystemRequired.')
  return known
}

/** A schema name is a publisher's prefix, an underscore, and a name. */
export function requireSchemaName(world: World, name: unknown, what: string): string {
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9]{1,7}_[A-Za-z0-9_]+$/.test(name)) {
    throw coded(
      400,
      '0x80044366',
      `The ${what} name '${String(name)}' is not valid: it needs the prefix of a publisher, an underscore and letters or digits.`,
    )
  }
  if (name.length > 100) throw coded(400, '0x80044366', `The ${what} name '${name}' is too long.`)
  const prefix = name.slice(0, name.indexOf('_')).toLowerCase()
  for (const row of tableNamed(world, 'publisher').rows.all()) {
    if (String(row.cells['customizationprefix'] ?? '').toLowerCase() === prefix) return name
  }
  throw coded(400, '0x80044366', `The prefix '${prefix}' of '${name}' belongs to no publisher of this environment.`)
}

export const memberValue = (body: unknown, name: string): unknown => (isObject(body) ? body[name] : undefined)

export function numberMember(body: unknown, name: string, limits: { min: number; max: number; otherwise: number | null }): number | null {
  const value = memberValue(body, name)
  if (value === undefined || value === null) return limits.otherwise
  if (typeof value !== 'number' || value < limits.min || value > limits.max) {
    throw coded(400, '0x80044312', `${name} ${String(value)} is outside the range ${limits.min} to ${limits.max}.`)
  }
  return value
}

export const typeName = (body: unknown): string => {
  const type = memberValue(body, '@odata.type')
  return typeof type === 'string' ? type.replace(/^#?Microsoft\.Dynamics\.CRM\./, '') : ''
}
