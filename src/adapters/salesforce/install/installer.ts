import { Fault, isFault } from '../../../core/fault.js'
import type { ApplyOptions, Clock, InstallItem, Installer, InstallPlan, InstallReport } from '../../../core/ports.js'
import type { SalesforceApi } from '../api.js'
import { discover } from '../discover.js'
import { idOf, type Row } from '../row.js'
import { fieldIn, type Schema } from '../schema.js'
import { soql, quoted } from '../soql.js'
import { FIELDS, SOLUTION, SYNC_SET, type BlueprintField } from './blueprint.js'
import { deploy, type Desk } from './deploy.js'
import { metadataZip } from './package.js'
import { removal } from './removal.js'

const remedy =
  'Nothing was changed. The connector\'s user needs "Customize Application" and "Modify Metadata Through Metadata API Functions" to install; or deploy the file of "cosell install package" as an administrator.'

/** How an org stands: which of our fields its connector sees, and the permission set that shows them. */
interface Survey {
  readonly schema: Schema
  readonly missing: readonly BlueprintField[]
  readonly setId: string | null
  readonly assigned: boolean
}

/** Prepares an org by one deployment of metadata, checked before it is made. Layouts are the administrator's and are not touched. */
export function salesforceInstaller(options: { readonly api: SalesforceApi; readonly clock: Clock }): Installer {
  const { api, clock } = options
  const look = (signal: AbortSignal): Promise<Survey> => survey(api, clock, signal)
  return {
    plan: async ({ signal }): Promise<InstallPlan> => ({ crm: api.root, items: itemsOf(await look(signal)) }),
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

async function survey(api: SalesforceApi, clock: Clock, signal: AbortSignal): Promise<Survey> {
  const schema = await discover(api, { now: clock.now(), signal })
  const isThere = (field: BlueprintField): boolean => {
    if (field.object !== SOLUTION) return fieldIn(schema, field.object, field.name) !== null
    const { solutions } = schema
    // A package of Microsoft's brings an object of its own, which is used as it is.
    return solutions !== null && (solutions.name !== SOLUTION || field.name !== 'Cosell_Key__c' || solutions.key !== null)
  }
  const missing = FIELDS.filter((field) => (field.object === 'Lead' && schema.objects.Lead === null ? false : !isThere(field)))
  const setId = await firstId(api, soql({ fields: ['Id'], from: 'PermissionSet', where: [`Name = ${quoted(SYNC_SET.name)}`] }), signal)
  const userId = schema.self?.userId ?? null
  const where = [`AssigneeId = ${quoted(userId ?? '')}`, `PermissionSetId = ${quoted(setId ?? '')}`]
  const assigned =
    setId !== null &&
    userId !== null &&
    (await firstId(api, soql({ fields: ['Id'], from: 'PermissionSetAssignment', where }), signal)) !== null
  return { schema, missing, setId, assigned }
}
async function firstId(api: SalesforceApi, statement: string, signal: AbortSignal): Promise<string | null> {
  const { rows } = await api.query({ soql: statement, deleted: false, what: 'the permission sets of the org' }, signal)
  return rows[0] === undefined ? null : idOf(rows[0], 'Id')
}

function itemsOf({ schema, missing, setId, assigned }: Survey): InstallItem[] {
  const gone = new Set(missing)
  const fields = FIELDS.filter((field) => field.object !== 'Lead' || schema.objects.Lead !== null).map((field): InstallItem => {
    const here = field.object === SOLUTION ? (schema.solutions?.name ?? null) : (fieldIn(schema, field.object, field.name)?.name ?? null)
    const foreign = here !== null && here !== field.name && here !== SOLUTION
    return {
      id: `field:${field.object}.${field.name}`,
      what: `${field.label} on ${field.object}`,
      state: gone.has(field) ? 'missing' : 'present',
      change: gone.has(field) ? `make ${field.object}.${field.name} (${String(field.definition['type'])})` : null,
      touches: 'new',
      note: foreign ? `${here} is used.` : null,
    }
  })
  const permission = (id: string, what: string, isThere: boolean, change: string): InstallItem => ({
    id,
    what,
    state: isThere ? 'present' : 'missing',
    change: isThere ? null : change,
    touches: 'new',
    note: null,
  })
  return [
    ...fields,
    permission('permission-set:Cosell_Sync', `Permission sets ${SYNC_SET.label} and Seller`, setId !== null, 'make both permission sets'),
    permission('assignment:Cosell_Sync', "The connector's user has its permission set", assigned, 'assign it'),
    {
      id: 'layout',
      what: 'Section "Microsoft Partner Center" on the page',
      state: 'present',
      change: null,
      touches: 'existing',
      note: 'Put the fields and the list Microsoft Solutions on the page yourself: layouts and Lightning pages are replaced as a whole when they are deployed.',
    },
  ]
}

async function apply(
  { api, clock }: Desk,
  look: (signal: AbortSignal) => Promise<Survey>,
  { onProgress, signal }: ApplyOptions,
): Promise<InstallReport> {
  const done: string[] = []
  const before = await look(signal)
  const total = 3
  if (before.missing.length > 0 || before.setId === null) {
    const zip = metadataZip(before.missing, await api.version(signal))
    onProgress({ done: 0, total, what: 'checking the deployment' })
    await deploy({ api, clock }, { zip, checkOnly: true, remedy, signal })
    onProgress({ done: 1, total, what: 'deploying fields and permission sets' })
    await deploy({ api, clock }, { zip, checkOnly: false, remedy, signal })
    done.push(
      ...before.missing.map(({ object, name }) => `made ${object}.${name}`),
      ...(before.setId === null ? ['made the permission sets'] : []),
    )
  }
  onProgress({ done: 2, total, what: 'assigning the permission set' })
  const between = before.setId === null ? await look(signal) : before
  const userId = between.schema.self?.userId ?? null
  if (!between.assigned && between.setId !== null && userId !== null && (await assign(api, { userId, setId: between.setId }, signal)))
    done.push(`assigned ${SYNC_SET.label} to the connector's user`)
  const after = await look(signal)
  onProgress({ done: 3, total, what: 'read back' })
  return { done, items: itemsOf(after) }
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
