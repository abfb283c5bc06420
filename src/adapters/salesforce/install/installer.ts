import { Fault, isFault } from '../../../core/fault.js'
import type { ApplyOptions, Clock, Installer, InstallPlan, InstallReport } from '../../../core/ports.js'
import type { SalesforceApi } from '../api.js'
import type { Row } from '../row.js'
import { SYNC_SET } from './blueprint.js'
import { deploy, deployChecked, replaceLayouts, type Desk } from './deploy.js'
import { itemsOf, layoutId, listsSolutions, ownFields, viewId, viewsMissing } from './items.js'
import { hasSection, withSection } from './layouts.js'
import { metadataZip, viewsZip } from './package.js'
import { removal } from './removal.js'
import { survey, type Survey } from './survey.js'
import { viewKey } from './views.js'

const remedy =
  'Nothing was changed. The connector\'s user needs "Customize Application" and "Modify Metadata Through Metadata API Functions" to install; or deploy the file of "cosell install package" as an administrator.'

/** Prepares an org by one deployment of metadata, checked before it is made. Layouts are the administrator's: they are read, and changed only when that was agreed to. */
export function salesforceInstaller(options: { readonly api: SalesforceApi; readonly clock: Clock }): Installer {
  const { api, clock } = options
  const look = (signal: AbortSignal): Promise<Survey> => survey(api, clock, signal)
  return {
    plan: async ({ signal }): Promise<InstallPlan> => ({ crm: api.root, items: itemsOf(await look(signal), new Map()) }),
    apply: (wish): Promise<InstallReport> => apply({ api, clock }, look, wish),
    ...removal({ api, clock }),
    registerCallbacks: () =>
      Promise.reject(
        new Fault('misconfigured', 'Salesforce takes its outbound messages from an administrator only.', {
          remedy:
            'Setup, Flows: a record-triggered flow on Opportunity and Lead with the action "Send Outbound Message" to the address of this service, /hooks/salesforce/ and the key. Without it changes are found by polling.',
        }),
      ),
    removeCallbacks: () => Promise.resolve([]),
    catalogue: () => Promise.resolve([]),
    fillCatalogue: () =>
      Promise.reject(
        new Fault('misconfigured', 'The connector keeps no catalogue of solutions in Salesforce.', {
          remedy: 'Add solutions on the opportunity, in the list Microsoft Solutions.',
        }),
      ),
  }
}

async function apply(
  desk: Desk,
  look: (signal: AbortSignal) => Promise<Survey>,
  { existing, onProgress, signal }: ApplyOptions,
): Promise<InstallReport> {
  const { api } = desk
  const done: string[] = []
  const before = await look(signal)
  const total = 4
  const version = await api.version(signal)
  if (before.missing.length > 0 || before.setId === null) {
    const zip = metadataZip(before.missing, [], version, before.ours)
    onProgress({ done: 0, total, what: 'checking the deployment' })
    await deploy(desk, { zip, checkOnly: true, remedy, signal })
    onProgress({ done: 1, total, what: 'deploying fields and permission sets' })
    await deploy(desk, { zip, checkOnly: false, remedy, signal })
    done.push(
      ...before.missing.map(({ object, name }) => `made ${object}.${name}`),
      ...(before.setId === null ? ['made the permission sets'] : []),
    )
  }
  onProgress({ done: 2, total, what: 'assigning the permission set' })
  const between = before.setId === null ? await look(signal) : before
  const userId = between.schema.self?.userId ?? null
  const isOpen = between.assigned !== true && between.setId !== null && userId !== null
  if (isOpen && (await assign(api, { userId, setId: between.setId }, signal)))
    done.push(`assigned ${SYNC_SET.label} to the connector's user`)
  onProgress({ done: 3, total, what: 'lists and pages' })
  const shown = await look(signal)
  const refusals = await forPeople(desk, shown, { existing, done, version, signal })
  const after = await look(signal)
  onProgress({ done: 4, total, what: 'read back' })
  return { done, items: itemsOf(after, refusals) }
}

/** Lists and pages, each for itself: what the org refuses of them stands in the report, and the connector works without. @returns why, by item. */
async function forPeople(
  desk: Desk,
  shown: Survey,
  wish: { readonly existing: ApplyOptions['existing']; readonly done: string[]; readonly version: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const refusals = new Map<string, string>()
  const attempt = async (ids: readonly string[], words: readonly string[], work: () => Promise<void>): Promise<void> => {
    try {
      await work()
      wish.done.push(...words)
    } catch (error) {
      if (!isFault(error) || error.kind !== 'rejected') throw error
      for (const id of ids) refusals.set(id, error.message)
    }
  }
  const views = viewsMissing(shown)
  if (views.length > 0) {
    const zip = viewsZip(views, wish.version)
    const words = views.map((view) => `made the list view ${viewKey(view)}`)
    await attempt(views.map(viewId), words, () => deployChecked(desk, { zip, remedy, signal: wish.signal }))
  }
  const lists = listsSolutions(shown)
  const layouts = (shown.layouts ?? []).filter((layout) => !hasSection(layout, lists))
  if (wish.existing === 'alter' && layouts.length > 0) {
    const wanted = layouts.map((layout) => withSection(layout, ownFields(shown.schema, layout.object), lists))
    const words = layouts.map(({ fullName }) => `added the section to the layout ${fullName}`)
    await attempt(layouts.map(layoutId), words, () => replaceLayouts(desk, wanted, remedy, wish.signal))
  }
  return refusals
}

/** A repeated assignment is refused as a duplicate, which is what was wanted. */
async function assign(
  api: SalesforceApi,
  { userId, setId }: { readonly userId: string; readonly setId: string },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const body: Row = { AssigneeId: userId, PermissionSetId: setId }
    await api.run(
      [
        {
          name: 'assignment',
          method: 'POST',
          path: 'sobjects/PermissionSetAssignment',
          unmodifiedSince: null,
          body,
          what: 'the assignment of the permission set',
        },
      ],
      signal,
    )
    return true
  } catch (error) {
    if (isFault(error) && error.code === 'DUPLICATE_VALUE') return false
    throw error
  }
}
