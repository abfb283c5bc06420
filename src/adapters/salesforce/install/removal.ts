import { isFault } from '../../../core/fault.js'
import type { InstallItem, Installer, InstallPlan, InstallReport, RemovalOptions } from '../../../core/ports.js'
import { discover } from '../discover.js'
import { idOf, rowsOf, textOf, type Row } from '../row.js'
import { fieldIn } from '../schema.js'
import { isIn, soql } from '../soql.js'
import { FIELDS, SELLER_SET, SOLUTION, SYNC_SET, type BlueprintField } from './blueprint.js'
import { deploy, replaceLayouts, type Desk } from './deploy.js'
import { hasSection, layoutsToClear, SECTION, withoutSection, type Layout } from './layouts.js'
import { removalZip, type Removal } from './package.js'
import { viewKey, VIEWS, viewsThere } from './views.js'

const remedy =
  'Nothing was changed. Take the component off what the message names (a formula, flow, report or validation rule of your own) and run the command again. ' +
  'The connector\'s user needs "Customize Application" and "Modify Metadata Through Metadata API Functions".'

interface Held {
  readonly fields: readonly BlueprintField[]
  readonly table: 'there' | 'gone'
  readonly sets: readonly { readonly id: string; readonly name: string }[]
  readonly assignments: readonly string[]
  /** As `Object.Name`. */
  readonly views: readonly string[]
  /** Page layouts that hold our section; null where the org refuses to tell. */
  readonly layouts: readonly Layout[] | null
}

/**
 * Fields first, while the permission set still shows them to us; then its assignments, without which it cannot be deleted; then the sets.
 * Each step is seen in the org afterwards, so that a run that was cut goes on where it was.
 */
export function removal(desk: Desk): Pick<Installer, 'planRemoval' | 'remove'> {
  return {
    planRemoval: async (wish): Promise<InstallPlan> => ({ crm: desk.api.root, items: itemsOf(await look(desk, wish.signal), wish) }),
    async remove({ onProgress, ...wish }): Promise<InstallReport> {
      const { signal } = wish
      const done: string[] = []
      const total = 3
      const before = await look(desk, signal)
      const doomed = doomedOf(before, wish)
      const layouts = before.layouts ?? []
      if (layouts.length > 0) {
        await replaceLayouts(desk, layouts.map(withoutSection), remedy, signal)
        done.push(...layouts.map(({ fullName }) => `took the section from the layout ${fullName}`))
      }
      onProgress({ done: 0, total, what: 'deleting fields' })
      if (doomed.CustomField.length + doomed.CustomObject.length + doomed.ListView.length > 0) {
        await takeAway(desk, doomed, signal)
        done.push(...[...doomed.ListView, ...doomed.CustomField, ...doomed.CustomObject].map((name) => `deleted ${name}`))
      }
      onProgress({ done: 1, total, what: 'taking back the permission sets' })
      for (const id of before.assignments) await unassign(desk, id, signal)
      if (before.assignments.length > 0) done.push(`took the permission sets from ${before.assignments.length} people`)
      onProgress({ done: 2, total, what: 'deleting the permission sets' })
      if (before.sets.length > 0) {
        const sets = before.sets.map(({ name }) => name)
        await takeAway(desk, { CustomField: [], CustomObject: [], ListView: [], PermissionSet: sets }, signal)
        done.push(...before.sets.map(({ name }) => `deleted the permission set ${name}`))
      }
      const after = await look(desk, signal)
      onProgress({ done: 3, total, what: 'read back' })
      return { done, items: itemsOf(after, wish) }
    },
  }
}

async function look(desk: Desk, signal: AbortSignal): Promise<Held> {
  const { api, clock } = desk
  const schema = await discover(api, { now: clock.now(), signal })
  const names = [SYNC_SET.name, SELLER_SET.name]
  const query = async (statement: string) =>
    (await api.query({ soql: statement, deleted: false, what: 'the permission sets of the org' }, signal)).rows
  const sets = (await query(soql({ fields: ['Id', 'Name'], from: 'PermissionSet', where: [isIn('Name', names)] }))).flatMap((row) => {
    const [id, name] = [idOf(row, 'Id'), textOf(row, 'Name')]
    return id === null || name === null ? [] : [{ id, name }]
  })
  const where = [
    isIn(
      'PermissionSetId',
      sets.map(({ id }) => id),
    ),
  ]
  const assigned = sets.length === 0 ? [] : await query(soql({ fields: ['Id'], from: 'PermissionSetAssignment', where }))
  const made = await definedIn(desk, signal)
  const views = await viewsThere(api, signal)
  const isThere = ({ object, name }: BlueprintField): boolean =>
    made === null ? object !== SOLUTION && fieldIn(schema, object, name)?.name === name : made.has(`${object}.${name}`)
  return {
    fields: FIELDS.filter((field) => field.object !== SOLUTION && isThere(field)),
    table: schema.solutions?.name === SOLUTION || made?.has(SOLUTION) === true ? 'there' : 'gone',
    sets,
    assignments: assigned.flatMap((row) => idOf(row, 'Id') ?? []),
    views: VIEWS.map(viewKey).filter((key) => views?.has(key) === true),
    layouts: (await layoutsToClear(api, signal))?.filter((layout) => hasSection(layout, false)) ?? null,
  }
}

