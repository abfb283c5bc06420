import { refuse } from './errors.js'
import { atOnce, objectNamed, put, type Org } from './org.js'

/** What a deployment deletes, as `Type:Name`. */
export type Doomed = ReadonlySet<string>

/**
 * Deletes one component. One that is not there is a warning only, which a deployment survives; one that is in use is refused.
 * Source: Metadata API Developer Guide, "Deleting components from an organization".
 */
export function destroy(org: Org, type: string, name: string, doomed: Doomed): void {
  switch (type) {
    case 'CustomField':
      return destroyField(org, name, doomed)
    case 'CustomObject':
      return destroyObject(org, name)
    case 'ListView':
      return destroyView(org, name)
    case 'PermissionSet':
      return destroySet(org, name)
    default:
      throw refuse('INVALID', `Deleting components of the type ${type} is not simulated`)
  }
}

function destroyField(org: Org, full: string, doomed: Doomed): void {
  const [objectName = '', name = ''] = full.split('.')
  const target = org.objects.get(objectName)
  const definition = target?.fields.get(name)
  if (target === undefined || definition === undefined) return
  if (!name.endsWith('__c')) throw refuse('INVALID', `Cannot delete the standard field ${full}`)
  for (const other of target.fields.values()) {
    const uses = other.name !== name && new RegExp(`\\b${name}\\b`).test(other.formula)
    if (uses && !doomed.has(`CustomField:${objectName}.${other.name}`))
      throw refuse('INVALID', `This custom field is referenced elsewhere in salesforce.com. : Formula Field - ${objectName}.${other.name}`)
  }
  atOnce(
    org,
    () => target.fields.delete(name),
    () => target.fields.set(name, definition),
  )
  for (const row of [...target.rows.values()]) {
    const { [name]: _gone, ...values } = row.values
    put(org, target, { id: row.id, values })
  }
}

function destroyObject(org: Org, name: string): void {
  const target = org.objects.get(name)
  if (target === undefined) return
  if (!name.endsWith('__c')) throw refuse('INVALID', `Cannot delete the standard object ${name}`)
  atOnce(
    org,
    () => org.objects.delete(name),
    () => org.objects.set(name, target),
  )
}

function destroyView(org: Org, full: string): void {
  const [objectName, name] = full.split('.')
  const views = objectNamed(org, 'ListView')
  const row = [...views.rows.values()].find(({ values }) => values['SobjectType'] === objectName && values['DeveloperName'] === name)
  if (row === undefined) return
  atOnce(
    org,
    () => views.rows.delete(row.id),
    () => views.rows.set(row.id, row),
  )
}

function destroySet(org: Org, name: string): void {
  const sets = objectNamed(org, 'PermissionSet')
  const row = [...sets.rows.values()].find(({ values }) => values['Name'] === name)
  if (row === undefined) return
  const people = [...objectNamed(org, 'PermissionSetAssignment').rows.values()].filter(({ values }) => values['PermissionSetId'] === row.id)
  if (people.length > 0) throw refuse('INVALID', `The permission set ${name} is assigned to ${people.length} users and cannot be deleted.`)
  const shows = org.permissionSets.get(name)
  atOnce(
    org,
    () => {
      sets.rows.delete(row.id)
      org.permissionSets.delete(name)
    },
    () => {
      sets.rows.set(row.id, row)
      if (shows !== undefined) org.permissionSets.set(name, shows)
    },
  )
}