/**
 * Our fields by their definitions: once the permission sets are gone, descriptions show none of them. Null where the org tells nothing.
 * Source: Tooling API guide, objects CustomField and CustomObject.
 */
async function definedIn({ api }: Desk, signal: AbortSignal): Promise<ReadonlySet<string> | null> {
  const found = new Set<string>()
  for (const object of ['Opportunity', 'Lead']) {
    const statement = soql({
      fields: ['Id', 'DeveloperName', 'TableEnumOrId'],
      from: 'CustomField',
      where: [`TableEnumOrId = '${object}'`],
    })
    const rows = await defined(api, statement, signal)
    if (rows === null) return null
    for (const row of rows) found.add(`${object}.${textOf(row, 'DeveloperName') ?? ''}__c`)
  }
  const name = SOLUTION.replace(/__c$/, '')
  const objects = await defined(
    api,
    soql({ fields: ['Id', 'DeveloperName'], from: 'CustomObject', where: [`DeveloperName = '${name}'`] }),
    signal,
  )
  if (objects !== null && objects.length > 0) found.add(SOLUTION)
  return found
}

async function defined(api: Desk['api'], statement: string, signal: AbortSignal): Promise<readonly Row[] | null> {
  try {
    const answer = await api.get(`tooling/query?q=${encodeURIComponent(statement)}`, 'the definitions of the org', signal)
    return answer === null ? null : rowsOf(answer, 'records')
  } catch (error) {
    if (isFault(error) && (error.kind === 'rejected' || error.kind === 'misconfigured' || error.kind === 'forbidden')) return null
    throw error
  }
}

/** What is made of other fields holds nothing of its own. */
function doomedOf({ fields, table, views }: Held, { data }: Pick<RemovalOptions, 'data'>): Removal {
  const own = fields.filter(({ computed }) => data === 'delete' || computed).map(({ object, name }) => `${object}.${name}`)
  return { CustomField: own, CustomObject: data === 'delete' && table === 'there' ? [SOLUTION] : [], ListView: views, PermissionSet: [] }
}

const unseenLayouts =
  "If the section stands on a page, take it off yourself: the layouts cannot be read with the rights of the connector's user."
function itemsOf(held: Held, wish: Pick<RemovalOptions, 'data'>): InstallItem[] {
  const doomed = doomedOf(held, wish)
  const item = (id: string, what: string, change: string | null, note: string | null): InstallItem => ({
    id,
    what,
    state: change === null ? 'present' : 'differs',
    change,
    touches: 'new',
    note,
  })
  const kept = held.fields.length - doomed.CustomField.length
  const people = held.assignments.length
  return [
    ...(held.layouts === null
      ? [item('layout', `Section "${SECTION}" on the page`, null, unseenLayouts)]
      : held.layouts.map(({ fullName }) => item(`layout:${fullName}`, `Layout ${fullName}`, 'take our section off', null))),
    ...doomed.ListView.map((name) => item(`list-view:${name}`, `List view ${name}`, 'delete', null)),
    ...doomed.CustomField.map((name) => item(`field:${name}`, `Field ${name}`, 'delete with what it holds', null)),
    ...(kept === 0
      ? []
      : [
          item(
            'fields',
            `${kept} fields`,
            null,
            'Kept with what they hold; --data deletes them. Who is to see them needs a permission set of yours.',
          ),
        ]),
    ...(held.table === 'gone'
      ? []
      : [
          wish.data === 'delete'
            ? item(`object:${SOLUTION}`, `Object ${SOLUTION}`, 'delete with its rows', null)
            : item(`object:${SOLUTION}`, `Object ${SOLUTION}`, null, 'Kept with its rows; --data deletes it.'),
        ]),
    ...(people === 0 ? [] : [item('assignments', 'Assignments of the permission sets', `take back ${people}`, null)]),
    ...held.sets.map(({ name }) => item(`permission-set:${name}`, `Permission set ${name}`, 'delete', null)),
  ]
}

async function takeAway(desk: Desk, doomed: Removal, signal: AbortSignal): Promise<void> {
  const zip = removalZip(doomed, await desk.api.version(signal))
  await deploy(desk, { zip, checkOnly: true, remedy, signal })
  await deploy(desk, { zip, checkOnly: false, remedy, signal })
}

async function unassign({ api }: Desk, id: string, signal: AbortSignal): Promise<void> {
  try {
    const path = `sobjects/PermissionSetAssignment/${id}`
    await api.run(
      [{ name: 'assignment', method: 'DELETE', path, unmodifiedSince: null, body: null, what: 'the assignment of a permission set' }],
      signal,
    )
  } catch (error) {
    if (!isFault(error) || error.kind !== 'missing') throw error // Somebody else was quicker.
  }
}
